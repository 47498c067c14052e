//! The two clocks of the browser, and the one timer. The only file that asks for the time.

use chat_proto::time::{Instant, Millis, Now, Timestamp};
use gloo_timers::callback::Timeout;

/// The longest that the timer is set for. A minute: a timer beyond 2³¹ ms fires at once, and one that was set before the machine
/// slept counts only the time awake, so it is better to look again now and then.
const SLICE: Millis = 60_000;

/// The time on both clocks.
pub fn now() -> Now {
    Now { mono: mono(), wall: Timestamp(whole(js_sys::Date::now())) }
}

/// The time on the monotonic clock, in milliseconds since the page was opened. It may stand still while the machine sleeps.
pub fn mono() -> Instant {
    let performance = web_sys::window().and_then(|window| window.performance());
    Instant(whole(performance.map_or_else(js_sys::Date::now, |performance| performance.now())))
}

/// Calls back at `deadline`, or earlier, if that is far away; at once if it has passed. Dropped, it does not.
pub fn timer(deadline: Instant, look: impl FnOnce() + 'static) -> Timeout {
    let wait = deadline.since(mono()).min(SLICE);
    Timeout::new(u32::try_from(wait).unwrap_or(u32::MAX), look)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock's milliseconds; `as` saturates")]
fn whole(milliseconds: f64) -> u64 {
    milliseconds as u64
}
