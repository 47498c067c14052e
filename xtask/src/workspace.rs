//! Where things lie: the repository's root, Cargo's target folder, our tools folder; and what Cargo.lock pins.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::{Failure, Result, While};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    // xtask/ lies directly below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target folder, wherever CARGO_TARGET_DIR or a config file put it.
pub(crate) fn target() -> Result<PathBuf> {
    // This program is <target>/<profile>/xtask, or <target>/<profile>/deps/xtask-… under test: the folder is read off the
    // program's own path, because asking `cargo metadata` would take a JSON parser.
    let program = env::current_exe().while_(|| "find this program's own path".into())?;
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::step("run the project's commands as `cargo xtask …`"))
}

/// Where our own copies of cargo-installed tools live; ignored by git.
pub(crate) fn tools() -> PathBuf {
    root().join(".tools")
}

/// The PATH of the commands we run: our tools first.
pub(crate) fn path_with_tools() -> std::ffi::OsString {
    let ours = std::iter::once(tools().join("bin"));
    let theirs = env::var_os("PATH").unwrap_or_default();
    // Fails only for a folder name with the separator in it; then ours could not be found either way.
    env::join_paths(ours.chain(env::split_paths(&theirs))).unwrap_or(theirs)
}

/// The version of `package` that Cargo.lock pins.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let path = root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).while_(|| format!("read {}", path.display()))?;
    version_in_lock(&lock, package)
        .ok_or_else(|| Failure::step(format!("Cargo.lock pins no `{package}`, or more than one")))
}

/// `None` unless exactly one version of the package is locked: a tool can only match one.
fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut versions = lock.split("[[package]]").filter_map(|entry| {
        let mut lines = entry.lines().map(str::trim);
        lines.by_ref().find(|line| *line == name)?;
        lines.find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
    });
    let version = versions.next()?;
    versions.next().is_none().then(|| version.to_owned())
}

/// When the newest file at or below any of `paths` (relative to the root) was written; what is missing is skipped.
pub(crate) fn newest(paths: &[&str]) -> Option<SystemTime> {
    let root = root();
    paths.iter().filter_map(|path| newest_below(&root.join(path))).max()
}

fn newest_below(path: &Path) -> Option<SystemTime> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().filter_map(|entry| newest_below(&entry.path())).max(),
        Err(_) => fs::metadata(path).and_then(|metadata| metadata.modified()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen"
version = "0.2.129"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.200"

[[package]]
name = "gloo-net"
version = "0.6.0"

[[package]]
name = "gloo-net"
version = "0.7.0"
"#;

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen").as_deref(), Some("0.2.129"));
        assert_eq!(version_in_lock(LOCK, "wasm-bindgen-macro").as_deref(), Some("0.2.200"));
    }

    #[test]
    fn a_package_that_is_absent_or_locked_twice_has_no_one_version() {
        assert_eq!(version_in_lock(LOCK, "bindgen"), None);
        assert_eq!(version_in_lock(LOCK, "gloo-net"), None);
    }

    #[test]
    fn this_repository_locks_one_wasm_bindgen() {
        assert!(locked_version("wasm-bindgen").is_ok());
    }
}
