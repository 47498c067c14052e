//! `guest-chat-diagnose.js`: what `GuestChat("diagnose")` fetches. One file of `www/diagnose.js` and the rule book, which is compiled to
//! WebAssembly like the widget and then turned into plain JavaScript: a page whose policy forbids WebAssembly is one of the things that
//! the diagnosis is for. It loads on demand and counts in no budget of a visitor's; `size.rs` has its own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle;
use crate::failure::{Failure, Result, While};
use crate::process;
use crate::tools::{self, npm};
use crate::workspace;

/// What the file is made from, relative to the root.
const INPUTS: [&str; 7] = [
    "crates/diagnosis/src",
    "crates/diagnosis/Cargo.toml",
    "crates/chat-proto/src",
    "www/diagnose.js",
    "xtask/src/diagnose.rs",
    "xtask/package-lock.json",
    "Cargo.toml",
];

/// Makes the file unless there is one that is newer than all that it is made from. Where it is.
pub(crate) fn make_if_needed() -> Result<PathBuf> {
    let folder = workspace::target()?.join("diagnose");
    let finished = folder.join(bundle::DIAGNOSE);
    let built = fs::metadata(&finished).and_then(|metadata| metadata.modified()).ok();
    if built.is_none() || built <= workspace::newest(&INPUTS) {
        make(&folder, &finished)?;
    }
    Ok(finished)
}

fn make(folder: &Path, finished: &Path) -> Result<()> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    npm::bundling()?;
    let scripts = folder.join("scripts");
    bundle::empty_folder(&scripts)?;

    let module = compile(&folder.join("target"))?;
    process::run(
        tools::command("wasm-bindgen")
            .args(["--target", "bundler", "--no-typescript", "--remove-name-section", "--remove-producers-section"])
            .args(["--out-name", "rules", "--out-dir"])
            .arg(&scripts)
            .arg(module),
    )?;
    let script = scripts.join("rules_bg.wasm.js");
    process::run(npm::bundling_program("wasm2js").arg(scripts.join("rules_bg.wasm")).args(["-O2", "-o"]).arg(&script))?;

    // The glue asks for the module; what it gets is the script of the same exports.
    let glue = scripts.join("rules.js");
    let text = fs::read_to_string(&glue).while_(|| format!("read {}", glue.display()))?;
    let text =
        replaced(&text, "* as wasm from \"./rules_bg.wasm\"", "{ retasmFunc as wasm } from \"./rules_bg.wasm.js\"")?;
    bundle::write(&scripts.join("guest-chat-rules.js"), &text)?;
    // No module is handed on as a value: what esbuild makes of one trips over anything that a page adds to `Object.prototype`.
    let text = fs::read_to_string(&script).while_(|| format!("read {}", script.display()))?;
    let text = replaced(&text, "var $_rules_bg_js = imports[\"./rules_bg.js\"];", "")?;
    let text = replaced(&text, "\"./rules_bg.js\": $_rules_bg_js,", "")? + "export { retasmFunc };\n";
    bundle::write(&script, &text)?;
    bundle::copy_source("www/diagnose.js", &scripts, "diagnose.js")?;
    process::run(
        npm::bundling_program("esbuild")
            .args(["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"])
            .arg(format!("--outfile={}", finished.display()))
            .arg(scripts.join("diagnose.js")),
    )
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    if !text.contains(from) {
        return Err(Failure::step(format!("the diagnosis cannot be put together: `{from}` is not where it was")));
    }
    Ok(text.replace(from, to))
}

/// For size, with the standard library compiled along, like the widget; and for the first version of WebAssembly, because that is what
/// can be turned into JavaScript.
fn compile(target: &Path) -> Result<PathBuf> {
    tools::standard_library_source()?;
    process::run(
        tools::cargo()
            .args(["build", "--profile", "widget", "--locked", "--package", "diagnosis", "--lib"])
            .args(["--target", tools::WASM])
            .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env(
                "RUSTFLAGS",
                "-Ctarget-cpu=mvp -Zunstable-options -Cpanic=immediate-abort -Zfmt-debug=none -Zlocation-detail=none",
            )
            .env("CARGO_TARGET_DIR", target),
    )?;
    Ok(target.join(tools::WASM).join("widget/diagnosis.wasm"))
}
