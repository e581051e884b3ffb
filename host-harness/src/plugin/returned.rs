//! What a component hands back, measured and cleaned.
//!
//! The bytes of an answer are bounded by the sandbox; this bounds its shape. Lists are counted together, so that no
//! nesting of them gets past the cap; a text that is too long is refused, because cutting a name or a digest would
//! change what it says; characters that could move a terminal's cursor or turn the reading direction become spaces.

use crate::{
    error::{CallError, is_invisible},
    limits::Limits,
    model::{
        erp::Description,
        onboarding::{Analysis, DecisionCount, Obstacle, OutcomeCount, Preflight, RunReport, Sample},
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
        for sample in samples {
            for text in [&mut sample.id, &mut sample.code, &mut sample.name, &mut sample.detail] {
                self.text(text)?;
            }
        }
        Ok(())
    }

    fn description(&mut self, source: &mut Description) -> Result<(), CallError> {
        self.items(source.exemption_fields.len())?;
        self.text(&mut source.product)?;
        self.text(&mut source.adapter)?;
        source.exemption_fields.iter_mut().try_for_each(|field| self.text(field))
    }

    fn obstacles(&mut self, obstacles: &mut [Obstacle]) -> Result<(), CallError> {
        self.items(obstacles.len())?;
        obstacles.iter_mut().try_for_each(|obstacle| self.samples(&mut obstacle.samples))
    }

    fn preflight(&mut self, preflight: &mut Preflight) -> Result<(), CallError> {
        self.text(&mut preflight.service_version)?;
        self.text(&mut preflight.authentication)?;
        self.text(&mut preflight.company_name)?;
        self.description(&mut preflight.source)
    }

    fn decisions(&mut self, decisions: &mut [DecisionCount]) -> Result<(), CallError> {
        self.items(decisions.len())?;
        decisions.iter_mut().try_for_each(|decision| self.samples(&mut decision.samples))
    }

    fn outcomes(&mut self, outcomes: &mut [OutcomeCount]) -> Result<(), CallError> {
        self.items(outcomes.len())?;
        outcomes.iter_mut().try_for_each(|outcome| self.samples(&mut outcome.samples))
    }
}

/// An analysis within the caps.
pub(super) fn analysis(mut analysis: Analysis, limits: &Limits) -> Result<Analysis, CallError> {
    let mut budget = Budget::new(limits);
    budget.description(&mut analysis.source)?;
    budget.items(analysis.by_strength.len())?;
    budget.items(analysis.by_evidence.len())?;
    for count in &mut analysis.by_evidence {
        budget.text(&mut count.field)?;
    }
    budget.items(analysis.by_region.len())?;
    for count in &mut analysis.by_region {
        budget.text(&mut count.country)?;
        budget.text(&mut count.region)?;
    }
    budget.obstacles(&mut analysis.obstacles)?;
    Ok(analysis)
}

/// A run report within the caps.
pub(super) fn report(mut report: RunReport, limits: &Limits) -> Result<RunReport, CallError> {
    let mut budget = Budget::new(limits);
    budget.preflight(&mut report.preflight)?;
    if let Some(plan) = &mut report.plan {
        // It is shown to be copied into a command line, so it has to be a digest and nothing else.
        if !is_digest(&plan.digest) {
            return Err(CallError::trap("The component gave a plan without a proper digest.", ""));
        }
    }
    budget.decisions(&mut report.decisions)?;
    budget.obstacles(&mut report.obstacles)?;
    budget.outcomes(&mut report.outcomes)?;
    budget.items(report.coverage.len())?;
    for count in &mut report.coverage {
        budget.text(&mut count.country)?;
        budget.text(&mut count.region)?;
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
    use crate::model::onboarding::{
        CertificateRole, CoverageCount, Decision, Effect, ObstacleKind, Provisioning, RegionCount,
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
}
