//! `cargo xtask setup`: everything that the other commands would install on the way, at once; for a machine that will be offline
//! later, or for `trunk serve` by hand.

use crate::failure::Result;
use crate::tools;

/// Installs whatever is missing.
pub(crate) fn run() -> Result<()> {
    tools::components()?;
    tools::wasm_target()?;
    tools::standard_library_source()?;
    tools::wasm_bindgen()?;
    tools::trunk()?;
    tools::npm::bundling()?;
    tools::npm::browser_tests()?;
    let browser = tools::browser::chromium()?;
    println!("All set: tools in .tools/bin, browser {}.", browser.program.display());
    Ok(())
}
