//! The scripted agent: when it speaks, when it falls silent, and that the same seed says the same.

mod bench;

use bench::{A, B, Bench, NOW, TOKEN, gist, presence, text};
use simulator::{Kind, Settings};

#[test]
fn the_agent_greets_types_and_answers_as_the_same_seed_did_before() {
    let conversation = || {
        let mut bench = Bench::new(Settings::default());
        bench.configured(A);
        let mut heard = bench.send(A, &presence("Join"));
        heard.extend(bench.send(A, &text("Where is my order?", "m1")));
        while let Some(due) = bench.backend.next_due().filter(|due| *due < NOW + 60_000) {
            bench.now = due;
            heard.extend(bench.backend.advance(due));
        }
        (gist(&heard), bench.backend.transcript(TOKEN))
    };
    let (heard, transcript) = conversation();
    assert_eq!(
        heard[..5],
        ["1 Join", "1 Where is my order?", "1 Typing", "1 Hi, I am Ana. How can I help you today?", "1 Typing"]
    );
    assert!(heard[5].contains("order number"), "{heard:?}");
    assert_eq!(heard.len(), 6);
    assert_eq!(
        transcript.iter().map(|row| row.kind).collect::<Vec<_>>(),
        [Kind::Join, Kind::Message, Kind::Message, Kind::Message]
    );
    assert_eq!(conversation(), (heard, transcript));
}

#[test]
fn goodbye_ends_the_conversation_read_only() {
    let mut bench = Bench::new(Settings::default());
    bench.configured(A);
    bench.send(A, &text("bye", "m1"));
    bench.pass(10_000);
    assert_eq!(bench.ask(A, &text("wait", "m2"))["code"], 409);
}

#[test]
fn the_agent_does_not_speak_into_the_next_conversation() {
    let mut bench = Bench::new(Settings::default());
    bench.configured(A);
    bench.send(A, &text("hello", "m1"));
    bench.send(A, &presence("Clear"));
    bench.configured(B);
    assert!(bench.pass(10_000).is_empty());
}
