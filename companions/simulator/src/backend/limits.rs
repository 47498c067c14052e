//! A sliding window over virtual time: the one form that all of the service's quotas take.

use std::collections::VecDeque;

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60_000;

/// What was done lately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window(VecDeque<u64>);

impl Window {
    /// Counts one more, unless there were `limit` within the last `span` ms already; then the milliseconds until there
    /// is room. A refused attempt does not count.
    pub(crate) fn take(&mut self, now: u64, limit: u32, span: u64) -> Result<(), u64> {
        while self.0.front().is_some_and(|&at| at + span <= now) {
            self.0.pop_front();
        }
        if self.0.len() >= limit as usize {
            return Err(self.0.front().map_or(span, |&at| at + span - now));
        }
        self.0.push_back(now);
        Ok(())
    }
}

/// Whole seconds for `retryAfter`: rounded up, so that coming back then is never too early.
pub(crate) fn seconds(ms: u64) -> u64 {
    ms.div_ceil(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_refusals_do_not_count() {
        let mut window = Window::default();
        assert_eq!(window.take(0, 2, SECOND), Ok(()));
        assert_eq!(window.take(400, 2, SECOND), Ok(()));
        assert_eq!(window.take(600, 2, SECOND), Err(400));
        assert_eq!(window.take(999, 2, SECOND), Err(1));
        assert_eq!(window.take(1000, 2, SECOND), Ok(()));
        assert_eq!(window.take(1001, 2, SECOND), Err(399));
    }

    #[test]
    fn retry_after_is_never_too_early() {
        assert_eq!([seconds(1), seconds(1000), seconds(1001)], [1, 1, 2]);
    }
}
