//! How a line stands to its neighbours: whether a new day begins above it, whether it opens or closes a group of messages of
//! one author. Depends on the line above and the line below and nothing else, so that a change settles in three steps.

use super::{Row, Shared};
use chat_proto::message::{Content, Item};
use chat_proto::time::{MINUTE, Millis, Timestamp};

/// How a line stands to its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The day that begins with this line; `None` if the line above is of the same day.
    pub new_day: Option<Day>,
    /// The line above is not of the same group.
    pub opens_group: bool,
    /// The line below is not of the same group.
    pub closes_group: bool,
}

/// A day of the visitor's calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i32);

/// Messages of one author that follow each other within this time stand together. 5 min: after that the time is worth reading.
const GROUP: Millis = 5 * MINUTE;

impl Day {
    /// The day of this time, where the visitor is.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "dates are far below 2^53 ms")]
    pub fn of(time: Timestamp) -> Self {
        let ms = time.0 as f64;
        let west = js_sys::Date::new(&ms.into()).get_timezone_offset() * 60_000.0;
        Self(((ms - west) / 86_400_000.0).floor() as i32)
    }

    /// Today, where the visitor is.
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "the present is after 1970")]
    pub fn today() -> Self {
        Self::of(Timestamp(js_sys::Date::now() as u64))
    }
}

/// Brings the places around a changed line up to date.
pub(super) fn settle(rows: &[Row], changed: usize) {
    let end = rows.len().min(changed + 2);
    for index in changed.saturating_sub(1)..end {
        let row = &rows[index];
        let above = index.checked_sub(1).map(|above| &rows[above].item);
        let below = rows.get(index + 1).map(|below| &below.item);
        let place = row.item.with_untracked(|item| {
            let joins = |other: Option<&Shared<Item>>| {
                other.is_some_and(|other| other.with_untracked(|other| is_same_group(other, item)))
            };
            let day = Day::of(item.time);
            let day_above = above.map(|above| above.with_untracked(|above| Day::of(above.time)));
            Place {
                new_day: (day_above != Some(day)).then_some(day),
                opens_group: !joins(above),
                closes_group: !joins(below),
            }
        });
        if row.place.get_untracked() != place {
            row.place.set(place);
        }
    }
}

fn is_same_group(a: &Item, b: &Item) -> bool {
    let apart = a.time.since(b.time).max(b.time.since(a.time));
    let is_same_author = match (&a.content, &b.content) {
        (Content::Inbound(_), Content::Inbound(_)) => true,
        (Content::Outbound(a), Content::Outbound(b)) => a.author == b.author,
        _ => false, // another author, or a notice, which nobody said
    };
    is_same_author && apart < GROUP && Day::of(a.time) == Day::of(b.time)
}
