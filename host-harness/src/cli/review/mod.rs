//! `onboard review`: certificates that the rules could not settle, before a person.
//!
//! Looking ([`list`], [`show`]) reads the journal without its lock, so it works while a run goes on; deciding
//! ([`decide`]) holds the lock from reading what waits to writing the word, so that no plan is made in between. AvaTax,
//! the component and credentials play no part: a word is planned with by the next `onboard certificates upload`.
//!
//! | what | where |
//! |---|---|
//! | what the component said about a certificate, tamed | [`certificate`] |
//! | which certificates wait, and their names | [`pool`] |
//! | what a person said | [`word`] |
//! | what a person may set | [`corrections`](crate::corrections) |
//! | page pictures | [`picture`] |

pub mod args;
pub mod certificate;
pub mod decide;
pub mod list;
pub mod picture;
pub mod pool;
pub mod show;
#[cfg(test)]
mod tests;
pub mod word;

use std::sync::Arc;

use self::{
    args::{ReviewArgs, ReviewCommand, ShowArgs},
    decide::Desk,
    pool::{Pool, Summary},
    show::Source,
};
use super::{args::Cli, console::Console, exit::Failure, history, json::Ending, session};
use crate::{
    config::TenantConfig,
    documents,
    journal::{Journal, SqliteJournal},
    ocr::{DocumentReader, ReadingCache, TenantReader},
    report::ReportError,
};

/// Folder for page pictures in a tenant's data folder.
const PICTURES: &str = "review";

/// Runs `onboard review`.
///
/// # Errors
/// When what is asked for is not there or cannot be, or the journal cannot be read or written.
pub async fn run(
    console: &mut Console,
    tenant: &TenantConfig,
    (cli, args): (&Cli, &ReviewArgs),
    reader: Arc<DocumentReader>,
) -> Result<Ending, Failure> {
    if args.all && args.what.is_some() {
        return Err(Failure::usage("--all belongs to the list alone.", "Leave it out."));
    }
    let deciding = matches!(args.what, Some(ReviewCommand::Accept(_) | ReviewCommand::Reject(_)));
    let mut journal = session::open_history(&tenant.data_dir)?;
    if deciding && journal.is_some() {
        journal = Some(session::open_journal(&tenant.data_dir)?);
    }
    let pool = match &journal {
        Some(journal) => pool::read(journal).await.map_err(|error| history::of_report(&error))?,
        None => Pool::default(),
    };
    let result = match (&args.what, &journal) {
        (None, _) => list::show(console, &pool, cli, args.all),
        (Some(what), Some(journal)) => one(console, tenant, (cli, what), (journal, &pool), reader).await?,
        (Some(_), None) => return Err(unknown(cli, "Nothing has been planned yet, so nothing waits.")),
    };
    Ok(Ending { result: Some(result), ..Ending::default() })
}

async fn one(
    console: &mut Console,
    tenant: &TenantConfig,
    (cli, what): (&Cli, &ReviewCommand),
    (journal, pool): (&SqliteJournal, &Pool),
    reader: Arc<DocumentReader>,
) -> Result<serde_json::Value, Failure> {
    let find = |id: &str| pool.find(id).map_err(|why| unknown(cli, why));
    let desk = |summary| Desk {
        journal,
        plan: pool.plan.as_deref().unwrap_or_default(),
        summary,
        cli,
        today: jiff::Zoned::now().date(),
    };
    match what {
        ReviewCommand::Show(args) => {
            let summary = find(&args.id)?;
            let certificate = whole(journal, summary).await?;
            let words = pool::words_on(journal, &summary.key).await.map_err(|error| failed(&error))?;
            show::run(console, (summary, &certificate, &words), &source(tenant, args, reader)).await
        }
        ReviewCommand::Accept(args) => {
            let summary = find(&args.id)?;
            let certificate = whole(journal, summary).await?;
            decide::accept(console, desk(summary), &certificate, args).await
        }
        ReviewCommand::Reject(args) => decide::reject(console, desk(find(&args.id)?), args).await,
    }
}

async fn whole(journal: &dyn Journal, summary: &Summary) -> Result<certificate::Certificate, Failure> {
    pool::whole(journal, summary).await.map_err(|error| failed(&error))
}

fn failed(error: &ReportError) -> Failure {
    history::of_report(error)
}

fn unknown(cli: &Cli, why: impl Into<String>) -> Failure {
    let list = cli.naming(&["review", "--all"]);
    Failure::usage(why, format!("`{list}` lists the certificates with their ids."))
}

/// Where the page pictures of a tenant come from and go to.
fn source(tenant: &TenantConfig, args: &ShowArgs, reader: Arc<DocumentReader>) -> Source {
    let mut config = tenant.documents.clone();
    if let Some(folder) = &args.from {
        config.folder = Some(folder.clone());
    }
    let readings = ReadingCache::new(tenant.data_dir.join(session::READINGS));
    let drawing = TenantReader::new(Arc::clone(&reader), Some(readings));
    Source {
        documents: documents::open(&config, &tenant.erp, reader).map_err(|error| error.to_string()),
        draw: Arc::new(move |bytes, page| {
            let drawn = drawing.picture(bytes, page).map_err(|error| error.to_string())?;
            Ok((drawn.picture, drawn.points_a_pixel))
        }),
        folder: args.out.clone().unwrap_or_else(|| tenant.data_dir.join(PICTURES)),
    }
}
