//! `cargo xtask size`: what a visitor downloads, and whether it is within budget. gzip and brotli are Node's, at the levels that
//! static hosts and CDNs store files with.

use crate::build;
use crate::bundle;
use crate::failure::{Failure, Result};
use crate::process;
use crate::tools;

/// The loader paints the launcher on every page view, needed or not: 4 KiB of brotli.
const LOADER_BUDGET: u64 = 4 * 1024;

/// All that a visitor downloads to chat, loader included: 100 KiB of brotli.
const CHAT_BUDGET: u64 = 100 * 1024;

/// The same for those who speak another wire than Genesys' own, or trace: 6 KiB of brotli more.
const WIRES_BUDGET: u64 = CHAT_BUDGET + 6 * 1024;

/// What only `GuestChat("diagnose")` loads, and a developer can wait for: 54 KiB of brotli.
const DIAGNOSE_BUDGET: u64 = 54 * 1024;

/// The files that every chat takes, the two that most take and the two that the others take in their place, and then the one that none
/// takes. The demo page is none of them.
const FILES: [&str; 7] = [
    bundle::LOADER,
    bundle::STYLE,
    bundle::WIDGETS[0].glue,
    bundle::WIDGETS[0].wasm,
    bundle::WIDGETS[1].glue,
    bundle::WIDGETS[1].wasm,
    bundle::DIAGNOSE,
];

/// Prints one line a file: its bytes raw, by gzip at level 9 and by brotli at quality 11.
const MEASURE: &str = "
const fs = require('node:fs');
const zlib = require('node:zlib');
for (const file of process.argv.slice(1)) {
  const raw = fs.readFileSync(file);
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  console.log(raw.length, zlib.gzipSync(raw, { level: 9 }).length, zlib.brotliCompressSync(raw, { params }).length);
}";

/// One file's bytes as it lies on disk and as it travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// `cargo xtask size`.
pub(crate) fn run() -> Result<()> {
    build::make_if_needed()?;
    let sizes = measure()?;
    let [loader, style, glue, wasm, wires @ .., diagnose] = &sizes;
    let sum = |sizes: &[&Size]| sizes.iter().fold(Size::default(), |sum, size| sum.plus(**size));
    let whole = sum(&[loader, style, glue, wasm]);
    let of_wires = sum(&[loader, style, &wires[0], &wires[1]]);

    println!("\n{:<26}{:>10}{:>10}{:>10}", "bytes", "raw", "gzip", "brotli");
    let line = |name, size: &Size| println!("{name:<26}{:>10}{:>10}{:>10}", size.raw, size.gzip, size.brotli);
    FILES.into_iter().zip(&sizes[..4]).for_each(|(name, size)| line(name, size));
    line("everything to chat", &whole);
    println!();
    FILES[4..].iter().zip(wires).for_each(|(name, size)| line(name, size));
    line("the same on any wire", &of_wires);
    println!();
    line(bundle::DIAGNOSE, diagnose);
    println!();

    check("the loader", loader.brotli, LOADER_BUDGET)?;
    check("everything to chat", whole.brotli, CHAT_BUDGET)?;
    check("the same on any wire", of_wires.brotli, WIRES_BUDGET)?;
    check("the diagnosis, on demand", diagnose.brotli, DIAGNOSE_BUDGET)
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }
}

fn check(what: &str, brotli: u64, budget: u64) -> Result<()> {
    if brotli <= budget {
        println!("{what}: {brotli} of {budget} bytes of brotli");
        return Ok(());
    }
    Err(Failure::step(format!(
        "{what} is over budget: {brotli} bytes of brotli, {} more than {budget}",
        brotli - budget
    )))
}

/// In the order of [`FILES`].
fn measure() -> Result<[Size; FILES.len()]> {
    let files = FILES.map(|name| build::dist().join(name));
    process::output(tools::command("node").args(["--eval", MEASURE]).args(files))
        .and_then(|lines| parse(&lines))
        .ok_or_else(|| Failure::step("measuring the bundle with Node failed"))
}

fn parse(lines: &str) -> Option<[Size; FILES.len()]> {
    let sizes: Vec<Size> = lines
        .lines()
        .map(|line| {
            let mut numbers = line.split(' ').map(|word| word.parse().ok());
            Some(Size { raw: numbers.next()??, gzip: numbers.next()??, brotli: numbers.next()?? })
        })
        .collect::<Option<_>>()?;
    sizes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_a_line_a_file() {
        let rest = "4 4 4\n5 5 5\n6 6 6\n7 7 7\n";
        let sizes = parse(&format!("3 2 1\n30 20 10\n300 200 100\n{rest}")).unwrap();
        assert_eq!(sizes[1], Size { raw: 30, gzip: 20, brotli: 10 });
        assert_eq!(parse("3 2 1\n"), None);
        assert_eq!(parse(&format!("3 2\n30 20 10\n300 200 100\n{rest}")), None);
    }

    #[test]
    fn the_last_byte_of_a_budget_may_be_used_and_not_one_more() {
        assert_eq!(check("it", LOADER_BUDGET, LOADER_BUDGET), Ok(()));
        let Err(Failure::Step(words)) = check("it", LOADER_BUDGET + 1, LOADER_BUDGET) else {
            panic!("over budget went unnoticed");
        };
        assert!(words.contains("4097") && words.contains("1 more"), "{words}");
    }
}
