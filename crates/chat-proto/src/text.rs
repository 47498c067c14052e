//! What was written, as parts that a UI can make nodes of: text, links, line breaks. Nothing here is ever HTML, and whatever is not
//! certainly a link stays text. One pass over the input, so that no message can be long enough to hang a page.

use alloc::{borrow::Cow, format, vec::Vec};

/// A piece of a message. The pieces' texts, with `\n` for each break, are the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words to be shown as they are.
    Text(&'a str),
    /// An address that may be followed.
    Link {
        /// As it was written.
        text: &'a str,
        /// Where it leads: always `http:`, `https:`, `mailto:` or `tel:`.
        href: Cow<'a, str>,
    },
    /// The end of a line.
    Break,
}

/// Takes a message apart. A link is what begins with `http://`, `https://`, `mailto:`, `tel:` or `www.`, or is an e-mail address.
pub fn parts(message: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (number, line) in message.split('\n').enumerate() {
        if number > 0 {
            parts.push(Part::Break);
        }
        split_line(line.strip_suffix('\r').unwrap_or(line), &mut parts);
    }
    parts
}

fn split_line<'a>(line: &'a str, parts: &mut Vec<Part<'a>>) {
    let mut text_from = 0;
    let mut word_from = 0;
    for word in line.split_inclusive(ends_word) {
        let bare = word.trim_end_matches(ends_word);
        if let Some((start, link)) = find_link(bare) {
            let (from, to) = (word_from + start, word_from + start + link.len());
            push_text(&line[text_from..from], parts);
            parts.push(Part::Link { text: link, href: href_of(link) });
            text_from = to;
        }
        word_from += word.len();
    }
    push_text(&line[text_from..], parts);
}

fn push_text<'a>(text: &'a str, parts: &mut Vec<Part<'a>>) {
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
}

/// Where a word ends. No address holds these: blanks, controls, the marks that turn the direction of writing (which could make
/// an address read as another one), and the brackets and quotes that addresses are wrapped in.
fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '“' | '”' | '„' | '«' | '»' | '`' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// The first link in a word, and where it begins. It begins the word or follows something that is neither letter nor digit; of
/// those only ASCII's count, for whoever writes without blanks between words puts no blank before a link either.
fn find_link(word: &str) -> Option<(usize, &str)> {
    let mut previous = None;
    for (at, c) in word.char_indices() {
        if !previous.is_some_and(|c: char| c.is_ascii_alphanumeric())
            && let Some(prefix) = prefix_of(&word[at..])
        {
            let link = without_punctuation(&word[at..]);
            return (link.len() > prefix && link[prefix..].starts_with(begins_address)).then_some((at, link));
        }
        previous = Some(c);
    }
    find_mailbox(word)
}

fn begins_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '[' | '+')
}

/// How long the beginning is that makes this a link, if it is one.
fn prefix_of(text: &str) -> Option<usize> {
    ["https://", "http://", "mailto:", "tel:", "www."]
        .iter()
        .find(|prefix| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
        .map(|prefix| prefix.len())
}

/// `name@host.tld`, strictly: everything else with an `@` in it is more often something else.
fn find_mailbox(word: &str) -> Option<(usize, &str)> {
    let start = word.find(|c: char| c.is_ascii_alphanumeric())?;
    let link = without_punctuation(&word[start..]);
    let (name, host) = link.split_once('@')?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_{|}~-".contains(&b));
    let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let top = host.rsplit_once('.').map_or("", |(_, top)| top);
    let is_plausible = is_name
        && is_host
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && host.split('.').all(|label| !label.is_empty());
    is_plausible.then_some((start, link))
}

/// An address at the end of a sentence does not hold the full stop; one in brackets does not hold the bracket, unless it opened it.
fn without_punctuation(link: &str) -> &str {
    let mut surplus = [('(', ')'), ('[', ']'), ('{', '}')].map(|(open, close)| {
        let count = |wanted| link.chars().filter(|&c| c == wanted).count();
        (close, count(close).saturating_sub(count(open)))
    });
    link.trim_end_matches(|c: char| {
        if let Some((_, left)) = surplus.iter_mut().find(|(close, _)| *close == c) {
            let is_surplus = *left > 0;
            *left = left.saturating_sub(1);
            return is_surplus;
        }
        matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…' | '*' | '_' | '~' | '|' | '。' | '，' | '、')
    })
}

fn href_of(link: &str) -> Cow<'_, str> {
    match prefix_of(link) {
        Some(4) if link[..4].eq_ignore_ascii_case("www.") => Cow::Owned(format!("https://{link}")),
        Some(_) => Cow::Borrowed(link),
        None => Cow::Owned(format!("mailto:{link}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    fn links(message: &str) -> Vec<String> {
        parts(message)
            .into_iter()
            .filter_map(|part| match part {
                Part::Link { text, .. } => Some(text.to_string()),
                Part::Text(_) | Part::Break => None,
            })
            .collect()
    }

    fn hrefs(message: &str) -> Vec<String> {
        parts(message)
            .into_iter()
            .filter_map(|part| match part {
                Part::Link { href, .. } => Some(href.into_owned()),
                Part::Text(_) | Part::Break => None,
            })
            .collect()
    }

    fn together(parts: &[Part<'_>]) -> String {
        parts
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Link { text, .. } => *text,
                Part::Break => "\n",
            })
            .collect()
    }

    #[test]
    fn words_lines_and_links_come_in_order() {
        assert_eq!(
            parts("See https://shop.example/a\r\n\nBye"),
            [
                Part::Text("See "),
                Part::Link { text: "https://shop.example/a", href: "https://shop.example/a".into() },
                Part::Break,
                Part::Break,
                Part::Text("Bye"),
            ]
        );
        assert_eq!(parts(""), []);
    }

    #[test]
    fn punctuation_after_a_link_stays_text() {
        for (message, link) in [
            ("Is it https://a.example/b?", "https://a.example/b"),
            ("It is https://a.example/b.", "https://a.example/b"),
            ("https://a.example/b?c=d&e=f#g, then", "https://a.example/b?c=d&e=f#g"),
            ("(see https://a.example/b)", "https://a.example/b"),
            ("(see https://a.example/b).", "https://a.example/b"),
            ("https://en.example/wiki/Rust_(game)", "https://en.example/wiki/Rust_(game)"),
            ("(https://en.example/wiki/Rust_(game))!", "https://en.example/wiki/Rust_(game)"),
            ("<https://a.example>", "https://a.example"),
            ("“https://a.example”", "https://a.example"),
            ("**https://a.example**", "https://a.example"),
            ("link:https://a.example…", "https://a.example"),
            ("https://a.example/über?q=日本", "https://a.example/über?q=日本"),
            ("请看https://a.example/b。", "https://a.example/b"),
        ] {
            assert_eq!(links(message), [link], "{message}");
        }
    }

    #[test]
    fn bare_hosts_and_mailboxes_get_a_scheme() {
        assert_eq!(hrefs("www.shop.example/returns."), ["https://www.shop.example/returns"]);
        assert_eq!(hrefs("Write to help+eu@shop.example."), ["mailto:help+eu@shop.example"]);
        assert_eq!(hrefs("(help@shop.example)"), ["mailto:help@shop.example"]);
        assert_eq!(
            hrefs("mailto:a@b.example tel:+4930123 HTTP://A.example"),
            ["mailto:a@b.example", "tel:+4930123", "HTTP://A.example"]
        );
    }

    #[test]
    fn what_is_not_certainly_a_link_stays_text() {
        for message in [
            "javascript:alert(1)",
            "data:text/html,x",
            "xhttps://a.example",
            "https://",
            "https://...",
            "http:// a.example",
            "www.",
            "tel:",
            "https:///a",
            "http://?q",
            "www.-",
            "mailto:?subject=x",
            "hotel:5",
            "a@b",
            "a@b.c1",
            "a@@b.example",
            "@name",
            "a@b..example",
            "file:///etc/passwd",
        ] {
            assert_eq!(links(message), [""; 0], "{message}");
        }
    }

    #[test]
    fn marks_that_turn_the_writing_end_a_link() {
        assert_eq!(links("https://a.example/\u{202e}gpj.exe"), ["https://a.example/"]);
    }

    #[test]
    fn nothing_of_a_message_is_lost() {
        for message in [
            "a\nb",
            " https://a.example  x\t",
            "é@ü.example <a@b.example>",
            "\n\n",
            "((www.a.example))",
            "🙂https://a.example🙂",
        ] {
            assert_eq!(together(&parts(message)), message);
        }
    }

    /// Each of these takes hours where the work grows with the square of the length.
    #[test]
    fn very_long_messages_take_no_longer_than_they_are() {
        for piece in ["(", "a@", "https://", "www.", ")", "x", "mailto:", "a.b@c.", "https://a.example/) "] {
            let message = piece.repeat(1_000_000 / piece.len());
            assert_eq!(together(&parts(&message)).len(), message.len());
        }
    }
}
