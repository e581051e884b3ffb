//! Documents and links of certificates that AvaTax has: attached and made, or found there.
//!
//! What an earlier attempt left in doubt is looked up first, and what AvaTax has is adopted; then each is attempted once.
//! What did not plainly succeed is in doubt again, for the next pass.

use std::collections::HashSet;

use super::apply::{ATTACH, CREATE, LINK, Upload, intend};
use super::bytes;
use crate::avatax::Failure;
use crate::avatax::answer::gravest;
use crate::certificates::Doing;
use crate::http::Request;
use crate::json;
use crate::ledger::Progressed;
use crate::model::documents::{DocumentError, PageRange};
use crate::model::journal::{Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::plan::Item;
use crate::ports::document_sentence;
use crate::recovery;

/// Documents held at once, in bytes.
const HELD_MAX: usize = 8 * 1024 * 1024;

/// Attaches the documents of certificates; returns those whose document AvaTax has.
pub(super) fn attach(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Upload>, Error> {
    let (mut attached, mut open): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| doing.ledger.ended(ATTACH, &it.entry.key));
    while !open.is_empty() {
        let mut group = Vec::new();
        let mut requests = Vec::new();
        let mut held = 0;
        let mut last: Option<((String, u64), Vec<u8>)> = None;
        while let Some(upload) = open.pop() {
            let id = &upload.item.document_id;
            // Certificates of one document stand side by side; it is read once.
            let part = (id.clone(), upload.item.first_page);
            if last.as_ref().is_none_or(|(known, _)| *known != part) {
                match bytes(doing.ports, id, pages(&upload.item)) {
                    Ok(pdf) => last = Some((part, pdf)),
                    Err(error) => {
                        let passing = matches!(error, DocumentError::Unavailable(_));
                        let state = if passing { OutcomeState::Unclear } else { OutcomeState::Refused };
                        upload.end(&mut doing.ledger, ATTACH, state, &document_sentence(error))?;
                        continue;
                    }
                }
            }
            let Some((_, pdf)) = &last else { continue };
            if held > 0 && held + pdf.len() > HELD_MAX {
                open.push(upload);
                break;
            }
            let certificate = upload.id.unwrap_or_default();
            requests.push(doing.avatax.attach_document(
                certificate,
                &upload.entry.key,
                &upload.item.sha256,
                pdf,
            ));
            held += pdf.len();
            group.push(upload);
        }
        attached.extend(send_documents(doing, group, requests)?);
    }
    Ok(attached)
}

/// Settles attachments in doubt that AvaTax has; returns the certificates whose document it has or can get.
pub(super) fn attachments_in_doubt(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
) -> Result<Vec<Upload>, Error> {
    let (doubtful, mut open): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| doing.ledger.progressed(ATTACH, &it.entry.key).in_doubt());
    let since = doing.ledger.doubted();
    let absent = recovery::absent(doing.ports, since, doubtful, &mut |uploads| {
        let (there, absent) = have_document(doing, uploads)?;
        open.extend(there);
        Ok(absent)
    })?;
    open.extend(not_refused(doing, ATTACH, absent)?);
    // A certificate that was found rather than created may have its document.
    let (found, mut open): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| {
        doing.ledger.progressed(ATTACH, &it.entry.key) == Progressed::No && was_found(doing, it)
    });
    let (there, absent) = have_document(doing, found)?;
    open.extend(there);
    open.extend(absent);
    Ok(open)
}

/// Whether AvaTax had the certificate under its file name when it was looked up.
fn was_found(doing: &Doing<'_>, upload: &Upload) -> bool {
    doing.ledger.progressed(CREATE, &upload.entry.key) == Progressed::Ended(OutcomeState::Adopted)
}

/// Records what AvaTax refused and, by now, certainly does not have; returns the others, to be tried again.
fn not_refused(
    doing: &mut Doing<'_>,
    operation: Operation,
    absent: Vec<Upload>,
) -> Result<Vec<Upload>, Error> {
    let mut again = Vec::with_capacity(absent.len());
    for upload in absent {
        match doing.ledger.doubt(operation, &upload.entry.key) {
            Some(failure) if failure.is_refusal() => {
                let why = failure.sentence();
                upload.end(&mut doing.ledger, operation, OutcomeState::Refused, &why)?;
            }
            _ => again.push(upload),
        }
    }
    Ok(again)
}

/// Pages of the document that are the certificate; none is all of them.
fn pages(item: &Item) -> Option<PageRange> {
    let (first, count) = (u32::try_from(item.first_page).ok()?, u32::try_from(item.page_count).ok()?);
    (count > 0).then_some(PageRange { first, count })
}

/// Sends documents; returns the certificates that have theirs.
fn send_documents(
    doing: &mut Doing<'_>,
    group: Vec<Upload>,
    requests: Vec<Request>,
) -> Result<Vec<Upload>, Error> {
    intend(doing, ATTACH, "POST certificates/attachment", &group, &requests)?;
    let answers = doing.avatax.write_all(&requests);
    let mut attached = Vec::new();
    let mut fatal = None;
    for (upload, answer) in group.into_iter().zip(answers) {
        match settled(doing, &upload, ATTACH, answer)? {
            Attempt::Done => attached.push(upload),
            Attempt::Fatal(error) => fatal = Some(gravest(fatal, error)),
            Attempt::Not => {}
        }
    }
    fatal.map_or(Ok(attached), Err)
}

/// What an attempt to attach or link came to.
enum Attempt {
    Done,
    Not,
    Fatal(Error),
}

/// Records what became of an attempt to attach or link.
fn settled(
    doing: &mut Doing<'_>,
    upload: &Upload,
    operation: Operation,
    answer: Result<json::Value, Failure>,
) -> Result<Attempt, Error> {
    match answer {
        Ok(_) => {
            upload.end(&mut doing.ledger, operation, OutcomeState::Done, "")?;
            return Ok(Attempt::Done);
        }
        Err(failure) => match failure.fatal() {
            Some(error) => return Ok(Attempt::Fatal(error)),
            None => upload.doubts(&mut doing.ledger, operation, failure)?,
        },
    }
    Ok(Attempt::Not)
}

/// Splits certificates into those that have a document, adopted, and those that have none.
pub(super) fn have_document(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
) -> Result<(Vec<Upload>, Vec<Upload>), Error> {
    let ids: Vec<u64> = uploads.iter().filter_map(|it| it.id).collect();
    let known: HashSet<u64> = doing.avatax.have_document(&ids).map_err(|failure| failure.error())?;
    let (there, absent): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| it.id.is_some_and(|id| known.contains(&id)));
    for upload in &there {
        upload.end(&mut doing.ledger, ATTACH, OutcomeState::Adopted, "")?;
    }
    Ok((there, absent))
}

/// Links certificates to their customers.
pub(super) fn link(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(), Error> {
    let open: Vec<Upload> =
        uploads.into_iter().filter(|it| !doing.ledger.ended(LINK, &it.entry.key)).collect();
    let requests: Vec<Request> = open
        .iter()
        .map(|it| doing.avatax.link_certificate(&it.entry.customer, it.id.unwrap_or_default()))
        .collect();
    intend(doing, LINK, "POST certificates/link", &open, &requests)?;
    let mut fatal = None;
    for (upload, answer) in open.iter().zip(doing.avatax.write_all(&requests)) {
        if let Attempt::Fatal(error) = settled(doing, upload, LINK, answer)? {
            fatal = Some(gravest(fatal, error));
        }
    }
    fatal.map_or(Ok(()), Err)
}

/// Settles links in doubt that AvaTax has; returns the others.
pub(super) fn links_in_doubt(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Upload>, Error> {
    let (doubtful, mut open): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| doing.ledger.progressed(LINK, &it.entry.key).in_doubt());
    let since = doing.ledger.doubted();
    let absent = recovery::absent(doing.ports, since, doubtful, &mut |uploads| not_linked(doing, uploads))?;
    open.extend(not_refused(doing, LINK, absent)?);
    // A certificate that was found rather than created may be linked.
    let (found, mut open): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| {
        doing.ledger.progressed(LINK, &it.entry.key) == Progressed::No && was_found(doing, it)
    });
    open.extend(not_linked(doing, found)?);
    Ok(open)
}

/// Settles the links that AvaTax lists; returns the others.
fn not_linked(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Upload>, Error> {
    let mut absent = Vec::new();
    for upload in uploads {
        if !is_linked(doing, &upload)? {
            absent.push(upload);
            continue;
        }
        adopt_link(doing, &upload)?;
    }
    Ok(absent)
}

/// Records a link that AvaTax lists. Nothing is linked before it has its document.
pub(super) fn adopt_link(doing: &mut Doing<'_>, upload: &Upload) -> Result<(), Error> {
    if doing.ledger.progressed(ATTACH, &upload.entry.key).in_doubt() {
        upload.end(&mut doing.ledger, ATTACH, OutcomeState::Adopted, "")?;
    }
    upload.end(&mut doing.ledger, LINK, OutcomeState::Adopted, "")
}

/// Whether AvaTax lists the certificate among those of its customer.
pub(super) fn is_linked(doing: &Doing<'_>, upload: &Upload) -> Result<bool, Error> {
    match doing.avatax.certificates_of(&upload.entry.customer) {
        Ok(linked) => Ok(linked.iter().any(|it| Some(it.id) == upload.id)),
        Err(Failure::NotFound) => Ok(false),
        Err(failure) => Err(failure.error()),
    }
}
