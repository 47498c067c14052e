//! Randomness that is handed in: one seed from the browser's crypto, then SplitMix64 (Steele, Lea, Flood 2014). Good enough for
//! waiting times and for ids that must not collide; never used for what must not be guessed.

use alloc::string::String;

use crate::message::LocalId;
use crate::time::Millis;

/// A stream of random numbers. Two visitors with different seeds wait differently; one seed always gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Anything from zero to `bound`, both included.
    pub(crate) fn up_to(&mut self, bound: Millis) -> Millis {
        self.next() % (bound + 1)
    }

    /// A seed for another stream.
    pub(crate) fn seed(&mut self) -> u64 {
        self.next()
    }

    /// A lower-case UUID v4.
    pub(crate) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            push_hex(&mut text, *byte);
        }
        text
    }

    /// Eight bytes as lower-case hexadecimal digits, not all of them zero.
    pub(crate) fn push_hex(&mut self, text: &mut String) {
        (self.next() | 1).to_be_bytes().into_iter().for_each(|byte| push_hex(text, byte));
    }

    pub(crate) fn local_id(&mut self) -> LocalId {
        LocalId(self.uuid())
    }
}

fn push_hex(text: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    text.push(char::from(HEX[usize::from(byte >> 4)]));
    text.push(char::from(HEX[usize::from(byte & 0x0f)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_a_uuid_and_differ() {
        let mut random = Random::new(7);
        let (one, two) = (random.uuid(), random.uuid());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(one, one.to_lowercase());
    }

    /// Vigna's own program prints these for the seed 0.
    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut random = Random::new(0);
        assert_eq!([random.seed(), random.seed()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(Random::new(0).uuid(), "afcd1d7b-39a8-40e2-b465-b9a16a9e786e");
    }

    #[test]
    fn a_draw_may_be_either_end() {
        let mut random = Random::new(7);
        let draws: alloc::collections::BTreeSet<_> = (0..100).map(|_| random.up_to(1)).collect();
        assert_eq!(draws, [0, 1].into());
    }

    #[test]
    fn two_seeds_draw_differently_and_one_seed_draws_the_same() {
        let draw = |seed| Random::new(seed).up_to(1_000_000);
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(3), draw(3));
    }
}
