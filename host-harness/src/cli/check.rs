//! `onboard check`: one line for each thing that has to hold before anything is written, in the order in which they
//! are looked at, each with ok, failed, or a remark. What comes after the first failure could not be looked at and is
//! said to be so, because a missing line reads like a good one.

use serde_json::{Value, json};

use super::{
    args::Commands,
    console::{Console, grouped},
    exit::{self, Failure},
    json,
};
use crate::{
    model::onboarding::{CertificateRole, Provisioning, RunReport},
    report::words,
};

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As needed.
    Ok,
    /// Not as needed.
    Failed,
    /// Works, but a person should know.
    Remark,
    /// Not reached.
    NotLookedAt,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Remark => "remark",
            Self::NotLookedAt => "not-looked-at",
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Self::Ok => "ok      ",
            Self::Failed => "FAILED  ",
            Self::Remark => "remark  ",
            Self::NotLookedAt => "-       ",
        }
    }
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Name for machines.
    pub name: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in plain words.
    pub text: String,
}

/// Kinds of failure, in the order of the checks, with the name of the check that they belong to.
const FAILING: [(&str, &[&str]); 5] = [
    ("erp", &["erp-failed"]),
    ("avatax-reachable", &["unreachable"]),
    ("credentials", &["unauthorized"]),
    ("company", &["company-not-found", "invalid-request"]),
    ("certificate-management", &["not-provisioned", "forbidden"]),
];

/// Turns what the component answered into lines and, where one failed, the failure to end with.
#[must_use]
pub fn judge(answer: Result<&RunReport, Failure>, commands: &Commands) -> (Vec<Check>, Option<Failure>) {
    match answer {
        Ok(report) => (passed(report), exit::of_preflight(&report.preflight, commands)),
        Err(failure) => (failed(&failure), Some(failure)),
    }
}

fn passed(report: &RunReport) -> Vec<Check> {
    let found = &report.preflight;
    let source = &found.source;
    let customers =
        source.customers.map(|count| format!(", {} customers", grouped(count))).unwrap_or_default();
    let erp = if source.exemption_fields.is_empty() {
        (Verdict::Remark, format!("{}{customers}; it tells nothing about exemption", source.product))
    } else {
        (
            Verdict::Ok,
            format!(
                "{}{customers}; exemption is read from {}",
                source.product,
                source.exemption_fields.join(", ")
            ),
        )
    };
    let management = match found.provisioning {
        Provisioning::Provisioned => Verdict::Ok,
        Provisioning::InProgress | Provisioning::NotProvisioned => Verdict::Failed,
    };
    let role = match found.certificate_role {
        CertificateRole::Allowed => Verdict::Ok,
        CertificateRole::Denied => Verdict::Failed,
        CertificateRole::Unknown => Verdict::Remark,
    };
    vec![
        check("erp", erp.0, erp.1),
        check("avatax-reachable", Verdict::Ok, format!("AvaTax {} answered", found.service_version)),
        check("credentials", Verdict::Ok, format!("AvaTax knows the credential as {}", found.authentication)),
        check("company", Verdict::Ok, format!("{} (AvaTax id {})", found.company_name, found.company_id)),
        check(
            "certificate-management",
            management,
            format!("certificate management is {}", words::provisioning(found.provisioning).words),
        ),
        check("role", role, format!("the credential {}", role_words(found.certificate_role))),
    ]
}

const fn role_words(role: CertificateRole) -> &'static str {
    match role {
        CertificateRole::Unknown => {
            "could not be tried: whether it may create certificates shows at the first one"
        }
        other => words::role(other).words,
    }
}

fn failed(failure: &Failure) -> Vec<Check> {
    let place = FAILING.iter().position(|(_, kinds)| kinds.contains(&failure.kind));
    let Some(place) = place else {
        return vec![check("run", Verdict::Failed, failure.message.clone())];
    };
    FAILING
        .iter()
        .enumerate()
        .map(|(number, (name, _))| match number.cmp(&place) {
            // The ERP and AvaTax are looked at independently, so the ERP is known to be good only when asked.
            std::cmp::Ordering::Less if *name == "erp" => {
                check(name, Verdict::NotLookedAt, "the ERP was not looked at".to_owned())
            }
            std::cmp::Ordering::Less => check(name, Verdict::Ok, spelled(name).to_owned()),
            std::cmp::Ordering::Equal => check(name, Verdict::Failed, failure.message.clone()),
            std::cmp::Ordering::Greater => {
                check(name, Verdict::NotLookedAt, format!("{} was not looked at", spelled(name)))
            }
        })
        .collect()
}

fn spelled(name: &str) -> &'static str {
    match name {
        "avatax-reachable" => "AvaTax answers",
        "credentials" => "the credential",
        "company" => "the company",
        _ => "certificate management",
    }
}

fn check(name: &'static str, verdict: Verdict, text: String) -> Check {
    Check { name, verdict, text: words::clean(&text, 500) }
}

/// Prints the lines.
pub fn show(console: &mut Console, checks: &[Check]) {
    for check in checks {
        console.say(format!("{}{}", check.verdict.mark(), check.text));
    }
}

/// The `result` of the JSON document.
#[must_use]
pub fn result(checks: &[Check], report: Option<&RunReport>) -> Value {
    json!({
        "checks": checks.iter().map(|check| json!({
            "check": check.name,
            "verdict": check.verdict.name(),
            "text": check.text,
        })).collect::<Vec<_>>(),
        "preflight": report.map(|report| json::preflight(&report.preflight)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onboarding::Error;

    fn verdicts(checks: &[Check]) -> Vec<(&'static str, Verdict)> {
        checks.iter().map(|check| (check.name, check.verdict)).collect()
    }

    #[test]
    fn everything_good_is_said_line_by_line() {
        let report = super::super::samples::run_report();
        let (checks, failure) = judge(Ok(&report), &Commands::all("onboard check"));
        assert_eq!(failure, None);
        let texts: Vec<_> = checks.iter().map(|check| check.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "Embedded ERP, 320 customers; exemption is read from taxable",
                "AvaTax 26.6.0 answered",
                "AvaTax knows the credential as AccountIdLicenseKey",
                "Demo Company (AvaTax id 265001)",
                "certificate management is set up",
                "the credential could not be tried: whether it may create certificates shows at the first one",
            ]
        );
    }

    #[test]
    fn a_wrong_password_fails_its_own_line_and_leaves_the_rest_open() {
        let commands = Commands::all("onboard check");
        let failure = exit::of_guest(
            &Error::Unauthorized("AvaTax does not know them".to_owned()),
            &exit::After { commands: &commands, confirmed: false },
        );
        let (checks, failure) = judge(Err(failure), &commands);
        assert_eq!(failure.map(|failure| failure.exit.code()), Some(5));
        assert_eq!(
            verdicts(&checks),
            [
                ("erp", Verdict::NotLookedAt),
                ("avatax-reachable", Verdict::Ok),
                ("credentials", Verdict::Failed),
                ("company", Verdict::NotLookedAt),
                ("certificate-management", Verdict::NotLookedAt),
            ]
        );
    }

    #[test]
    fn a_fault_of_the_host_is_not_blamed_on_a_check() {
        let (checks, _) =
            judge(Err(Failure::internal("The component stopped.")), &Commands::all("onboard check"));
        assert_eq!(verdicts(&checks), [("run", Verdict::Failed)]);
    }
}
