//! The steps of the test that are commands of others: cargo's, wasm-bindgen's, Node's, and our own demo. Each is on its own: it
//! installs and builds what it needs, whatever ran before.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::build;
use crate::bundle;
use crate::demo;
use crate::failure::{Failure, Result, While};
use crate::http;
use crate::ports::{self, Ports};
use crate::process::{self, Service};
use crate::tools::browser::{self, Browser};
use crate::tools::{self, cargo, npm};
use crate::workspace;

pub(super) fn fmt() -> Result<()> {
    tools::components()?;
    process::run(cargo().args(["fmt", "--all", "--check"]))
}

pub(super) fn clippy() -> Result<()> {
    tools::components()?;
    process::run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

pub(super) fn clippy_wasm() -> Result<()> {
    tools::components()?;
    tools::wasm_target()?;
    for widget in &bundle::WIDGETS {
        let mut clippy = cargo();
        clippy.args(["clippy", "--locked", "--package", "guest-chat", "--all-targets", "--target", tools::WASM]);
        process::run(clippy.args(widget.features).args(["--", "--deny", "warnings"]))?;
    }
    // Their own tests are the host's: here it is the libraries that have to compile cleanly.
    process::run(cargo().args([
        "clippy",
        "--locked",
        "--package",
        "chat-proto",
        "--package",
        "diagnosis",
        "--target",
        tools::WASM,
        "--",
        "--deny",
        "warnings",
    ]))
}

pub(super) fn host() -> Result<()> {
    process::run(cargo().args(["test", "--locked", "--workspace"]))
}

pub(super) fn in_browser() -> Result<()> {
    let browser = browser::chromium()?;
    let source = workspace::root().join("webdriver.json");
    let capabilities = fs::read_to_string(&source).while_(|| format!("read {}", source.display()))?;
    wasm_tests("CHROMEDRIVER", &browser, &with_binary(&capabilities, "goog:chromeOptions", &browser.program)?)
}

pub(super) fn in_firefox() -> Result<()> {
    const CAPABILITIES: &str = r#"{ "moz:firefoxOptions": { "args": ["-headless"] } }"#;
    let browser = browser::firefox()?;
    wasm_tests("GECKODRIVER", &browser, &with_binary(CAPABILITIES, "moz:firefoxOptions", &browser.program)?)
}

/// Runs the wasm-bindgen tests in the browser whose driver the runner knows by that variable.
fn wasm_tests(driver: &str, browser: &Browser, capabilities: &str) -> Result<()> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    // webdriver.json with the browser that we found, written where nobody else looks.
    let file = workspace::target()?.join("webdriver.json");
    bundle::write(&file, capabilities)?;
    let mut tests = cargo();
    // The runner takes the first driver that it knows: another one's variable would win over ours.
    for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
        tests.env_remove(other);
    }
    process::run(
        tests
            .args(["test", "--locked", "--package", "guest-chat", "--lib", "--tests", "--target", tools::WASM])
            .env(driver, &browser.driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &file)
            // Seconds, for a whole test program. The defaults, 20 and 5, are for a machine with nothing else to do.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"),
    )
}

/// The capabilities with the browser that we found among these options of its driver's.
fn with_binary(capabilities: &str, options: &str, program: &Path) -> Result<String> {
    let options = format!("\"{options}\": {{");
    let binary = format!("{options} \"binary\": \"{}\",", program.display());
    let with_binary = capabilities.replacen(&options, &binary, 1);
    if with_binary == capabilities {
        return Err(Failure::step(format!("webdriver.json has no {options}")));
    }
    Ok(with_binary)
}

pub(super) fn end_to_end() -> Result<()> {
    npm::browser_tests()?;
    let browser = browser::chromium()?;
    demo::build_companions()?;
    build::make_if_needed()?;
    process::run(
        tools::command("node")
            // Two files at a time: each brings up a browser, and there may be two cores for all of them.
            .args(["--test", "--test-concurrency=2", "--test-reporter=spec"])
            .args(end_to_end_files()?)
            .env("CHROMIUM", &browser.program)
            .env("GUEST_CHAT_SIMULATOR", demo::companion("simulator")?)
            .env("GUEST_CHAT_TOKEN_PROXY", demo::companion("token-proxy")?)
            .env("GUEST_CHAT_DIST", build::dist()),
    )
}

/// Named one by one: what `node --test` makes of a folder differs from version to version.
fn end_to_end_files() -> Result<Vec<PathBuf>> {
    let folder = workspace::root().join("tests/e2e");
    let entries = fs::read_dir(&folder).while_(|| format!("list {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::step("tests/e2e has no *.test.mjs: nothing would be tested"));
    }
    Ok(files)
}

/// The other command of the README, as a newcomer types it: it must come up, answer, and leave nothing behind when stopped.
pub(super) fn demo_comes_up() -> Result<()> {
    // What the demo installs and compiles is not part of how long it may take to come up.
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    tools::trunk()?;

    let first = ports::free_row()?;
    let ports = Ports::plan(Some(first));
    let mut demo = [Service::start("demo", cargo().args(["xtask", "demo", "--port", &first.to_string()]))?];
    process::wait_until(&mut demo, "`cargo xtask demo`", Duration::from_mins(10), || {
        http::get(ports.page, &format!("/{}", bundle::WIDGETS[0].wasm)).is_some_and(|answer| answer.status == 200)
    })?;

    let page = http::get(ports.page, "/").map(|answer| answer.body).unwrap_or_default();
    let simulator = ports::origin(ports.simulator);
    if !String::from_utf8_lossy(&page).contains(&simulator) {
        return Err(Failure::step(format!("the demo page does not name its simulator, {simulator}")));
    }
    let health = http::get(ports.page, "/api/genesys/health").map(|answer| answer.status);
    if health != Some(200) {
        return Err(Failure::step(format!("the token proxy answers {health:?} through the demo page")));
    }

    let [demo] = demo;
    let status = demo.stop_within(Duration::from_secs(30))?;
    if !status.success() {
        return Err(Failure::step(format!("`cargo xtask demo` was asked to stop and failed ({status})")));
    }
    ports::require_free(&ports.named())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_we_found_is_the_one_that_is_driven() {
        let capabilities = include_str!("../../../webdriver.json");
        let json = with_binary(capabilities, "goog:chromeOptions", Path::new("/opt/my chromium")).unwrap();
        assert!(json.contains(r#""binary": "/opt/my chromium","#), "{json}");
    }
}
