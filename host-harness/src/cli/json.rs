//! The one JSON document that `--json` prints on stdout.
//!
//! ```json
//! {
//!   "command": "sync",
//!   "tenant": "north",
//!   "exit_code": 3,
//!   "result": { "preview": { "plan": { "digest": "sha256:…", "writes": 12 } } },
//!   "error": { "kind": "confirmation-needed", "message": "…", "next": "…" },
//!   "metrics": [ { "call": "sync", "wall_ms": 812 } ]
//! }
//! ```
//!
//! `command` and `exit_code` always stand there; `tenant`, `result`, `error` and `metrics` where there is something to
//! say. Both `result` and `error` stand there when a plan waits for confirmation or a run is done in part. Field names
//! are snake case, enumerations are written as in `wit/onboarding.wit`, and fields are only ever added. Every form of
//! `result` is described in `docs/json.md`; the functions here are its only source.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::exit::{Exit, Failure};
use crate::{
    model::{
        erp::Description,
        onboarding::{Analysis, DecisionCount, Obstacle, OutcomeCount, Plan, Preflight, RunReport, Sample},
    },
    report::words,
};

/// How a command ended, before it is printed.
#[derive(Debug, Default)]
pub struct Ending {
    /// The tenant it was about, once known.
    pub tenant: Option<String>,
    /// What it found or did.
    pub result: Option<Value>,
    /// Why it did not end with 0.
    pub failure: Option<Failure>,
    /// What each call of the component used.
    pub metrics: Vec<Value>,
    /// Whether the command has printed its document itself, because it is too large to be held.
    pub printed: bool,
}

impl Ending {
    /// The code to end with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.failure.as_ref().map_or(Exit::Done, |failure| failure.exit)
    }

    /// The document.
    #[must_use]
    pub fn document(&self, command: &str) -> Value {
        let mut document = Map::new();
        document.insert("command".to_owned(), command.into());
        if let Some(tenant) = &self.tenant {
            document.insert("tenant".to_owned(), tenant.as_str().into());
        }
        document.insert("exit_code".to_owned(), self.exit().code().into());
        if let Some(result) = &self.result {
            document.insert("result".to_owned(), result.clone());
        }
        if let Some(failure) = &self.failure {
            document.insert("error".to_owned(), error(failure));
        }
        if !self.metrics.is_empty() {
            document.insert("metrics".to_owned(), self.metrics.clone().into());
        }
        document.into()
    }

    /// Prints the document and a line feed.
    pub fn print(&self, command: &str, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &self.document(command))?;
        writeln!(out)?;
        out.flush()
    }
}

fn error(failure: &Failure) -> Value {
    json!({ "kind": failure.kind, "message": failure.message, "next": failure.next })
}

/// What `analyze` found.
#[must_use]
pub fn analysis(found: &Analysis) -> Value {
    json!({
        "source": description(&found.source),
        "total": found.total,
        "exempt": found.exempt,
        "taxable": found.taxable,
        "unknown": found.unknown,
        "out_of_use": found.out_of_use,
        "unreadable": found.unreadable,
        "creatable": found.creatable,
        "invitable": found.invitable,
        "by_strength": found.by_strength.iter().map(|count| json!({
            "strength": words::strength(count.strength).name,
            "customers": count.customers,
        })).collect::<Vec<_>>(),
        "by_evidence": found.by_evidence.iter().map(|count| json!({
            "kind": words::evidence(count.kind).name,
            "field": count.field,
            "customers": count.customers,
        })).collect::<Vec<_>>(),
        "by_region": found.by_region.iter().map(|count| json!({
            "country": count.country,
            "region": count.region,
            "customers": count.customers,
            "exempt": count.exempt,
        })).collect::<Vec<_>>(),
        "obstacles": obstacles(&found.obstacles),
    })
}

/// What a call of `sync` or `onboard-certificates` found, planned or did.
#[must_use]
pub fn run_report(report: &RunReport) -> Value {
    json!({
        "preflight": preflight(&report.preflight),
        "plan": report.plan.as_ref().map(plan),
        "decisions": report.decisions.iter().map(decision).collect::<Vec<_>>(),
        "obstacles": obstacles(&report.obstacles),
        "outcomes": report.outcomes.iter().map(outcome).collect::<Vec<_>>(),
        "coverage": report.coverage.iter().map(|count| json!({
            "country": count.country,
            "region": count.region,
            "effective": count.effective,
            "not_yet": count.not_yet,
        })).collect::<Vec<_>>(),
        "remaining": report.remaining,
        "stopped": report.stopped,
    })
}

/// Whether AvaTax can be used.
#[must_use]
pub fn preflight(found: &Preflight) -> Value {
    json!({
        "service_version": found.service_version,
        "authentication": found.authentication,
        "company_id": found.company_id,
        "company_name": found.company_name,
        "provisioning": words::provisioning(found.provisioning).name,
        "certificate_role": words::role(found.certificate_role).name,
        "source": description(&found.source),
    })
}

fn description(source: &Description) -> Value {
    json!({
        "product": source.product,
        "adapter": source.adapter,
        "exemption_fields": source.exemption_fields,
        "customers": source.customers,
    })
}

fn plan(plan: &Plan) -> Value {
    json!({
        "digest": plan.digest,
        "writes": plan.writes,
        "certificates": plan.certificates,
        "invitations": plan.invitations,
    })
}

fn decision(count: &DecisionCount) -> Value {
    json!({
        "decision": words::decision(count.decision).name,
        "count": count.count,
        "samples": samples(&count.samples),
    })
}

fn outcome(count: &OutcomeCount) -> Value {
    json!({
        "operation": words::operation(count.operation).name,
        "state": words::outcome(count.state).name,
        "count": count.count,
        "samples": samples(&count.samples),
    })
}

fn obstacles(found: &[Obstacle]) -> Vec<Value> {
    found
        .iter()
        .map(|obstacle| {
            json!({
                "kind": words::obstacle(obstacle.kind).name,
                "effect": words::effect(obstacle.effect).name,
                "customers": obstacle.customers,
                "samples": samples(&obstacle.samples),
            })
        })
        .collect()
}

fn samples(samples: &[Sample]) -> Vec<Value> {
    samples
        .iter()
        .map(|sample| {
            json!({ "id": sample.id, "code": sample.code, "name": sample.name, "detail": sample.detail })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_always_names_command_and_code_and_leaves_out_what_is_empty() {
        let done = Ending::default();
        assert_eq!(done.document("check"), json!({ "command": "check", "exit_code": 0 }));
        let failed = Ending {
            tenant: Some("north".to_owned()),
            failure: Some(Failure::usage("No.", "Do.")),
            ..Ending::default()
        };
        assert_eq!(
            failed.document("sync"),
            json!({
                "command": "sync", "tenant": "north", "exit_code": 2,
                "error": { "kind": "usage", "message": "No.", "next": "Do." },
            })
        );
    }

    #[test]
    fn enumerations_are_written_as_in_the_contract() {
        let value = run_report(&super::super::samples::run_report());
        assert_eq!(value.pointer("/preflight/provisioning"), Some(&json!("provisioned")));
        assert_eq!(value.pointer("/decisions/0/decision"), Some(&json!("create")));
        assert_eq!(value.pointer("/decisions/0/samples/0/code"), Some(&json!("C-1")));
        assert_eq!(value.pointer("/obstacles/0/kind"), Some(&json!("line1-missing")));
        assert_eq!(value.pointer("/plan/writes"), Some(&json!(12)));
    }
}
