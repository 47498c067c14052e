//! The core imports nothing: compiled for wasm32, chat-proto asks its host for no clock, no randomness and no network. This is one
//! half of the invariant; the other is the crate's own clippy.toml, because `std::time` on wasm32 panics without importing.

use std::fs;

use crate::failure::{Failure, Result, While};
use crate::process;
use crate::tools;
use crate::wasm;
use crate::workspace;

/// A module with less code than this was emptied by the linker and proves nothing.
const SOME_CODE: u32 = 20;

/// Links the whole core into a module of its own, dead code included, and fails if that imports anything.
pub(crate) fn check() -> Result<()> {
    tools::wasm_target()?;
    // A folder of its own: the crate type and flags differ from everybody else's build, and would make theirs start over.
    let target = workspace::target()?.join("purity");
    process::run(
        tools::cargo()
            .args(["rustc", "--locked", "--package", "chat-proto", "--lib", "--crate-type", "cdylib"])
            .args(["--target", tools::WASM, "--"])
            // Every function, also those that nothing calls; the linker would drop them all, for none is exported.
            .args(["-Clink-dead-code", "-Clink-arg=--no-gc-sections"])
            // A module needs an allocator and a panic handler, which a `no_std` crate leaves to others: std's, for this link.
            // The flag is not stable, which the pinned toolchain makes bearable; it is allowed for this one crate.
            .args(["-Zunstable-options", "--extern", "force:std"])
            .env("RUSTC_BOOTSTRAP", "chat_proto")
            .env("CARGO_TARGET_DIR", &target),
    )?;

    let path = target.join(tools::WASM).join("debug/chat_proto.wasm");
    let module = fs::read(&path).while_(|| format!("read {}", path.display()))?;
    let outline =
        wasm::outline(&module).ok_or_else(|| Failure::step(format!("{} is no module we can read", path.display())))?;
    judge(&outline)?;
    println!("chat-proto: {} functions, no import", outline.functions);
    Ok(())
}

fn judge(outline: &wasm::Outline) -> Result<()> {
    if !outline.imports.is_empty() {
        return Err(Failure::step(format!(
            "chat-proto must import nothing from its host, but asks for:\n  {}",
            outline.imports.join("\n  ")
        )));
    }
    if outline.functions < SOME_CODE {
        return Err(Failure::step(format!(
            "only {} functions of chat-proto were linked: this check would pass whatever it does",
            outline.functions
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_named() {
        let outline = wasm::Outline { imports: vec!["env.now".into()], functions: 1000 };
        let Err(Failure::Step(words)) = judge(&outline) else { panic!("an import passed") };
        assert!(words.contains("env.now"), "{words}");
    }

    #[test]
    fn an_emptied_module_proves_nothing() {
        assert!(judge(&wasm::Outline { imports: vec![], functions: 0 }).is_err());
        assert_eq!(judge(&wasm::Outline { imports: vec![], functions: 1000 }), Ok(()));
    }
}
