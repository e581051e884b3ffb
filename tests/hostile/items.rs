//! What has to be tried at all, and which tests do.
//!
//! The list is that of the attacks on hosts of components that are known from advisories and from other hosts. A test is
//! named by its path in this program; one that is beside the code of the host, because it needs what only the host has
//! inside, is named by the file and `::`. Names that no test has fail here, and so do tests that are compiled but never
//! run.

use std::{collections::BTreeSet, fs, process::Command};

use onboarding_tests::workspace;

/// An attack, and the tests of it.
type Item = (&'static str, &'static [&'static str]);

const POLICY: &[Item] = &[
    ("another host", &["policy::asks_another_host"]),
    ("another port", &["policy::asks_another_port"]),
    ("http instead of https", &["policy::asks_without_encryption"]),
    ("another method", &["policy::asks_by_another_method", "policy::writes_during_a_preview"]),
    ("an empty list denies", &["policy::asks_while_nothing_is_allowed", "policy::asks_during_an_analysis"]),
    ("a wildcard matches too much", &["policy::asks_hosts_that_look_like_the_allowed_one"]),
    ("user information", &["policy::hides_a_host_behind_user_information"]),
    ("absolute form of a path", &["policy::writes_an_absolute_address_as_path"]),
    ("the field `Host`", &["policy::names_another_host_in_a_field"]),
    (
        "mapped, decimal and octal addresses",
        &["policy::writes_an_address_in_other_ways", "policy::asks_addresses_that_are_not_public"],
    ),
    (
        "names that lead to this machine, metadata services and private networks",
        &[
            "policy::asks_a_name_that_leads_to_this_machine",
            "host-harness/src/http/tests/names.rs::a_name_that_leads_to_a_special_address_is_not_connected_to",
            "host-harness/src/http/tests/names.rs::of_several_addresses_only_those_that_are_permitted_are_tried",
        ],
    ),
    (
        "a second look-up that differs",
        &[
            "host-harness/src/http/tests/names.rs::what_was_judged_is_connected_to_without_looking_the_name_up_again",
            "host-harness/src/http/tests/names.rs::a_name_that_leads_elsewhere_the_second_time_is_judged_again",
        ],
    ),
    ("a redirect", &["policy::is_redirected"]),
    (
        "another spelling of a path, another company",
        &["policy::asks_by_another_spelling_of_the_path", "policy::asks_another_company"],
    ),
];

const HTTP: &[Item] = &[
    (
        "no time at all",
        &[
            "http::waits_no_time_at_all",
            "host-harness/src/http/tests.rs::waits_of_zero_end_at_once_without_a_panic",
        ],
    ),
    ("an address of a megabyte", &["http::asks_with_an_endless_address"]),
    (
        "a thousand fields, a field of a megabyte",
        &[
            "http::sends_a_thousand_fields",
            "http::sends_an_endless_field",
            "http::is_answered_with_a_thousand_fields",
            "http::is_answered_with_an_endless_field",
        ],
    ),
    ("several lengths", &["http::declares_two_lengths", "http::is_answered_with_two_lengths"]),
    (
        "bodies longer and shorter than declared",
        &[
            "http::sends_less_than_it_declared",
            "http::sends_more_than_it_declared",
            "http::is_answered_with_less_than_declared",
            "http::is_answered_with_more_than_declared",
        ],
    ),
    (
        "bodies without end, and silence",
        &["http::is_answered_without_end", "http::is_answered_with_silence", "http::sends_without_end"],
    ),
    ("answers that are none", &["http::an_answer_that_is_none_is_an_error_and_spoils_nothing"]),
    ("a server that stops reading", &["http::sends_without_end"]),
    ("answers that are never read", &["http::never_reads_an_answer"]),
    ("answers that are not waited for", &["http::drops_requests_at_once"]),
    ("credentials", &["http::signs_its_own_requests", "http::looks_for_the_credentials"]),
];

const CONDUCT: &[Item] = &[
    (
        "a loop in each export and while starting",
        &[
            "text::a_loop_behind_any_door_is_ended_at_the_deadline",
            "conduct::works_for_a_while",
            "conduct::sleeps_without_end",
        ],
    ),
    (
        "a loop of calls of the host",
        &["conduct::reports_progress_without_end", "text::a_burst_of_requests_for_handles_is_ended_too"],
    ),
    (
        "memory",
        &[
            "conduct::takes_all_memory",
            "conduct::recurses_without_end",
            "text::a_component_that_gets_no_more_memory_may_end_well_and_is_named_when_it_does_not",
            "text::more_memory_than_there_is_cannot_be_asked_for_at_the_start",
        ],
    ),
    ("tables", &["text::many_tables_are_bounded_by_their_number_and_each_by_its_size"]),
    ("instances", &["text::more_instances_than_allowed_are_named_or_not_even_loaded"]),
    (
        "handles",
        &["conduct::takes_all_handles", "conduct::keeps_fields_for_ever", "conduct::keeps_several_answers"],
    ),
    (
        "a million items, deep lists, texts without end",
        &[
            "conduct::returns_a_million_items",
            "conduct::returns_deep_lists",
            "conduct::returns_an_endless_text",
            "text::answers_that_are_no_answers_are_faults_of_the_component",
        ],
    ),
    (
        "texts that are not what they seem",
        &["conduct::returns_a_false_digest", "conduct::writes_control_sequences"],
    ),
    (
        "floods: the journal is bounded, and there are no standard streams to be flooded",
        &[
            "conduct::floods_the_journal",
            "conduct::appends_more_than_allowed",
            "host-harness/src/plugin/tests.rs::an_import_beyond_the_contract_is_named",
            "tests/component.rs::it_names_exactly_the_imports_of_the_list_and_exports_one_interface",
        ],
    ),
    ("what is for others to say", &["conduct::appends_what_is_for_others_to_say"]),
    (
        "questions of any size",
        &[
            "conduct::asks_for_a_million_customers",
            "conduct::asks_for_pages_of_any_size",
            "conduct::reads_beyond_a_document",
        ],
    ),
    (
        "a fault, and the call after it",
        &[
            "conduct::panics",
            "host-harness/src/plugin/tests.rs::a_fault_is_told_apart_from_a_limit_and_the_next_call_works",
        ],
    ),
    (
        "a cancelled call, and the one after it",
        &["isolation::after_a_call_that_was_cancelled_the_next_tenant_finds_the_place_free_and_clean"],
    ),
    ("another version of the contract", &["text::a_contract_of_another_version_is_refused_by_name"]),
    (
        "a missing export",
        &[
            "host-harness/src/plugin/tests.rs::a_component_without_the_onboarding_interface_is_refused",
            "host-harness/src/plugin/tests.rs::right_names_with_wrong_types_are_a_mismatch",
        ],
    ),
    ("an import too many", &["host-harness/src/plugin/tests.rs::an_import_beyond_the_contract_is_named"]),
    (
        "truncated and random bytes",
        &[
            "text::nesting_without_end_ends_nothing_but_the_loading",
            "text::no_beginning_of_a_component_is_taken_for_one",
            "text::random_bytes_are_refused_whatever_they_begin_with",
            "text::a_component_with_changed_bytes_is_refused_or_ends_like_any_other",
        ],
    ),
    (
        "a component that is too large",
        &["host-harness/src/plugin/tests.rs::a_component_over_the_size_limit_is_not_compiled"],
    ),
];

const ISOLATION: &[Item] = &[
    ("what one call leaves behind", &["isolation::remembers", "isolation::answers"]),
    ("rows of another tenant", &["isolation::lists_every_customer"]),
    (
        "a full host",
        &[
            "isolation::a_host_that_is_full_says_so_and_has_room_again_afterwards",
            "isolation::a_component_with_everything_there_may_be_takes_the_place_of_one_call_only",
        ],
    ),
    (
        "a tenant who never rests",
        &[
            "host-harness/src/plugin/tests.rs::tenants_that_come_after_one_that_never_rests_end_while_it_still_runs",
        ],
    ),
    ("two calls for one tenant", &["isolation::of_one_tenant_no_two_calls_write_at_once"]),
];

fn every_item() -> impl Iterator<Item = &'static Item> {
    [POLICY, HTTP, CONDUCT, ISOLATION].into_iter().flatten()
}

/// The tests of this program, as it would run them.
fn tests_here() -> BTreeSet<String> {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Whether a file of the workspace holds a test of this name.
fn is_in(file: &str, name: &str) -> bool {
    let text = fs::read_to_string(workspace().join(file)).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let names = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with("()"))
    };
    let is_test = |line: &str| line == "#[test]" || line.starts_with("#[tokio::test");
    lines.windows(2).any(|pair| matches!(pair, [before, line] if is_test(before) && names(line)))
}

#[test]
fn every_item_has_tests_and_every_one_of_them_runs() {
    let here = tests_here();
    let mut missing = Vec::new();
    for (item, tests) in every_item() {
        assert!(!tests.is_empty(), "nothing tries: {item}");
        for test in *tests {
            let found = match test.split_once(".rs::") {
                Some((file, name)) => is_in(&format!("{file}.rs"), name),
                None => here.contains(*test),
            };
            if !found {
                missing.push(*test);
            }
        }
    }
    assert_eq!(missing, [] as [&str; 0]);
}

#[test]
fn every_behaviour_is_tried_by_a_test_that_runs_and_belongs_to_an_item() {
    let here = tests_here();
    let named: BTreeSet<_> = every_item().flat_map(|(_, tests)| tests.iter().copied()).collect();
    let unused: Vec<_> = crate::TESTS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !here.contains(*name) || !named.contains(name))
        .collect();
    assert_eq!(unused, [] as [&str; 0]);
    // A list that is empty would lack nothing either.
    assert!(crate::TESTS.len() >= 59, "{}", crate::TESTS.len());
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let own = "tests/hostile/items.rs";
    assert!(is_in(own, "a_test_that_is_not_there_is_noticed"));
    assert!(!is_in(own, "tests_here"), "a function that is no test");
    assert!(!is_in(own, "nowhere"));
    assert!(!tests_here().contains("items::tests_here"));
}
