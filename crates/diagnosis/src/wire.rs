//! The one thing that is said on the socket, and what the answer means: Genesys' published Web Messaging protocol, as far as its
//! hello goes. Written apart from the widget's dialect, so that a mistake in one of them shows as a disagreement.

use crate::observe::End;

/// How long an HTTP answer may take, in milliseconds: what the widget waits.
pub const ANSWER_MS: u32 = 10_000;

/// How long a socket may take to open, in milliseconds.
pub const OPEN_MS: u32 = 15_000;

/// How long the hello may go unanswered, in milliseconds.
pub const HELLO_MS: u32 = 10_000;

/// The hello. It says nothing that anybody reads: a conversation begins with a text or a Join, and neither is sent.
pub fn hello(deployment: &str, token: &str) -> String {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_ascii_graphic() && *c != '"' && *c != '\\').collect::<String>();
    format!(
        r#"{{"action":"configureSession","token":"{}","deploymentId":"{}","tracingId":"diagnosis"}}"#,
        plain(token),
        plain(deployment)
    )
}

/// What a frame says about the hello, by its `class` and `code`; `None` for a frame that says nothing about it.
pub fn heard(class: &str, code: u16) -> Option<End> {
    match class {
        "SessionResponse" => Some(End::Accepted),
        "SessionExpiredEvent" => Some(End::Error(4006)),
        "LogoutEvent" => Some(End::Error(401)),
        "ConnectionClosedEvent" => Some(End::Evicted),
        "TooManyRequestsErrorMessage" => Some(End::Error(429)),
        _ if code >= 400 => Some(End::Error(code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_break_out_of_the_hello() {
        assert_eq!(
            hello("d-1", "a\"b\\c\n"),
            r#"{"action":"configureSession","token":"abc","deploymentId":"d-1","tracingId":"diagnosis"}"#
        );
    }

    #[test]
    fn frames_that_are_not_about_the_hello_are_waited_past() {
        assert_eq!(heard("StructuredMessage", 200), None);
        assert_eq!(heard("string", 4007), Some(End::Error(4007)));
        assert_eq!(heard("SessionResponse", 200), Some(End::Accepted));
    }
}
