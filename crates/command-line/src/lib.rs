//! How the programs here read their command line and answer on it: all of it is held against the table of options that a program has
//! before anything is done, so that every mistake is named, and none is passed over. Knows no program's options, and ends none.
//!
//! ```
//! use command_line::{CommandLine, Takes};
//!
//! let mut line = CommandLine::read(&[("--port", Takes::Value), ("--quiet", Takes::Nothing)], ["--port", "x", "--prot=1"]);
//! let port = line.one("--port", "must be a number from 0 to 65535", |text| text.parse::<u16>().ok());
//! let (port, is_quiet) = (port.unwrap_or(9000), line.has("--quiet"));
//! let mistakes = line.judge((port, is_quiet)).unwrap_err();
//! assert_eq!(mistakes.to_string(), "--prot is not known (see --help)\n--port must be a number from 0 to 65535");
//! ```

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Nothing,
    /// A value, as `--name VALUE` or `--name=VALUE`.
    Value,
    /// The same, and it may be given again.
    Values,
}

/// What was given, and what is wrong with it so far. `--help` and `-h` are options of every program.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// In the order given; without a value where none is taken, or where it is missing.
    given: Vec<(&'static str, Option<String>)>,
    wants_help: bool,
    mistakes: Vec<String>,
}

impl CommandLine {
    /// Reads the arguments, without the program's name. What begins with `--` is never taken for the value of what stands before it, and
    /// an empty value is none. A word that belongs to no option is not repeated: it may be a secret that lost its own.
    pub fn read(options: &[(&'static str, Takes)], arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let mut line = Self::default();
        let mut words = arguments.into_iter().map(|word| word.into().into_string()).peekable();
        let is_value = |word: &Result<String, OsString>| word.as_ref().is_ok_and(|word| !word.starts_with("--"));
        let mut place = "at the beginning".to_owned();
        while let Some(word) = words.next() {
            let Ok(word) = word else {
                line.mistake(format!("a word that is not UTF-8 {place}"));
                continue;
            };
            let (name, glued) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if matches!(word.as_str(), "--help" | "-h") {
                line.wants_help = true;
                continue;
            }
            if !name.starts_with('-') {
                line.mistake(format!("a word too much {place} (see --help)"));
                continue;
            }
            place = format!("after {name}");
            let Some(&(name, takes)) = options.iter().find(|(known, _)| *known == name) else {
                line.mistake(format!("{name} is not known (see --help)"));
                // Whatever follows was meant for it.
                words.next_if(is_value);
                continue;
            };
            if takes != Takes::Values && line.has(name) {
                line.mistake(format!("{name} is given more than once"));
            }
            let value = match takes {
                Takes::Nothing if glued.is_some() => {
                    line.mistake(format!("{name} takes no value"));
                    None
                }
                Takes::Nothing => None,
                Takes::Value | Takes::Values => {
                    let value =
                        glued.or_else(|| words.next_if(is_value)?.ok()).filter(|value| !value.trim().is_empty());
                    if value.is_none() && words.peek().is_none_or(Result::is_ok) {
                        line.mistake(format!("{name} needs a value"));
                    }
                    value
                }
            };
            line.given.push((name, value));
        }
        line
    }

    /// Help is asked for, whatever else is.
    pub fn wants_help(&self) -> bool {
        self.wants_help
    }

    /// The option is there, be it without its value.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// Every value of an option, read. What cannot be read is a mistake: the option, and `form` behind it ("must be a number").
    pub fn all<T>(&mut self, name: &str, form: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let values = self.given.iter().filter(|(given, _)| *given == name).filter_map(|(_, value)| value.as_deref());
        let (good, bad): (Vec<_>, Vec<_>) = values.map(read).partition(Option::is_some);
        self.mistakes.extend(bad.iter().map(|_| format!("{name} {form}")));
        good.into_iter().flatten().collect()
    }

    /// The value of an option that has one at most, read.
    pub fn one<T>(&mut self, name: &str, form: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.all(name, form, read).into_iter().next()
    }

    /// The value of an option that has one at most, as it stands.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.one(name, "", |text| Some(text.to_owned()))
    }

    /// Something else is wrong: a line without a full stop, which begins with the option.
    pub fn mistake(&mut self, words: impl Into<String>) {
        self.mistakes.push(words.into());
    }

    /// What is asked for, unless something is wrong.
    pub fn judge<T>(self, asked: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() { Ok(asked) } else { Err(Mistakes(self.mistakes)) }
    }
}

/// All that is wrong with a command line, a line each.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

/// The exit code of a program that was called wrongly.
pub const CALLED_WRONGLY: u8 = 2;

/// Names the mistakes on standard error, each behind the program's name.
pub fn refuse(program: &str, mistakes: &Mistakes) -> ExitCode {
    for mistake in &mistakes.0 {
        complain(program, mistake);
    }
    ExitCode::from(CALLED_WRONGLY)
}

/// Says all of this on standard output, and whether it could: 1 if not, with the reason on standard error. Nobody who stops reading
/// (`head`) wants to hear of that.
pub fn answer(program: &str, text: &str) -> ExitCode {
    let mut output = io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(program, &format!("cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// A line on standard error. Where that cannot be written to either, nobody is left to be told.
pub fn complain(program: &str, words: &str) {
    let _ = writeln!(io::stderr(), "{program}: {words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [(&str, Takes); 3] =
        [("--origin", Takes::Value), ("--allow", Takes::Values), ("--quiet", Takes::Nothing)];

    fn read(words: &str) -> CommandLine {
        CommandLine::read(&OPTIONS, words.split_whitespace())
    }

    fn mistakes(words: &str) -> String {
        read(words).judge(()).map_or_else(|mistakes| mistakes.to_string(), |()| String::new())
    }

    #[test]
    fn values_are_understood_in_both_forms_and_may_hold_what_looks_like_an_option() {
        let mut line = read("--allow a --quiet --allow=b=c --allow -1 --origin=--x");
        assert_eq!(line.all("--allow", "", |text| Some(text.to_owned())), ["a", "b=c", "-1"]);
        assert_eq!(line.text("--origin").as_deref(), Some("--x"));
        assert!(line.has("--quiet") && !line.wants_help());
        assert_eq!(line.judge(()), Ok(()));
    }

    #[test]
    fn an_option_is_no_value_of_another_one() {
        assert_eq!(mistakes("--origin --quiet"), "--origin needs a value");
        assert_eq!(mistakes("--quiet --origin"), "--origin needs a value");
        assert_eq!(mistakes("--origin="), "--origin needs a value");
    }

    #[test]
    fn every_mistake_is_named_once() {
        for (words, named) in [
            ("--quiet=1", "--quiet takes no value"),
            ("--quiet --quiet", "--quiet is given more than once"),
            ("--origin a --origin b", "--origin is given more than once"),
            ("--colour red --quiet", "--colour is not known (see --help)"),
            ("-q", "-q is not known (see --help)"),
            ("--colour=red --origin", "--colour is not known (see --help)\n--origin needs a value"),
        ] {
            assert_eq!(mistakes(words), named, "{words}");
        }
    }

    #[test]
    fn what_belongs_to_no_option_is_not_repeated() {
        assert_eq!(mistakes("hunter2"), "a word too much at the beginning (see --help)");
        assert_eq!(mistakes("--origin a hunter2"), "a word too much after --origin (see --help)");
    }

    #[test]
    fn help_is_heard_among_mistakes() {
        assert!(read("--colour --help").wants_help() && read("--origin -x -h").wants_help());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_named_by_its_place() {
        use std::os::unix::ffi::OsStringExt;
        let broken = || OsString::from_vec(b"--quiet\xff".to_vec());
        let said = |words: Vec<OsString>| CommandLine::read(&OPTIONS, words).judge(()).unwrap_err().to_string();
        assert_eq!(said(vec![broken()]), "a word that is not UTF-8 at the beginning");
        assert_eq!(said(vec!["--origin".into(), broken()]), "a word that is not UTF-8 after --origin");
    }
}
