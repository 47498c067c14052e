//! What this process knows and no page ever may. Neither serializes nor shows itself, so that the compiler keeps it out of answers and logs.

use std::fmt;

/// The client's secret, or a token that the API gave this process for itself.
pub(crate) struct Secret(String);

impl Secret {
    /// `None` if it is empty, or could not stand in a header: then it is not whole, or not what it is taken for.
    pub(crate) fn parse(text: &str) -> Option<Secret> {
        let fits = (1..=16_384).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Secret(text.to_owned()))
    }

    /// For the header that it is meant for.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether whoever reads that text has read this.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
