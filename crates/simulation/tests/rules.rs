//! What is said of the rules is what the sources check.
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may; clippy knows `#[test]` only")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use simulation::{RULES, says};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every rule that is called broken in the sources below a folder: `"I1"` and `"T18a"` wherever they stand, other words where a breach is made.
fn named_in(folder: &Path, rules: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named_in(&path, rules);
        } else if !path.ends_with("src/rules.rs") {
            let text = fs::read_to_string(path).unwrap();
            let words: Vec<&str> = text.split('"').collect();
            let is_rule = |pair: &&[&str]| {
                let number = pair[1].strip_prefix(['I', 'T']).unwrap_or_default();
                let number = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
                let is_numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                is_numbered || pair[0].ends_with("break_rule(") || pair[0].ends_with("Breach { rule: ")
            };
            rules.extend(words.windows(2).filter(is_rule).map(|pair| pair[1].to_owned()));
        }
    }
}

#[test]
fn every_rule_that_is_checked_says_what_it_is_and_no_other_does() {
    let mut checked = BTreeSet::new();
    named_in(&root().join("crates/simulation/src"), &mut checked);
    let told: BTreeSet<_> = RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(checked, told);
    assert_eq!(told.len(), RULES.len(), "a name stands for one rule");
}

#[test]
fn the_page_of_figures_has_every_rule_in_the_same_words() {
    let page = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    for (name, _) in RULES {
        let line = format!("\n{name:<12} {}\n", says(name));
        assert!(page.contains(&line), "{line}");
    }
}
