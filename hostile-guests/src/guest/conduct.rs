//! Using up what there is, handing back what nobody asked for, and breaking down.

use super::{
    Ending, Orders,
    ask::{self, Ask},
    bindings::{
        ecms::onboarding::{
            documents::{self, Rendition},
            erp::{self, FieldGroups, Scan},
            journal::{self, Entry, EntryKind, Operation},
            progress::{self, Event, Phase},
        },
        exports::ecms::onboarding::onboarding::{Effect, Obstacle, ObstacleKind, RegionCount, Sample},
        wasi::{
            clocks::monotonic_clock,
            http::types::{Fields, RequestOptions},
        },
    },
    empty_analysis,
};

/// As many as the first argument says; so many where it says nothing.
fn count(orders: &Orders, otherwise: u64) -> usize {
    let asked = orders.number(0);
    usize::try_from(if asked == 0 { otherwise } else { asked }).unwrap_or(usize::MAX)
}

pub(super) fn reports_progress_without_end(_orders: &Orders) -> Ending {
    loop {
        // The person's wish to stop is not listened to either.
        let _ = progress::report(Event { phase: Phase::Preflight, done: u64::MAX, total: Some(0) });
    }
}

/// Takes mebibytes, by default without end.
pub(super) fn takes_all_memory(orders: &Orders) -> Ending {
    let most = count(orders, u64::MAX);
    let mut taken = Vec::new();
    while taken.len() < most {
        taken.push(vec![1_u8; 1 << 20]);
    }
    Ending::Words(format!("{} MiB", std::hint::black_box(taken).len()))
}

/// Takes handles of one kind, by default without end.
pub(super) fn takes_all_handles(orders: &Orders) -> Ending {
    let most = count(orders, u64::MAX);
    let mut taken = Vec::new();
    while taken.len() < most {
        taken.push(monotonic_clock::subscribe_duration(u64::MAX));
    }
    Ending::Words(format!("{} handles", taken.len()))
}

/// The same with header fields: few handles, much memory of the host. The first argument is how many kilobytes of fields
/// stand behind each handle, by default about as many as they may be.
pub(super) fn keeps_fields_for_ever(orders: &Orders) -> Ending {
    let mut kept = Vec::new();
    loop {
        let fields = Fields::new();
        for _ in 0..count(orders, 30) {
            if fields.append("accept", &[b'x'; 1000]).is_err() {
                return Ending::Words("refused".to_owned());
            }
        }
        kept.push(fields);
    }
}

pub(super) fn returns_a_million_items(orders: &Orders) -> Ending {
    let one = || RegionCount { country: String::new(), region: String::new(), customers: 0, exempt: 0 };
    let by_region = std::iter::repeat_with(one).take(count(orders, 1_000_000)).collect();
    Ending::Analysis(super::Analysis { by_region, ..empty_analysis() })
}

/// Lists inside lists, each of them short: the first argument to the power of two.
pub(super) fn returns_deep_lists(orders: &Orders) -> Ending {
    let side = count(orders, 300);
    let sample =
        || Sample { id: String::new(), code: String::new(), name: String::new(), detail: String::new() };
    let obstacle = || Obstacle {
        kind: ObstacleKind::NameMissing,
        effect: Effect::Notice,
        customers: 0,
        samples: std::iter::repeat_with(sample).take(side).collect(),
    };
    let obstacles = std::iter::repeat_with(obstacle).take(side).collect();
    Ending::Analysis(super::Analysis { obstacles, ..empty_analysis() })
}

pub(super) fn returns_an_endless_text(orders: &Orders) -> Ending {
    let mut analysis = empty_analysis();
    analysis.source.product = "x".repeat(count(orders, 50 << 20));
    Ending::Analysis(analysis)
}

pub(super) fn returns_a_false_digest(_orders: &Orders) -> Ending {
    Ending::Digest("sha256:$(reboot)".to_owned())
}

pub(super) fn writes_control_sequences(orders: &Orders) -> Ending {
    let text = "a\u{1b}[2J\u{202e}b\r\nc";
    if orders.text(0) == "error" {
        return Ending::Words(text.to_owned());
    }
    let mut analysis = empty_analysis();
    analysis.source.product = text.to_owned();
    Ending::Analysis(analysis)
}

fn entry(body: String) -> Entry {
    Entry {
        kind: EntryKind::PlanItem,
        operation: Operation::Sync,
        plan: "1".to_owned(),
        key: "k".to_owned(),
        customer: String::new(),
        state: None,
        body,
    }
}

/// A body of that many bytes.
fn body(size: usize) -> String {
    format!("{{\"a\":\"{}\"}}", "x".repeat(size.saturating_sub(8)))
}

/// Appends full entries until it is told no; the first argument is how many at most.
pub(super) fn floods_the_journal(orders: &Orders) -> Ending {
    let most = count(orders, u64::MAX);
    let entries: Vec<_> = std::iter::repeat_with(|| entry(body(65_536))).take(16).collect();
    let mut appended = 0;
    while appended < most {
        match journal::append(&entries) {
            Ok(_) => appended += entries.len(),
            Err(error) => return Ending::Words(format!("{appended} entries, then {error:?}")),
        }
    }
    Ending::Words(format!("{appended} entries"))
}

pub(super) fn appends_more_than_allowed(_orders: &Orders) -> Ending {
    let many: Vec<_> = std::iter::repeat_with(|| entry("{}".to_owned())).take(1_001).collect();
    let outcomes = [
        journal::append(&many),
        journal::append(&[entry(body(65_537))]),
        journal::append(&[Entry { key: "k".repeat(401), ..entry("{}".to_owned()) }]),
        journal::append(&[entry("no object".to_owned())]),
        journal::append(&[]),
    ];
    Ending::Words(format!("{}", outcomes.iter().filter(|outcome| outcome.is_err()).count()))
}

/// Records an approval that nobody gave, and what only people and the host may say.
pub(super) fn appends_what_is_for_others_to_say(_orders: &Orders) -> Ending {
    let approval = Entry {
        kind: EntryKind::Approval,
        key: format!("sha256:{}", "0".repeat(64)),
        body: "{\"approved_by\":\"Test Approver\"}".to_owned(),
        ..entry(String::new())
    };
    let review = Entry { kind: EntryKind::Review, ..entry("{}".to_owned()) };
    let outcomes = [journal::append(&[approval]), journal::append(&[review])];
    Ending::Words(format!("{outcomes:?}"))
}

pub(super) fn asks_for_a_million_customers(orders: &Orders) -> Ending {
    let ids: Vec<_> = (0..count(orders, 1_000_000)).map(|at| at.to_string()).collect();
    Ending::Words(match erp::get_customers(&ids, FieldGroups::empty()) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(error) => format!("{error:?}"),
    })
}

pub(super) fn asks_for_pages_of_any_size(_orders: &Orders) -> Ending {
    let ask = |page_size| {
        let scan = Scan { fields: FieldGroups::all(), page_size, after: None };
        erp::list_customers(&scan).map_or(0, |page| page.rows.len())
    };
    let false_cursor = Scan { fields: FieldGroups::empty(), page_size: 1, after: Some("'; --".to_owned()) };
    let cursor = erp::list_customers(&false_cursor).is_err();
    Ending::Words(format!("{} {} {cursor}", ask(0), ask(u32::MAX)))
}

pub(super) fn reads_beyond_a_document(orders: &Orders) -> Ending {
    let read = |id: &str, offset, max| {
        let read = documents::read_document(id, Rendition::Original, offset, max);
        read.map_or("refused".to_owned(), |bytes| bytes.len().to_string())
    };
    let id = orders.text(0);
    Ending::Words(
        [
            read(id, 0, u32::MAX),
            read(id, u64::MAX, u32::MAX),
            read(id, 0, 0),
            read("file:../secret", 0, 1),
            read("../../etc/passwd", 0, 1),
        ]
        .join(" "),
    )
}

#[expect(clippy::panic, reason = "that is its behaviour")]
pub(super) fn panics(_orders: &Orders) -> Ending {
    panic!("this guest panics")
}

pub(super) fn recurses_without_end(orders: &Orders) -> Ending {
    fn deeper(depth: u64) -> u64 {
        if std::hint::black_box(depth) == u64::MAX { 0 } else { 1 + deeper(std::hint::black_box(depth + 1)) }
    }
    Ending::Words(deeper(orders.number(0)).to_string())
}

pub(super) fn sleeps_without_end(_orders: &Orders) -> Ending {
    monotonic_clock::subscribe_duration(u64::MAX).block();
    Ending::Words("awake".to_owned())
}

/// Computes for as many milliseconds as the first argument says.
pub(super) fn works_for_a_while(orders: &Orders) -> Ending {
    let begun = monotonic_clock::now();
    let time = orders.number(0).saturating_mul(1_000_000);
    while monotonic_clock::now().saturating_sub(begun) < time {
        std::hint::black_box((0..1000_u64).sum::<u64>());
    }
    Ending::Words("done".to_owned())
}

/// Asks as often as the first argument says and keeps every answer unread; the last one is not waited for long.
pub(super) fn keeps_several_answers(orders: &Orders) -> Ending {
    let mut kept = Vec::new();
    let mut told = Vec::new();
    for at in 1..=orders.number(0) {
        let mut next = Ask::ping(orders);
        if at == orders.number(0) {
            let options = RequestOptions::new();
            // It is the host that says no, and not this wait, when the host's own wait is longer.
            let set = options.set_first_byte_timeout(Some(2_000_000_000));
            assert!(set.is_ok(), "the host takes no timeouts");
            next.options = Some(options);
        }
        match next.send().and_then(ask::wait) {
            Ok(response) => {
                told.push(response.status().to_string());
                kept.push(response);
            }
            Err(words) => told.push(words),
        }
    }
    Ending::Words(told.join(" "))
}
