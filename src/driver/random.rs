//! The browser's randomness: one seed for each session, and tokens that nobody can guess.

/// A seed from the browser's cryptographic source, so that no two visitors wait the same "random" time.
pub fn seed() -> u64 {
    bytes().into_iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(byte))
}

/// A lower-case UUID v4 of 122 random bits. By hand, because `crypto.randomUUID` exists in secure contexts only.
pub fn uuid() -> String {
    let mut bytes = bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40; // version 4
    bytes[8] = bytes[8] & 0x3f | 0x80; // the variant of RFC 9562
    let mut uuid = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.push_str(hexadecimal(byte >> 4));
        uuid.push_str(hexadecimal(byte & 0x0f));
    }
    uuid
}

fn hexadecimal(digit: u8) -> &'static str {
    let at = usize::from(digit);
    &"0123456789abcdef"[at..=at]
}

fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    let filled = crypto.and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok());
    // Every browser that runs WebAssembly has it; a token that could be guessed would be worse than no widget.
    filled.expect("the browser has a source of randomness");
    bytes
}
