//! Packages from npm, installed from a lock file beside their package.json: esbuild and binaryen for the bundle, playwright-core
//! for the browser tests. Runs no package's install scripts: none of ours needs one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result, While};
use crate::process;
use crate::tools;
use crate::workspace;

/// Makes sure that esbuild and wasm-opt are there.
pub(crate) fn bundling() -> Result<()> {
    install(&bundling_folder())
}

/// Makes sure that the browser tests' packages are there.
pub(crate) fn browser_tests() -> Result<()> {
    install(&workspace::root().join("tests/e2e"))
}

/// A program of the bundling packages, run by Node.
pub(crate) fn bundling_program(name: &str) -> Command {
    let mut command = tools::command("node");
    command.arg(bundling_folder().join("node_modules/.bin").join(name));
    command
}

fn bundling_folder() -> PathBuf {
    workspace::root().join("xtask")
}

fn install(folder: &Path) -> Result<()> {
    let read = |path: &Path| fs::read_to_string(path).while_(|| format!("read {}", path.display()));
    let wanted = read(&folder.join("package-lock.json"))?;
    // What `npm ci` last ran to its end with. npm's own record is no proof: it is there after an interrupted install, too.
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if tools::find_program("npm").is_none() {
        return Err(Failure::step("npm is not installed: the project needs Node 20 or later"));
    }
    process::run(
        tools::command("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder),
    )?;
    fs::write(&stamp, wanted).while_(|| format!("write {}", stamp.display()))
}
