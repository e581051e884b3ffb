//! Arguments of `onboard review`, and how they are written again for a person to copy.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::quoted;

/// Arguments of `review`.
#[derive(Debug, Clone, Args)]
pub struct ReviewArgs {
    /// List the certificates that a person has decided about as well.
    #[arg(long)]
    pub all: bool,
    /// What to do; without it, list what waits.
    #[command(subcommand)]
    pub what: Option<ReviewCommand>,
}

/// What to do about one certificate.
#[derive(Debug, Clone, Subcommand)]
pub enum ReviewCommand {
    /// Show what was read, how sure that is, which rules fired and whose certificate it may be, and write pictures of
    /// its pages with the places marked. Writes only those pictures.
    Show(ShowArgs),
    /// Record that a certificate counts, in spite of what was found. Writes to the journal only; the next
    /// `onboard certificates upload` plans with it.
    Accept(AcceptArgs),
    /// Record that a certificate does not count. Writes to the journal only.
    Reject(RejectArgs),
}

/// Arguments of `review show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Which certificate: the id of the list, or its beginning.
    pub id: String,
    /// Folder for the page pictures [default: `review` in the tenant's data folder].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Folder with certificate documents [default: that of the configuration].
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
}

/// Who says something, and why.
#[derive(Debug, Clone, Args)]
pub struct Speaker {
    /// Who decides; recorded in the journal.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why; recorded in the journal.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `review accept`.
#[derive(Debug, Clone, Args)]
pub struct AcceptArgs {
    /// Which certificate: the id of the list, or its beginning.
    pub id: String,
    /// Who and why.
    #[command(flatten)]
    pub speaker: Speaker,
    /// What a field really says, as field=value; may be given several times. Fields: purchaser, street, place, state,
    /// number, number.XX for the number of state XX, reason (entity/use code A to N), signed, effective, expires (days
    /// as YYYY-MM-DD), seller, percentage, order, description.
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Code of the customer whose certificate it is.
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,
    /// Record it without asking.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `review reject`.
#[derive(Debug, Clone, Args)]
pub struct RejectArgs {
    /// Which certificate: the id of the list, or its beginning.
    pub id: String,
    /// Who and why.
    #[command(flatten)]
    pub speaker: Speaker,
}

impl ReviewArgs {
    /// The arguments without consent, written so that a shell takes them.
    #[must_use]
    pub fn again(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
        match &self.what {
            None => {
                if self.all {
                    words.push("--all".to_owned());
                }
            }
            Some(ReviewCommand::Show(args)) => {
                flag("show", &args.id);
                for (name, folder) in [("--out", &args.out), ("--from", &args.from)] {
                    if let Some(folder) = folder {
                        flag(name, &folder.to_string_lossy());
                    }
                }
            }
            Some(ReviewCommand::Accept(args)) => {
                flag("accept", &args.id);
                flag("--by", &args.speaker.by);
                flag("--reason", &args.speaker.reason);
                args.set.iter().for_each(|pair| flag("--set", pair));
                if let Some(code) = &args.customer {
                    flag("--customer", code);
                }
            }
            Some(ReviewCommand::Reject(args)) => {
                flag("reject", &args.id);
                flag("--by", &args.speaker.by);
                flag("--reason", &args.speaker.reason);
            }
        }
        words
    }
}
