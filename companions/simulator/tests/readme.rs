//! The README's curl examples, carried out as they stand, so that none of them can go stale.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod site;

use serde_json::Value;
use site::Site;

/// `curl -d '{…}'  $C/target` as target and body.
fn posts() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../README.md").lines().filter_map(|line| {
        let (body, rest) = line.strip_prefix("curl -d '")?.split_once('\'')?;
        Some((rest.trim().strip_prefix("$C/")?.split(' ').next()?, body))
    })
}

#[tokio::test]
async fn every_post_of_the_readme_is_understood() {
    let site = Site::silent().await;
    let _visitor = site.configured().await;
    let mut targets = Vec::new();
    for (target, body) in posts() {
        site.control("POST", target, &serde_json::from_str::<Value>(body).unwrap()).await;
        targets.push(target);
    }
    for (target, least) in [("agent", 8), ("faults", 6), ("settings", 1)] {
        assert!(targets.iter().filter(|seen| **seen == target).count() >= least, "{target}");
    }
}
