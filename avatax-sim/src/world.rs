//! What the stand-in holds: companies with their customers, certificates and invitations, and the log of effects.
//!
//! Everything lies in memory in ordered maps, with an index from customer code to id and one from code to invitations,
//! so that a company of tens of thousands of customers answers at once. Effects are appended to a log that nothing ever
//! edits; somebody who checks a client compares that log with what the client says it did. The whole can be
//! written to one JSON file and read back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    call::Setting,
    certificates::Certificate,
    config::{Provisioning, SimConfig},
    customers::Customer,
    definitions::Definitions,
    error::{ApiError, ApiResult, CERTIFICATES_NOT_SETUP},
    invitations::{Delivery, Invitation},
    view::Fresh,
};

/// What kind of change an effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EffectKind {
    SetupRequested,
    CustomerCreated,
    CustomerUpdated,
    CustomerRemoved,
    CertificateCreated,
    CertificateRemoved,
    CertificateLinked,
    CertificateUnlinked,
    AttachmentStored,
    InvitationCreated,
    InvitationRemoved,
}

/// One change, as `GET /sim/effects` shows it. What does not apply is left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Effect {
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    pub(crate) kind: EffectKind,
    pub(crate) company_id: u64,
    /// Operation that caused it, or `sim` for the control surface and for other people.
    pub(crate) cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invitation_id: Option<u64>,
    /// Further key fields of the kind.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) detail: Value,
}

/// The log of effects, with what every entry of one request shares.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) effects: Vec<Effect>,
}

/// What an effect is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) customer_code: Option<String>,
    pub(crate) customer_id: Option<u64>,
    pub(crate) certificate_id: Option<u64>,
    pub(crate) invitation_id: Option<u64>,
    pub(crate) detail: Value,
}

impl Log {
    pub(crate) fn push(
        &mut self,
        at: Timestamp,
        cause: &str,
        company: u64,
        kind: EffectKind,
        subject: Subject,
    ) {
        let sequence = u64::try_from(self.effects.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.effects.push(Effect {
            sequence,
            at,
            kind,
            company_id: company,
            cause: cause.to_owned(),
            customer_code: subject.customer_code,
            customer_id: subject.customer_id,
            certificate_id: subject.certificate_id,
            invitation_id: subject.invitation_id,
            detail: subject.detail,
        });
    }
}

/// State of certificate management.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Setup {
    NotProvisioned,
    /// Ready from this time on.
    Provisioned(Timestamp),
}

/// A company and all it owns.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) setup: Setup,
    next_id: u64,
    /// Rows that appeared at the front of a list so far.
    #[serde(default)]
    strangers: u64,
    pub(crate) customers: BTreeMap<u64, Customer>,
    pub(crate) certificates: BTreeMap<u64, Certificate>,
    pub(crate) invitations: BTreeMap<u64, Invitation>,
    #[serde(skip)]
    pub(crate) codes: BTreeMap<String, u64>,
    #[serde(skip)]
    pub(crate) invited: BTreeMap<String, BTreeSet<u64>>,
    #[serde(skip)]
    pub(crate) fresh: Fresh,
}

/// What ids of our own series are above, and those of strangers below.
pub(crate) const FIRST_OWN_ID: u64 = 10_000_000;

impl Company {
    /// A new id. Customers, certificates and invitations share one series, so that mixing them up shows.
    pub(crate) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A new id that comes before all others, for a row at the front of a list.
    pub(crate) fn take_front_id(&mut self) -> u64 {
        self.strangers += 1;
        FIRST_OWN_ID / 10 + self.strangers % (FIRST_OWN_ID / 2)
    }

    /// The customer with exactly this code.
    pub(crate) fn customer(&self, code: &str) -> ApiResult<&Customer> {
        self.codes
            .get(code)
            .and_then(|id| self.customers.get(id))
            .ok_or_else(|| ApiError::not_found("customer", code))
    }

    pub(crate) fn certificate(&self, id: u64) -> ApiResult<&Certificate> {
        self.certificates.get(&id).ok_or_else(|| ApiError::not_found("certificate", &id.to_string()))
    }

    /// What `GetCertificateSetup` says.
    pub(crate) fn setup_status(&self, now: Timestamp) -> &'static str {
        match self.setup {
            Setup::NotProvisioned => "NotProvisioned",
            Setup::Provisioned(from) if now < from => "InProgress",
            Setup::Provisioned(_) => "Provisioned",
        }
    }

    /// Refuses unless certificate management is set up.
    pub(crate) fn need_setup(&self, now: Timestamp) -> ApiResult<()> {
        if self.setup_status(now) == "Provisioned" {
            return Ok(());
        }
        Err(ApiError::bad(
            CERTIFICATES_NOT_SETUP,
            "Certificate management is not set up for this company.",
            format!("Company {} has no place for exemption certificates yet.", self.id),
        ))
    }

    fn index(&mut self) {
        self.codes = self.customers.values().map(|customer| (customer.code.clone(), customer.id)).collect();
        for invitation in self.invitations.values() {
            self.invited.entry(invitation.customer_code.clone()).or_default().insert(invitation.id);
        }
    }
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) companies: BTreeMap<u64, Company>,
    pub(crate) log: Log,
    /// Rises with every change.
    pub(crate) revision: u64,
}

/// The state file.
#[derive(Deserialize)]
struct Stored {
    version: u32,
    seed: u64,
    companies: Vec<Company>,
    effects: Vec<Effect>,
}

#[derive(Serialize)]
struct Storing<'a> {
    version: u32,
    seed: u64,
    companies: Vec<&'a Company>,
    effects: &'a [Effect],
}

const STATE_VERSION: u32 = 1;

impl World {
    pub(crate) fn new(config: &SimConfig) -> Self {
        let setup = match config.provisioning {
            Provisioning::Provisioned => Setup::Provisioned(Timestamp::UNIX_EPOCH),
            Provisioning::NotProvisioned => Setup::NotProvisioned,
        };
        let companies = (1_u64..).zip(&config.companies).map(|(place, seed)| {
            let company = Company {
                id: seed.id,
                code: seed.code.clone(),
                name: seed.name.clone(),
                setup,
                next_id: place * FIRST_OWN_ID + config.seed % 1_000 * 1_000,
                strangers: 0,
                customers: BTreeMap::new(),
                certificates: BTreeMap::new(),
                invitations: BTreeMap::new(),
                codes: BTreeMap::new(),
                invited: BTreeMap::new(),
                fresh: Fresh::new(config.visible_after),
            };
            (seed.id, company)
        });
        Self { companies: companies.collect(), log: Log::default(), revision: 0 }
    }

    /// Reads a state file; the reason why not is a phrase for a sentence.
    pub(crate) fn load(bytes: &[u8], config: &SimConfig) -> Result<Self, String> {
        let stored: Stored = serde_json::from_slice(bytes)
            .map_err(|error| format!("it is no state of the stand-in ({error})"))?;
        if stored.version != STATE_VERSION {
            return Err(format!(
                "it has version {}, this program reads version {STATE_VERSION}",
                stored.version
            ));
        }
        if stored.seed != config.seed {
            return Err(format!("it was written with --seed {}, and ids depend on the seed", stored.seed));
        }
        let mut world = Self::new(config);
        for mut company in stored.companies {
            company.index();
            company.fresh = Fresh::new(config.visible_after);
            world.companies.insert(company.id, company);
        }
        world.log.effects = stored.effects;
        Ok(world)
    }

    /// The content of the state file.
    pub(crate) fn dump(&self, config: &SimConfig) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Storing {
            version: STATE_VERSION,
            seed: config.seed,
            companies: self.companies.values().collect(),
            effects: &self.log.effects,
        })
    }

    /// The company with a number that the caller may see.
    pub(crate) fn company(&mut self, id: u64) -> ApiResult<Books<'_>> {
        let company =
            self.companies.get_mut(&id).ok_or_else(|| ApiError::not_found("company", &id.to_string()))?;
        Ok(Books { company, log: &mut self.log })
    }

    /// Counts what is there.
    pub(crate) fn count(&self, setting: &Setting, today: Date, now: Timestamp) -> Counts {
        let mut counts = Counts { effects: self.log.effects.len(), ..Counts::default() };
        for company in self.companies.values() {
            counts.customers += company.customers.len();
            counts.certificates += company.certificates.len();
            counts.invitations += company.invitations.len();
            counts.invitations_by_email += company
                .invitations
                .values()
                .filter(|invitation| invitation.delivery == Delivery::Email)
                .count();
            for customer in company.customers.values() {
                counts.links += customer.certificates.len();
                counts.covered += covered_zones(company, customer, &setting.definitions, today, now);
            }
        }
        counts
    }
}

fn covered_zones(
    company: &Company,
    customer: &Customer,
    definitions: &Definitions,
    today: Date,
    now: Timestamp,
) -> usize {
    let linked = customer.certificates.iter().filter_map(|id| company.certificates.get(id));
    let zones: BTreeSet<u64> = linked
        .filter(|certificate| certificate.is_effective(definitions, today, now))
        .map(|certificate| certificate.zone)
        .collect();
    zones.len()
}

/// A company and the log, for operations that change things.
#[derive(Debug)]
pub(crate) struct Books<'a> {
    pub(crate) company: &'a mut Company,
    pub(crate) log: &'a mut Log,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) customers: usize,
    pub(crate) certificates: usize,
    pub(crate) links: usize,
    pub(crate) covered: usize,
    pub(crate) invitations: usize,
    pub(crate) invitations_by_email: usize,
    pub(crate) effects: usize,
}
