//! What the commands need installed, and how it gets there without asking anybody anything. Every piece is idempotent and quick
//! when nothing is missing, and none touches what the user has installed: cargo's tools go to `.tools/`, npm's packages beside
//! their package.json. Only the browser goes to the system, by its package manager.

pub(crate) mod browser;
pub(crate) mod npm;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace;

/// The target the widget is built for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The newest Trunk that Rust 1.95 compiles.
const TRUNK: &str = "0.21.14";

/// The newest one.
const GECKODRIVER: &str = "0.37.1";

/// The newest ones.
const FUZZ: &str = "0.13.2";
const MUTANTS: &str = "27.1.0";

/// A command in the repository's root that finds our tools first.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).env("PATH", workspace::path_with_tools());
    command
}

/// `cargo` in the repository's root.
pub(crate) fn cargo() -> Command {
    command("cargo")
}

/// Makes sure that rustc can compile for the browser.
pub(crate) fn wasm_target() -> Result<()> {
    let libraries = process::output(command("rustc").args(["--print", "target-libdir", "--target", WASM]));
    if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    rustup(&["target", "add", WASM])
}

/// Makes sure that the standard library's source is there, for the build that compiles it along.
pub(crate) fn standard_library_source() -> Result<()> {
    let sysroot = process::output(command("rustc").args(["--print", "sysroot"]));
    let is_there = |root: String| Path::new(&root).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file();
    if sysroot.is_some_and(is_there) {
        return Ok(());
    }
    rustup(&["component", "add", "rust-src"])
}

/// Makes sure that `cargo fmt` and `cargo clippy` are there.
pub(crate) fn components() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds(cargo().args([subcommand, "--version"])) {
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

/// rustup acts on the toolchain that rust-toolchain.toml names, because it runs in the repository.
fn rustup(arguments: &[&str]) -> Result<()> {
    process::run(command("rustup").args(arguments)).map_err(|failure| match failure {
        Failure::Step(words) => Failure::Step(format!(
            "{words}\nThe toolchain is set up by rustup; without it, install what `rustup {}` would.",
            arguments.join(" ")
        )),
        other => other,
    })
}

/// Makes sure that wasm-bindgen and its test runner are there, in the one version that understands what we compile.
pub(crate) fn wasm_bindgen() -> Result<()> {
    cargo_tool("wasm-bindgen", "wasm-bindgen-cli", &workspace::locked_version("wasm-bindgen")?)
}

/// Makes sure that Trunk, which serves the demo, is there.
pub(crate) fn trunk() -> Result<()> {
    cargo_tool("trunk", "trunk", TRUNK)
}

/// Firefox's driver out of our tools folder, built now if it is not there. Any version drives any Firefox of the last years.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    let program = workspace::tools().join("bin/geckodriver");
    if !program.is_file() {
        cargo_install("geckodriver", GECKODRIVER)?;
    }
    Ok(program)
}

/// Makes sure that cargo-fuzz is there, and the C++ compiler that its libFuzzer is compiled with.
pub(crate) fn fuzzer() -> Result<()> {
    if !process::succeeds(command("c++").arg("--version")) {
        return Err(Failure::step("libFuzzer is written in C++, and there is no `c++`: install g++ or clang"));
    }
    cargo_tool("cargo-fuzz", "cargo-fuzz", FUZZ)
}

/// Makes sure that cargo-mutants is there. It says its version only as a subcommand of cargo's.
pub(crate) fn mutants() -> Result<()> {
    if says(command("cargo-mutants").args(["mutants", "--version"]), MUTANTS) {
        return Ok(());
    }
    cargo_install("cargo-mutants", MUTANTS)
}

/// Installs `package` into our tools folder, unless its `program` of that version is there or on the PATH already.
fn cargo_tool(program: &str, package: &str, version: &str) -> Result<()> {
    if says(command(program).arg("--version"), version) {
        return Ok(());
    }
    cargo_install(package, version)
}

/// Whether the last word of what it says is this version.
fn says(asked: &mut Command, version: &str) -> bool {
    process::output(asked).is_some_and(|answer| answer.split(' ').next_back() == Some(version))
}

fn cargo_install(package: &str, version: &str) -> Result<()> {
    println!("installing {package} {version} into .tools/ (once; a few minutes)");
    // Not optimised: it is compiled far longer than it will ever run.
    process::run(
        cargo()
            .args(["install", "--locked", "--debug", package, "--version", version, "--root"])
            .arg(workspace::tools())
            // A temporary folder, which cargo removes: the tool's own dependencies do not belong in ours.
            .env_remove("CARGO_TARGET_DIR"),
    )
}

/// The file that running `name` would start.
fn find_program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_not_at_all() {
        assert!(find_program("sh").is_some_and(|file| file.is_absolute()));
        assert_eq!(find_program("no-such-program"), None);
    }
}
