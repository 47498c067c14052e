//! A small JSON value. The core neither parses nor prints JSON text: the browser's own `JSON` does that for the widget and
//! serde_json for the host's tests, both through the [`Deserialize`] and [`Serialize`] of [`Value`]. Parsing in Rust would cost
//! the page about 26 KB of brotli. Whatever is nested deeper than [`MAX_DEPTH`] is refused, so that no frame can exhaust the stack.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The deepest nesting that is read; the protocol's own messages nest eight levels.
pub const MAX_DEPTH: u8 = 32;

/// One JSON value. Objects keep the order in which they were written.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`, and what JavaScript calls `undefined`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number, as JavaScript has them: exact up to 2⁵³, which covers every id and time of the protocol.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Vec<(String, Value)>),
}

/// Never prints a token: what a member of that name holds, wherever it stands, is left out.
impl fmt::Debug for Value {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => to.write_str("null"),
            Self::Bool(fact) => fact.fmt(to),
            Self::Number(number) => number.fmt(to),
            Self::String(text) => text.fmt(to),
            Self::Array(elements) => to.debug_list().entries(elements).finish(),
            Self::Object(members) => {
                let shown = |name: &str, value| if name == "token" { &Self::Null } else { value };
                to.debug_map().entries(members.iter().map(|(name, value)| (name, shown(name, value)))).finish()
            }
        }
    }
}

impl Value {
    /// An object with these members; a member that is [`Value::Null`] is left out.
    pub fn object<const N: usize>(mut members: [(&str, Value); N]) -> Self {
        let mut object = Vec::new();
        take_members(&mut object, &mut members);
        Self::Object(object)
    }

    /// The member of that name; `Null` if there is none, or if this is no object.
    pub fn at(&self, name: &str) -> &Value {
        match self {
            Self::Object(members) => {
                members.iter().find(|(key, _)| key == name).map_or(&Self::Null, |(_, value)| value)
            }
            _ => &Self::Null,
        }
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string if this is one that is not empty.
    pub fn as_text(&self) -> Option<&str> {
        self.as_str().filter(|text| !text.is_empty())
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(fact) => Some(*fact),
            _ => None,
        }
    }

    /// The number, if this is a whole one that is not negative; also from a string of digits, since the protocol writes
    /// some numbers so (`metadata.expirationDate`). Fractions are cut off; what is beyond 2⁵³ is held at 2⁵³.
    pub fn as_u64(&self) -> Option<u64> {
        const EXACT: u64 = 1 << 53;
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "what does not fit is held at the ends, and then at 2⁵³"
            )]
            Self::Number(number) if *number >= 0.0 => Some((*number as u64).min(EXACT)),
            Self::String(text) => text.parse().ok().map(|number: u64| number.min(EXACT)),
            _ => None,
        }
    }

    /// The elements, if this is an array; otherwise none.
    pub fn elements(&self) -> &[Value] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }
}

/// Moves the members that are not `Null` to the end of an object. Not generic over their number, so that it is compiled once.
pub(crate) fn take_members(object: &mut Vec<(String, Value)>, members: &mut [(&str, Value)]) {
    for (name, value) in members {
        if *value != Value::Null {
            object.push(((*name).to_owned(), core::mem::replace(value, Value::Null)));
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(fact: bool) -> Self {
        Self::Bool(fact)
    }
}

impl From<u64> for Value {
    #[expect(clippy::cast_precision_loss, reason = "times and counts stay far below 2^53")]
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<const N: usize> From<[Value; N]> for Value {
    fn from(elements: [Value; N]) -> Self {
        Self::Array(elements.into())
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        Self::Array(elements.into_iter().collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(fact) => to.serialize_bool(*fact),
            Self::Number(number) => to.serialize_f64(*number),
            Self::String(text) => to.serialize_str(text),
            Self::Array(elements) => {
                let mut sequence = to.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|element| sequence.serialize_element(element))?;
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Depth(MAX_DEPTH).deserialize(from)
    }
}

/// How much deeper the value being read may nest.
#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, fact: bool) -> Result<Value, E> {
        Ok(Value::Bool(fact))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "as JavaScript reads it")]
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "as JavaScript reads it")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = from.next_element_seed(inner)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Vec::new();
        while let Some(name) = from.next_key::<String>()? {
            members.push((name, from.next_value_seed(inner)?));
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_read_is_written_again() {
        let text = r#"{"a":[1.0,true,null,"é"],"b":{"c":-2.5}}"#;
        assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
    }

    #[test]
    fn an_absent_member_reads_as_null_at_any_depth() {
        assert_eq!(read(r#"{"a":1}"#).at("b").at("c"), &Value::Null);
        assert_eq!(read(r#"{"a":{"b":"x"}}"#).at("a").at("b").as_str(), Some("x"));
    }

    #[test]
    fn nesting_beyond_the_bound_is_an_error_and_not_a_crash() {
        let nested = |n| "[".repeat(n) + &"]".repeat(n);
        assert!(serde_json::from_str::<Value>(&nested(usize::from(MAX_DEPTH))).is_ok());
        assert!(serde_json::from_str::<Value>(&nested(usize::from(MAX_DEPTH) + 1)).is_err());
    }

    #[test]
    fn whole_numbers_are_read_from_numbers_and_digits_alike() {
        assert_eq!(read("1791139139").as_u64(), Some(1_791_139_139));
        assert_eq!(read(r#""1791139139""#).as_u64(), Some(1_791_139_139));
        assert_eq!(read("-1").as_u64(), None);
        assert_eq!(read("1e300").as_u64(), Some(1 << 53));
        assert_eq!(read(r#""18446744073709551615""#).as_u64(), Some(1 << 53));
    }
}
