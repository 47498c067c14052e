#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| guest_chat_fuzz::report::report(text));
