//! What is said of the rules is what the sources check.
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every `"I1"` and `"T1"` in the sources below a folder.
fn named_in(folder: &Path, rules: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named_in(&path, rules);
        } else {
            let text = fs::read_to_string(path).unwrap();
            let is_rule = |word: &&str| {
                let number = word.strip_prefix(['I', 'T']).unwrap_or_default();
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            };
            rules.extend(text.split('"').filter(is_rule).map(str::to_owned));
        }
    }
}

#[test]
fn the_figures_speak_of_as_many_rules_as_are_checked() {
    let mut rules = BTreeSet::new();
    named_in(&root().join("crates/simulation/src"), &mut rules);
    let of_one_run = (1..=20).filter(|number| *number != 13).map(|number| format!("I{number}"));
    let told: BTreeSet<_> = of_one_run.chain(["T1", "T6", "T12", "T18"].map(str::to_owned)).collect();
    assert_eq!(rules, told, "and the head of world/watch.rs says which");
    assert_eq!(rules.len(), 23);
    for page in ["xtask/src/figures.rs", "docs/reliability.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(" twenty-three rules are checked against"), "{page}");
    }
}
