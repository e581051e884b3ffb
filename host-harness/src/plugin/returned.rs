//! What a component hands back, measured and cleaned.
//!
//! The bytes of an answer are bounded by the sandbox; this bounds its shape. Lists are counted together, so that no
//! nesting of them gets past the cap; a text that is too long is refused, because cutting a name or a digest would
//! change what it says; characters that could move a terminal's cursor or turn the reading direction become spaces.
//! Every record is taken apart by all its fields, so that one that is added to the contract does not compile before somebody
//! has said here how it is bounded.

use crate::{
    error::{CallError, is_invisible},
    limits::Limits,
    model::{
        erp::Description,
        onboarding::{
            Analysis, CoverageCount, DecisionCount, EvidenceCount, Obstacle, OutcomeCount, Plan, Preflight,
            RegionCount, RunReport, Sample,
        },
    },
};

/// What is left of the caps.
struct Budget {
    items: usize,
    limits: Limits,
}

impl Budget {
    fn new(limits: &Limits) -> Self {
        Self { items: limits.returned_items, limits: *limits }
    }

    fn items(&mut self, count: usize) -> Result<(), CallError> {
        let max = self.limits.returned_items as u64;
        self.items =
            self.items.checked_sub(count).ok_or(CallError::Limit { what: "entries in its report", max })?;
        Ok(())
    }

    fn text(&self, text: &mut String) -> Result<(), CallError> {
        let max = self.limits.returned_text_bytes;
        if text.len() > max {
            return Err(CallError::Limit { what: "bytes in a text of its report", max: max as u64 });
        }
        if text.contains(is_invisible) {
            *text = text.replace(is_invisible, " ");
        }
        Ok(())
    }

    fn samples(&mut self, samples: &mut [Sample]) -> Result<(), CallError> {
        self.items(samples.len())?;
        for Sample { id, code, name, detail } in samples {
            for text in [id, code, name, detail] {
                self.text(text)?;
            }
        }
        Ok(())
    }

    fn description(&mut self, source: &mut Description) -> Result<(), CallError> {
        let Description { product, adapter, exemption_fields, customers: _ } = source;
        self.items(exemption_fields.len())?;
        self.text(product)?;
        self.text(adapter)?;
        exemption_fields.iter_mut().try_for_each(|field| self.text(field))
    }

    fn obstacles(&mut self, obstacles: &mut [Obstacle]) -> Result<(), CallError> {
        self.items(obstacles.len())?;
        for Obstacle { kind: _, effect: _, customers: _, samples } in obstacles {
            self.samples(samples)?;
        }
        Ok(())
    }

    fn preflight(&mut self, preflight: &mut Preflight) -> Result<(), CallError> {
        let Preflight {
            service_version,
            authentication,
            company_id: _,
            company_name,
            provisioning: _,
            certificate_role: _,
            source,
        } = preflight;
        self.text(service_version)?;
        self.text(authentication)?;
        self.text(company_name)?;
        self.description(source)
    }

    fn decisions(&mut self, decisions: &mut [DecisionCount]) -> Result<(), CallError> {
        self.items(decisions.len())?;
        for DecisionCount { decision: _, count: _, samples } in decisions {
            self.samples(samples)?;
        }
        Ok(())
    }

    fn outcomes(&mut self, outcomes: &mut [OutcomeCount]) -> Result<(), CallError> {
        self.items(outcomes.len())?;
        for OutcomeCount { operation: _, state: _, count: _, samples } in outcomes {
            self.samples(samples)?;
        }
        Ok(())
    }
}

/// An analysis within the caps.
pub(super) fn analysis(mut analysis: Analysis, limits: &Limits) -> Result<Analysis, CallError> {
    let mut budget = Budget::new(limits);
    let Analysis {
        source,
        total: _,
        exempt: _,
        taxable: _,
        unknown: _,
        out_of_use: _,
        unreadable: _,
        creatable: _,
        invitable: _,
        by_strength,
        by_evidence,
        by_region,
        obstacles,
    } = &mut analysis;
    budget.description(source)?;
    budget.items(by_strength.len())?;
    budget.items(by_evidence.len())?;
    for EvidenceCount { kind: _, field, customers: _ } in by_evidence {
        budget.text(field)?;
    }
    budget.items(by_region.len())?;
    for RegionCount { country, region, customers: _, exempt: _ } in by_region {
        budget.text(country)?;
        budget.text(region)?;
    }
    budget.obstacles(obstacles)?;
    Ok(analysis)
}

/// A run report within the caps.
pub(super) fn report(mut report: RunReport, limits: &Limits) -> Result<RunReport, CallError> {
    let mut budget = Budget::new(limits);
    let RunReport { preflight, plan, decisions, obstacles, outcomes, coverage, remaining: _, stopped: _ } =
        &mut report;
    budget.preflight(preflight)?;
    if let Some(Plan { digest, writes: _, certificates: _, invitations: _ }) = plan {
        // It is shown to be copied into a command line, so it has to be a digest and nothing else.
        if !is_digest(digest) {
            return Err(CallError::trap("The component gave a plan without a proper digest.", ""));
        }
    }
    budget.decisions(decisions)?;
    budget.obstacles(obstacles)?;
    budget.outcomes(outcomes)?;
    budget.items(coverage.len())?;
    for CoverageCount { country, region, effective: _, not_yet: _ } in coverage {
        budget.text(country)?;
        budget.text(region)?;
    }
    Ok(report)
}

/// Whether a text is `sha256:` and 64 hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        erp::EvidenceKind,
        journal::{Operation, OutcomeState},
        onboarding::{
            CertificateRole, Decision, Effect, ObstacleKind, Provisioning, Strength, StrengthCount,
        },
    };

    fn source() -> Description {
        Description {
            product: "P".into(),
            adapter: "A".into(),
            exemption_fields: Vec::new(),
            customers: None,
        }
    }

    fn example() -> Analysis {
        Analysis {
            source: source(),
            total: 0,
            exempt: 0,
            taxable: 0,
            unknown: 0,
            out_of_use: 0,
            unreadable: 0,
            creatable: 0,
            invitable: 0,
            by_strength: Vec::new(),
            by_evidence: Vec::new(),
            by_region: Vec::new(),
            obstacles: Vec::new(),
        }
    }

    fn sample(name: &str) -> Sample {
        Sample { id: "1".into(), code: "C1".into(), name: name.to_owned(), detail: String::new() }
    }

    fn run_report() -> RunReport {
        RunReport {
            preflight: Preflight {
                service_version: String::new(),
                authentication: String::new(),
                company_id: 1,
                company_name: "Example".into(),
                provisioning: Provisioning::Provisioned,
                certificate_role: CertificateRole::Unknown,
                source: source(),
            },
            plan: None,
            decisions: Vec::new(),
            obstacles: Vec::new(),
            outcomes: Vec::new(),
            coverage: Vec::new(),
            remaining: 0,
            stopped: false,
        }
    }

    #[test]
    fn lists_are_counted_together() {
        let limits = Limits { returned_items: 3, ..Limits::default() };
        let region = RegionCount { country: "US".into(), region: "GA".into(), customers: 1, exempt: 0 };
        let obstacle = |samples| Obstacle {
            kind: ObstacleKind::NameMissing,
            effect: Effect::NoCreation,
            customers: 1,
            samples,
        };
        let fits = Analysis {
            by_region: vec![region.clone()],
            obstacles: vec![obstacle(vec![sample("x")])],
            ..example()
        };
        assert!(analysis(fits, &limits).is_ok());
        let over = Analysis {
            by_region: vec![region],
            obstacles: vec![obstacle(vec![sample("x"), sample("y")])],
            ..example()
        };
        assert!(matches!(analysis(over, &limits), Err(CallError::Limit { max: 3, .. })));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_and_not_cut() {
        let limits = Limits { returned_text_bytes: 5, ..Limits::default() };
        let with = |name: &str| RunReport {
            decisions: vec![DecisionCount {
                decision: Decision::Create,
                count: 1,
                samples: vec![sample(name)],
            }],
            preflight: Preflight { company_name: "ok".into(), ..run_report().preflight },
            ..run_report()
        };
        assert!(report(with("12345"), &limits).is_ok());
        assert!(matches!(report(with("123456"), &limits), Err(CallError::Limit { max: 5, .. })));
    }

    #[test]
    fn terminal_sequences_in_a_report_become_spaces() {
        let dirty = RunReport {
            coverage: vec![CoverageCount {
                country: "\u{1b}[2J".into(),
                region: "G\u{202e}A".into(),
                effective: 0,
                not_yet: 0,
            }],
            ..run_report()
        };
        let clean = report(dirty, &Limits::default()).unwrap();
        assert_eq!(clean.coverage[0].country, " [2J");
        assert_eq!(clean.coverage[0].region, "G A");
    }

    /// What to put into a report, field by field.
    type Change<T> = fn(&mut T, &str);

    #[test]
    fn every_text_of_an_analysis_is_bounded_and_cleaned() {
        let changes: [Change<Analysis>; 7] = [
            |it, text| text.clone_into(&mut it.source.product),
            |it, text| text.clone_into(&mut it.source.adapter),
            |it, text| it.source.exemption_fields.push(text.to_owned()),
            |it, text| {
                it.by_evidence.push(EvidenceCount {
                    kind: EvidenceKind::NonTaxableFlag,
                    field: text.to_owned(),
                    customers: 1,
                });
            },
            |it, text| it.by_region.push(region(text, "")),
            |it, text| it.by_region.push(region("", text)),
            |it, text| it.obstacles.push(obstacle(text)),
        ];
        every(&changes, example, analysis);
    }

    #[test]
    fn every_text_of_a_run_report_is_bounded_and_cleaned() {
        let changes: [Change<RunReport>; 9] = [
            |it, text| text.clone_into(&mut it.preflight.service_version),
            |it, text| text.clone_into(&mut it.preflight.authentication),
            |it, text| text.clone_into(&mut it.preflight.company_name),
            |it, text| text.clone_into(&mut it.preflight.source.product),
            |it, text| it.decisions.push(decision(text)),
            |it, text| it.obstacles.push(obstacle(text)),
            |it, text| it.outcomes.push(outcome(text)),
            |it, text| it.coverage.push(coverage(text, "")),
            |it, text| it.coverage.push(coverage("", text)),
        ];
        every(&changes, run_report, report);
    }

    fn every<T: std::fmt::Debug>(
        changes: &[Change<T>],
        plain: fn() -> T,
        check: fn(T, &Limits) -> Result<T, CallError>,
    ) {
        let limits = Limits { returned_text_bytes: 12, ..Limits::default() };
        for (at, change) in changes.iter().enumerate() {
            let with = |text: &str| {
                let mut it = plain();
                change(&mut it, text);
                check(it, &limits)
            };
            assert!(matches!(with("thirteen long"), Err(CallError::Limit { max: 12, .. })), "{at}");
            let clean = format!("{:?}", with("a\u{1b}[2J\u{202e}b").unwrap());
            assert!(clean.contains("a [2J b"), "{at}: {clean}");
        }
    }

    #[test]
    fn every_list_counts() {
        let limits = Limits { returned_items: 0, ..Limits::default() };
        let strength = || StrengthCount { strength: Strength::Weak, customers: 1 };
        let lists: [fn(&mut Analysis); 3] = [
            |it| it.source.exemption_fields.push(String::new()),
            |it| it.by_region.push(region("", "")),
            |it| it.obstacles.push(Obstacle { samples: Vec::new(), ..obstacle("") }),
        ];
        for (at, list) in lists.iter().enumerate() {
            let mut it = example();
            list(&mut it);
            assert!(matches!(analysis(it, &limits), Err(CallError::Limit { max: 0, .. })), "{at}");
        }
        let more = [
            Analysis { by_strength: vec![strength()], ..example() },
            Analysis {
                by_evidence: vec![EvidenceCount {
                    kind: EvidenceKind::NoTaxRows,
                    field: String::new(),
                    customers: 1,
                }],
                ..example()
            },
        ];
        for it in more {
            assert!(matches!(analysis(it, &limits), Err(CallError::Limit { max: 0, .. })));
        }
        let lists: [fn(&mut RunReport); 4] = [
            |it| it.decisions.push(DecisionCount { samples: Vec::new(), ..decision("") }),
            |it| it.obstacles.push(Obstacle { samples: Vec::new(), ..obstacle("") }),
            |it| it.outcomes.push(OutcomeCount { samples: Vec::new(), ..outcome("") }),
            |it| it.coverage.push(coverage("", "")),
        ];
        for (at, list) in lists.iter().enumerate() {
            let mut it = run_report();
            list(&mut it);
            assert!(matches!(report(it, &limits), Err(CallError::Limit { max: 0, .. })), "{at}");
        }
    }

    #[test]
    fn a_digest_that_is_none_is_refused_because_it_is_shown_to_be_copied() {
        let with = |digest: String| {
            let plan = Plan { digest, writes: 1, certificates: 0, invitations: 0 };
            report(RunReport { plan: Some(plan), ..run_report() }, &Limits::default())
        };
        assert!(with(format!("sha256:{}", "0a".repeat(32))).is_ok());
        for wrong in ["", "sha256:0a", "x; echo"] {
            assert!(with(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(with(format!("sha256:{}", "0A".repeat(32))).is_err());
    }

    fn region(country: &str, region: &str) -> RegionCount {
        RegionCount { country: country.to_owned(), region: region.to_owned(), customers: 1, exempt: 0 }
    }

    fn coverage(country: &str, region: &str) -> CoverageCount {
        CoverageCount { country: country.to_owned(), region: region.to_owned(), effective: 0, not_yet: 0 }
    }

    fn obstacle(detail: &str) -> Obstacle {
        let samples = vec![Sample { detail: detail.to_owned(), ..sample("") }];
        Obstacle { kind: ObstacleKind::NameMissing, effect: Effect::NoCreation, customers: 1, samples }
    }

    fn decision(id: &str) -> DecisionCount {
        let samples = vec![Sample { id: id.to_owned(), ..sample("") }];
        DecisionCount { decision: Decision::Create, count: 1, samples }
    }

    fn outcome(code: &str) -> OutcomeCount {
        let samples = vec![Sample { code: code.to_owned(), ..sample("") }];
        OutcomeCount { operation: Operation::CreateCustomer, state: OutcomeState::Done, count: 1, samples }
    }
}
