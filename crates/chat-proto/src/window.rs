//! How often something was done lately: for limits of the form "so often in so long", over a window that slides.

use alloc::vec::Vec;

use crate::time::{Instant, Millis};

/// When it was done, oldest first, as far back as its span.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window(Vec<Instant>);

impl Window {
    /// It is done now.
    pub(crate) fn note(&mut self, now: Instant, span: Millis) {
        self.0.retain(|at| now.since(*at) < span);
        self.0.push(now);
    }

    /// From when on it may be done again, if fewer than `limit` others may lie within the span. At least one may.
    pub(crate) fn free_at(&self, limit: usize, span: Millis) -> Instant {
        let nth_last = self.0.len().checked_sub(limit).and_then(|at| self.0.get(at));
        nth_last.map_or(Instant::default(), |at| *at + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_often_in_so_long_and_no_oftener() {
        for (limit, span) in [(1, 10), (2, 60), (50, 60)] {
            let (mut window, mut done) = (Window::default(), Vec::new());
            for now in (1..2_000).map(Instant) {
                if window.free_at(limit, span) <= now {
                    window.note(now, span);
                    done.push(now);
                }
            }
            let most = done.iter().map(|from| done.iter().filter(|at| **at >= *from && at.since(*from) < span).count());
            assert_eq!(most.max(), Some(limit), "{limit} in {span}");
            assert_eq!(window.0.len(), limit, "older ones are forgotten");
        }
    }
}
