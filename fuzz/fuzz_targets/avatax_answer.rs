//! What one answer of AvaTax means, whatever its body: judged once, the same way by everyone who asks.
#![no_main]

use ecms_onboarding::{
    avatax::{
        answer::{judge, slow_down},
        retry::{Call, Next, next},
    },
    json::{self, Value},
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, network};

fuzz_target!(|bytes: &[u8]| {
    let answer = network::answer(bytes);
    let (read, write) = (next(&answer, Call::Read), next(&answer, Call::Write));
    let judged = judge(answer.clone());
    if let Some(seconds) = slow_down(&answer) {
        assert_eq!((read, write), (Next::SlowDown(seconds), Next::SlowDown(seconds)));
    }
    match (&answer, &judged) {
        (Ok(response), Ok(body)) => {
            assert!((200..300).contains(&response.status));
            assert_eq!(body, &response.body);
            assert_eq!((read, write), (Next::Final(true), Next::Final(true)));
            if let Ok(value) = json::parse(body) {
                check_json(&value);
            }
        }
        (_, Ok(_)) => panic!("no answer is no success"),
        (_, Err(failure)) => {
            check_sentence(&failure.sentence(), 1000);
            assert_ne!(write, Next::Final(true));
            // A write is repeated only if it certainly was not done.
            if matches!(failure, ecms_onboarding::avatax::Failure::Unclear(_)) && slow_down(&answer).is_none()
            {
                assert_eq!(write, Next::Final(false));
            }
        }
    }
});

/// Printing and parsing again gives the same, and whatever is asked for by name is there or empty.
fn check_json(value: &Value) {
    let printed = value.to_string();
    let again = json::parse(printed.as_bytes()).expect("what was printed can be parsed");
    if !has_floats(value) {
        assert_eq!(&again, value);
    }
    for field in ["id", "value", "customerCode", "error", "status"] {
        let given = value.get(field);
        assert_eq!(
            json::text(value, field).is_empty(),
            given.and_then(Value::as_str).unwrap_or_default().is_empty()
        );
        assert_eq!(json::number(value, field), given.and_then(Value::as_u64).unwrap_or_default());
        assert!(json::numbers(value, field).len() <= json::list(value, field).len());
    }
}

fn has_floats(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(list) => list.iter().any(has_floats),
        Value::Object(fields) => fields.values().any(has_floats),
        _ => false,
    }
}
