//! Why a connection ended, and what to do about it: one table. The codes are RFC 6455 section 7.4; the backend has none of its own.
//! A close that we did not ask for is never taken for a wish to end the conversation, **1000 included**: the backend says that it
//! is over in words (`ServerEvent::TakenOver`, `Expired`, …) before it closes.

/// What to do after a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Try again after the usual wait.
    Retry,
    /// Try again, but not at once: the server says that it restarts or is overloaded.
    RetryLater,
    /// Try again with a new token: the server may have closed because of the old one.
    Renew,
}

/// What to do about a close with this code.
pub(crate) fn remedy(code: u16) -> Remedy {
    match code {
        // Service restart; try again later.
        1012 | 1013 => Remedy::RetryLater,
        // Policy violation, and the ranges in which servers put "unauthorized", "forbidden", "token expired".
        1008 | 3000..=3003 | 3500..=3999 | 4400..=4499 => Remedy::Renew,
        _ => Remedy::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_close_is_retried_like_an_unclean_one() {
        assert_eq!(remedy(1000), remedy(1006));
        assert_eq!(remedy(1000), Remedy::Retry);
    }

    #[test]
    fn codes_that_speak_of_load_or_of_permission_are_told_apart() {
        assert_eq!(remedy(1013), Remedy::RetryLater);
        assert_eq!(remedy(1008), Remedy::Renew);
        assert_eq!(remedy(4401), Remedy::Renew);
        assert_eq!(remedy(4500), Remedy::Retry);
    }
}
