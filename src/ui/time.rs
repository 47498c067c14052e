//! Times and days in words, by the browser's own `Intl`: it knows every calendar and costs no bytes.

use chat_proto::time::Timestamp;
use js_sys::{Array, Function, Intl::DateTimeFormat, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::store::{Day, Live};
use crate::strings::Words;

/// Writes times in one locale.
#[derive(Clone, Copy)]
pub(super) struct Clock(Live<Formats>);

struct Formats {
    time: Function,
    day: Function,
    day_of_year: Function,
}

const MS_A_DAY: f64 = 86_400_000.0;
/// Days after which a date without its year could be mistaken. Ten months.
const YEAR_MATTERS: i32 = 300;

impl Clock {
    /// `locale` must be well-formed, for `Intl` throws at anything else.
    pub(super) fn new(locale: &str) -> Self {
        let day = [("weekday", "long"), ("day", "numeric"), ("month", "long"), ("timeZone", "UTC")];
        let day_of_year = [("year", "numeric"), ("day", "numeric"), ("month", "long"), ("timeZone", "UTC")];
        Self(Live::new(Formats {
            time: formatter(locale, &[("hour", "numeric"), ("minute", "2-digit")]),
            day: formatter(locale, &day),
            day_of_year: formatter(locale, &day_of_year),
        }))
    }

    /// Like `10:32`.
    #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53 ms")]
    pub(super) fn time(self, time: Timestamp) -> String {
        self.0.with_untracked(|formats| write(&formats.time, time.0 as f64))
    }

    /// Like `Yesterday` or `Monday, 5 October`.
    pub(super) fn day(self, day: Day, today: Day, words: &Words) -> String {
        match today.0 - day.0 {
            0 => words.today.to_owned(),
            1 => words.yesterday.to_owned(),
            // A day of the calendar is written as if it were in UTC, so that no time zone can shift it.
            ago => self.0.with_untracked(|formats| {
                let format = if ago < YEAR_MATTERS { &formats.day } else { &formats.day_of_year };
                write(format, f64::from(day.0) * MS_A_DAY)
            }),
        }
    }
}

fn formatter(locale: &str, options: &[(&str, &str)]) -> Function {
    let object = Object::new();
    for (name, value) in options {
        Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value)).expect("a plain object takes all");
    }
    DateTimeFormat::new(&Array::of1(&JsValue::from_str(locale)), &object).format()
}

fn write(format: &Function, ms: f64) -> String {
    // It throws at what is no time at all, and then there is nothing to write.
    format.call1(&JsValue::UNDEFINED, &JsValue::from_f64(ms)).ok().and_then(|text| text.as_string()).unwrap_or_default()
}
