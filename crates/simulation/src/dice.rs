//! Chance and its opposite: seeded dice, and a digest of all that was said, by which two runs are compared.

use std::fmt::{self, Write};

use chat_proto::io::{Input, Output, Response, SocketEvent};
use chat_proto::json::Value;
use chat_proto::time::Now;

/// Small, seeded, and nobody else's: neither the session's nor the backend's.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// Less than `bound`. Marsaglia's xorshift64*.
    pub(crate) fn roll(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound.max(1)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll(high - low + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.roll(from.len() as u64)).unwrap_or(0);
        from[index].clone()
    }
}

/// Everything that was written into it, in 64 bits. Fast, and good enough to notice that two runs differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) u64);

impl Digest {
    /// A page is told this, at that time.
    pub(crate) fn input(&mut self, now: Now, page: u32, input: &Input) {
        self.numbers(&[now.mono.0, now.wall.0, page.into()]);
        match input {
            Input::Heard(value) => self.value(value),
            Input::Socket(id, SocketEvent::Frame(frame)) => {
                self.numbers(&[id.0.into()]);
                self.value(frame);
            }
            Input::Response(id, Ok(Response { status, retry_after, body })) => {
                self.words(&(id, status, retry_after));
                self.value(body.as_ref().unwrap_or(&Value::Null));
            }
            other => self.words(other),
        }
    }

    /// A page says this.
    pub(crate) fn output(&mut self, page: u32, output: &Output) {
        self.numbers(&[page.into()]);
        match output {
            Output::Post(value) => self.value(value),
            Output::SendFrame(id, frame) => {
                self.numbers(&[id.0.into()]);
                self.value(frame);
            }
            other => self.words(other),
        }
    }

    fn words(&mut self, anything: &impl fmt::Debug) {
        let _ = write!(self, "{anything:?}");
    }

    /// Most of what is said is JSON; to put it into words for this would take longer than the run.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.numbers(&[0]),
            Value::Bool(is) => self.numbers(&[1, (*is).into()]),
            Value::Number(number) => self.numbers(&[2, number.to_bits()]),
            Value::String(text) => self.text(text),
            Value::Array(elements) => {
                self.numbers(&[3, elements.len() as u64]);
                for element in elements {
                    self.value(element);
                }
            }
            Value::Object(members) => {
                self.numbers(&[4, members.len() as u64]);
                for (name, member) in members {
                    self.text(name);
                    self.value(member);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.numbers(&[u64::from_le_bytes(word)]);
        }
    }

    fn numbers(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}
