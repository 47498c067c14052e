//! The face in a real browser: mounted into a shadow root under its own style sheet, fed with the core's events, clicked and typed at.
//! What it says to the core is collected, not answered. Wherever a part or an attribute is named here, the page's contract names it.
#![cfg(target_arch = "wasm32")]

#[path = "browser/screen.rs"]
mod screen;

use chat_proto::config::FieldError;
use chat_proto::io::{Command, Event, TimelineDiff};
use chat_proto::message::{LocalId, Notice, Rejection, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::{Problem, TokenTrouble};
use chat_proto::time::Timestamp;
use screen::{Screen, from_agent, from_bot, from_visitor, no_html, notice, top_of};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// Opening and closing

#[wasm_bindgen_test]
async fn launcher_opens_the_panel_and_gives_the_composer_the_focus() {
    let screen = Screen::new().await;
    assert!(!screen.is_visible("panel"));
    assert_eq!(screen.attribute("launcher", "aria-expanded"), "false");

    screen.click("launcher").await;

    assert!(screen.is_visible("panel"));
    assert_eq!(screen.attribute("launcher", "aria-expanded"), "true");
    assert_eq!(screen.focused(), "composer");
    assert_eq!(screen.said(), [Command::Open]);
}

#[wasm_bindgen_test]
async fn escape_closes_the_panel_and_returns_the_focus() {
    let screen = Screen::open().await;
    screen.press("composer", "Escape", &[]).await;
    assert_eq!(screen.attribute("launcher", "aria-expanded"), "false");
    assert_eq!(screen.focused(), "launcher");
    assert_eq!(screen.said(), [Command::Close]);
}

#[wasm_bindgen_test]
async fn escape_of_an_input_method_closes_nothing() {
    let screen = Screen::open().await;
    screen.press("composer", "Escape", &[("isComposing", true.into())]).await;
    assert_eq!(screen.said(), []);
}

#[wasm_bindgen_test]
async fn page_opens_the_panel_without_moving_the_focus() {
    let screen = Screen::new().await;
    screen.mounted().open();
    screen.settle().await;
    assert!(screen.is_visible("panel"));
    assert_eq!(screen.focused(), "");
    assert_eq!(screen.said(), [Command::Open]);
}

#[wasm_bindgen_test]
async fn page_closes_the_panel_and_a_focus_in_it_is_not_lost() {
    let screen = Screen::open().await;
    screen.mounted().close();
    screen.settle().await;
    assert_eq!(screen.focused(), "launcher");
}

#[wasm_bindgen_test]
async fn reload_reopens_the_panel_without_focus_and_without_a_command() {
    let screen = Screen::new().await;
    screen.apply(Event::Panel(true)).await;
    assert!(screen.is_visible("panel"));
    assert_eq!(screen.focused(), "");
    assert_eq!(screen.said(), []);
}

#[wasm_bindgen_test]
async fn painted_launcher_is_replaced_and_its_focus_kept() {
    let screen = Screen::painted().await;
    assert_eq!(screen.all("launcher").len(), 1);
    assert_eq!(screen.focused(), "launcher");
}

#[wasm_bindgen_test]
async fn unread_messages_are_counted_in_figures_and_in_words() {
    let screen = Screen::new().await;
    assert_eq!(screen.attribute("launcher", "aria-label"), "Open chat");
    screen.apply(Event::Unread(1)).await;
    assert_eq!(screen.attribute("launcher", "aria-label"), "Open chat, 1 unread message");
    screen.apply(Event::Unread(120)).await;
    assert_eq!(screen.attribute("launcher", "aria-label"), "Open chat, 120 unread messages");
    assert_eq!(screen.text("launcher"), "99+");

    screen.click("launcher").await;
    assert_eq!(screen.text("launcher"), "");
}

#[wasm_bindgen_test]
async fn unmounting_leaves_nothing_and_later_events_harm_nobody() {
    let screen = Screen::open().await;
    screen.show([from_agent(1, 0, "Hello")]).await;
    screen.unmount();
    assert_eq!(screen.count_nodes(), 0);
    screen.apply(Event::Typing(true)).await;
    screen.show([from_agent(2, 0, "Again")]).await;
}

// The transcript

#[wasm_bindgen_test]
async fn messages_say_from_where_they_are_and_how_far_they_got() {
    let screen = Screen::open().await;
    screen
        .show([
            from_agent(1, 9, "Hello"),
            from_visitor(2, 8, "Hi", SendState::Sent),
            from_visitor(3, 7, "there", SendState::Queued),
            from_visitor(4, 6, "you", SendState::Unconfirmed { ask: false }),
            from_visitor(5, 5, "are", SendState::Failed(Rejection::Server)),
            notice(6, 4, Notice::Left),
        ])
        .await;
    let shown: Vec<_> = screen
        .all("message")
        .iter()
        .map(|it| [it.get_attribute("data-direction"), it.get_attribute("data-state")].map(Option::unwrap_or_default))
        .collect();
    assert_eq!(
        shown,
        [
            ["outbound", ""],
            ["inbound", "sent"],
            ["inbound", "queued"],
            ["inbound", "unconfirmed"],
            ["inbound", "failed"],
        ]
    );
    assert_eq!(screen.texts("text"), ["Hello", "Hi", "there", "you", "are"]);
    assert_eq!(screen.texts("notice"), ["Today", "Your contact has left. You can keep writing."]);
}

#[wasm_bindgen_test]
async fn messages_of_one_author_stand_together_under_one_name() {
    let screen = Screen::open().await;
    screen
        .show([
            from_agent(1, 20, "One"),
            from_agent(2, 19, "Two"),
            from_agent(3, 10, "Later"),
            from_bot(4, 10, "Beep"),
            from_visitor(5, 10, "Hm", SendState::Sent),
        ])
        .await;
    let groups: Vec<_> = screen
        .all("message")
        .iter()
        .map(|it| ["opens", "closes"].map(|class| it.class_list().contains(class)))
        .collect();
    assert_eq!(groups, [[true, false], [false, true], [true, true], [true, true], [true, true]]);
    assert_eq!(screen.css_texts(".author:not(.unseen)"), ["Ana: ", "Ana: ", "Assistant: "]);
}

#[wasm_bindgen_test]
async fn new_day_is_said_above_its_first_message() {
    let screen = Screen::open().await;
    let day = 24 * 60;
    screen.show([from_agent(1, day, "Then"), from_agent(2, 0, "Now"), from_agent(3, 0, "And now")]).await;
    assert_eq!(screen.texts("notice"), ["Yesterday", "Today"]);
}

#[wasm_bindgen_test]
async fn element_of_a_message_survives_its_changes_and_its_moves() {
    let screen = Screen::open().await;
    screen.show([from_visitor(1, 1, "Mine", SendState::Sending), from_agent(2, 0, "Theirs")]).await;
    let before = screen.all("message")[0].clone();

    let sent = from_visitor(1, 0, "Mine", SendState::Sent);
    screen.diff(TimelineDiff::Set { index: 0, item: sent.clone() }).await;
    assert_eq!(screen.all("message")[0], before);
    assert_eq!(before.get_attribute("data-state").as_deref(), Some("sent"));

    screen.diff(TimelineDiff::Move { from: 0, to: 1, item: sent }).await;
    assert_eq!(screen.texts("text"), ["Theirs", "Mine"]);
    assert_eq!(screen.all("message")[1], before);

    screen.diff(TimelineDiff::Remove { index: 0 }).await;
    assert_eq!(screen.all("message"), [before]);
}

#[wasm_bindgen_test]
async fn what_is_new_moves_in_and_what_comes_out_of_history_stands_there() {
    let screen = Screen::open().await;
    let connected = |status| screen.apply(Event::Status(status, None));
    let moves_in = || screen.css(".line").last().is_some_and(|line| line.class_list().contains("fresh"));
    connected(ConnectionStatus::Reconnecting { next_try_in: None }).await;
    screen.arrive(from_agent(1, 3, "Missed")).await;
    assert!(!moves_in());
    connected(ConnectionStatus::Online).await;
    screen.arrive(from_agent(3, 1, "Said now")).await;
    assert!(moves_in());
    screen.apply(history(true)).await;
    screen.arrive(from_agent(4, 0, "Found further back")).await;
    assert!(!moves_in());
}

#[wasm_bindgen_test]
async fn text_is_text_and_addresses_are_links() {
    let screen = Screen::open().await;
    let text = "<img src=x onerror=alert(1)>\nsee https://a.example/b, or not";
    screen.show([from_agent(1, 0, text)]).await;
    assert_eq!(screen.texts("text"), [text]);
    let links = screen.css("[part~=text] a");
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].get_attribute("href").as_deref(), Some("https://a.example/b"));
    assert_eq!(links[0].get_attribute("rel").as_deref(), Some("noopener noreferrer nofollow"));
    assert!(screen.css("[part~=text] img").is_empty());
}

#[wasm_bindgen_test]
async fn content_that_cannot_be_shown_is_said_to_be_there() {
    let screen = Screen::open().await;
    screen.show([screen::with_more(from_agent(1, 0, ""))]).await;
    assert_eq!(screen.css_texts(".not-shown"), ["This message holds something that cannot be shown here."]);
}

#[wasm_bindgen_test]
async fn typing_is_shown_while_it_lasts() {
    let screen = Screen::open().await;
    screen.apply(Event::Typing(true)).await;
    assert_eq!(screen.all("typing").len(), 1);
    screen.apply(Event::Typing(false)).await;
    assert_eq!(screen.all("typing").len(), 0);
}

#[wasm_bindgen_test]
async fn failed_message_offers_to_try_again_and_to_be_removed() {
    let screen = Screen::open().await;
    screen.show([from_visitor(1, 0, "Mine", SendState::Failed(Rejection::Server))]).await;
    assert!(screen.css_texts(".meta")[0].contains("Could not be sent"));
    screen.click("retry").await;
    screen.click_css("[part~=retry] + button").await;
    assert_eq!(screen.said(), [Command::Retry(LocalId("l1".into())), Command::Discard(LocalId("l1".into()))]);
}

#[wasm_bindgen_test]
async fn message_whose_fate_is_unknown_leaves_the_choice_to_the_visitor() {
    let screen = Screen::open().await;
    screen.show([from_visitor(1, 0, "Mine", SendState::Unconfirmed { ask: false })]).await;
    assert!(screen.all("retry").is_empty());
    let item = from_visitor(1, 0, "Mine", SendState::Unconfirmed { ask: true });
    screen.diff(TimelineDiff::Set { index: 0, item }).await;
    assert!(screen.css_texts(".meta")[0].contains("Not sure this arrived"));
    screen.click("retry").await;
    assert_eq!(screen.said(), [Command::Retry(LocalId("l1".into()))]);
}

// The reading position

#[wasm_bindgen_test]
async fn end_stays_in_view_while_messages_come() {
    let screen = Screen::open().await;
    screen.show((1..40).map(|key| from_agent(key, 60 - key, "Hello"))).await;
    screen.frames().await;
    assert!(screen.is_at_end());
    screen.arrive(from_agent(50, 0, "More\nand\nmore")).await;
    screen.frames().await;
    assert!(screen.is_at_end());
    assert!(screen.css(".pill").is_empty());
}

#[wasm_bindgen_test]
async fn line_being_read_stays_where_it_is_and_a_pill_tells_of_the_new_ones() {
    let screen = Screen::open().await;
    screen.show((1..40).map(|key| from_agent(key, 60 - key, "Hello"))).await;
    screen.frames().await;
    screen.scroll_to(500).await;
    let line = screen.all("message")[20].clone();
    let before = top_of(&line);

    for index in 0..5 {
        let item = from_agent(100 + index, 90, "Older");
        screen.diff(TimelineDiff::Insert { index: usize::try_from(index).expect("small"), item }).await;
    }
    screen.arrive(from_agent(200, 0, "Newer")).await;
    screen.arrive(from_agent(201, 0, "Newest")).await;
    screen.frames().await;
    let moved = top_of(&line) - before;
    assert!(moved.abs() < 1.0, "moved by {moved} px");
    assert_eq!(screen.css_texts(".pill"), ["2 new messages"]);

    screen.click_css(".pill").await;
    screen.frames().await;
    assert!(screen.is_at_end());
    assert!(screen.css(".pill").is_empty());
}

#[wasm_bindgen_test]
async fn older_messages_are_asked_for_near_the_beginning_and_once_at_a_time() {
    let screen = Screen::open().await;
    screen.show((1..40).map(|key| from_agent(key, 60 - key, "Hello"))).await;
    screen.apply(history(false)).await;
    screen.frames().await;
    screen.scroll_to(10).await;
    assert_eq!(screen.said(), [Command::LoadEarlier]);
    screen.apply(history(true)).await;
    screen.scroll_to(5).await;
    screen.click_css(".earlier").await;
    assert_eq!(screen.said(), []);
}

// The composer

#[wasm_bindgen_test]
async fn enter_sends_what_was_written_and_clears_the_box() {
    let screen = Screen::open().await;
    screen.write("Hello there").await;
    screen.press("composer", "Enter", &[]).await;
    assert_eq!(screen.composer().value(), "");
    assert_eq!(
        screen.said(),
        [Command::Draft("Hello there".into()), Command::Draft(String::new()), Command::Send("Hello there".into())]
    );
}

#[wasm_bindgen_test]
async fn enter_sends_nothing_with_shift_or_inside_an_input_method_or_when_blank() {
    let screen = Screen::open().await;
    screen.write("Hello").await;
    screen.said();
    screen.press("composer", "Enter", &[("shiftKey", true.into())]).await;
    screen.press("composer", "Enter", &[("isComposing", true.into())]).await;
    screen.press("composer", "Enter", &[("keyCode", 229.into())]).await;
    assert_eq!(screen.said(), []);
    assert_eq!(screen.composer().value(), "Hello");

    screen.write(" \n ").await;
    screen.said();
    screen.press("composer", "Enter", &[]).await;
    assert_eq!(screen.said(), []);
}

#[wasm_bindgen_test]
async fn button_sends_and_the_visitor_goes_on_writing() {
    let screen = Screen::open().await;
    assert_eq!(screen.attribute("send", "aria-disabled"), "true");
    screen.write("Hello").await;
    assert_eq!(screen.attribute("send", "aria-disabled"), "false");
    screen.said();
    screen.click("send").await;
    assert_eq!(screen.said()[1], Command::Send("Hello".into()));
    assert_eq!(screen.focused(), "composer");
}

#[wasm_bindgen_test]
async fn too_long_a_message_is_neither_sent_nor_cut_and_it_is_said_why() {
    let screen = Screen::open().await;
    screen.write(&"é".repeat(1_900)).await;
    assert_eq!(screen.css_texts(".room"), ["296 left"]);
    let text = "é".repeat(2_050);
    screen.write(&text).await;
    screen.said();
    screen.press("composer", "Enter", &[]).await;
    assert_eq!(screen.said(), []);
    assert_eq!(screen.composer().value(), text);
    assert_eq!(screen.attribute("send", "aria-disabled"), "true");
    assert_eq!(screen.css_texts(".room"), ["Too long by 4. Shorten it to send."]);
    assert_eq!(screen.spoken(), "Too long by 4. Shorten it to send.");
}

#[wasm_bindgen_test]
async fn while_too_much_waits_the_text_stays_and_it_is_said_why() {
    let screen = Screen::open().await;
    screen.write("Hello").await;
    screen.apply(Event::Full(true)).await;
    screen.said();
    screen.press("composer", "Enter", &[]).await;
    assert_eq!(screen.said(), []);
    assert_eq!(screen.composer().value(), "Hello");
    assert_eq!(screen.attribute("send", "aria-disabled"), "true");
    let why = "Too much is waiting to be sent. This can be sent when some of it has gone.";
    assert_eq!(screen.css_texts(".room"), [why]);
    assert_eq!(screen.spoken(), why);
    screen.apply(Event::Full(false)).await;
    screen.press("composer", "Enter", &[]).await;
    assert_eq!(screen.said().last(), Some(&Command::Send("Hello".into())));
}

#[wasm_bindgen_test]
async fn draft_comes_back_after_a_reload() {
    let screen = Screen::open().await;
    screen.apply(Event::Draft("As I was say".into())).await;
    assert_eq!(screen.composer().value(), "As I was say");
    assert_eq!(screen.said(), []);
}

#[wasm_bindgen_test]
async fn keys_typed_into_the_composer_do_not_reach_the_page() {
    let screen = Screen::open().await;
    let heard = screen.listen_as_the_page("keydown");
    screen.press("composer", "/", &[]).await;
    screen.press("composer", "Escape", &[]).await;
    assert_eq!(heard.get(), 0);
}

// Small screens

#[wasm_bindgen_test]
async fn panel_that_fills_the_screen_keeps_the_tab_key_inside() {
    let screen = Screen::new().await;
    screen.restyle(".panel { inset-inline: 0; inline-size: 100%; }"); // as on a small screen, whatever the runner's is
    screen.click("launcher").await;
    assert_eq!(screen.attribute("panel", "aria-modal"), "true");
    screen.press("send", "Tab", &[]).await;
    assert_eq!(screen.css(":focus")[0].class_name(), "close");
    screen.press_css(".close", "Tab", &[("shiftKey", true.into())]).await;
    assert_eq!(screen.focused(), "send");
}

// The connection

#[wasm_bindgen_test]
async fn status_has_words_where_something_is_the_matter_and_none_where_not() {
    let screen = Screen::open().await;
    for (status, word, words) in [
        (ConnectionStatus::Idle, "idle", ""),
        (ConnectionStatus::Online, "online", ""),
        (ConnectionStatus::Connecting, "connecting", "Connecting…"),
        (ConnectionStatus::Reconnecting { next_try_in: None }, "reconnecting", "Reconnecting…Try now"),
        (
            ConnectionStatus::Reconnecting { next_try_in: Some(8) },
            "reconnecting",
            "Reconnecting… Next try in 8\u{a0}s.Try now",
        ),
        (ConnectionStatus::Offline, "offline", "You are offline. What you write is sent when you are back."),
        (
            ConnectionStatus::Evicted,
            "evicted",
            "You continued this chat in another tab or on another device.Continue here",
        ),
        (ConnectionStatus::ReadOnly, "readonly", "This chat has ended. You can still read it."),
        (ConnectionStatus::Expired, "expired", "This chat can no longer be continued. You can still read it."),
        (
            ConnectionStatus::Refused,
            "refused",
            "We cannot open the chat. If this goes on, please contact us another way. What you wrote is kept.Try again",
        ),
        (
            ConnectionStatus::Misconfigured,
            "misconfigured",
            "Chat is not available right now. Please contact us another way.",
        ),
    ] {
        screen.apply(Event::Status(status, None)).await;
        assert_eq!(screen.attribute("status", "data-status"), word);
        assert_eq!(screen.text("status"), words, "{word}");
    }
}

#[wasm_bindgen_test]
async fn what_the_visitor_can_do_is_said_with_the_trouble() {
    let screen = Screen::open().await;
    let waiting = ConnectionStatus::Reconnecting { next_try_in: Some(8) };
    let long = ConnectionStatus::Reconnecting { next_try_in: Some(3_500) };
    let refusal = Problem::NotSignedIn { status: 401 };
    for (problem, status, words) in [
        (Problem::InLine, waiting, "The chat is busy right now. Next try in 8\u{a0}s."),
        (Problem::InLine, long, "The chat is busy right now. Next try in 59\u{a0}min."),
        (
            Problem::TokenUnavailable(TokenTrouble::NotJson),
            waiting,
            "We cannot sign you in to the chat. If this goes on, reload the page. What you wrote is kept. Next try in 8\u{a0}s.Try now",
        ),
        (
            Problem::KeepsFailing { code: 1000, has_opened: true, is_granted: true },
            waiting,
            "We cannot open the chat. If this goes on, please contact us another way. What you wrote is kept. Next try in 8\u{a0}s.Try now",
        ),
        (Problem::ConnectionLost { code: 1006 }, waiting, "Reconnecting… Next try in 8\u{a0}s.Try now"),
        (
            refusal,
            ConnectionStatus::Refused,
            "We cannot sign you in to the chat. If this goes on, reload the page. What you wrote is kept.Try again",
        ),
    ] {
        screen.apply(Event::Status(status, problem.advice())).await;
        assert_eq!(screen.text("status"), words);
    }
}

#[wasm_bindgen_test]
async fn each_trouble_has_its_one_thing_to_do() {
    let screen = Screen::open().await;
    screen.apply(Event::Status(ConnectionStatus::Reconnecting { next_try_in: Some(9) }, None)).await;
    let button = screen.css("[part~=status] button")[0].clone();
    screen.apply(Event::Status(ConnectionStatus::Reconnecting { next_try_in: Some(8) }, None)).await;
    assert_eq!(screen.css("[part~=status] button"), [button], "a countdown builds no new button");
    screen.click_css("[part~=status] button").await;
    screen.apply(Event::Status(ConnectionStatus::Evicted, None)).await;
    screen.click("use-here").await;
    screen.apply(Event::Status(ConnectionStatus::ReadOnly, None)).await;
    screen.click("new-chat").await;
    assert_eq!(screen.said(), [Command::TryNow, Command::UseHere, Command::NewChat]);
}

#[wasm_bindgen_test]
async fn visitor_can_write_as_long_as_the_conversation_may_go_on() {
    let screen = Screen::open().await;
    for (status, is_disabled) in [
        (ConnectionStatus::Idle, false),
        (ConnectionStatus::Connecting, false),
        (ConnectionStatus::Online, false),
        (ConnectionStatus::Reconnecting { next_try_in: None }, false),
        (ConnectionStatus::Offline, false),
        (ConnectionStatus::Evicted, false),
        (ConnectionStatus::Refused, false),
        (ConnectionStatus::ReadOnly, true),
        (ConnectionStatus::Expired, true),
        (ConnectionStatus::Misconfigured, true),
    ] {
        screen.apply(Event::Status(status, None)).await;
        assert_eq!(screen.composer().disabled(), is_disabled, "{status:?}");
    }
}

#[wasm_bindgen_test]
async fn new_chat_takes_over_what_was_written_and_the_focus() {
    let screen = Screen::open().await;
    screen.write("One more thing").await;
    screen.apply(Event::Status(ConnectionStatus::Expired, None)).await;
    assert_eq!(screen.composer().value(), "One more thing");
    screen.click("new-chat").await;
    screen.apply(Event::Status(ConnectionStatus::Online, None)).await;
    assert_eq!(screen.composer().value(), "One more thing");
    assert_eq!(screen.focused(), "composer");
    assert!(screen.all("new-chat").is_empty());
}

#[wasm_bindgen_test]
async fn wrong_settings_are_all_named_in_the_panel() {
    let screen = Screen::open().await;
    screen.store.misconfigured(vec![
        FieldError { attribute: "data-deployment-id", problem: "is missing".into() },
        FieldError { attribute: "data-region", problem: "is not a host name".into() },
    ]);
    screen.settle().await;
    assert_eq!(screen.attribute("status", "data-status"), "misconfigured");
    assert_eq!(screen.css_texts(".faults li"), ["data-deployment-id is missing", "data-region is not a host name"]);
    assert!(screen.composer().disabled());
}

#[wasm_bindgen_test]
async fn bug_is_shown_plainly() {
    let screen = Screen::open().await;
    screen.store.broken();
    screen.settle().await;
    assert!(screen.text("status").starts_with("The chat has stopped working."));
    assert!(screen.composer().disabled());
}

// For those who listen

#[wasm_bindgen_test]
async fn what_is_said_is_spoken_once_and_history_is_not() {
    let screen = Screen::open().await;
    screen.show([from_agent(1, 5, "Old")]).await;
    assert_eq!(screen.spoken(), "");
    screen.arrive(from_agent(2, 0, "New")).await;
    assert_eq!(screen.spoken(), "Ana said: New");
    screen.until(|screen| screen.spoken().is_empty()).await;

    screen.apply(Event::Said(from_visitor(3, 0, "Mine", SendState::Sent))).await;
    assert_eq!(screen.spoken(), "Sent");
}

#[wasm_bindgen_test]
async fn typing_is_spoken_once_for_each_turn() {
    let screen = Screen::open().await;
    screen.show([from_agent(1, 5, "Old")]).await;
    screen.apply(Event::Typing(true)).await;
    assert_eq!(screen.spoken(), "Ana is typing");
    screen.until(|screen| screen.spoken().is_empty()).await;
    screen.apply(Event::Typing(false)).await;
    screen.apply(Event::Typing(true)).await;
    assert_eq!(screen.spoken(), "");
}

#[wasm_bindgen_test]
async fn visible_log_is_not_live() {
    let screen = Screen::open().await;
    let log = &screen.css("[role=log]")[0];
    assert_eq!(log.get_attribute("aria-live").as_deref(), Some("off"));
    assert_eq!(screen.css("[aria-live=polite]").len(), 1);
    assert!(screen.css("[role=status], [role=alert]").is_empty());
}

// The page's policy

#[wasm_bindgen_test]
async fn no_markup_is_ever_made_from_a_string_and_no_style_stands_in_an_attribute() {
    let _guard = no_html();
    let screen = Screen::open().await;
    screen.apply(Event::Typing(true)).await;
    screen.apply(Event::Unread(3)).await;
    screen.apply(history(false)).await;
    screen
        .show([
            from_bot(1, 9, "See https://a.example"),
            from_visitor(2, 8, "Hi", SendState::Failed(Rejection::TooLong)),
            from_visitor(3, 7, "Hi", SendState::Unconfirmed { ask: true }),
            notice(4, 4, Notice::Ended),
        ])
        .await;
    for status in [ConnectionStatus::Evicted, ConnectionStatus::Refused, ConnectionStatus::ReadOnly] {
        screen.apply(Event::Status(status, None)).await;
    }
    screen.store.misconfigured(vec![FieldError { attribute: "data-region", problem: "is missing".into() }]);
    screen.settle().await;
    // The panel's two custom properties are set through the CSSOM, which the policy allows.
    assert!(screen.css("[style]:not([part~=panel])").is_empty());
}

/// There are older messages.
fn history(is_loading: bool) -> Event {
    Event::History { has_more: true, is_loading, complete_up_to: Timestamp::default() }
}
