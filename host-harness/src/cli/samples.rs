//! A small run report that several test modules of the command line start from.

use crate::model::{
    erp::Description,
    onboarding::{
        Analysis, CertificateRole, Decision, DecisionCount, Effect, Obstacle, ObstacleKind, Plan, Preflight,
        Provisioning, RunReport, Sample,
    },
};

/// A preview that would create twelve customers and reports one kind of obstacle.
pub(super) fn run_report() -> RunReport {
    RunReport {
        preflight: Preflight {
            service_version: "26.6.0".to_owned(),
            authentication: "AccountIdLicenseKey".to_owned(),
            company_id: 265_001,
            company_name: "Demo Company".to_owned(),
            provisioning: Provisioning::Provisioned,
            certificate_role: CertificateRole::Unknown,
            source: Description {
                product: "Embedded ERP".to_owned(),
                adapter: "sqlite".to_owned(),
                exemption_fields: vec!["taxable".to_owned()],
                customers: Some(320),
            },
        },
        plan: Some(Plan { digest: "sha256:aa".to_owned(), writes: 12, certificates: 0, invitations: 0 }),
        decisions: vec![DecisionCount {
            decision: Decision::Create,
            count: 12,
            samples: vec![Sample {
                id: "1".to_owned(),
                code: "C-1".to_owned(),
                name: "Made-up Mills".to_owned(),
                detail: "no such code".to_owned(),
            }],
        }],
        obstacles: vec![Obstacle {
            kind: ObstacleKind::Line1Missing,
            effect: Effect::NoCreation,
            customers: 1_001,
            samples: vec![Sample {
                id: "17".to_owned(),
                code: String::new(),
                name: String::new(),
                detail: String::new(),
            }],
        }],
        outcomes: Vec::new(),
        coverage: Vec::new(),
        remaining: 0,
        stopped: false,
    }
}

/// What `analyze` found in an ERP with two customers, one of them exempt.
pub(super) fn analysis() -> Analysis {
    Analysis {
        source: run_report().preflight.source,
        total: 2,
        exempt: 1,
        taxable: 1,
        unknown: 0,
        out_of_use: 0,
        unreadable: 0,
        creatable: 2,
        invitable: 1,
        by_strength: Vec::new(),
        by_evidence: Vec::new(),
        by_region: Vec::new(),
        obstacles: run_report().obstacles,
    }
}
