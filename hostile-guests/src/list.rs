//! The list of behaviours, by what they attack.

/// Hands the list to another macro as `group { name, … } …`. A name reads as a sentence about the guest.
#[macro_export]
macro_rules! for_each_behaviour {
    ($with:path) => {
        $with! {
            policy {
                asks_another_host,
                asks_another_port,
                asks_without_encryption,
                asks_by_another_method,
                asks_while_nothing_is_allowed,
                asks_hosts_that_look_like_the_allowed_one,
                hides_a_host_behind_user_information,
                writes_an_absolute_address_as_path,
                names_another_host_in_a_field,
                writes_an_address_in_other_ways,
                asks_a_name_that_leads_to_this_machine,
                asks_addresses_that_are_not_public,
                asks_by_another_spelling_of_the_path,
                asks_another_company,
                asks_during_an_analysis,
                writes_during_a_preview,
                is_redirected,
            }
            http {
                waits_no_time_at_all,
                asks_with_an_endless_address,
                sends_a_thousand_fields,
                sends_an_endless_field,
                is_answered_with_a_thousand_fields,
                is_answered_with_an_endless_field,
                is_answered_with_two_lengths,
                is_answered_with_less_than_declared,
                is_answered_with_more_than_declared,
                is_answered_without_end,
                is_answered_with_silence,
                declares_two_lengths,
                sends_less_than_it_declared,
                sends_more_than_it_declared,
                sends_without_end,
                never_reads_an_answer,
                drops_requests_at_once,
                signs_its_own_requests,
                looks_for_the_credentials,
            }
            conduct {
                reports_progress_without_end,
                takes_all_memory,
                takes_all_handles,
                keeps_fields_for_ever,
                returns_a_million_items,
                returns_deep_lists,
                returns_an_endless_text,
                returns_a_false_digest,
                writes_control_sequences,
                floods_the_journal,
                appends_more_than_allowed,
                appends_what_is_for_others_to_say,
                asks_for_a_million_customers,
                asks_for_pages_of_any_size,
                reads_beyond_a_document,
                panics,
                recurses_without_end,
                sleeps_without_end,
                works_for_a_while,
                keeps_several_answers,
            }
            isolation {
                remembers,
                lists_every_customer,
                answers,
            }
        }
    };
}
