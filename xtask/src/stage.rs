//! `cargo xtask stage`: Trunk's hook after each build. Trunk compiles the widget and runs wasm-bindgen, but would start it by a
//! script of its own; the demo page embeds it as a customer would, by the loader's tag. So this turns what Trunk has put into its
//! staging folder into the bundle, not minified; the diagnosis beside it is built once and then copied.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle;
use crate::diagnose;
use crate::failure::{Failure, Result, While};
use crate::ports;

/// Tells the hook, through Trunk, on which port the demo's simulator listens.
pub(crate) const SIMULATOR_PORT: &str = "GUEST_CHAT_SIMULATOR_PORT";

/// Tells the hook, through Trunk, which dialect the demo speaks.
pub(crate) const DIALECT: &str = "GUEST_CHAT_DIALECT";

/// `cargo xtask stage`.
pub(crate) fn run() -> Result<()> {
    let folder = env::var_os("TRUNK_STAGING_DIR")
        .map(PathBuf::from)
        .ok_or_else(|| Failure::step("`stage` is Trunk's hook: it runs within `trunk serve` or `trunk build`"))?;
    let simulator = env::var(SIMULATOR_PORT).ok().and_then(|port| port.parse().ok());

    // The module first: Trunk's glue bears the loader's name.
    for widget in &bundle::WIDGETS {
        bundle::copy_module(&folder, "guest-chat", &folder, widget)?;
    }
    let raw_wasm = folder.join("guest-chat_bg.wasm");
    fs::remove_file(&raw_wasm).while_(|| format!("remove {}", raw_wasm.display()))?;
    for (source, name) in bundle::SOURCES {
        bundle::copy_source(source, &folder, name)?;
    }
    bundle::copy(&diagnose::make_if_needed()?, &folder.join(bundle::DIAGNOSE))?;
    let dialect = env::var(DIALECT).ok();
    adapt(&folder.join("index.html"), simulator, dialect.as_deref())
}

/// Lets the staged page talk to a simulator on another port than the usual one, and in another dialect.
fn adapt(page: &Path, simulator: Option<u16>, dialect: Option<&str>) -> Result<()> {
    let mut text = fs::read_to_string(page).while_(|| format!("read {}", page.display()))?;
    if let Some(port) = simulator {
        text = with_simulator(&text, port)?;
    }
    if let Some(dialect) = dialect {
        text = with_dialect(&text, dialect)?;
    }
    bundle::write(page, &text)
}

fn with_dialect(page: &str, dialect: &str) -> Result<String> {
    const BEFORE: &str = "data-token-url=";
    if page.contains(BEFORE) {
        return Ok(page.replacen(BEFORE, &format!("data-dialect=\"{dialect}\" {BEFORE}"), 1));
    }
    Err(Failure::step("index.html names no token endpoint"))
}

fn with_simulator(page: &str, port: u16) -> Result<String> {
    let usual = ports::origin(ports::USUAL.simulator);
    if page.contains(&usual) {
        return Ok(page.replace(&usual, &ports::origin(port)));
    }
    Err(Failure::step(format!("index.html does not name the simulator as {usual}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_talks_to_the_simulator_of_its_demo() {
        let page = r#"<script data-endpoint="http://127.0.0.1:9000"></script>"#;
        let moved = r#"<script data-endpoint="http://127.0.0.1:4001"></script>"#;
        assert_eq!(with_simulator(page, 4001), Ok(moved.to_owned()));
    }

    #[test]
    fn the_page_speaks_the_dialect_of_its_demo() {
        let page = r#"<script data-token-url="/t"></script>"#;
        let told = r#"<script data-dialect="guest-webchat" data-token-url="/t"></script>"#;
        assert_eq!(with_dialect(page, "guest-webchat"), Ok(told.to_owned()));
        assert!(with_dialect("<script></script>", "guest-webchat").is_err());
    }

    #[test]
    fn a_page_that_names_no_simulator_is_not_served_silently() {
        assert!(matches!(with_simulator("<script></script>", 4001), Err(Failure::Step(_))));
    }
}
