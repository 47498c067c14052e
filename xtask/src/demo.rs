//! `cargo xtask demo`: simulator, token proxy and the demo page on loopback, up together and down together. Says one address when
//! all three answer, stops all three on Ctrl-C, and when one of them ends by itself names it and stops the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bundle;
use crate::diagnose;
use crate::failure::{Failure, Result, While};
use crate::http;
use crate::ports::{self, Ports};
use crate::process::{self, Service};
use crate::stage;
use crate::tools;
use crate::workspace;

/// What `cargo xtask demo` was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// The first of three ports in a row, else the usual ones.
    pub(crate) port: Option<u16>,
    /// Whether the widget is compiled for release.
    pub(crate) release: bool,
    /// Whether we serve the page; otherwise the user runs `trunk serve`.
    pub(crate) serve: bool,
    /// The wire that is spoken.
    pub(crate) dialect: Dialect,
}

/// One of the wires, by its name; Genesys' own is the first.
pub(crate) type Dialect = &'static str;

/// The names, as `data-dialect` and the token proxy have them.
pub(crate) const DIALECTS: [Dialect; 6] = [
    "web-messaging",
    "external-contacts",
    "guest-sessions",
    "guest-webchat",
    "webmessaging-guests",
    "conversation-socket",
];

/// How long the servers may take to answer. All is compiled by then; Trunk still runs wasm-bindgen over a debug build.
const UNTIL_READY: Duration = Duration::from_mins(2);

/// `cargo xtask demo`; returns when it was stopped.
pub(crate) fn run(options: Options) -> Result<()> {
    let ports = Ports::plan(options.port);
    let named = ports.named();
    ports::require_free(if options.serve { &named } else { &named[1..] })?;

    build_companions()?;
    if options.serve {
        build_widget(options.release)?;
    } else {
        // Whoever serves by hand needs what we would have served with.
        tools::wasm_target()?;
        tools::wasm_bindgen()?;
        tools::trunk()?;
        diagnose::make_if_needed()?;
    }

    let trunk_config = if options.serve { Some(TrunkConfig::write(ports)?) } else { None };
    let mut services = vec![start_simulator(ports)?, start_token_proxy(ports, options.dialect)?];
    if let Some(config) = &trunk_config {
        services.push(start_page(config, options)?);
    }
    // To be stopped is what a demo is for, and while it comes up no less than later.
    let end = match come_up(&mut services, ports, options) {
        Ok(()) => process::keep(&mut services),
        Err(failure) => failure,
    };
    // All are asked before any is waited for.
    services.iter().for_each(Service::ask_to_stop);
    drop(services);
    match end {
        Failure::Interrupted => {
            println!("\nAll stopped.");
            Ok(())
        }
        failure => Err(failure),
    }
}

/// Waits until all of it answers, and says where it is.
fn come_up(services: &mut [Service], ports: Ports, options: Options) -> Result<()> {
    // One after the other, so that none is asked again, and logs it again, while another is still coming up.
    wait_for(services, "the simulator", ports.simulator, "/control/health")?;
    wait_for(services, "the token proxy", ports.token_proxy, "/api/genesys/health")?;
    if options.serve {
        wait_for(services, "the demo page", ports.page, "/")?;
        // A page without its bundle is what Trunk serves when the build has failed.
        wait_for(services, "the widget's loader", ports.page, &format!("/{}", bundle::LOADER))?;
    }

    if options.serve {
        let page = ports::origin(ports.page);
        println!(
            "\n  Guest Chat: {page}/\n  Simulator:  {}  (its /control: companions/simulator/README.md)\n\n\
             Ctrl-C stops everything. If the chat is dead, this says why:\n  {}",
            ports::origin(ports.simulator),
            doctor(ports, options.dialect)
        );
    } else {
        println!(
            "\n  Simulator on {}, token proxy on {}. Now run, in another terminal:\n\n  PATH=\"$PWD/.tools/bin:$PATH\" trunk serve\n\n\
             Ctrl-C stops both.",
            ports::origin(ports.simulator),
            ports::origin(ports.token_proxy)
        );
    }
    Ok(())
}

/// The demo's deployment, as its page and the simulator have it.
const DEPLOYMENT: &str = "3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37";

/// The command that examines this demo.
fn doctor(ports: Ports, dialect: &str) -> String {
    let mut command = format!(
        "cargo run -p doctor -- doctor --deployment {DEPLOYMENT} --endpoint {} --origin {} --token-url /api/genesys/refresh",
        ports::origin(ports.simulator),
        ports::origin(ports.page)
    );
    if dialect != DIALECTS[0] {
        command.extend([" --dialect ", dialect]);
    }
    command
}

/// Compiles simulator and token proxy.
pub(crate) fn build_companions() -> Result<()> {
    process::run(tools::cargo().args([
        "build",
        "--locked",
        "--package",
        "simulator",
        "--package",
        "token-proxy",
        "--bins",
    ]))
}

/// Where the companions' programs are once they are built.
pub(crate) fn companion(name: &str) -> Result<PathBuf> {
    Ok(workspace::target()?.join("debug").join(name))
}

/// Compiles the widget as Trunk will, so that an error ends us with words here and Trunk finds all done.
fn build_widget(release: bool) -> Result<()> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    tools::trunk()?;
    let mut cargo = tools::cargo();
    // With the features that index.html tells Trunk of.
    cargo.args(["build", "--locked", "--package", "guest-chat", "--features", "wires", "--target", tools::WASM]);
    if release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    // Trunk's hook would make it, too, while we wait for the page.
    diagnose::make_if_needed().map(drop)
}

fn start_simulator(ports: Ports) -> Result<Service> {
    let mut command = Command::new(companion("simulator")?);
    command.args(["--port", &ports.simulator.to_string()]);
    for origin in page_origins(ports) {
        command.args(["--allow-origin", &origin]);
    }
    Service::start_quietly("simulator", &mut command, log("simulator", ports.simulator)?)
}

fn start_token_proxy(ports: Ports, dialect: Dialect) -> Result<Service> {
    let mut command = Command::new(companion("token-proxy")?);
    // The demo's page is plain http, where a Secure cookie would be dropped.
    command.args(["--port", &ports.token_proxy.to_string(), "--insecure-cookie"]);
    for origin in page_origins(ports) {
        command.args(["--origin", &origin]);
    }
    if dialect != DIALECTS[0] {
        // The simulator's own client.
        command.args(["--dialect", dialect, "--api", &ports::origin(ports.simulator), "--client-id", "demo-client"]);
        command.env("TOKEN_PROXY_CLIENT_SECRET", "demo-secret");
    }
    Service::start_quietly("token proxy", &mut command, log("token-proxy", ports.token_proxy)?)
}

/// Where a companion's log goes: on the terminal it would bury the one address that is to be seen.
fn log(name: &str, port: u16) -> Result<PathBuf> {
    let folder = workspace::target()?.join("demo");
    fs::create_dir_all(&folder).while_(|| format!("create {}", folder.display()))?;
    Ok(folder.join(format!("{name}-{port}.log")))
}

fn start_page(config: &TrunkConfig, options: Options) -> Result<Service> {
    let mut command = tools::command("trunk");
    // Offline: a tool that is missing is ours to install, not Trunk's to download. Quiet: warnings and errors only, so that our
    // address is the one that is seen.
    command.args(["--log", "warn", "serve", "--offline", "--config"]).arg(&config.file);
    command.args(["--port", &config.ports.page.to_string()]);
    command.env(stage::SIMULATOR_PORT, config.ports.simulator.to_string());
    if options.dialect != DIALECTS[0] {
        command.env(stage::DIALECT, options.dialect);
    }
    // Trunk reads any value of NO_COLOR but true and false as a mistake.
    command.env_remove("NO_COLOR");
    if options.release {
        command.arg("--release");
    }
    Service::start("demo page", &mut command)
}

/// What people type for this machine: a page has another origin by each name.
fn page_origins(ports: Ports) -> [String; 2] {
    [ports::origin(ports.page), format!("http://localhost:{}", ports.page)]
}

fn wait_for(services: &mut [Service], what: &str, port: u16, path: &str) -> Result<()> {
    process::wait_until(services, what, UNTIL_READY, || {
        http::get(port, path).is_some_and(|answer| answer.status == 200)
    })
}

/// Trunk.toml with this demo's token proxy instead of the usual one, in a file that is removed on drop. It lies in the root,
/// because Trunk takes every path in it as relative to the file.
struct TrunkConfig {
    file: PathBuf,
    ports: Ports,
}

impl TrunkConfig {
    fn write(ports: Ports) -> Result<Self> {
        let source = workspace::root().join("Trunk.toml");
        let text = fs::read_to_string(&source).while_(|| format!("read {}", source.display()))?;
        let file = Self::path(&workspace::root(), ports);
        bundle::write(&file, &with_folder(&with_token_proxy(&text, ports.token_proxy)?, ports.page)?)?;
        Ok(Self { file, ports })
    }

    fn path(root: &Path, ports: Ports) -> PathBuf {
        root.join(format!(".trunk-demo-{}.toml", ports.page))
    }
}

impl Drop for TrunkConfig {
    fn drop(&mut self) {
        // Nothing depends on its being gone.
        let _ = fs::remove_file(&self.file);
    }
}

/// Two demos side by side write into a folder each: the page names its own demo's simulator.
fn with_folder(config: &str, port: u16) -> Result<String> {
    const USUAL: &str = "dist = \"target/trunk\"";
    if config.contains(USUAL) {
        return Ok(config.replace(USUAL, &format!("dist = \"target/trunk-{port}\"")));
    }
    Err(Failure::step(format!("Trunk.toml does not say {USUAL}")))
}

fn with_token_proxy(config: &str, port: u16) -> Result<String> {
    let usual = ports::origin(ports::USUAL.token_proxy);
    if config.contains(&usual) {
        return Ok(config.replace(&usual, &ports::origin(port)));
    }
    Err(Failure::step(format!("Trunk.toml does not name the token proxy as {usual}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_speaks_what_the_core_speaks() {
        let folder = workspace::root().join("crates/chat-proto/src/dialect");
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = text.split("name: \"").nth(1).and_then(|rest| rest.split('"').next());
            names.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        }
        names.sort();
        let mut ours = DIALECTS.to_vec();
        ours.sort_unstable();
        assert_eq!(names, ours);
    }

    #[test]
    fn trunk_forwards_to_the_token_proxy_of_its_demo() {
        let trunk = include_str!("../../Trunk.toml");
        let moved = with_token_proxy(trunk, 4002).unwrap();
        assert!(moved.contains("http://127.0.0.1:4002/api/genesys"), "{moved}");
        assert!(!moved.contains("9001"), "{moved}");
    }

    #[test]
    fn two_demos_serve_from_a_folder_each() {
        let trunk = include_str!("../../Trunk.toml");
        assert!(with_folder(trunk, 4000).unwrap().contains("dist = \"target/trunk-4000\""));
    }

    #[test]
    fn the_doctor_is_sent_to_what_the_page_embeds() {
        let page = include_str!("../../index.html");
        assert!(page.contains(DEPLOYMENT) && page.contains("/api/genesys/refresh"));
        let command = doctor(ports::USUAL, DIALECTS[0]);
        assert!(command.contains(&ports::origin(ports::USUAL.simulator)) && !command.contains("--dialect"));
        assert!(doctor(ports::USUAL, DIALECTS[1]).ends_with(&format!(" --dialect {}", DIALECTS[1])));
    }

    #[test]
    fn trunk_serves_on_the_usual_port() {
        let trunk = include_str!("../../Trunk.toml");
        assert!(trunk.contains(&format!("port = {}", ports::USUAL.page)));
    }
}
