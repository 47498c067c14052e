//! The bundle: files in one folder under fixed names, which pages embed and the loader relies on: the loader, its style, the widget twice
//! (most pages speak one wire; the others load a widget that speaks them all), the diagnosis that is fetched when asked, and a demo page.
//! Two ways lead to it: `build` compiles and optimises, `stage` renames what Trunk has compiled. Both end here, so that they
//! cannot drift apart.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Result, While};
use crate::workspace;

/// The classic script that a page's one tag names.
pub(crate) const LOADER: &str = "guest-chat.js";
/// The widget as most pages load it, and as those do that name a dialect.
pub(crate) const WIDGETS: [Widget; 2] = [
    Widget { glue: "guest-chat-app.js", wasm: "guest-chat-app.wasm", features: &[] },
    Widget { glue: "guest-chat-app-wires.js", wasm: "guest-chat-app-wires.wasm", features: &["--features", "wires"] },
];

/// One build of the widget.
pub(crate) struct Widget {
    /// wasm-bindgen's module, which the loader imports.
    pub(crate) glue: &'static str,
    /// What that loads.
    pub(crate) wasm: &'static str,
    /// How cargo is told.
    pub(crate) features: &'static [&'static str],
}

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

/// Copies what wasm-bindgen wrote as `<name>.js` and `<name>_bg.wasm` in `from` to that widget's names in `to`.
pub(crate) fn copy_module(from: &Path, name: &str, to: &Path, widget: &Widget) -> Result<()> {
    let glue = from.join(format!("{name}.js"));
    let text = fs::read_to_string(&glue).while_(|| format!("read {}", glue.display()))?;
    write(&to.join(widget.glue), &rename_wasm(&text, name, widget.wasm)?)?;
    copy(&from.join(format!("{name}_bg.wasm")), &to.join(widget.wasm))
}

/// Lets the glue's built-in default name the file that is really beside it. The loader passes the wasm itself; the default is for those
/// who import a staged glue by hand. That of the release bundle has none: `shrink.mjs` leaves one way to begin.
fn rename_wasm(glue: &str, name: &str, wasm: &str) -> Result<String> {
    if glue.contains("./snippets/") {
        return Err(Failure::step(
            "a dependency brings JavaScript snippets of its own, which the bundle has no file for",
        ));
    }
    Ok(glue.replace(&format!("{name}_bg.wasm"), wasm))
}

/// Words that no script of the bundle may contain: pages forbid them by policy (Trusted Types, no `unsafe-eval`).
const FORBIDDEN: [&str; 4] = ["innerHTML", "outerHTML", "eval(", "new Function"];

/// Fails, naming file and word, when a script of the bundle would break a strict page.
pub(crate) fn check_scripts(folder: &Path) -> Result<()> {
    for name in [LOADER, WIDGETS[0].glue, WIDGETS[1].glue, DIAGNOSE] {
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
        assert_eq!(rename_wasm(glue, "guest-chat", "guest-chat-app.wasm"), Ok(renamed.to_owned()));
    }

    #[test]
    fn a_snippet_has_no_place_in_the_bundle() {
        let glue = "import { f } from './snippets/some-crate-1234/inline0.js';";
        assert!(matches!(rename_wasm(glue, "guest-chat", "w.wasm"), Err(Failure::Step(_))));
    }

    #[test]
    fn scripts_that_a_strict_page_refuses_are_recognised() {
        assert_eq!(forbidden_words("a.innerHTML=b;eval(c)"), ["innerHTML", "eval("]);
        assert_eq!(forbidden_words("return new Function('x')"), ["new Function"]);
        assert_eq!(forbidden_words("a.textContent=b;retrieval=1"), [""; 0]);
    }
}
