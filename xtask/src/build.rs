//! `cargo xtask build`: the release bundle in `dist/`. Compiled for size, run through wasm-bindgen and binaryen, scripts and style
//! minified. `dist/` is replaced only when everything has succeeded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::{self, Widget};
use crate::diagnose;
use crate::failure::{Result, While};
use crate::process;
use crate::tools::{self, npm};
use crate::workspace;

/// Everything that the bundle is made from, relative to the root.
const INPUTS: [&str; 11] = [
    "src",
    "www",
    "crates/chat-proto/src",
    "crates/chat-proto/Cargo.toml",
    "crates/diagnosis",
    "Cargo.toml",
    "Cargo.lock",
    "xtask/src",
    "xtask/shrink.mjs",
    "xtask/order.mjs",
    "xtask/package-lock.json",
];

/// The syntax our scripts may use: what came with dynamic `import()` and WebAssembly's bulk memory in every browser.
const SCRIPT_TARGET: &str = "--target=es2020";

/// The folder of the release bundle.
pub(crate) fn dist() -> PathBuf {
    workspace::root().join("dist")
}

/// Builds the bundle.
fn make() -> Result<()> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    npm::bundling()?;

    let target = workspace::target()?;
    let bindgen = target.join("bundle/bindgen");
    let finished = target.join("bundle/finished");
    bundle::empty_folder(&finished)?;

    for widget in &bundle::WIDGETS {
        bundle::empty_folder(&bindgen)?;
        compile(&target, &bindgen, widget)?;
        bundle::copy_module(&bindgen, "guest-chat", &finished, widget)?;
        shrink(&finished, widget)?;
        minify(&finished.join(widget.glue), &["--format=esm", "--tree-shaking=true"])?;
    }
    for (source, name) in bundle::SOURCES {
        bundle::copy_source(source, &finished, name)?;
    }
    minify(&finished.join(bundle::LOADER), &[])?;
    minify(&finished.join(bundle::STYLE), &[])?;
    bundle::copy(&diagnose::make_if_needed()?, &finished.join(bundle::DIAGNOSE))?;
    bundle::check_scripts(&finished)?;

    bundle::empty_folder(&dist())?;
    for entry in fs::read_dir(&finished).while_(|| format!("list {}", finished.display()))?.flatten() {
        bundle::copy(&entry.path(), &dist().join(entry.file_name()))?;
    }
    Ok(())
}

/// `cargo xtask build`.
pub(crate) fn run() -> Result<()> {
    make()?;
    println!("The bundle is in dist/. Serve it from anywhere; {} shows how.", bundle::DEMO_PAGE);
    Ok(())
}

/// Builds the bundle unless `dist/` holds one that is newer than all that it is made from.
pub(crate) fn make_if_needed() -> Result<()> {
    let built = fs::metadata(dist().join(bundle::LOADER)).and_then(|metadata| metadata.modified()).ok();
    if built.is_some() && built > workspace::newest(&INPUTS) {
        return Ok(());
    }
    make()
}

fn compile(target: &Path, bindgen: &Path, widget: &Widget) -> Result<()> {
    tools::standard_library_source()?;
    // The standard library is compiled along, for size, and a panic is a trap without words: together a fifth of the module. Neither is
    // stable, which the pinned toolchain makes bearable. A folder of its own, because these flags would make every other build start over.
    let built = target.join("bundle/target");
    process::run(
        tools::cargo()
            .args(["build", "--profile", "widget", "--locked", "--package", "guest-chat", "--lib"])
            .args(["--target", tools::WASM])
            .args(widget.features)
            .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort -Zfmt-debug=none -Zlocation-detail=none")
            .env("CARGO_TARGET_DIR", &built),
    )?;
    // Producers are removed here and not by rustc's `strip`, which takes `target_features` along and leaves wasm-opt refusing the
    // module. The names stay until `shrink.mjs` has gone by them.
    process::run(
        tools::command("wasm-bindgen")
            .args(["--target", "web", "--no-typescript", "--remove-producers-section"])
            .args(["--out-name", "guest-chat", "--out-dir"])
            .arg(bindgen)
            .arg(built.join(tools::WASM).join("widget/guest_chat.wasm")),
    )
}

/// Drops what nobody uses, shortens the names between the two halves, and optimises the module. See `shrink.mjs`.
fn shrink(finished: &Path, widget: &Widget) -> Result<()> {
    process::run(
        tools::command("node")
            .arg(workspace::root().join("xtask/shrink.mjs"))
            .arg(finished.join(widget.glue))
            .arg(finished.join(widget.wasm)),
    )
}

fn minify(file: &Path, options: &[&str]) -> Result<()> {
    process::run(
        npm::bundling_program("esbuild")
            .args(["--minify", SCRIPT_TARGET, "--log-level=warning", "--allow-overwrite"])
            .args(options)
            .arg(format!("--outfile={}", file.display()))
            .arg(file),
    )
}
