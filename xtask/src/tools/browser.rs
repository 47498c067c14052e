//! Chromium and its driver: found where the user says or the system keeps them, else installed by the system's package manager
//! without a question. Debian's way is the one that CI walks.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::tools::find_program;

/// A browser and the driver that speaks WebDriver for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// One package manager: the program, and what to say to it. All of them run without asking.
struct PackageManager {
    program: &'static str,
    refresh: Option<&'static [&'static str]>,
    install: &'static [&'static str],
}

const PACKAGE_MANAGERS: [PackageManager; 4] = [
    PackageManager {
        program: "apt-get",
        refresh: Some(&["update"]),
        // A bare machine has no font at all; then nothing on a page has a size.
        // Another apt may be at work, as on a machine that has just booted: wait for it.
        install: &[
            "install",
            "--yes",
            "--no-install-recommends",
            "--option=DPkg::Lock::Timeout=300",
            "chromium",
            "chromium-driver",
            "fonts-liberation",
        ],
    },
    PackageManager { program: "dnf", refresh: None, install: &["install", "--assumeyes", "chromium", "chromedriver"] },
    PackageManager { program: "pacman", refresh: None, install: &["-Sy", "--noconfirm", "chromium"] },
    PackageManager {
        program: "apk",
        refresh: None,
        install: &["add", "chromium", "chromium-chromedriver", "font-liberation"],
    },
];

/// The browser to test in, installed now if there is none.
pub(crate) fn browser() -> Result<Browser> {
    if let Some(browser) = find()? {
        return Ok(browser);
    }
    install()?;
    find()?.ok_or_else(|| Failure::step(format!("Chromium was installed but is not on the PATH. {BY_HAND}")))
}

const BY_HAND: &str = "Install Chromium and ChromeDriver of the same version, or name them: CHROMIUM=… CHROMEDRIVER=…";

fn find() -> Result<Option<Browser>> {
    let chromium =
        named_or_found("CHROMIUM", &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])?;
    let driver = named_or_found("CHROMEDRIVER", &["chromedriver"])?;
    Ok(chromium.zip(driver).map(|(chromium, driver)| Browser { chromium, driver }))
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

fn install() -> Result<()> {
    let Some(manager) = PACKAGE_MANAGERS.iter().find(|manager| find_program(manager.program).is_some()) else {
        return Err(Failure::step(format!("no package manager that we know is installed. {BY_HAND}")));
    };
    let as_root = process::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !as_root && !process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Err(Failure::step(format!("installing Chromium takes root, or sudo without a password. {BY_HAND}")));
    }

    println!("installing Chromium and its driver by {}", manager.program);
    for arguments in manager.refresh.into_iter().chain([manager.install]) {
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
