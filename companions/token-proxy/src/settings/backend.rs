//! The part of the command line that is about the API: what is served only with it, and by whom it is asked.

use std::sync::Arc;

use command_line::CommandLine;

use super::one_of_two;
use crate::address::Address;
use crate::backend::{BackendSettings, Mint};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::service_token::Client;
use crate::wire::{Dialect, Guest, Wire};

/// `None` where no dialect needs the API, or where something is wrong and now named so.
pub(super) fn read(line: &mut CommandLine, secret_in_environment: Option<String>) -> Option<BackendSettings> {
    let dialects = line.all("--dialect", Dialect::FORM, Dialect::parse);
    let wires: Vec<Wire> = dialects
        .into_iter()
        .filter_map(|dialect| match dialect {
            Dialect::WebMessaging => None,
            Dialect::Minted(wire) => Some(wire),
        })
        .collect();
    let guest = Guest {
        name: text(line, "--guest-name", 100, "Guest User"),
        email: text(line, "--guest-email", 254, "guest@example.com"),
    };
    if !wires.contains(&Wire::GuestWebchat) {
        without_effect(line, &["--guest-name", "--guest-email"], "--dialect guest-webchat");
    }
    if wires.is_empty() {
        let names = ["--api", "--oauth-url", "--mint-url", "--client-id", "--client-secret-file"];
        without_effect(line, &names, "a --dialect other than web-messaging");
        return None;
    }

    for (name, example) in [
        ("--api", "name the API's origin, such as https://api.mypurecloud.ie"),
        ("--client-id", "name the OAuth client that has the grant type client credentials"),
    ] {
        if !line.has(name) {
            line.mistake(format!("{name} is missing: {example}"));
        }
    }
    let form = "must be the API's origin such as https://api.mypurecloud.ie, without a path, and https unless it is on this machine";
    let api = line.one("--api", form, |text| Origin::parse(text).filter(Origin::is_private));
    let oauth = line.one("--oauth-url", &format!("must be {}", Address::FORM), Address::parse);
    let elsewhere = elsewhere(line, &wires);
    let form = "must be 1 to 256 visible characters without a colon";
    let id = line.one("--client-id", form, |text| {
        let fits = text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        fits.then(|| text.to_owned())
    });
    let secret = secret(line, secret_in_environment);
    let api = api?;
    let mint = |wire: Wire| {
        let address = elsewhere.iter().find(|mint| mint.wire == wire).map(|mint| mint.address.clone());
        Mint { wire, address: address.unwrap_or_else(|| Address::below(&api, wire.path())) }
    };
    Some(BackendSettings {
        oauth: oauth.unwrap_or_else(|| Address::below(&api, "/oauth/token")),
        client: Client { id: id?, secret: Arc::new(secret?) },
        mints: wires.into_iter().map(mint).collect(),
        guest,
    })
}

/// What is minted elsewhere than by default. Of one that is not among `wires`, or twice there, it is named that this is a mistake.
fn elsewhere(line: &mut CommandLine, wires: &[Wire]) -> Vec<Mint> {
    let form = format!("must be a dialect's name, = and {}", Address::FORM);
    let mints = line.all("--mint-url", &form, |text| {
        let (name, address) = text.split_once('=')?;
        let wire = Wire::ALL.into_iter().find(|wire| wire.name() == name)?;
        Some(Mint { wire, address: Address::parse(address)? })
    });
    for (at, Mint { wire, .. }) in mints.iter().enumerate() {
        let name = wire.name();
        if !wires.contains(wire) {
            line.mistake(format!("--mint-url {name} has no effect without --dialect {name}"));
        } else if mints[..at].iter().any(|earlier| earlier.wire == *wire) {
            line.mistake(format!("--mint-url {name} is given more than once"));
        }
    }
    mints
}

/// `None` where it is missing or bad, which is now named.
fn secret(line: &mut CommandLine, in_environment: Option<String>) -> Option<Secret> {
    let had_file = line.has("--client-secret-file");
    let nothing_given = !had_file && in_environment.is_none();
    if nothing_given {
        line.mistake(
            "--client-secret-file is missing: name the file with the client's secret, or set TOKEN_PROXY_CLIENT_SECRET",
        );
    }
    let (from, text) = one_of_two(line, "--client-secret-file", "TOKEN_PROXY_CLIENT_SECRET", in_environment)?;
    let secret = Secret::parse(text.trim());
    if secret.is_none() {
        line.mistake(format!("{from} must hold the client's secret, and nothing else"));
    }
    secret
}

fn text(line: &mut CommandLine, name: &str, most: usize, default: &str) -> String {
    let form = format!("must be 1 to {most} characters, none of them a control character");
    let given = line.one(name, &form, |text| {
        let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    });
    given.unwrap_or_else(|| default.to_owned())
}

fn without_effect(line: &mut CommandLine, names: &[&str], goes_with: &str) {
    for name in names {
        if line.has(name) {
            line.mistake(format!("{name} has no effect without {goes_with}"));
        }
    }
}
