//! The bundle: four files in one folder under fixed names, which pages embed and the loader relies on, the diagnosis that it fetches when
//! asked, and a demo page beside them.
//! Two ways lead to it: `build` compiles and optimises, `stage` renames what Trunk has compiled. Both end here, so that they
//! cannot drift apart.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Result, While};
use crate::workspace;

/// The classic script that a page's one tag names.
pub(crate) const LOADER: &str = "guest-chat.js";
/// wasm-bindgen's module, which the loader imports.
pub(crate) const GLUE: &str = "guest-chat-app.js";
/// The widget.
pub(crate) const WASM: &str = "guest-chat-app.wasm";
/// The widget's style sheet, which the loader fetches and the shadow root adopts.
pub(crate) const STYLE: &str = "guest-chat.css";
/// What the loader imports when somebody asks why the chat is dead.
pub(crate) const DIAGNOSE: &str = "guest-chat-diagnose.js";
/// A host page under a strict policy.
pub(crate) const DEMO_PAGE: &str = "demo.html";

/// The files of the bundle that are sources already: where they come from, what they are called.
pub(crate) const SOURCES: [(&str, &str); 4] =
    [("www/loader.js", LOADER), ("www/widget.css", STYLE), ("www/demo.html", DEMO_PAGE), ("www/demo.css", "demo.css")];

/// Copies a source of the bundle to its place in `folder`.
pub(crate) fn copy_source(source: &str, folder: &Path, name: &str) -> Result<()> {
    copy(&workspace::root().join(source), &folder.join(name))
}

/// Copies what wasm-bindgen wrote as `<name>.js` and `<name>_bg.wasm` in `from` to the bundle's names in `to`.
pub(crate) fn copy_module(from: &Path, name: &str, to: &Path) -> Result<()> {
    let glue = from.join(format!("{name}.js"));
    let text = fs::read_to_string(&glue).while_(|| format!("read {}", glue.display()))?;
    write(&to.join(GLUE), &rename_wasm(&text, name)?)?;
    copy(&from.join(format!("{name}_bg.wasm")), &to.join(WASM))
}

/// Lets the glue's built-in default name the file that is really beside it. The loader passes the wasm itself; the default is for those
/// who import a staged glue by hand. That of the release bundle has none: `shrink.mjs` leaves one way to begin.
fn rename_wasm(glue: &str, name: &str) -> Result<String> {
    if glue.contains("./snippets/") {
        return Err(Failure::step(
            "a dependency brings JavaScript snippets of its own, which the bundle has no file for",
        ));
    }
    Ok(glue.replace(&format!("{name}_bg.wasm"), WASM))
}

/// Words that no script of the bundle may contain: pages forbid them by policy (Trusted Types, no `unsafe-eval`).
const FORBIDDEN: [&str; 4] = ["innerHTML", "outerHTML", "eval(", "new Function"];

/// Fails, naming file and word, when a script of the bundle would break a strict page.
pub(crate) fn check_scripts(folder: &Path) -> Result<()> {
    for name in [LOADER, GLUE, DIAGNOSE] {
        let path = folder.join(name);
        let script = fs::read_to_string(&path).while_(|| format!("read {}", path.display()))?;
        let words = forbidden_words(&script);
        if !words.is_empty() {
            return Err(Failure::step(format!(
                "{name} contains `{}`, which a page with a strict policy refuses to run.\n\
                 Text becomes nodes by `ui/dom.rs`; Leptos' `view!` makes innerHTML of a subtree that is fully static.",
                words.join("`, `")
            )));
        }
    }
    Ok(())
}

fn forbidden_words(script: &str) -> Vec<&'static str> {
    FORBIDDEN.into_iter().filter(|word| script.contains(word)).collect()
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).while_(|| format!("copy {} to {}", from.display(), to.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).while_(|| format!("write {}", path.display()))
}

/// An empty folder, whatever was there.
pub(crate) fn empty_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).while_(|| format!("empty {}", path.display()))?;
    }
    fs::create_dir_all(path).while_(|| format!("create {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glue_names_the_wasm_file_of_the_bundle() {
        let glue = "module_or_path = new URL('guest-chat_bg.wasm', import.meta.url);";
        let renamed = "module_or_path = new URL('guest-chat-app.wasm', import.meta.url);";
        assert_eq!(rename_wasm(glue, "guest-chat"), Ok(renamed.to_owned()));
    }

    #[test]
    fn a_snippet_has_no_place_in_the_bundle() {
        let glue = "import { f } from './snippets/some-crate-1234/inline0.js';";
        assert!(matches!(rename_wasm(glue, "guest-chat"), Err(Failure::Step(_))));
    }

    #[test]
    fn scripts_that_a_strict_page_refuses_are_recognised() {
        assert_eq!(forbidden_words("a.innerHTML=b;eval(c)"), ["innerHTML", "eval("]);
        assert_eq!(forbidden_words("return new Function('x')"), ["new Function"]);
        assert_eq!(forbidden_words("a.textContent=b;retrieval=1"), [""; 0]);
    }
}
