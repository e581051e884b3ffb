//! The certificate files: who handed in what, and what a careful reader has to make of each.
//!
//! Twenty-six files, most of them good. The rest are the cases that an office sees every week: scans and a photograph
//! without text, a transfer that broke off, the same file twice, a purchaser nobody knows, a missing signature, a
//! missing reason. Two more certificates are attachments of the ERP instead of files.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    DemoError,
    customers::{self, Customer, lead_index},
    forms::{self, Entries, Mark},
    leads::{LEADS, business_of, state_number},
    pdf,
    picture::Bitmap,
    random::Random,
    words,
};

const SELLER: &str = "Example Seller Supply House";
const SELLER_ADDRESS: &str = "100 Sample Street, Springfield, IL 62701";
/// How much of the broken file arrived.
const BROKEN_AFTER: usize = 700;
/// Parts 0 to 23 handed in files; the last two are attachments.
const FILES: u32 = 24;
const ATTACHED: [u32; 2] = [24, 25];

/// What kind of file a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// Multi-state form with a text layer.
    MultiState,
    /// Californian resale certificate with a text layer.
    California,
    /// Multi-state form with its values in form fields.
    MultiStateFillable,
    /// Californian resale certificate with its values in form fields.
    CaliforniaFillable,
    /// PDF that holds nothing but a picture.
    Scan,
    /// PNG picture.
    Picture,
    /// PDF that ends in the middle.
    Broken,
}

/// What has to become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedOutcome {
    /// A certificate for each state.
    Upload,
    /// Without recognition of pictures, nothing yet.
    NeedsReader,
    /// Nothing, ever.
    Unreadable,
    /// A person has to look: something is missing, or nobody is known by that name.
    Review,
    /// Nothing: the same bytes were handed in under another name.
    Duplicate,
}

/// A state and the purchaser's number there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateNumber {
    /// Two letters.
    pub state: String,
    /// Nine digits.
    pub number: String,
}

/// What stands on one certificate, and what has to become of it. Of a broken file: what stood on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateTruth {
    /// Name of the file.
    pub file_name: String,
    /// What kind of file it is.
    pub kind: CertificateKind,
    /// Code of the customer it belongs to; none for a stranger.
    pub customer_code: Option<String>,
    /// Purchaser as printed, which may differ a little from the customer's name.
    pub purchaser: String,
    /// Where it holds.
    pub states: Vec<StateNumber>,
    /// Letter of the reason, also the entity/use code; none where it is missing.
    pub reason: Option<char>,
    /// Day of the signature, `YYYY-MM-DD`; none where nobody signed.
    pub signed: Option<String>,
    /// What has to become of it.
    pub outcome: ExpectedOutcome,
}

/// A certificate that lies in the ERP.
pub(crate) struct Attachment {
    /// Position of its customer.
    pub(crate) index: u64,
    pub(crate) file_name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) truth: CertificateTruth,
}

/// Writes the certificate files into `dir`, which is made if need be; files of the same names are replaced.
///
/// They belong to customers of [`crate::write_erp`] with the same seed and at least the default number of rows.
/// The answer is sorted by file name.
///
/// # Errors
///
/// When the folder or a file cannot be written.
pub fn write_certificates(dir: &Path, seed: u64) -> Result<Vec<CertificateTruth>, DemoError> {
    fs::create_dir_all(dir).map_err(DemoError::file(dir))?;
    let mut truths = Vec::new();
    let mut write = |truth: CertificateTruth, content: &[u8]| {
        let path = dir.join(&truth.file_name);
        fs::write(&path, content).map_err(DemoError::file(&path))?;
        truths.push(truth);
        Ok(())
    };
    for part in 0..FILES {
        let (truth, content) = certificate(seed, part)?;
        if part == 0 {
            // An underscore sorts after the full stop, so the copy comes after its original.
            let file_name = truth.file_name.replace(".pdf", "_copy.pdf");
            write(
                CertificateTruth { file_name, outcome: ExpectedOutcome::Duplicate, ..truth.clone() },
                &content,
            )?;
        }
        write(truth, &content)?;
    }
    let (truth, content) = stranger(seed);
    write(truth, &content)?;
    truths.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(truths)
}

/// What stands on the certificates that [`crate::write_erp`] attaches to customers.
///
/// # Errors
///
/// When one of them cannot be drawn.
pub fn attached_certificates(seed: u64) -> Result<Vec<CertificateTruth>, DemoError> {
    Ok(attachments(seed)?.into_iter().map(|attachment| attachment.truth).collect())
}

/// The certificates that lie in the ERP.
pub(crate) fn attachments(seed: u64) -> Result<Vec<Attachment>, DemoError> {
    ATTACHED
        .into_iter()
        .map(|part| {
            let (truth, content) = certificate(seed, part)?;
            let index = find(part)?;
            Ok(Attachment { index, file_name: truth.file_name.clone(), content, truth })
        })
        .collect()
}

fn find(part: u32) -> Result<u64, DemoError> {
    lead_index(part).ok_or_else(|| DemoError::Cast { name: format!("certificate {part}"), lead: part })
}

fn kind_of(part: u32) -> CertificateKind {
    match part {
        10..15 | 25 => CertificateKind::California,
        15 | 16 => CertificateKind::MultiStateFillable,
        17 => CertificateKind::CaliforniaFillable,
        18 | 19 => CertificateKind::Scan,
        20 => CertificateKind::Picture,
        23 => CertificateKind::Broken,
        _ => CertificateKind::MultiState,
    }
}

fn outcome_of(part: u32) -> ExpectedOutcome {
    match part {
        18..=20 => ExpectedOutcome::NeedsReader,
        21 | 22 => ExpectedOutcome::Review,
        23 => ExpectedOutcome::Unreadable,
        _ => ExpectedOutcome::Upload,
    }
}

/// The certificate of a part: what stands on it, and its bytes.
fn certificate(seed: u64, part: u32) -> Result<(CertificateTruth, Vec<u8>), DemoError> {
    let index = find(part)?;
    let customer = customers::customer(seed, index);
    let (mut entries, signed) = entries_of(seed, part, index, &customer);
    let kind = kind_of(part);
    let is_californian =
        matches!(kind, CertificateKind::California | CertificateKind::CaliforniaFillable) || part == 19;
    match part {
        21 => entries.signature = None,
        22 => entries.reason = None,
        _ => {}
    }
    if is_californian {
        entries.business = "Household and office goods".to_owned();
    }
    let marks = if is_californian { forms::california(&entries) } else { forms::multi_state(&entries) };
    let stem = words::slug(&entries.purchaser);
    let file_name = match kind {
        CertificateKind::Scan => format!("scan-{:04}.pdf", 4_000 + part),
        CertificateKind::Picture => format!("photo-{:04}.png", 4_000 + part),
        _ if is_californian => format!("{stem}-resale.pdf"),
        _ => format!("{stem}-sst.pdf"),
    };
    let content = render(kind, &marks, seed, &file_name)?;
    let truth = CertificateTruth {
        file_name,
        kind,
        customer_code: Some(customer.code),
        states: state_numbers(&entries),
        reason: entries.reason,
        signed: entries.signature.is_some().then_some(signed),
        purchaser: entries.purchaser,
        outcome: outcome_of(part),
    };
    Ok((truth, content))
}

fn render(kind: CertificateKind, marks: &[Mark], seed: u64, name: &str) -> Result<Vec<u8>, DemoError> {
    Ok(match kind {
        CertificateKind::MultiState | CertificateKind::California => pdf::printed(marks),
        CertificateKind::MultiStateFillable | CertificateKind::CaliforniaFillable => pdf::fillable(marks),
        CertificateKind::Scan => pdf::scanned(&Bitmap::of_marks(marks, seed)),
        CertificateKind::Picture => Bitmap::of_marks(marks, seed)
            .png()
            .map_err(|source| DemoError::Picture { name: name.to_owned(), source })?,
        CertificateKind::Broken => {
            let mut content = pdf::printed(marks);
            content.truncate(BROKEN_AFTER);
            content
        }
    })
}

fn state_numbers(entries: &Entries) -> Vec<StateNumber> {
    let pair =
        |(state, number): &(String, String)| StateNumber { state: state.clone(), number: number.clone() };
    entries.states.iter().map(pair).collect()
}

/// The entries of a part's certificate and the day of its signature.
fn entries_of(seed: u64, part: u32, index: u64, customer: &Customer) -> (Entries, String) {
    let mut random = Random::of_item(seed ^ 0x4345_5254, u64::from(part));
    let lead = usize::try_from(part).ok().and_then(|at| LEADS.get(at));
    let (states, reason) = lead.map_or((&[][..], 'G'), |lead| (lead.states, lead.reason));
    let home = customer.home().cloned().unwrap_or_default();
    let (signed, date) = signing_day(&mut random, part);
    let signer = words::person(&mut random);
    let (purchaser, street) = spelling(part, &customer.name, &home.line1.unwrap_or_default());
    let entries = Entries {
        purchaser,
        street,
        city_line: format!(
            "{}, {} {}",
            home.city.unwrap_or_default(),
            home.region.unwrap_or_default(),
            home.postal_code.unwrap_or_default()
        ),
        phone: customer.phone.clone().unwrap_or_else(|| "202-555-0199".to_owned()),
        seller: SELLER.to_owned(),
        seller_address: SELLER_ADDRESS.to_owned(),
        business: business_of(reason).1.to_owned(),
        property: "Goods of the seller's catalog, for the shelf".to_owned(),
        reason: Some(reason),
        states: states.iter().map(|&state| (state.to_owned(), state_number(seed, index, state))).collect(),
        signature: Some(format!("/s/ {signer}")),
        signer,
        title: random.pick(&["Owner", "Controller", "Purchasing Manager", "Treasurer"]).to_owned(),
        date,
    };
    (entries, signed)
}

/// A day in 2025 or 2026, as it is and as people write it.
fn signing_day(random: &mut Random, part: u32) -> (String, String) {
    const MONTHS: [&str; 9] =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September"];
    let (year, month, day) = (2025 + random.below(2), random.below(9), 1 + random.below(28));
    let iso = format!("{year}-{:02}-{day:02}", month + 1);
    let printed = match part % 3 {
        0 => format!("{:02}/{day:02}/{year}", month + 1),
        1 => format!("{} {day}, {year}", crate::random::pick(&MONTHS, month)),
        _ => iso.clone(),
    };
    (iso, printed)
}

/// People do not write their name and address the way the seller's ERP does.
fn spelling(part: u32, name: &str, street: &str) -> (String, String) {
    match part {
        2 | 7 | 15 => (name.replace(" LLC", ", L.L.C."), street.to_owned()),
        6 => (name.to_uppercase(), street.to_owned()),
        4 | 12 => {
            let short = [
                ("Street", "St."),
                ("Avenue", "Ave."),
                ("Road", "Rd."),
                ("Drive", "Dr."),
                ("Parkway", "Pkwy."),
            ];
            let street =
                short.iter().fold(street.to_owned(), |street, (long, short)| street.replace(long, short));
            (name.to_owned(), street)
        }
        _ => (name.to_owned(), street.to_owned()),
    }
}

/// A good certificate of somebody who is no customer.
fn stranger(seed: u64) -> (CertificateTruth, Vec<u8>) {
    let mut random = Random::of_item(seed, 0x5354_5241_4e47);
    let (signed, date) = signing_day(&mut random, 0);
    let signer = words::person(&mut random);
    let entries = Entries {
        purchaser: "Wayfaring Example Traders LLC".to_owned(),
        street: words::street(&mut random),
        city_line: "Dayton, OH 45402".to_owned(),
        seller: SELLER.to_owned(),
        seller_address: SELLER_ADDRESS.to_owned(),
        business: business_of('G').1.to_owned(),
        reason: Some('G'),
        states: vec![("OH".to_owned(), state_number(seed, u64::from(u32::MAX), "OH"))],
        signature: Some(format!("/s/ {signer}")),
        signer,
        title: "Owner".to_owned(),
        date,
        ..Entries::default()
    };
    let truth = CertificateTruth {
        file_name: format!("{}-sst.pdf", words::slug(&entries.purchaser)),
        kind: CertificateKind::MultiState,
        customer_code: None,
        purchaser: entries.purchaser.clone(),
        states: state_numbers(&entries),
        reason: entries.reason,
        signed: Some(signed),
        outcome: ExpectedOutcome::Review,
    };
    (truth, pdf::printed(&forms::multi_state(&entries)))
}
