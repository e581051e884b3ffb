//! Everything the stand-in can be told: as values for tests, as flags for people.
//!
//! What AvaTax documents is fixed. What it leaves open is a switch here, because a client has to be right under every
//! setting: how a duplicate is refused, what a batch with a bad row leaves behind, whether linking twice is an error.
//! [`SimArgs`] is shared by the `avatax-sim` binary and by other command lines that embed the stand-in.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};

use crate::{fault, fault::Fault, observer::Observer, random};

/// What the credential may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything.
    #[default]
    Admin,
    /// Everything but creating certificates, as an ordinary account user.
    User,
}

/// State of certificate management at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provisioning {
    /// Ready.
    #[default]
    Provisioned,
    /// Has to be asked for.
    NotProvisioned,
}

/// How a customer code that is taken already is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DuplicateAnswer {
    /// 400 with `DuplicateEntry` (193).
    #[default]
    Entry400,
    /// 400 with `DuplicateEntityProperty` (149).
    Property400,
    /// 400 with `CertificatesError` (1203) around JSON of the back end.
    Wrapped400,
    /// 409 with `DuplicateEntry` (193).
    Entry409,
    /// 409 with `DuplicateEntityProperty` (149).
    Property409,
    /// 409 with `CertificatesError` (1203) around JSON of the back end.
    Wrapped409,
    /// Any of these, drawn anew for each refusal.
    Mixed,
}

impl DuplicateAnswer {
    /// What `Mixed` draws from.
    const ALL: [Self; 6] = [
        Self::Entry400,
        Self::Property400,
        Self::Wrapped400,
        Self::Entry409,
        Self::Property409,
        Self::Wrapped409,
    ];

    /// One way to refuse; never `Mixed`.
    pub(crate) fn draw(self, dice: u64) -> Self {
        if self == Self::Mixed { random::pick(&Self::ALL, dice).unwrap_or_default() } else { self }
    }
}

/// What a batch with a bad row leaves behind. The answer is an error in every mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BatchMode {
    /// Nothing.
    #[default]
    Atomic,
    /// The rows before the first bad one.
    StoresUntilFirstBad,
    /// All good rows.
    StoresGood,
    /// Some of the good rows, drawn anew for each batch.
    StoresSome,
    /// Any of these, drawn anew for each batch.
    Mixed,
}

impl BatchMode {
    /// What `Mixed` draws from.
    const ALL: [Self; 4] = [Self::Atomic, Self::StoresUntilFirstBad, Self::StoresGood, Self::StoresSome];

    /// One way to go about a batch; never `Mixed`.
    pub(crate) fn draw(self, dice: u64) -> Self {
        if self == Self::Mixed { random::pick(&Self::ALL, dice).unwrap_or_default() } else { self }
    }
}

/// What linking a certificate to a customer that has it already does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LinkTwice {
    /// Nothing, and succeeds.
    #[default]
    NoOp,
    /// Fails.
    Error,
    /// One or the other, drawn anew for each request.
    Mixed,
}

impl LinkTwice {
    /// Whether a second link fails this time.
    pub(crate) fn fails(self, dice: u64) -> bool {
        match self {
            Self::NoOp => false,
            Self::Error => true,
            Self::Mixed => random::chance(dice),
        }
    }
}

/// A company of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanySeed {
    /// Its number.
    pub id: u64,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

impl FromStr for CompanySeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        match (parts.next().and_then(|id| id.parse::<u32>().ok()), parts.next(), parts.next()) {
            (Some(id), Some(code), Some(name)) if id > 0 && !code.is_empty() && !name.is_empty() => {
                Ok(Self { id: u64::from(id), code: code.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!(
                "'{text}' is no company: write ID:CODE:NAME, for example 265001:DEFAULT:Demo Company"
            )),
        }
    }
}

/// How the stand-in is to behave.
#[derive(Clone)]
pub struct SimConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether `listen` may be an address that other machines reach.
    pub allow_remote: bool,
    /// Decides ids and faults.
    pub seed: u64,
    /// Account number that is accepted.
    pub account: String,
    /// License key that is accepted.
    pub license_key: String,
    /// Bearer token that is accepted, if any.
    pub bearer_token: Option<String>,
    /// What the credential may do.
    pub role: Role,
    /// Companies of the account.
    pub companies: Vec<CompanySeed>,
    /// State of certificate management at the start.
    pub provisioning: Provisioning,
    /// How long setting it up takes.
    pub setup_delay: Duration,
    /// How long each answer of the API is held back.
    pub latency: Duration,
    /// How long certificates and invitations are worked on before they take effect.
    pub processing_delay: Duration,
    /// How long a new customer, certificate, link or invitation is missing from everything that is read. Writes know it
    /// at once: a duplicate of it is refused, it can be linked and invited.
    pub visible_after: Duration,
    /// Where the state is kept between runs.
    pub state_file: Option<PathBuf>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How duplicates are refused.
    pub duplicate: DuplicateAnswer,
    /// What a batch with a bad row leaves behind.
    pub batch: BatchMode,
    /// What linking twice does.
    pub link_twice: LinkTwice,
    /// Customers whose name contains this text are refused, for a reason that no client can know beforehand.
    pub refuses: Option<String>,
    /// Who watches requests, if anybody.
    pub observer: Option<Observer>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            allow_remote: false,
            seed: 1,
            account: "2000000001".to_owned(),
            license_key: "SIMULATED-LICENSE-KEY".to_owned(),
            bearer_token: None,
            role: Role::default(),
            companies: vec![CompanySeed {
                id: 265_001,
                code: "DEFAULT".to_owned(),
                name: "Demo Company".to_owned(),
            }],
            provisioning: Provisioning::default(),
            setup_delay: Duration::from_millis(500),
            latency: Duration::ZERO,
            processing_delay: Duration::from_millis(200),
            visible_after: Duration::ZERO,
            state_file: None,
            faults: Vec::new(),
            duplicate: DuplicateAnswer::default(),
            batch: BatchMode::default(),
            link_twice: LinkTwice::default(),
            refuses: None,
            observer: None,
        }
    }
}

// By hand, so that the secrets cannot get into a log by way of `{:?}`.
impl fmt::Debug for SimConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimConfig")
            .field("listen", &self.listen)
            .field("allow_remote", &self.allow_remote)
            .field("seed", &self.seed)
            .field("role", &self.role)
            .field("companies", &self.companies)
            .field("provisioning", &self.provisioning)
            .field("setup_delay", &self.setup_delay)
            .field("latency", &self.latency)
            .field("processing_delay", &self.processing_delay)
            .field("visible_after", &self.visible_after)
            .field("state_file", &self.state_file)
            .field("faults", &self.faults)
            .field("duplicate", &self.duplicate)
            .field("batch", &self.batch)
            .field("link_twice", &self.link_twice)
            .field("refuses", &self.refuses)
            .finish_non_exhaustive()
    }
}

/// The flags of the stand-in.
#[derive(Args, Clone)]
pub struct SimArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Allow an address that other machines can reach
    #[arg(long)]
    pub allow_remote: bool,
    /// Decides ids and faults; one seed gives one world
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Account number to accept [default: 2000000001]
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// License key to accept [default: SIMULATED-LICENSE-KEY]
    #[arg(long, value_name = "KEY", env = "AVATAX_SIM_LICENSE_KEY", hide_env_values = true)]
    pub license_key: Option<String>,
    /// Bearer token to accept [default: none]
    #[arg(long, value_name = "TOKEN", env = "AVATAX_SIM_BEARER_TOKEN", hide_env_values = true)]
    pub bearer_token: Option<String>,
    /// What the credential may do; a user cannot create certificates
    #[arg(long, value_enum, default_value_t)]
    pub role: Role,
    /// A company, may be repeated [default: 265001:DEFAULT:Demo Company]
    #[arg(long = "company", value_name = "ID:CODE:NAME")]
    pub companies: Vec<CompanySeed>,
    /// Start without certificate management
    #[arg(long)]
    pub not_provisioned: bool,
    /// How long setting up certificate management takes
    #[arg(long, value_name = "MS", default_value_t = 500)]
    pub setup_delay_ms: u64,
    /// How long each answer is held back
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency_ms: u64,
    /// How long certificates and invitations are worked on
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub processing_delay_ms: u64,
    /// How long reads do not show what was created, although a duplicate of it is refused already
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub visible_after_ms: u64,
    /// File to keep the state in
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
    /// Something to do wrong, may be repeated, as in 429:rate=0.1,retry-after=1,on=CreateCustomers; --help lists the kinds
    #[arg(long = "fault", value_name = "FAULT", long_help = fault::help())]
    pub faults: Vec<Fault>,
    /// How a customer code that is taken is refused
    #[arg(long, value_enum, default_value_t)]
    pub duplicate: DuplicateAnswer,
    /// What a batch with a bad row leaves behind
    #[arg(long, value_enum, default_value_t)]
    pub batch: BatchMode,
    /// What linking a certificate twice does
    #[arg(long, value_enum, default_value_t)]
    pub link_twice: LinkTwice,
    /// Refuse customers whose name contains this text, for a reason that no client can know beforehand
    #[arg(long, value_name = "TEXT")]
    pub refuses: Option<String>,
}

impl SimArgs {
    /// The configuration that the flags mean.
    #[must_use]
    pub fn into_config(self) -> SimConfig {
        let default = SimConfig::default();
        SimConfig {
            listen: self.listen,
            allow_remote: self.allow_remote,
            seed: self.seed,
            account: self.account.unwrap_or(default.account),
            license_key: self.license_key.unwrap_or(default.license_key),
            bearer_token: self.bearer_token,
            role: self.role,
            companies: if self.companies.is_empty() { default.companies } else { self.companies },
            provisioning: if self.not_provisioned {
                Provisioning::NotProvisioned
            } else {
                Provisioning::Provisioned
            },
            setup_delay: Duration::from_millis(self.setup_delay_ms),
            latency: Duration::from_millis(self.latency_ms),
            processing_delay: Duration::from_millis(self.processing_delay_ms),
            visible_after: Duration::from_millis(self.visible_after_ms),
            state_file: self.state_file,
            faults: self.faults,
            duplicate: self.duplicate,
            batch: self.batch,
            link_twice: self.link_twice,
            refuses: self.refuses.filter(|text| !text.is_empty()),
            observer: None,
        }
    }
}

impl fmt::Debug for SimArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimArgs").field(&self.clone().into_config()).finish()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SimArgs,
    }

    #[test]
    fn flags_become_a_configuration() {
        let line = Line::try_parse_from([
            "sim",
            "--seed=9",
            "--role=user",
            "--not-provisioned",
            "--company=7:EAST:East Branch: North",
            "--fault=cut",
            "--fault=slow:ms=5",
            "--license-key=hush",
            "--batch=stores-good",
            "--duplicate=mixed",
            "--visible-after-ms=40",
        ])
        .ok()
        .unwrap();
        assert!(!format!("{:?}", line.args).contains("hush"));
        let config = line.args.into_config();
        assert_eq!((config.seed, config.role, config.faults.len()), (9, Role::User, 2));
        assert_eq!(config.companies[0].name, "East Branch: North");
        assert_eq!(config.provisioning, Provisioning::NotProvisioned);
        assert_eq!((config.license_key.as_str(), config.batch), ("hush", BatchMode::StoresGood));
        assert_eq!(
            (config.duplicate, config.visible_after),
            (DuplicateAnswer::Mixed, Duration::from_millis(40))
        );
        assert!(!format!("{config:?}").contains("hush"));
        assert!(Line::try_parse_from(["sim", "--company=x"]).is_err());
        assert!(Line::try_parse_from(["sim", "--fault=x"]).is_err());
    }
}
