//! Where a secret of ours is sent to: by https, or on this machine.

use std::fmt;

use axum::http::Uri;

use crate::origin::Origin;

/// `https://host[:port]/path`, or plain http on this machine; without a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl Address {
    /// The form in words, for whoever got it wrong.
    pub(crate) const FORM: &str = "an address such as https://login.mypurecloud.ie/oauth/token, without a query, and https unless it \
        is on this machine";

    /// `path` begins with a slash.
    pub(crate) fn below(origin: &Origin, path: &str) -> Address {
        Address(format!("{origin}{path}"))
    }

    pub(crate) fn parse(text: &str) -> Option<Address> {
        let uri: Uri = text.parse().ok()?;
        let path_at = text.find("://")? + 3 + uri.authority()?.as_str().len();
        let (origin, path) = text.split_at_checked(path_at)?;
        let origin = Origin::parse(origin).filter(Origin::is_private)?;
        let is_path = path.len() > 1 && path.is_ascii() && path == uri.path() && !text.contains('#');
        is_path.then(|| Address::below(&origin, path))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_path_and_nobody_listens_on_the_way_to_it() {
        let read = |text| Address::parse(text).map(|address| address.to_string());
        for text in ["https://login.mypurecloud.ie/oauth/token", "http://127.0.0.1:9000/a/b/", "http://localhost/a"] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
        assert_eq!(read("HTTPS://Login.Example:443/OAuth").as_deref(), Some("https://login.example/OAuth"));
        for text in [
            "",
            "/oauth/token",
            "login.example/oauth/token",
            "https://login.example",
            "https://login.example/",
            "https:///oauth/token",
            "https://login.example/oauth/token?grant=a",
            "https://login.example/oauth/token#a",
            "https://me@login.example/oauth/token",
            "https://login.example/oauth token",
            "https://login.example/ö",
            "http://login.example/oauth/token",
            "ftp://login.example/oauth/token",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
