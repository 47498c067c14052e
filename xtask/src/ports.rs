//! Where the demo's three servers listen, and whether they can. Everything is on loopback: nothing here is meant to be reached
//! from another machine.

use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Failure, Result};

/// The three ports of one demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) page: u16,
    pub(crate) simulator: u16,
    pub(crate) token_proxy: u16,
}

/// The ports that Trunk.toml and index.html name, so that `trunk serve` by hand meets the same servers.
pub(crate) const USUAL: Ports = Ports { page: 8080, simulator: 9000, token_proxy: 9001 };

impl Ports {
    /// The usual ports, or three in a row from `first`, which leaves room for them (checked where it is read).
    pub(crate) fn plan(first: Option<u16>) -> Self {
        first.map_or(USUAL, |page| Self { page, simulator: page + 1, token_proxy: page + 2 })
    }

    /// Each port with the name of the server that will listen there.
    pub(crate) fn named(self) -> [(&'static str, u16); 3] {
        [("demo page", self.page), ("simulator", self.simulator), ("token proxy", self.token_proxy)]
    }
}

/// `http://127.0.0.1:<port>`.
pub(crate) fn origin(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

/// Fails, naming each, when any of the ports is in use.
pub(crate) fn require_free(ports: &[(&str, u16)]) -> Result<()> {
    let taken: Vec<String> = ports
        .iter()
        .filter(|(_, port)| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err())
        .map(|(name, port)| format!("port {port}, where the {name} would listen, is taken"))
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(Failure::step(format!(
        "{}\nFree it, or choose others: `cargo xtask demo --port N` uses N, N+1 and N+2.",
        taken.join("\n")
    )))
}

/// A first port with two free neighbours, as far as one can know before using them.
pub(crate) fn free_row() -> Result<u16> {
    // Below the range from which Linux takes ephemeral ports (32768 on), so that no client socket grabs a neighbour.
    (20_000..32_000)
        .step_by(3)
        .find(|first| require_free(&Ports::plan(Some(*first)).named()).is_ok())
        .ok_or_else(|| Failure::step("no three free ports in a row between 20000 and 32000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_without_a_port_is_what_the_page_and_trunk_expect() {
        assert_eq!(Ports::plan(None), USUAL);
    }

    #[test]
    fn a_chosen_port_is_followed_by_simulator_and_token_proxy() {
        let ports = Ports { page: 65_533, simulator: 65_534, token_proxy: 65_535 };
        assert_eq!(Ports::plan(Some(65_533)), ports);
    }

    #[test]
    fn a_taken_port_is_named_with_its_server() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();

        let Err(Failure::Step(words)) = require_free(&[("simulator", port)]) else {
            panic!("a port that is listened on was found free");
        };
        assert!(words.contains(&port.to_string()) && words.contains("simulator"), "{words}");
    }

    // Not by freeing the port of the test above: a child that another test starts at that moment holds a copy of the listener
    // between its fork and its exec.
    #[test]
    fn three_free_ports_in_a_row_are_found() {
        let first = free_row().unwrap();
        assert!((20_000..32_000).contains(&first), "{first}");
    }
}
