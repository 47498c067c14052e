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
    /// The message in flight may have been too long: if history does not have it, it was.
    Shorten,
    /// Try again, but only so often: one side does not speak as the other expects, and that rarely mends itself.
    RetrySeldom,
}

/// What to do about a close with this code.
pub(crate) fn remedy(code: u16) -> Remedy {
    match code {
        // Protocol error; a kind of data, or data, that cannot be accepted; an extension that is missed.
        1002 | 1003 | 1007 | 1010 => Remedy::RetrySeldom,
        // Message too big.
        1009 => Remedy::Shorten,
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
    fn every_code_has_the_remedy_of_its_kind_and_any_other_is_transient() {
        for code in 0..=u16::MAX {
            let expected = match code {
                1002 | 1003 | 1007 | 1010 => Remedy::RetrySeldom,
                1008 => Remedy::Renew,
                1009 => Remedy::Shorten,
                1012 | 1013 => Remedy::RetryLater,
                _ if (3000..3004).contains(&code) || code / 500 == 7 || code / 100 == 44 => Remedy::Renew,
                _ => Remedy::Retry,
            };
            assert_eq!(remedy(code), expected, "{code}");
        }
    }

    #[test]
    fn a_clean_close_is_retried_like_an_unclean_one() {
        assert_eq!((remedy(1000), remedy(1005), remedy(1006)), (Remedy::Retry, Remedy::Retry, Remedy::Retry));
    }
}
