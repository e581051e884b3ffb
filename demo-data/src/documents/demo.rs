//! Scans and photographs for the demo, of customers that the made-up ERP holds.
//!
//! A handful of papers from the mailroom: good ones in several kinds of file, one that somebody else at the address
//! sent, and some that must not be accepted. They carry name, address and numbers of the cast of the ERP.

use std::{fs, path::Path};

use super::{
    DocumentTruth, Fault, Verdict,
    case::{Case, Form},
    face::Fonts,
    faults::FAULTS,
    fill,
    make::{Job, make},
    people::Party,
    plan::{self, Output, Shape},
};
use crate::{
    DemoError,
    customers::{self, lead_index},
    leads::state_number,
    random::Random,
};

/// Name of the seller to whom the demo's certificates are made out.
const SELLER: &str = "Example Seller Supply House";

/// A paper of the demo: whose, which form, spoiled by which share of chance, and the fault if it has one.
struct Paper {
    part: u32,
    form: Form,
    state: &'static str,
    look: Look,
    fault: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Look {
    Clean,
    Fax,
    Photo,
    Pen,
}

const fn paper(part: u32, form: Form, state: &'static str, look: Look, fault: Option<&'static str>) -> Paper {
    Paper { part, form, state, look, fault }
}

/// The certificates of these customers in `certificates` are for other states or of other forms.
const PAPERS: [Paper; 10] = [
    paper(0, Form::Georgia, "GA", Look::Clean, None),
    paper(7, Form::OhioBlanket, "OH", Look::Fax, None),
    paper(6, Form::Mtc, "IN", Look::Photo, Some("state-outside-mtc")),
    paper(4, Form::Sst, "KS", Look::Pen, None),
    paper(15, Form::Sst, "WI", Look::Photo, None),
    paper(2, Form::Washington, "WA", Look::Clean, Some("expired-wa")),
    paper(10, Form::California, "CA", Look::Pen, None),
    paper(12, Form::California, "CA", Look::Fax, Some("no-number-ca")),
    paper(22, Form::Sst, "IA", Look::Clean, Some("unsigned-sst")),
    paper(24, Form::Sst, "AR", Look::Photo, Some("two-reasons-sst")),
];

/// Writes ten scans and photographs into a folder, for customers of [`crate::write_erp`] with the same seed and at
/// least the default number of rows. Some have to end in review, some are not valid; the answer says which.
///
/// # Errors
///
/// When a font is missing, or the folder or a file cannot be written.
pub fn demo_scans(folder: &Path, seed: u64, fonts: &Path) -> Result<Vec<DocumentTruth>, DemoError> {
    fs::create_dir_all(folder).map_err(DemoError::file(folder))?;
    let fonts = Fonts::load(fonts)?;
    let mut truths = Vec::new();
    for (number, paper) in (0_u64..).zip(&PAPERS) {
        let mut random = Random::of_item(seed ^ 0x7363_616e, number);
        let (case, code) = case_of(paper, seed, &mut random)?;
        let id = format!("inbox-{:04}-{}", 7_101 + number, paper.form.id());
        let fault =
            planted(paper).map(|fault| Fault { kind: fault.kind.to_owned(), rule: fault.rule.to_owned() });
        let shape = look(paper.look, &mut random);
        let mut job = Job { id, cases: vec![(case, Some(code))], shape, fault };
        let (bytes, made) = make(&mut job, &fonts, &mut random)?;
        for truth in &made {
            let path = folder.join(&truth.file);
            fs::write(&path, &bytes).map_err(DemoError::file(&path))?;
        }
        truths.extend(made);
    }
    Ok(truths)
}

fn planted(paper: &Paper) -> Option<&'static super::faults::Planted> {
    FAULTS.iter().find(|fault| Some(fault.kind) == paper.fault)
}

/// The form filled in by a customer of the ERP, and the customer's code.
fn case_of(paper: &Paper, seed: u64, random: &mut Random) -> Result<(Case, String), DemoError> {
    let name = || format!("inbox paper {}", paper.part);
    let index = lead_index(paper.part).ok_or_else(|| DemoError::Cast { name: name(), lead: paper.part })?;
    let customer = customers::customer(seed, index);
    let home = customer.home().cloned().unwrap_or_default();
    let party = Party {
        name: customer.name.clone(),
        core: customer.name.clone(),
        street: home.line1.unwrap_or_default(),
        suite: home.line2,
        city: home.city.unwrap_or_default(),
        region: home.region.unwrap_or_default(),
        postal_code: home.postal_code.unwrap_or_default(),
        phone: "202-555-0199".to_owned(),
        business: "Retail of household goods",
        buys: "Household goods and hardware",
    };
    let sellers = [SELLER.to_owned()];
    let mut case = fill::resale_of(paper.form, paper.state, party, &sellers, random);
    if paper.form != Form::Washington {
        case.renumber(&state_number(seed, index, paper.state));
    }
    if let Some(fault) = planted(paper) {
        (fault.plant)(&mut case);
        case.verdict = fault.verdict;
    } else {
        case.verdict = Verdict::Pass;
    }
    Ok((case, customer.code))
}

fn look(look: Look, random: &mut Random) -> Shape {
    let mut shape = plan::clean_scan(200, random);
    match look {
        Look::Clean => shape.output = Output::Scan,
        Look::Fax => plan::faxed(&mut shape),
        Look::Photo => plan::photographed(&mut shape),
        Look::Pen => plan::by_pen(&mut shape),
    }
    shape.is_upper = false;
    shape
}
