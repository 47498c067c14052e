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
    process::run(npm::bundling_program("wasm2js").arg(scripts.join("rules_bg.wasm")).args(["-Os", "-o"]).arg(&script))?;

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
    bundle::write(&script, &spelt_out(&text)?)?;
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

/// The module's memory, which is mostly the rule book's sentences, as text in place of base64: brotli finds the words in it, and saves 4 KB.
fn spelt_out(script: &str) -> Result<String> {
    const CALL: &str = "base64DecodeToExistingUint8Array(bufferView, ";
    let broken = || Failure::step("the diagnosis cannot be put together: its memory is not where it was".to_owned());
    let mut parts = script.split(CALL);
    // The decoder stands in front of the first call.
    let head = parts.next().unwrap_or_default();
    let (before, rest) = head.split_once("  var base64ReverseLookup").ok_or_else(broken)?;
    let (_, after) = rest.split_once("function initActiveSegments").ok_or_else(broken)?;
    let decoder =
        "function spellOut(to, at, text) { for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i); }\n";
    let mut text = [before, decoder, "function initActiveSegments", after].concat();
    for part in parts {
        let (at, rest) = part.split_once(", \"").ok_or_else(broken)?;
        let (data, rest) = rest.split_once('"').ok_or_else(broken)?;
        let letters: String = decoded(data).ok_or_else(broken)?.iter().map(|byte| letter(*byte)).collect();
        text.extend(["spellOut(bufferView, ", at, ", \"", &letters, "\"", rest]);
    }
    Ok(text)
}

/// A byte as it stands in a text of JavaScript.
fn letter(byte: u8) -> String {
    match byte {
        b' '..=b'~' if !matches!(byte, b'"' | b'\\') => char::from(byte).into(),
        _ => format!("\\x{byte:02x}"),
    }
}

/// Base64, padded; `None` if it is none.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|digit| *digit == letter)?).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_spelt_out_byte_for_byte() {
        let head = "view\n  var base64ReverseLookup = 1;\nfunction initActiveSegments() {\n  ";
        let call = |data: &str| format!("{head}base64DecodeToExistingUint8Array(bufferView, 16, \"{data}\");\nrest");
        for (data, letters) in
            [("aGk=", "hi"), ("aA==", "h"), ("aGkh", "hi!"), ("AP8iXAoK4oCm", r"\x00\xff\x22\x5c\x0a\x0a\xe2\x80\xa6")]
        {
            let text = spelt_out(&call(data)).unwrap_or_default();
            assert!(text.ends_with(&format!("spellOut(bufferView, 16, \"{letters}\");\nrest")), "{text}");
        }
        assert!(spelt_out(&call("a-b=")).is_err());
        assert!(spelt_out("no memory").is_err());
    }
}
