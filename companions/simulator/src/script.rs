//! The scripted agent: Ana, of a small shop. What she says to what, and how long she takes; deterministic from the
//! seed. She knows nothing of the wire and keeps no state but the count of her turns.

use crate::random::Random;

/// Her name, where the deployment lets agents appear by name.
pub(crate) const NAME: &str = "Ana";
/// The name of the bot that only levers move.
pub(crate) const BOT_NAME: &str = "Shop assistant";

/// One thing she does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// She begins to type.
    Types,
    /// She sends a message.
    Says(String),
    /// She ends the conversation.
    Disconnects,
    /// The session expires, as if the visitor had been away for days.
    Expires,
}

/// One thing she does, so many milliseconds after the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) after: u64,
    pub(crate) act: Act,
}

/// What she reacts to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cue<'a> {
    /// A visitor joined.
    Arrival,
    /// A visitor wrote.
    Words(&'a str),
}

/// Her keywords in the order in which they are tried, with her answers. Several lines are several messages.
const TOPICS: &[(&[&str], &[&str])] = &[
    (
        &["many"],
        &[
            "Sure, let me go through it.",
            "First: everything in the shop is in stock unless the page says otherwise.",
            "Second: orders before 2 pm leave the same day.",
            "Third: you can change your mind for sixty days.",
            "That is all of it. Was the one you were looking for among them?",
        ],
    ),
    (
        &["long"],
        &[concat!(
            "Of course, here is the whole story. We started in a garage with one workbench and a single supplier, and we ",
            "still pack every parcel by hand. That is why an order placed before 2 pm leaves the same day, and why the ",
            "note in the box is really written by one of us.\n\nIf something arrives that you do not love, keep the box: ",
            "the return label is underneath the lid, and the refund is on its way as soon as the parcel is scanned.\n\nAnd ",
            "if you ever pass by, the door is open, the coffee is free, and the dog is friendly.",
        )],
    ),
    (
        &["return", "refund", "exchange", "send it back"],
        &[
            "No problem: you can return anything within sixty days.",
            "The label is under the lid of the box. Shall I send you a new one by email?",
        ],
    ),
    (
        &["deliver", "shipping", "ship", "parcel", "tracking"],
        &[
            "Delivery takes one to two working days, and it is free from € 60. Would you like me to check a parcel for you?",
        ],
    ),
    (
        &["order", "bought", "purchase"],
        &["Happy to look that up. Could you give me your order number? It begins with GC."],
    ),
    (
        &["open", "hours", "closed", "when are you"],
        &["The workshop is open on weekdays from eight to six, and I am here in the chat as long as the light is on."],
    ),
    (&["price", "cost", "discount", "voucher"], &["There is 10 % off your first order with the code HELLO10."]),
    (&["human", "real person", "bot", "robot"], &["You have found one! I am Ana. What can I do for you?"]),
    (&["thank", "thx", "cheers"], &["You are very welcome! Is there anything else?"]),
    (&["hello", "hi", "hey", "good morning"], &["Hello, good to have you here. What are you looking for?"]),
];

/// Ways to say that she listens, where no topic fits. `{}` is what the visitor wrote.
const OTHERWISE: &[&str] = &[
    "“{}” – let me see what I can find out about that.",
    "Good question. About “{}”: could you tell me a little more?",
    "I made a note of “{}”. Is it about an order, a delivery or a return?",
];

/// What she does about it.
pub(crate) fn reply(random: &mut Random, cue: Cue, turn: u32) -> Vec<Step> {
    let Cue::Words(text) = cue else {
        return say(random, &["Hi, I am Ana. How can I help you today?".to_owned()]);
    };
    if text.trim().is_empty() {
        return say(random, &["Thank you, I have it.".to_owned()]);
    }
    let words = text.to_lowercase();
    if has_word(&words, "bye") {
        let mut steps = say(random, &["Thank you for stopping by. Have a lovely day!".to_owned()]);
        steps.push(Step { after: 700, act: Act::Disconnects });
        return steps;
    }
    if has_word(&words, "expire") {
        return vec![Step { after: 400, act: Act::Expires }];
    }
    let topic = TOPICS.iter().find(|(keys, _)| keys.iter().any(|key| has_word(&words, key)));
    if let Some((_, lines)) = topic {
        return say(random, &lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>());
    }
    let line = OTHERWISE[turn as usize % OTHERWISE.len()];
    say(random, &[line.replace("{}", &excerpt(text))])
}

/// She reads for a moment, types, and takes longer over longer lines; an answer comes within one to three seconds.
fn say(random: &mut Random, lines: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in lines {
        let typing = (500 + 10 * line.len() as u64 + random.between(0, 400)).min(2200);
        steps.push(Step { after: random.between(300, 700), act: Act::Types });
        steps.push(Step { after: typing, act: Act::Says(line.clone()) });
    }
    steps
}

/// Whether a word of the text begins with the key: "returns" is about "return", "behind" is not "hi".
fn has_word(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let begins = !text[..at].ends_with(char::is_alphanumeric);
        let ends = !text[at + key.len()..].starts_with(char::is_alphanumeric);
        begins && (ends || key.len() > 3)
    })
}

/// The beginning of what was written, on one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let steps = reply(&mut Random::new(1), Cue::Words(text), 0);
        steps
            .into_iter()
            .filter_map(|step| match step.act {
                Act::Says(line) => Some(line),
                Act::Types | Act::Disconnects | Act::Expires => None,
            })
            .collect()
    }

    #[test]
    fn she_types_before_she_speaks_and_answers_within_three_seconds() {
        for text in ["hello", "where is my order?", "tell me a long story", "¿qué?"] {
            let steps = reply(&mut Random::new(9), Cue::Words(text), 0);
            assert_eq!(steps[0].act, Act::Types, "{text}");
            assert!(matches!(steps[1].act, Act::Says(_)), "{text}");
            let delay = steps[0].after + steps[1].after;
            assert!((800..=3000).contains(&delay), "{text}: {delay} ms");
        }
    }

    #[test]
    fn keywords_are_words_and_not_parts_of_words() {
        assert!(said("Can I get REFUNDS?")[0].contains("sixty days"));
        assert!(said("something behind this")[0].contains("behind this"));
        assert_eq!(said("many").len(), 5);
    }

    #[test]
    fn what_she_does_not_know_she_takes_up() {
        assert!(said("purple elephants")[0].contains("purple elephants"));
        assert!(said(&"é".repeat(500))[0].chars().count() < 200);
    }

    #[test]
    fn goodbye_ends_the_conversation() {
        let steps = reply(&mut Random::new(1), Cue::Words("ok, bye!"), 3);
        assert_eq!(steps.last().unwrap().act, Act::Disconnects);
    }
}
