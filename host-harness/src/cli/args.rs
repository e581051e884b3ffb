//! Arguments of `onboard`, and nothing else: what may be written on the command line, what each command says about
//! itself under `--help`. How a command line is written again for a person to copy is in `again`. Deciding what to do
//! with the arguments is the business of the other modules.

mod again;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::again::Commands;
pub(super) use self::again::quoted;
use super::review::args::ReviewArgs;
use crate::{
    config::ReaderMode,
    journal::{Head, rules},
    model::{journal::EntryKind, onboarding::CertificateOption, tenant::Delivery},
};

/// Default of `--config`.
pub const DEFAULT_CONFIG: &str = "onboard.toml";

/// Puts a company's customers and exemption certificates into AvaTax: shows what it would do, asks, does it, and
/// proves what became of it.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "onboard",
    version = super::VERSION,
    propagate_version = true,
    max_term_width = 110,
    after_help = "Exit codes: 0 done · 1 internal fault or limit · 2 usage or configuration · 3 confirmation needed · \
                  4 done in part · 5 AvaTax or the ERP cannot be used · 6 the plan no longer holds.\n\
                  Nothing this program says is tax advice."
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Shared {
    /// Configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub config: PathBuf,
    /// Tenant of the configuration; may be left out when there is only one. `run-all` takes several, and all without.
    #[arg(long, global = true, value_name = "NAME")]
    pub tenant: Vec<String>,
    /// The onboarding component [default: `component` of the configuration, else the one built in this workspace].
    #[arg(long, global = true, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Where documents are taken apart [default: that of the configuration, else sandboxed].
    #[arg(long, global = true, value_enum)]
    pub reader: Option<ReaderArg>,
    /// Print one JSON document on stdout; what is for people goes to stderr. Never asks a question.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bars and no explanations; results and errors only.
    #[arg(long, global = true)]
    pub quiet: bool,
}

/// Where documents are taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReaderArg {
    /// Inside this process: faster, for documents that are trusted.
    Native,
    /// Inside a component that can reach nothing.
    Sandboxed,
}

impl From<ReaderArg> for ReaderMode {
    fn from(reader: ReaderArg) -> Self {
        match reader {
            ReaderArg::Native => Self::Native,
            ReaderArg::Sandboxed => Self::Sandboxed,
        }
    }
}

/// How a person agrees to a plan.
#[derive(Debug, Clone, Default, Args)]
pub struct Consent {
    /// Stop after the preview; nothing is written to AvaTax.
    #[arg(long, conflicts_with_all = ["confirm", "yes"])]
    pub preview: bool,
    /// Do exactly the plan with this digest, which an earlier preview printed.
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    pub confirm: Option<String>,
    /// Agree beforehand to whatever the preview shows.
    #[arg(long)]
    pub yes: bool,
    /// Who agrees; recorded in the journal [default: your user name].
    #[arg(long, value_name = "NAME")]
    pub approved_by: Option<String>,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Check connection, credentials, company, certificate management and rights. Writes nothing.
    Check,
    /// Read every customer of the ERP and count who is exempt, where, and what stands in the way. Writes nothing and
    /// does not call AvaTax.
    Analyze,
    /// Create the ERP's customers in AvaTax: preview, question, then exactly what was shown. Writes customers to
    /// AvaTax and the plan, your approval and every outcome to the journal.
    Sync(SyncArgs),
    /// Get certificates on file for exempt customers: preview, question, then exactly what was shown. Writes
    /// certificates, links and invitations to AvaTax and everything about them to the journal.
    Certificates(CertificatesArgs),
    /// Go on with what was confirmed and is not finished: exactly the confirmed plans, without a new preview or
    /// question. What was begun is looked up in AvaTax before anything is written.
    Resume(ResumeArgs),
    /// List the certificates that wait for a person, worst first; show one, accept it or reject it. Writes what you
    /// decide to the journal and does not call AvaTax.
    Review(ReviewArgs),
    /// Say what has been done and what is open, from the journal alone. Writes nothing and does not call AvaTax.
    Status,
    /// Write the full report, customer by customer, from the journal alone. Writes only the file of `--output`.
    Report(ReportArgs),
    /// Prove that the journal is what was written, or list its entries. Writes nothing and does not call AvaTax.
    Journal(JournalArgs),
    /// Do all of it with made-up data, against a stand-in for AvaTax that it starts itself, without a question.
    /// Writes only its own work folder.
    Demo(DemoArgs),
    /// Do one step for many tenants of the configuration side by side. Each has its own plan, journal, credentials and
    /// sandbox; one that fails touches no other. Shows all plans and asks once.
    RunAll(RunAllArgs),
    /// Run the stand-in for AvaTax by itself until Ctrl-C. Keeps its state in memory, or in a file you name.
    AvataxSim(avatax_sim::SimArgs),
}

/// Arguments of `run-all`.
#[derive(Debug, Clone, Args)]
pub struct RunAllArgs {
    /// What to do for each tenant.
    #[command(subcommand)]
    pub what: RunAllWhat,
    /// Tenants at work at once [default: number of cores].
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: Option<u32>,
}

/// What `run-all` does for each tenant.
#[derive(Debug, Clone, Subcommand)]
pub enum RunAllWhat {
    /// As `onboard analyze`.
    Analyze,
    /// As `onboard sync`.
    Sync(RunAllConsent),
    /// As `onboard certificates`, with the folders and the delivery of the configuration.
    Certificates {
        /// Which way certificates are got.
        #[arg(value_enum)]
        way: Way,
        /// How the plans are agreed to.
        #[command(flatten)]
        consent: RunAllConsent,
    },
}

/// How a person agrees to the plans of many tenants.
#[derive(Debug, Clone, Default, Args)]
pub struct RunAllConsent {
    /// Stop after the previews; nothing is written to AvaTax.
    #[arg(long, conflicts_with = "yes")]
    pub preview: bool,
    /// Agree beforehand to whatever the previews show.
    #[arg(long)]
    pub yes: bool,
    /// Who agrees; recorded in each journal [default: your user name].
    #[arg(long, value_name = "NAME")]
    pub approved_by: Option<String>,
}

/// Arguments of `sync`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// How the plan is agreed to.
    #[command(flatten)]
    pub consent: Consent,
    /// Instead of customers: ask AvaTax to set up certificate management for the company, and wait for it. Takes your
    /// yes or --yes like every other write.
    #[arg(long, conflicts_with_all = ["preview", "confirm"])]
    pub request_setup: bool,
}

/// Arguments of `certificates`.
#[derive(Debug, Clone, Args)]
pub struct CertificatesArgs {
    /// Which way certificates are got.
    #[arg(value_enum)]
    pub way: Way,
    /// Folder with certificate documents [default: that of the configuration].
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// How invitations reach the customer [default: that of the configuration].
    #[arg(long, value_enum)]
    pub delivery: Option<DeliveryArg>,
    /// How the plan is agreed to.
    #[command(flatten)]
    pub consent: Consent,
}

/// Arguments of `resume`.
#[derive(Debug, Clone, Args)]
pub struct ResumeArgs {
    /// Folder with certificate documents, if `certificates` was given one [default: that of the configuration].
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// How invitations reach the customer, if `certificates` was told [default: that of the configuration].
    #[arg(long, value_enum)]
    pub delivery: Option<DeliveryArg>,
}

/// Arguments of `journal`.
#[derive(Debug, Clone, Args)]
pub struct JournalArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: JournalCommand,
}

/// What to do with the journal.
#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// Recompute the chain of hashes and name the first entry that was changed, is missing or stands elsewhere.
    Verify(VerifyArgs),
    /// List entries, oldest first.
    Show(ShowArgs),
}

/// Arguments of `journal verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// A head that an earlier check printed: proves that the journal still holds everything up to it.
    #[arg(long, value_name = "SEQUENCE:HASH")]
    pub head: Vec<Head>,
}

/// Arguments of `journal show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Only entries of this plan; `onboard report` names the plans by number.
    #[arg(long, value_name = "NUMBER")]
    pub plan: Option<u64>,
    /// Only entries of this kind.
    #[arg(long, value_parser = kind)]
    pub kind: Option<EntryKind>,
    /// Only entries about the customer with this code.
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,
    /// Only writes that were begun and have no final outcome.
    #[arg(long, conflicts_with = "kind")]
    pub open: bool,
}

fn kind(text: &str) -> Result<EntryKind, String> {
    rules::kind_of(text).ok_or_else(|| format!("the kinds are {}", rules::kind_names().join(", ")))
}

/// Which way certificates are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Create certificates from the documents at hand.
    Upload,
    /// Invite exempt customers that are not covered.
    Invite,
    /// Upload first, then invite those that remain.
    Both,
}

impl From<Way> for CertificateOption {
    fn from(way: Way) -> Self {
        match way {
            Way::Upload => Self::Upload,
            Way::Invite => Self::Invite,
            Way::Both => Self::Both,
        }
    }
}

/// How an invitation reaches the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeliveryArg {
    /// AvaTax sends an e-mail.
    Email,
    /// A link to hand over, shown in the report.
    Link,
}

impl From<DeliveryArg> for Delivery {
    fn from(delivery: DeliveryArg) -> Self {
        match delivery {
            DeliveryArg::Email => Self::Email,
            DeliveryArg::Link => Self::Link,
        }
    }
}

/// Arguments of `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Form of the report [default: text, or json with --json].
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
    /// Write to this file instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One JSON object.
    Json,
    /// One JSON object on each line: runs, then customers and documents, then the summary.
    Jsonl,
    /// Lines for people.
    Text,
}

/// Arguments of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Work folder; emptied first if an earlier demo made it.
    #[arg(long, value_name = "DIR", default_value = "onboarding-data/demo")]
    pub dir: PathBuf,
    /// Made-up customers in the demo's ERP.
    #[arg(long, value_name = "N", default_value_t = 320, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub customers: u32,
    /// Take the customers from another kind of ERP instead of the bundled data.
    #[arg(long, value_enum, requires = "erp_path")]
    pub erp: Option<ErpKind>,
    /// Folder or file with that ERP's data.
    #[arg(long, value_name = "PATH", requires = "erp")]
    pub erp_path: Option<PathBuf>,
}

/// ERP data the demo can take instead of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ErpKind {
    /// Apache OFBiz entity XML.
    Ofbiz,
    /// QuickBooks Online customer query answers.
    Quickbooks,
}

impl ErpKind {
    /// Name in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ofbiz => "ofbiz",
            Self::Quickbooks => "quickbooks",
        }
    }
}

impl Command {
    /// Name for machines: `sync`, `certificates`, …
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Analyze => "analyze",
            Self::Sync(_) => "sync",
            Self::Certificates(_) => "certificates",
            Self::Resume(_) => "resume",
            Self::Review(_) => "review",
            Self::Status => "status",
            Self::Report(_) => "report",
            Self::Journal(_) => "journal",
            Self::RunAll(_) => "run-all",
            Self::Demo(_) => "demo",
            Self::AvataxSim(_) => "avatax-sim",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn shared_flags_may_stand_after_the_command() {
        let cli =
            Cli::try_parse_from(["onboard", "sync", "--yes", "--json", "--tenant", "north"]).expect("parses");
        assert!(cli.shared.json);
        assert_eq!(cli.shared.tenant, ["north"]);
    }

    #[test]
    fn ways_to_agree_exclude_each_other() {
        for flags in [["--yes", "--preview"], ["--yes", "--confirm=x"], ["--preview", "--confirm=x"]] {
            assert!(Cli::try_parse_from(["onboard", "sync"].into_iter().chain(flags)).is_err(), "{flags:?}");
        }
    }
}
