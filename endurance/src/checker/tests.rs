//! Whether the checker sees what is planted. Each test takes a faultless run and spoils one thing.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Evidence, Fault, check, differences, ending};
use crate::{
    avatax::{Books, Effect},
    company::{Company, Known, Size},
    journal::Entry,
};

const ZONES: [&str; 10] = ["GA", "OH", "KS", "NE", "IA", "OK", "WI", "MN", "IN", "KY"];
const HASH: &str = "0123456789abcdef01234567";

/// A run that is made up, from beginning to end.
#[derive(Clone)]
struct Run {
    company: Company,
    hashes: Vec<String>,
    effects: Vec<Effect>,
    books: Books,
    journal: Vec<Entry>,
    now: Timestamp,
    ids: u64,
}

impl Run {
    /// Everything done as it has to be.
    fn good() -> Self {
        let company = Company::of(Size { known: 4, papers: 5, invited: 2, taxed: 2, refused: 0 }, 1);
        let hashes = (0..company.papers.len()).map(|place| format!("{HASH}-{place}")).collect();
        let zones = (1_u64..).zip(ZONES).map(|(id, region)| (id, region.to_owned())).collect();
        let books = Books { zones, ..Books::default() };
        let mut run = Self {
            company,
            hashes,
            effects: Vec::new(),
            books,
            journal: Vec::new(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            ids: 0,
        };
        run.entry("plan-opened", "sync", "", None);
        run.entry("approval", "sync", "sha256:0", None);
        for customer in run.company.customers.clone() {
            let record = run.record(&customer);
            match customer.known {
                Known::No => run.write(
                    "create-customer",
                    "CreateCustomers",
                    "customer-created",
                    &customer.code,
                    json!({}),
                ),
                Known::Poorer => {
                    let detail = json!({"changed": ["emailAddress", "phoneNumber"]});
                    run.write(
                        "update-customer",
                        "UpdateCustomer",
                        "customer-updated",
                        &customer.code,
                        detail,
                    );
                }
                Known::Same | Known::Contrary => {}
            }
            run.books.customers.insert(customer.code.clone(), record);
        }
        for (place, paper) in run.company.papers.clone().into_iter().enumerate() {
            let owner = run.company.owner(&paper).unwrap().code.clone();
            for (region, number) in &paper.entries {
                run.certificate(place, &owner, region, number);
            }
        }
        for customer in run.company.customers.clone() {
            if customer.exempt_in.is_empty() || run.company.has_paper(&customer) {
                continue;
            }
            let zone = ZONES.iter().position(|it| *it == customer.region).unwrap() + 1;
            let detail =
                json!({"recipient": customer.email, "deliveryMethod": "Email", "exposureZones": [zone]});
            let code = &customer.code;
            run.write("send-invitation", "CreateCertExpressInvitation", "invitation-created", code, detail);
            run.books.invitations.push(json!({"customerCode": code, "recipient": customer.email}));
        }
        run
    }

    fn record(&self, customer: &crate::company::Customer) -> Value {
        let mut record = json!({});
        for (field, value) in customer.fields() {
            record[field] = json!(value);
        }
        if customer.known == Known::Contrary {
            record["city"] = json!("Elsewhere");
        }
        record
    }

    fn certificate(&mut self, place: usize, owner: &str, region: &str, number: &str) {
        self.ids += 1;
        let (id, name) = (self.ids, format!("{number}-{region}.pdf"));
        let hash = self.hashes[place].clone();
        let created = json!({"filename": name, "exemptionNumber": number});
        let steps = [
            ("create-certificate", "CreateCertificates", "certificate-created", None, created),
            ("attach-document", "UploadCertificateImage", "attachment-stored", None, json!({"sha256": hash})),
            ("link-certificate", "LinkCertificatesToCustomer", "certificate-linked", Some(owner), json!({})),
        ];
        for (operation, cause, kind, customer, detail) in steps {
            self.entry("intent", operation, &name, None);
            self.effect(cause, kind, customer, Some(id), detail);
            self.entry("outcome", operation, &name, Some("done"));
        }
        self.books.certificates.push(json!({
            "id": id, "exemptionNumber": number, "exposureZone": {"region": region}, "valid": true,
            "exemptionReason": {"name": "RESALE"}, "signedDate": format!("{}T00:00:00", self.company.signed),
            "customers": [{"customerCode": owner}],
        }));
    }

    fn write(&mut self, operation: &str, cause: &str, kind: &str, code: &str, detail: Value) {
        self.entry("intent", operation, code, None);
        self.effect(cause, kind, Some(code), None, detail);
        self.entry("outcome", operation, code, Some("done"));
    }

    fn tick(&mut self) -> Timestamp {
        self.now += SignedDuration::from_millis(1);
        self.now
    }

    fn entry(&mut self, kind: &str, operation: &str, key: &str, state: Option<&str>) {
        let recorded_at = self.tick();
        self.journal.push(Entry {
            sequence: self.journal.len() as u64 + 1,
            recorded_at,
            kind: kind.to_owned(),
            operation: operation.to_owned(),
            plan: if kind == "plan-opened" { String::new() } else { "1".to_owned() },
            key: key.to_owned(),
            customer: String::new(),
            state: state.map(str::to_owned),
            body: json!({}),
        });
    }

    fn effect(
        &mut self,
        cause: &str,
        kind: &str,
        code: Option<&str>,
        certificate: Option<u64>,
        detail: Value,
    ) {
        let at = self.tick();
        self.effects.push(Effect {
            sequence: self.effects.len() as u64 + 1,
            at,
            kind: kind.to_owned(),
            cause: cause.to_owned(),
            customer_code: code.map(str::to_owned),
            certificate_id: certificate,
            detail,
        });
    }

    fn repeat(&mut self, kind: &str) {
        let again = self.effects.iter().find(|effect| effect.kind == kind).unwrap().clone();
        let at = self.tick();
        self.effects.push(Effect { at, ..again });
    }

    fn drop_effect(&mut self, kind: &str) {
        let place = self.effects.iter().position(|effect| effect.kind == kind).unwrap();
        self.effects.remove(place);
    }

    fn change_last_outcome(&mut self, operation: &str, state: &str) {
        let outcome = |it: &&mut Entry| it.kind == "outcome" && it.operation == operation;
        self.journal.iter_mut().rfind(outcome).unwrap().state = Some(state.to_owned());
    }

    /// Kinds of violations, each once.
    fn faults(&self) -> Vec<Fault> {
        let found = check(&Evidence {
            company: &self.company,
            hashes: &self.hashes,
            effects: &self.effects,
            books: &self.books,
            journal: &self.journal,
        });
        let mut faults: Vec<Fault> = found.into_iter().map(|violation| violation.fault).collect();
        faults.dedup();
        faults
    }
}

/// A good run with something spoiled.
fn spoiled(spoil: impl FnOnce(&mut Run)) -> Vec<Fault> {
    let mut run = Run::good();
    spoil(&mut run);
    run.faults()
}

#[test]
fn a_good_run_has_no_violations() {
    assert_eq!(Run::good().faults(), []);
}

#[test]
fn whatever_is_done_twice_is_seen() {
    for kind in [
        "customer-created",
        "customer-updated",
        "certificate-linked",
        "attachment-stored",
        "invitation-created",
    ] {
        assert!(spoiled(|run| run.repeat(kind)).contains(&Fault::Doubled), "{kind}");
    }
    let twice = spoiled(|run| {
        run.repeat("certificate-created");
        run.effects.last_mut().unwrap().certificate_id = Some(99);
    });
    assert!(twice.contains(&Fault::Doubled));
}

#[test]
fn whatever_is_missing_is_seen_and_so_is_the_journal_that_claims_it() {
    for kind in ["customer-created", "attachment-stored", "certificate-linked", "invitation-created"] {
        let found = spoiled(|run| run.drop_effect(kind));
        assert!(found.contains(&Fault::Missing) && found.contains(&Fault::ClaimedDone), "{kind}: {found:?}");
    }
    let code = |run: &Run| run.company.customers[6].code.clone();
    let unlisted = spoiled(|run| {
        let code = code(run);
        run.books.customers.remove(&code);
    });
    assert_eq!(unlisted, [Fault::Missing]);
}

#[test]
fn wrong_content_is_seen() {
    let of_effect = |kind: &'static str, field: &'static str| {
        spoiled(move |run| {
            let effect = run.effects.iter_mut().find(|effect| effect.kind == kind).unwrap();
            effect.detail[field] = json!("somebody@example.com");
        })
    };
    assert_eq!(of_effect("invitation-created", "recipient"), [Fault::Wrong]);
    assert_eq!(of_effect("attachment-stored", "sha256"), [Fault::Wrong]);
    let of_customer = spoiled(|run| {
        let code = run.company.customers[6].code.clone();
        run.books.customers.get_mut(&code).unwrap()["city"] = json!("Nowhere");
    });
    assert_eq!(of_customer, [Fault::Wrong]);
    for (field, value) in [
        ("exposureZone", json!({"region": "TX"})),
        ("exemptionNumber", json!("1")),
        ("signedDate", json!("2001-01-01")),
        ("exemptionReason", json!({"name": "TAXABLE"})),
        ("valid", json!(false)),
        ("customers", json!([])),
    ] {
        assert_eq!(spoiled(|run| run.books.certificates[0][field] = value), [Fault::Wrong], "{field}");
    }
    let other_zone = spoiled(|run| {
        let sent = run.effects.iter_mut().find(|effect| effect.kind == "invitation-created").unwrap();
        sent.detail["exposureZones"] = json!([]);
    });
    assert_eq!(other_zone, [Fault::Wrong]);
}

#[test]
fn what_nobody_wanted_is_seen() {
    let stranger =
        spoiled(|run| run.write("create-customer", "CreateCustomers", "customer-created", "X", json!({})));
    assert_eq!(stranger, [Fault::Extra]);
    let taxed = spoiled(|run| {
        let code = run.company.customers.last().unwrap().code.clone();
        let detail = json!({});
        run.write("send-invitation", "CreateCertExpressInvitation", "invitation-created", &code, detail);
        run.books.invitations.push(json!({"customerCode": code}));
    });
    assert_eq!(taxed, [Fault::Extra]);
    let certificate = spoiled(|run| {
        let owner = run.company.customers[6].code.clone();
        run.certificate(0, &owner, "GA", "777777777");
    });
    assert_eq!(certificate, [Fault::Extra]);
    let by_certificate = spoiled(|run| {
        run.effects.iter_mut().find(|it| it.kind == "customer-created").unwrap().cause =
            "CreateCertificates".into();
    });
    assert_eq!(by_certificate, [Fault::Extra]);
}

#[test]
fn what_avatax_had_may_not_be_written_over() {
    let other_field = spoiled(|run| {
        let update = run.effects.iter_mut().find(|it| it.kind == "customer-updated").unwrap();
        update.detail = json!({"changed": ["emailAddress", "city"]});
    });
    assert_eq!(other_field, [Fault::Overwritten]);
    let contrary = spoiled(|run| {
        let code = run.company.customers[3].code.clone();
        run.books.customers.get_mut(&code).unwrap()["city"] = json!("Lincoln");
    });
    assert_eq!(contrary, [Fault::Wrong]);
    let unlinked = spoiled(|run| {
        let code = run.company.customers[6].code.clone();
        run.effect("UnlinkCertificatesFromCustomer", "certificate-unlinked", Some(&code), Some(1), json!({}));
    });
    assert_eq!(unlinked, [Fault::Overwritten]);
}

#[test]
fn an_outcome_that_lies_is_seen() {
    for operation in
        ["create-customer", "create-certificate", "attach-document", "link-certificate", "send-invitation"]
    {
        for state in ["refused", "moved"] {
            let found = spoiled(|run| run.change_last_outcome(operation, state));
            assert_eq!(found, [Fault::ClaimedUndone], "{operation} {state}");
        }
        let unclear = spoiled(|run| run.change_last_outcome(operation, "unclear"));
        assert_eq!(unclear, [Fault::Unclear, Fault::Open], "{operation}");
    }
}

#[test]
fn a_write_that_was_not_told_or_approved_is_seen() {
    let untold = spoiled(|run| {
        let place = run.journal.iter().position(|it| it.kind == "intent").unwrap();
        run.journal.remove(place);
    });
    assert_eq!(untold, [Fault::Untold]);
    let too_late = spoiled(|run| {
        let late = run.now;
        run.journal.iter_mut().find(|it| it.kind == "intent").unwrap().recorded_at = late;
    });
    assert_eq!(too_late, [Fault::Untold]);
    let unapproved = spoiled(|run| run.journal.retain(|it| it.kind != "approval"));
    assert_eq!(unapproved, [Fault::Unapproved]);
}

#[test]
fn an_intent_without_an_outcome_is_seen() {
    let open = spoiled(|run| run.entry("intent", "send-invitation", "somebody", None));
    assert_eq!(open, [Fault::Open]);
    let silent = spoiled(|run| {
        let place = run.journal.iter().position(|it| it.kind == "outcome").unwrap();
        run.journal.remove(place);
    });
    assert_eq!(silent, [Fault::ClaimedUndone, Fault::Open]);
}

/// Somebody else made the first customer that is to be invited, under another name.
fn taken(run: &mut Run) -> String {
    let invited = |effect: &&Effect| effect.kind == "invitation-created";
    let code = run.effects.iter().find(invited).unwrap().code().to_owned();
    run.effects.retain(|effect| effect.kind != "customer-created" || effect.code() != code);
    run.effect("sim", "customer-created", Some(&code), None, json!({}));
    let of_it = |it: &&mut Entry| it.kind == "outcome" && it.operation == "create-customer" && it.key == code;
    let outcome = run.journal.iter_mut().find(of_it).unwrap();
    (outcome.state, outcome.customer) = (Some("moved".to_owned()), code.clone());
    run.books.customers.get_mut(&code).unwrap()["name"] = json!("Somebody Else Inc");
    code
}

#[test]
fn other_people_explain_what_is_missing_but_not_what_is_doubled() {
    assert_eq!(spoiled(|run| drop(taken(run))), []);
    let doubled = spoiled(|run| {
        taken(run);
        run.repeat("invitation-created");
        run.books.invitations.push(run.books.invitations[0].clone());
    });
    assert_eq!(doubled, [Fault::Doubled]);
    let claimed = spoiled(|run| {
        let code = taken(run);
        run.journal.iter_mut().find(|it| it.kind == "outcome" && it.key == code).unwrap().state =
            Some("done".to_owned());
    });
    assert_eq!(claimed, [Fault::ClaimedDone]);
}

#[test]
fn only_a_change_that_crosses_an_update_may_be_lost() {
    let edited = |long_before: bool| {
        spoiled(|run| {
            let update = run.effects.iter_mut().find(|it| it.kind == "customer-updated").unwrap();
            update.detail = json!({"changed": ["emailAddress", "line2"]});
            let (at, code) = (update.at, update.code().to_owned());
            run.effect("sim", "customer-updated", Some(&code), None, json!({"changed": ["line2"]}));
            let gap = SignedDuration::from_secs(if long_before { 3_600 } else { 0 });
            run.effects.last_mut().unwrap().at = at - gap;
        })
    };
    assert_eq!(edited(false), []);
    assert_eq!(edited(true), [Fault::Overwritten]);
}

#[test]
fn endings_are_compared_without_ids_and_times() {
    let run = Run::good();
    let mut other = run.books.clone();
    other.certificates[0]["id"] = json!(4711);
    other.certificates.reverse();
    assert_eq!(differences(&ending(&run.books), &ending(&other)), []);
    other.certificates.pop();
    assert_eq!(differences(&ending(&run.books), &ending(&other)).len(), 1);
}
