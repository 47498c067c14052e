//! Several tabs of one browser: one of them leads, the others follow, and whoever leads may change at any time.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

#[path = "tabs/browser.rs"]
#[allow(dead_code, reason = "a world with more in it than this needs")]
mod browser;

use browser::Browser;
use chat_proto::io::{Command, Connectivity, Input};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice;
use chat_proto::timings::Timings;

/// So many tabs, the first of which was opened and leads.
fn online(tabs: usize) -> Browser {
    let mut browser = Browser::new(tabs);
    browser.say(0, Command::Open);
    browser.run_for(5_000);
    assert_eq!(browser.tabs[0].status, ConnectionStatus::Online);
    browser
}

fn all_show(browser: &Browser, expected: &[&str]) {
    assert_eq!(browser.transcript(), expected);
    for (at, page) in browser.tabs.iter().enumerate().filter(|(_, page)| page.tab.is_some() && !page.is_frozen) {
        assert_eq!(page.screen(), expected, "tab {at}");
    }
}

#[test]
fn tabs_without_a_conversation_want_nothing_of_each_other() {
    let mut browser = Browser::new(3);
    browser.run_for(60_000);
    assert_eq!((browser.sockets(), browser.leaders(), browser.storage.len()), (0, vec![], 0));
}

#[test]
fn one_tab_has_the_socket_and_all_show_the_conversation() {
    let mut browser = online(3);
    browser.send(0, "from the leader");
    browser.send(1, "from a follower");
    browser.run_for(3_000);
    browser.agent_says("to all");
    browser.run_for(100);
    assert_eq!((browser.leaders(), browser.sockets()), (vec![0], 1));
    all_show(&browser, &["from the leader", "from a follower", "agent: to all"]);
    assert!(browser.tabs.iter().all(|page| page.status == ConnectionStatus::Online && page.is_open));
}

#[test]
fn a_tab_that_is_opened_later_shows_what_was_said_before() {
    let mut browser = online(1);
    browser.send(0, "early");
    browser.run_for(1_000);
    let late = browser.open_tab();
    browser.run_for(100);
    assert_eq!(browser.tabs[late].screen(), ["early"]);
    assert_eq!((browser.leaders(), browser.sockets()), (vec![0], 1));
}

#[test]
fn draft_and_open_state_are_the_same_in_all_tabs() {
    let mut browser = online(2);
    browser.say(1, Command::Draft("half a sent".into()));
    assert_eq!(browser.tabs[0].draft, "half a sent");
    browser.say(0, Command::Draft("half a sentence".into()));
    assert_eq!(browser.tabs[1].draft, "half a sentence");
    browser.say(1, Command::Close);
    assert!(!browser.tabs[0].is_open);
    browser.run_for(10);
    browser.agent_says("unread");
    assert_eq!([browser.tabs[0].unread, browser.tabs[1].unread], [1, 1]);
    browser.say(1, Command::Open);
    assert!(browser.tabs[0].is_open);
    assert_eq!([browser.tabs[0].unread, browser.tabs[1].unread], [0, 0]);
}

#[test]
fn what_the_visitor_can_do_about_a_trouble_is_the_same_in_all_tabs() {
    let mut browser = online(2);
    browser.cut(1013);
    browser.run_for(100);
    browser.open_tab();
    browser.run_for(100);
    let advice = |browser: &Browser| browser.tabs.iter().map(|page| page.advice).collect::<Vec<_>>();
    assert!(matches!(browser.tabs[2].status, ConnectionStatus::Reconnecting { .. }));
    assert_eq!(advice(&browser), [Some(Advice::Wait); 3]);
    browser.run_for(10_000);
    assert!(browser.tabs.iter().all(|page| page.status == ConnectionStatus::Online));
    assert_eq!(advice(&browser), [None; 3]);
}

#[test]
fn when_the_leader_is_closed_the_next_takes_over_at_once() {
    let mut browser = online(3);
    browser.send(1, "one");
    browser.run_for(1_000);
    browser.close(0);
    assert_eq!(browser.leaders(), [1]);
    browser.send(2, "two");
    browser.run_for(3_000);
    assert_eq!(browser.sockets(), 1);
    all_show(&browser, &["one", "two"]);
}

#[test]
fn what_a_crashed_leader_had_in_flight_is_looked_up_by_the_next() {
    use simulator::{Cut, Effect, FaultRule, On};
    for cut in [Cut::BeforeAccept, Cut::AfterAccept] {
        let mut browser = online(2);
        browser.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut }));
        browser.send(1, "once");
        browser.crash(0);
        browser.run_for(20_000);
        all_show(&browser, &["once"]);
        assert_eq!(browser.leaders(), [1]);
    }
}

#[test]
fn a_leader_that_hangs_is_replaced_within_ten_seconds_and_does_no_harm_when_it_comes_back() {
    for pause in [0, 1_000, 2_000, 2_999] {
        let mut browser = online(2);
        browser.run_for(pause);
        browser.tabs[0].is_frozen = true;
        browser.send(1, "while it hangs");
        assert_eq!(browser.tabs[1].screen(), ["while it hangs (queued)"], "shown at once");
        browser.run_for(10_000);
        assert!(browser.leaders().contains(&1));
        browser.run_for(10_000);
        assert_eq!(browser.tabs[1].screen(), ["while it hangs"]);
        browser.thaw(0);
        browser.run_for(5_000);
        assert_eq!((browser.leaders(), browser.sockets()), (vec![1], 1));
        browser.send(0, "after it");
        browser.run_for(3_000);
        all_show(&browser, &["while it hangs", "after it"]);
    }
}

#[test]
fn a_follower_that_sleeps_does_not_take_its_own_sleep_for_the_leaders() {
    let mut browser = online(2);
    browser.tabs[1].is_frozen = true;
    browser.run_for(3_600_000);
    browser.thaw(1);
    browser.run_for(5_000);
    assert_eq!(browser.leaders(), [0]);
}

#[test]
fn a_follower_that_nobody_sees_leaves_the_leader_alone() {
    let mut browser = online(2);
    browser.hand_in(1, Input::Hidden);
    browser.tabs[0].is_frozen = true;
    browser.run_for(60_000);
    assert_eq!(browser.leaders(), [0]);
    browser.hand_in(1, Input::Visible);
    browser.run_for(10_000);
    assert!(browser.leaders().contains(&1));
}

#[test]
fn posts_that_are_lost_are_made_up_for() {
    let mut browser = online(2);
    browser.is_deaf = true;
    browser.agent_says("nobody hears");
    browser.send(1, "nobody knows");
    browser.run_for(2_000);
    assert_eq!(browser.tabs[1].screen(), ["nobody knows (queued)"]);
    browser.is_deaf = false;
    browser.run_for(6_000);
    all_show(&browser, &["agent: nobody hears", "nobody knows"]);
}

#[test]
fn what_a_tab_wrote_that_dies_before_anybody_hears_of_it_is_sent_all_the_same() {
    for others in [1, 2] {
        let mut browser = online(others + 1);
        browser.is_deaf = true;
        browser.send(others, "last words");
        browser.crash(others);
        browser.is_deaf = false;
        browser.run_for(60_000);
        all_show(&browser, &["last words"]);
    }
}

#[test]
fn without_storage_messages_go_over_the_channel_and_are_sent_once() {
    let mut browser = Browser::new(2);
    browser.is_denied = true;
    browser.say(0, Command::Open);
    browser.run_for(2_000);
    browser.send(1, "one");
    browser.run_for(2_000);
    // Nothing is stored that would tell the second of the first: it hears of it when it speaks.
    assert_eq!(browser.transcript(), ["one"]);
    browser.tabs[0].is_frozen = true;
    browser.send(1, "two");
    browser.run_for(20_000);
    // Whether the one that hangs has got it nobody knows: the visitor is asked, and nothing is sent twice.
    assert_eq!(browser.tabs[1].screen(), ["one", "two (unconfirmed)"]);
    browser.thaw(0);
    browser.run_for(20_000);
    assert_eq!((browser.leaders(), browser.sockets()), (vec![1], 1));
}

#[test]
fn without_locks_each_tab_leads_alone_and_no_message_is_sent_twice() {
    let mut browser = Browser::new(2);
    browser.has_locks = false;
    browser.send(0, "from one");
    browser.run_for(3_000);
    browser.send(1, "from the other");
    browser.run_for(3_000);
    browser.send(0, "and again");
    browser.run_for(70_000);
    assert_eq!(browser.leaders(), [0, 1]);
    all_show(&browser, &["from one", "from the other", "and again"]);
}

#[test]
fn without_locks_a_reloaded_tab_sends_what_it_had_not_sent() {
    let mut browser = Browser::new(1);
    browser.has_locks = false;
    browser.say(0, Command::Open);
    browser.run_for(1_000);
    browser.hand_in(0, Input::Network(Connectivity::Offline));
    browser.send(0, "later");
    browser.close(0);
    browser.load(0);
    browser.run_for(5_000);
    all_show(&browser, &["later"]);
}

#[test]
fn what_is_written_before_anybody_leads_is_sent_in_order() {
    let mut browser = Browser::new(1);
    browser.send(0, "one");
    browser.send(0, "two");
    browser.run_for(5_000);
    all_show(&browser, &["one", "two"]);
    assert!(browser.storage.keys().all(|key| !key.contains(":handed:")), "{:?}", browser.storage.keys());
}

#[test]
fn a_page_that_comes_back_out_of_the_cache_begins_anew_and_shows_the_same() {
    let mut browser = online(2);
    browser.send(0, "hello");
    browser.run_for(1_000);
    browser.close(0);
    browser.agent_says("meanwhile");
    browser.load(0);
    browser.run_for(5_000);
    assert_eq!((browser.leaders(), browser.sockets()), (vec![1], 1));
    all_show(&browser, &["hello", "agent: meanwhile"]);
}

#[test]
fn a_new_leader_shows_the_conversation_all_the_time() {
    let mut browser = online(2);
    browser.send(0, "hello");
    browser.run_for(1_000);
    let keys: Vec<u64> = browser.tabs[1].items.iter().map(|item| item.key.0).collect();
    browser.hand_in(1, Input::Network(Connectivity::Offline));
    browser.close(0);
    assert_eq!(browser.leaders(), [1]);
    assert_eq!(browser.tabs[1].screen(), ["hello"]);
    let after: Vec<u64> = browser.tabs[1].items.iter().map(|item| item.key.0).collect();
    assert!(after.iter().all(|key| keys.contains(key)), "lines that stay are the same lines: {keys:?} {after:?}");
}

#[test]
fn who_takes_over_a_conversation_that_has_ended_reads_it_and_can_begin_another() {
    let mut browser = online(2);
    browser.say(1, Command::Open);
    browser.run_for(100);
    let (token, wall) = (browser.token(), 1_791_190_800_000 + browser.now);
    let _ = browser.backend.disconnect_conversation(wall, &token, true);
    browser.say(0, Command::Send("met with a refusal".into()));
    browser.run_for(1_000);
    assert_eq!(browser.tabs[1].status, ConnectionStatus::ReadOnly);
    browser.crash(0);
    browser.run_for(1_000);
    assert_eq!(browser.tabs[1].status, ConnectionStatus::ReadOnly);
    browser.say(1, Command::NewChat);
    browser.run_for(5_000);
    assert_eq!(browser.tabs[1].status, ConnectionStatus::Online);
}

#[test]
fn a_tab_that_was_frozen_while_others_came_and_went_can_still_begin() {
    let mut browser = Browser::new(2);
    browser.tabs[1].is_frozen = true;
    browser.tabs[0].is_frozen = true;
    let third = browser.open_tab();
    browser.say(third, Command::Close);
    browser.thaw(1);
    browser.set_network(Connectivity::Offline);
    browser.close(1);
    browser.close(third);
    browser.thaw(0);
    browser.set_network(Connectivity::Online);
    browser.say(0, Command::Open);
    browser.run_for(60_000);
    assert_eq!((browser.leaders(), browser.sockets(), browser.tabs[0].status), (vec![0], 1, ConnectionStatus::Online));
}

#[test]
fn what_a_leader_could_not_keep_is_handed_to_the_one_that_replaces_it_and_shown_once() {
    let mut browser = Browser::new(2);
    browser.is_denied = true;
    browser.say(0, Command::Open);
    browser.say(1, Command::Open);
    browser.run_for(2_000);
    browser.set_network(Connectivity::Offline);
    browser.send(0, "kept by nobody");
    browser.run_for(1_000);
    browser.tabs[0].is_frozen = true;
    browser.run_for(10_000);
    browser.thaw(0);
    browser.run_for(5_000);
    assert_eq!(browser.leaders(), [1]);
    for page in &browser.tabs {
        assert_eq!(page.items.len(), page.screen().len(), "each line once: {:?}", page.screen());
        assert_eq!(page.screen().iter().filter(|line| line.starts_with("kept by nobody")).count(), 1);
    }
    browser.set_network(Connectivity::Online);
    browser.run_for(20_000);
    assert_eq!(browser.tabs[0].screen(), browser.tabs[1].screen());
}

#[test]
fn a_message_that_could_not_be_stored_does_not_overtake_one_that_was() {
    for first_is_stored in [true, false] {
        let mut browser = online(2);
        browser.is_deaf = true;
        browser.is_denied = !first_is_stored;
        browser.send(1, "one");
        browser.is_denied = first_is_stored;
        browser.send(1, "two");
        browser.is_denied = false;
        browser.is_deaf = false;
        browser.run_for(20_000);
        assert_eq!(browser.transcript(), ["one", "two"], "{first_is_stored}");
    }
}

#[test]
fn what_the_screen_shows_as_sent_is_not_sent_again_for_an_older_record() {
    let mut browser = online(2);
    browser.set_network(Connectivity::Offline);
    browser.send(0, "one");
    let old = browser.storage.clone();
    browser.set_network(Connectivity::Online);
    browser.run_for(20_000);
    assert_eq!(browser.transcript(), ["one"]);
    browser.storage = old;
    browser.close(0);
    browser.run_for(30_000);
    assert_eq!((browser.leaders(), browser.transcript()), (vec![1], vec!["one".into()]));
    assert_eq!(browser.tabs[1].screen(), ["one"]);
}

#[test]
fn what_is_shown_as_waiting_and_stands_in_no_record_is_sent_by_who_takes_over() {
    let mut browser = online(2);
    browser.set_network(Connectivity::Offline);
    browser.send(0, "one");
    browser.storage.retain(|key, _| !key.ends_with(":tab"));
    browser.close(0);
    assert_eq!(browser.tabs[1].screen().len(), 1, "it is shown all the time");
    browser.set_network(Connectivity::Online);
    browser.run_for(30_000);
    assert_eq!(browser.transcript(), ["one"]);
}

#[test]
fn what_has_no_room_is_given_back_in_a_tab_that_follows_as_well() {
    let room = Timings::default().outbox_messages;
    let given_back = |browser: &Browser| browser.tabs[1].draft.clone();
    let mut browser = online(2);
    // The leader has no more room, and says so.
    browser.set_network(Connectivity::Offline);
    for n in 0..room {
        browser.send(0, &format!("m {n}"));
    }
    browser.run_for(100);
    browser.say(1, Command::Draft("half a sent".into()));
    browser.send(1, "one too many");
    browser.run_for(100);
    assert_eq!(given_back(&browser), "half a sent\none too many");
    assert_eq!(browser.tabs[0].draft, "half a sent\none too many");
    assert_eq!((browser.tabs[0].screen().len(), browser.tabs[1].screen().len()), (room, room));

    // It hangs, and takes nothing.
    let mut browser = online(2);
    browser.tabs[0].is_frozen = true;
    for n in 0..=room {
        browser.send(1, &format!("m {n}"));
    }
    assert_eq!((browser.tabs[1].screen().len(), given_back(&browser)), (room, format!("m {room}")));
}

#[test]
fn what_is_cleared_out_of_storage_before_anybody_took_it_is_sent_all_the_same_and_in_order() {
    for comes_back in [true, false] {
        let mut browser = online(2);
        browser.tabs[0].is_frozen = true;
        browser.send(1, "one");
        browser.storage.retain(|key, _| !key.contains(":handed:"));
        browser.send(1, "two");
        if comes_back {
            browser.thaw(0);
        }
        browser.run_for(30_000);
        assert_eq!(browser.transcript(), ["one", "two"], "the leader comes back: {comes_back}");
    }
}

#[test]
fn a_leader_writes_its_number_again_where_everything_was_cleared_away() {
    let mut browser = online(1);
    let number = browser.storage.get("guest-chat:3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37:reign").cloned();
    assert!(number.is_some());
    browser.storage.clear();
    browser.send(0, "one");
    let key = browser.storage.keys().find(|key| key.ends_with(":reign")).cloned();
    assert_eq!(key.and_then(|key| browser.storage.get(&key).cloned()), number);
}

#[test]
fn a_panel_that_was_closed_stays_closed_when_another_tab_takes_over() {
    let mut browser = online(3);
    browser.say(1, Command::Close);
    browser.close(0);
    browser.run_for(5_000);
    browser.agent_says("are you there?");
    for page in &browser.tabs[1..] {
        assert_eq!((page.is_open, page.unread, page.status), (false, 1, ConnectionStatus::Online));
    }
}

/// Everything in storage is cleared while the leader hangs, and the next begins to count anew.
#[test]
fn a_leader_that_hung_while_storage_was_cleared_sends_nothing_again_that_the_next_has_sent() {
    let mut browser = online(2);
    browser.set_network(Connectivity::Offline);
    browser.send(0, "one");
    browser.run_for(100);
    browser.tabs[0].is_frozen = true;
    browser.storage.remove("guest-chat:3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37:reign");
    browser.set_network(Connectivity::Online);
    browser.run_for(60_000);
    assert_eq!(browser.transcript(), ["one"]);
    browser.thaw(0);
    browser.run_for(60_000);
    all_show(&browser, &["one"]);
}

#[test]
fn what_was_typed_in_a_tab_that_is_gone_is_there_in_the_next_though_the_leader_heard_nothing_of_it() {
    let mut browser = online(2);
    browser.tabs[0].is_frozen = true;
    browser.say(1, Command::Draft("a long letter".into()));
    browser.crash(1);
    let next = browser.open_tab();
    browser.say(next, Command::Open);
    browser.run_for(20_000);
    assert_eq!(browser.tabs[next].draft, "a long letter");
    browser.thaw(0);
    browser.run_for(20_000);
    assert!(browser.tabs.iter().filter(|page| page.tab.is_some()).all(|page| page.draft == "a long letter"));
    // What was heard of is not come back to.
    browser.say(next, Command::Draft(String::new()));
    browser.run_for(1_000);
    browser.crash(next);
    browser.run_for(20_000);
    assert_eq!(browser.tabs[0].draft, "");
}
