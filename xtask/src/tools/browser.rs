//! The browsers and their drivers: found where the user says or the system keeps them, else installed by the system's package manager
//! without a question. Debian's way is the one that CI walks. Firefox's driver is in few distributions, so cargo builds it.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::tools::{find_program, geckodriver};

/// A browser and the driver that speaks WebDriver for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) driver: PathBuf,
}

/// One package manager: the program, and what to say to it. All of them run without asking.
struct PackageManager {
    program: &'static str,
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
    chromium: &'static [&'static str],
    firefox: &'static [&'static str],
}

const PACKAGE_MANAGERS: [PackageManager; 4] = [
    PackageManager {
        program: "apt-get",
        refresh: Some(&["update"]),
        // Another apt may be at work, as on a machine that has just booted: wait for it.
        install: &["install", "--yes", "--no-install-recommends", "--option=DPkg::Lock::Timeout=300"],
        // A bare machine has no font at all; then nothing on a page has a size.
        chromium: &["chromium", "chromium-driver", "fonts-liberation"],
        firefox: &["firefox-esr", "fonts-liberation"],
    },
    PackageManager {
        program: "dnf",
        refresh: None,
        install: &["install", "--assumeyes"],
        chromium: &["chromium", "chromedriver"],
        firefox: &["firefox"],
    },
    PackageManager {
        program: "pacman",
        refresh: None,
        install: &["-Sy", "--noconfirm"],
        chromium: &["chromium"],
        firefox: &["firefox"],
    },
    PackageManager {
        program: "apk",
        refresh: None,
        install: &["add"],
        chromium: &["chromium", "chromium-chromedriver", "font-liberation"],
        firefox: &["firefox-esr", "font-liberation"],
    },
];

/// Chromium, the browser to test in, installed now if there is none.
pub(crate) fn chromium() -> Result<Browser> {
    const BY_HAND: &str =
        "Install Chromium and ChromeDriver of the same version, or name them: CHROMIUM=… CHROMEDRIVER=…";
    let find = || {
        let program =
            named_or_found("CHROMIUM", &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])?;
        let driver = named_or_found("CHROMEDRIVER", &["chromedriver"])?;
        Ok(program.zip(driver).map(|(program, driver)| Browser { program, driver }))
    };
    found_or_installed("Chromium", BY_HAND, |manager| manager.chromium, find)
}

/// Firefox, the other one, likewise.
pub(crate) fn firefox() -> Result<Browser> {
    const BY_HAND: &str = "Install Firefox, or name it: FIREFOX=…";
    let find = || named_or_found("FIREFOX", &["firefox-esr", "firefox"]);
    let program = found_or_installed("Firefox", BY_HAND, |manager| manager.firefox, find)?;
    let driver = named_or_found("GECKODRIVER", &["geckodriver"])?.map_or_else(geckodriver, Ok)?;
    Ok(Browser { program, driver })
}

fn found_or_installed<T>(
    name: &str,
    by_hand: &str,
    packages: fn(&PackageManager) -> &'static [&'static str],
    find: impl Fn() -> Result<Option<T>>,
) -> Result<T> {
    if let Some(found) = find()? {
        return Ok(found);
    }
    install(name, by_hand, packages)?;
    find()?.ok_or_else(|| Failure::step(format!("{name} was installed but is not on the PATH. {by_hand}")))
}

/// What the variable names, which must then be there, or the first of the programs on the PATH.
fn named_or_found(variable: &str, programs: &[&str]) -> Result<Option<PathBuf>> {
    let Some(named) = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) else {
        return Ok(programs.iter().find_map(|program| find_program(program)));
    };
    if named.is_file() {
        return Ok(Some(named));
    }
    Err(Failure::step(format!("{variable} names {}, which is not there", named.display())))
}

fn install(name: &str, by_hand: &str, packages: fn(&PackageManager) -> &'static [&'static str]) -> Result<()> {
    let Some(manager) = PACKAGE_MANAGERS.iter().find(|manager| find_program(manager.program).is_some()) else {
        return Err(Failure::step(format!("no package manager that we know is installed. {by_hand}")));
    };
    let as_root = process::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !as_root && !process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Err(Failure::step(format!("installing {name} takes root, or sudo without a password. {by_hand}")));
    }

    println!("installing {name} by {}", manager.program);
    let install = [manager.install, packages(manager)].concat();
    for arguments in manager.refresh.into_iter().chain([install.as_slice()]) {
        let mut command = if as_root {
            Command::new(manager.program)
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", manager.program]);
            sudo
        };
        process::run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
