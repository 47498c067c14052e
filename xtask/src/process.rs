//! Other programs: run one to its end, or keep a few running and stop them all. Every program gets a process group of its own,
//! so that stopping it stops its children too, and Ctrl-C reaches it through us, in our order. Nothing we start outlives us,
//! unless we are killed outright.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::failure::{Failure, Result, While};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How often we look at a running program; nobody notices a twentieth of a second.
const LOOK: Duration = Duration::from_millis(50);

/// How long a program may take to stop when asked, before it is made to.
const GRACE: Duration = Duration::from_secs(5);

/// From here on Ctrl-C, SIGTERM and SIGHUP no longer end us at once: [`interrupted`] says so, and we stop what we started first.
pub(crate) fn watch_for_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::step(format!("failed to watch for Ctrl-C: {error}")))
}

/// Whether we have been asked to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Runs a command to its end, showing what it prints; an exit code other than 0 is a failure that names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let mut group = Group::spawn(command.stdin(Stdio::null()))?;
    loop {
        if interrupted() {
            return Err(Failure::Interrupted); // `group` is dropped, and with it stopped
        }
        match group.exited()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Failure::step(format!("`{line}` failed ({status})"))),
            None => thread::sleep(LOOK),
        }
    }
}

/// What a command printed on its standard output, or `None` when it could not run or failed.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a command runs and succeeds; what it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_some()
}

/// A program that keeps running until it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    group: Group,
    log: Option<PathBuf>,
}

impl Service {
    /// Starts the program; `name` is what people call it.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        Ok(Self { name, group: Group::spawn(command.stdin(Stdio::null()))?, log: None })
    }

    /// Starts the program with all that it prints in the file `log`, whose end is shown if the program ends by itself.
    pub(crate) fn start_quietly(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).while_(|| format!("write {}", log.display()))?;
        let errors = file.try_clone().while_(|| format!("write {}", log.display()))?;
        let service = Self::start(name, command.stdout(file).stderr(errors))?;
        Ok(Self { log: Some(log), ..service })
    }

    /// Asks the program to stop, without waiting for it: dropping it waits.
    pub(crate) fn ask_to_stop(&self) {
        self.group.signal(Signal::SIGTERM);
    }

    /// Asks the program to stop and waits until it has, `limit` at most; longer than the grace that dropping gives, for a program
    /// that has others to stop first.
    pub(crate) fn stop_within(mut self, limit: Duration) -> Result<ExitStatus> {
        let asked = Instant::now();
        self.ask_to_stop();
        while asked.elapsed() < limit {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            thread::sleep(LOOK);
        }
        Err(Failure::step(format!("the {} does not stop after {} s", self.name, limit.as_secs())))
    }

    /// The last lines of the log, if there is one.
    fn last_words(&self) -> String {
        const SOME: usize = 5;
        let log = self.log.as_ref().and_then(|log| fs::read_to_string(log).ok()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(SOME)..];
        if last.is_empty() { String::new() } else { format!("\n  {}", last.join("\n  ")) }
    }

    /// How the program ended, once it has.
    fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.group.exited()
    }
}

/// Waits until `ready` says yes. Fails when a service ends meanwhile, when `limit` has passed, or when we are asked to stop.
pub(crate) fn wait_until(
    services: &mut [Service],
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let start = Instant::now();
    while !ready() {
        watch(services)?;
        if start.elapsed() > limit {
            return Err(Failure::step(format!("{what} does not answer after {} s", limit.as_secs())));
        }
        thread::sleep(LOOK);
    }
    watch(services)
}

/// Watches over the services until we are asked to stop ([`Failure::Interrupted`]) or one of them ends, which is named.
pub(crate) fn keep(services: &mut [Service]) -> Failure {
    loop {
        if let Err(end) = watch(services) {
            return end;
        }
        thread::sleep(LOOK);
    }
}

fn watch(services: &mut [Service]) -> Result<()> {
    if interrupted() {
        return Err(Failure::Interrupted);
    }
    for service in services {
        if let Some(status) = service.exited()? {
            let end = format!("the {} stopped by itself ({status})", service.name);
            return Err(Failure::Step(end + &service.last_words()));
        }
    }
    Ok(())
}

/// A child in a process group of its own, stopped with all its children when dropped.
#[derive(Debug)]
struct Group {
    child: Child,
    id: Pid,
}

impl Group {
    fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.process_group(0).spawn().while_(|| format!("run `{}`", line(command)))?;
        // The kernel's process ids are positive `pid_t`s; std shows them as u32.
        let id = Pid::from_raw(child.id().cast_signed());
        Ok(Self { child, id })
    }

    fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().while_(|| "look at a running program".into())
    }

    /// Whether there was still anyone to hear it.
    fn signal(&self, signal: impl Into<Option<Signal>>) -> bool {
        killpg(self.id, signal) != Err(Errno::ESRCH)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group may outlive its leader, so it is asked even when the child itself has ended.
        let asked = Instant::now();
        self.signal(Signal::SIGTERM);
        while asked.elapsed() < GRACE {
            // Reaps the leader, which else would keep the group alive as a zombie.
            let _ = self.child.try_wait();
            if !self.signal(None) {
                return;
            }
            thread::sleep(LOOK);
        }
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// The command as a person would type it, without quoting.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failing_command_is_named_with_its_exit_code() {
        let Err(Failure::Step(words)) = run(&mut shell("exit 3")) else {
            panic!("exit code 3 passed for success");
        };
        assert!(words.contains("sh -c exit 3") && words.contains('3'), "{words}");
        assert_eq!(run(&mut shell("exit 0")), Ok(()));
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_in_words() {
        let Err(Failure::Step(words)) = run(&mut Command::new("no-such-program")) else {
            panic!("a missing program ran");
        };
        assert!(words.contains("no-such-program"), "{words}");
    }

    #[test]
    fn stopping_a_service_stops_its_children_too() {
        let service = Service::start("tree", &mut shell("sleep 600 & sleep 600")).unwrap();
        let id = service.group.id;
        drop(service);
        assert_eq!(killpg(id, None), Err(Errno::ESRCH));
    }

    #[test]
    fn a_service_that_ends_by_itself_is_named_with_its_last_words() {
        let log = std::env::temp_dir().join(format!("xtask-{}.log", std::process::id()));
        let script = "echo first; for n in 2 3 4 5; do echo $n; done; echo no such state file >&2; exit 7";
        let mut services = [Service::start_quietly("simulator", &mut shell(script), log.clone()).unwrap()];
        let Failure::Step(words) = keep(&mut services) else { panic!("the end went unnoticed") };
        fs::remove_file(log).unwrap();
        assert!(words.contains("simulator") && words.contains('7'), "{words}");
        assert!(words.ends_with("no such state file") && !words.contains("first"), "{words}");
    }
}
