//! Keeps a panel that fills the screen above the on-screen keyboard. Browsers lay the keyboard over the page and tell only the visual
//! viewport; the panel learns of it by two custom properties, which the style sheet uses on small screens.

use leptos::prelude::*;

use super::dom::{Spot, listen};

/// Writes `--screen-height` and `--screen-top` to this element as long as it is mounted.
pub(super) fn follow(panel: Spot) {
    let Some(viewport) = window().visual_viewport() else { return };
    for event in ["resize", "scroll"] {
        let seen = viewport.clone();
        let place = move |_| {
            let Some(panel) = panel.element() else { return };
            let style = panel.style();
            // Whoever zooms in wants the panel larger, not smaller.
            let scale = seen.scale();
            // Neither can fail: the names are custom properties, which take any value.
            _ = style.set_property("--screen-height", &px(seen.height() * scale));
            _ = style.set_property("--screen-top", &px(if scale > 1.0 { 0.0 } else { seen.offset_top() }));
        };
        listen(&viewport, event, Box::new(place));
    }
}

/// In whole pixels: writing a fraction would bring the float formatter into the bundle.
#[expect(clippy::cast_possible_truncation, reason = "a screen is less than 2^31 px high")]
fn px(length: f64) -> String {
    format!("{}px", length.round() as i32)
}
