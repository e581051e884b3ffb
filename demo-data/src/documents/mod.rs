//! Certificates of many forms, as they arrive: PDF with and without text, fillable, scanned, faxed, photographed.
//!
//! A reader of certificates is measured against these. A page is laid out once as text, lines, boxes and ink; one back
//! end prints it as PDF, the other draws it as pixels, which are then spoiled the way mailrooms spoil paper. The truth
//! comes from the same place as the drawing. Forms are our own drawings; only titles, form numbers and labels are
//! those of the public forms, and every page says that it is a specimen.
//!
//! | what | module |
//! |---|---|
//! | which form in which shape | `plan` |
//! | purchasers, numbers, days | `people`, `numbers`, `dates` |
//! | a correctly filled-in form, and what can be wrong with one | `fill`, `faults` |
//! | the forms | `draw`, on a `sheet` |
//! | files | `make`, with `print`, `raster`, `wear`, `encode` |
//! | the right answers | [`DocumentTruth`] |

mod case;
mod dates;
mod demo;
mod draw;
mod encode;
mod face;
mod faults;
mod fill;
mod make;
mod numbers;
mod people;
mod plan;
mod print;
mod raster;
mod sheet;
mod truth;
mod wear;

use std::{collections::BTreeSet, fs, path::Path};

use serde::Serialize;

pub use self::demo::demo_scans;
pub use self::truth::{
    Degradation, DocumentCustomer, DocumentTruth, Fault, Fields, Segment, SegmentKind, Verdict,
};
use self::{
    case::{Case, Form},
    face::Fonts,
    faults::{FAULTS, Planted, Stage},
    make::{Job, make},
    plan::Output,
};
use crate::{DemoError, random::Random};

/// The day on which all documents are judged, `YYYY-MM-DD`.
pub const TODAY: &str = dates::TODAY;

/// Every so many documents two certificates share a file.
const TOGETHER_EVERY: u32 = 20;
/// How many names are tried before one that exists is taken.
const TRIES: u64 = 50;

/// What to write.
#[derive(Debug, Clone)]
pub struct DocumentOptions<'a> {
    /// Where chance starts; equal seeds give equal bytes.
    pub seed: u64,
    /// Certificates without a fault.
    pub count: u32,
    /// Folder of the TrueType files that pictures are drawn with.
    pub fonts: &'a Path,
    /// Whether to add one document for each kind of fault.
    pub faults: bool,
    /// Spellings of the seller's name, the legal one first.
    pub seller_names: Vec<String>,
}

impl<'a> DocumentOptions<'a> {
    /// Certificates made out to Example Supply Inc. under its usual spellings, without faults.
    #[must_use]
    pub fn new(seed: u64, count: u32, fonts: &'a Path) -> Self {
        let seller_names = ["Example Supply Inc.", "Example Supply", "Example Supply, Incorporated"]
            .map(str::to_owned)
            .to_vec();
        Self { seed, count, fonts, faults: false, seller_names }
    }
}

/// The customers of the seller, as far as written.
#[derive(Default)]
struct Register {
    customers: Vec<DocumentCustomer>,
    names: BTreeSet<String>,
}

impl Register {
    fn code(&self) -> String {
        format!("C{}", 1007 + 7 * self.customers.len())
    }

    /// A correct certificate of somebody who has none yet.
    fn case(&mut self, form: Form, options: &DocumentOptions<'_>, random: &mut Random) -> Case {
        let mut case = fill::case(form, random.below(4096), &options.seller_names, &mut random.fork());
        for _ in 0..TRIES {
            if !self.names.contains(&case.purchaser.core) {
                break;
            }
            case = fill::case(form, random.below(4096), &options.seller_names, &mut random.fork());
        }
        self.names.insert(case.purchaser.core.clone());
        case
    }

    /// Enters the purchaser, somebody else at its address and a namesake elsewhere; answers the purchaser's code.
    fn enter(&mut self, case: &Case, random: &mut Random) -> String {
        let code = self.code();
        let customer = people::customer(&case.purchaser, code.clone(), random);
        self.customers.push(customer.clone());
        self.customers.push(people::neighbour(&customer, self.code(), random));
        self.customers.push(people::namesake(&customer, self.code(), random));
        if random.percent(15) {
            self.customers.push(people::subsidiary(&case.purchaser, self.code(), random));
        }
        code
    }
}

/// Writes documents, `truth.json` and `customers.json` into a folder, which is made if need be; files of the same
/// names are replaced.
///
/// The answer has an entry for each certificate, in the order of `truth.json`. A file that holds several of them has
/// an entry for each.
///
/// # Errors
///
/// When a font is missing, or the folder or a file cannot be written.
pub fn write_documents(
    folder: &Path,
    options: &DocumentOptions<'_>,
) -> Result<Vec<DocumentTruth>, DemoError> {
    fs::create_dir_all(folder).map_err(DemoError::file(folder))?;
    let fonts = Fonts::load(options.fonts)?;
    let mut register = Register::default();
    let mut truths = Vec::new();
    let mut position = 0;
    while position < options.count {
        let mut random = Random::of_item(options.seed ^ 0x646f_6375, u64::from(position));
        let is_together = position % TOGETHER_EVERY == TOGETHER_EVERY / 2 && position + 1 < options.count;
        let forms = if is_together { 2 } else { 1 };
        let mut cases = Vec::new();
        for next in position..position + forms {
            let case = register.case(plan::form(next), options, &mut random);
            let code = register.enter(&case, &mut random);
            cases.push((case, Some(code)));
        }
        let shape = cases.first().map_or(Form::Sst, |(case, _)| case.form);
        let mut shape = plan::shape(shape, &mut random);
        let is_issued = cases.iter().any(|(case, _)| case.form.is_issued());
        if is_issued && shape.style.by_hand || shape.output == Output::Fillable && is_together {
            shape = plan::digital(Output::Text, &mut random);
        }
        let id = format!("d{position:04}-{}", plan::form(position).id());
        let mut job = Job { id, cases, shape, fault: None };
        write_job(folder, &mut job, &fonts, &mut random, &mut truths)?;
        position += forms;
    }
    if options.faults {
        for (number, planted) in (0_u64..).zip(FAULTS) {
            let mut random = Random::of_item(options.seed ^ 0x6661_756c, number);
            write_fault(folder, planted, options, &fonts, &mut register, &mut random, &mut truths)?;
        }
    }
    write_json(&folder.join("truth.json"), &truth::TruthFile { documents: &truths })?;
    let customers = truth::CustomersFile { customers: &register.customers };
    write_json(&folder.join("customers.json"), &customers)?;
    Ok(truths)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), DemoError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|source| DemoError::Json { path: path.to_path_buf(), source })?;
    text.push(b'\n');
    fs::write(path, text).map_err(DemoError::file(path))
}

/// Makes a file and writes it; its certificates are added to the truth.
fn write_job(
    folder: &Path,
    job: &mut Job,
    fonts: &Fonts,
    random: &mut Random,
    truths: &mut Vec<DocumentTruth>,
) -> Result<(), DemoError> {
    let (bytes, made) = make(job, fonts, random)?;
    if let Some(first) = made.first() {
        let path = folder.join(&first.file);
        fs::write(&path, bytes).map_err(DemoError::file(&path))?;
    }
    truths.extend(made);
    Ok(())
}

fn write_fault(
    folder: &Path,
    planted: &Planted,
    options: &DocumentOptions<'_>,
    fonts: &Fonts,
    register: &mut Register,
    random: &mut Random,
    truths: &mut Vec<DocumentTruth>,
) -> Result<(), DemoError> {
    let mut case = register.case(planted.form, options, random);
    (planted.plant)(&mut case);
    let is_scan = planted.stage == Stage::Blurred || random.percent(35);
    let mut shape = if is_scan { plan::clean_scan(200, random) } else { plan::digital(Output::Text, random) };
    let customer = match planted.stage {
        Stage::Stranger => None,
        Stage::Twins => {
            for _ in 0..2 {
                let twin = people::customer(&case.purchaser, register.code(), &mut Random::of_item(1, 1));
                register.customers.push(twin);
            }
            None
        }
        Stage::Neighbour => {
            let absent = people::customer(&case.purchaser, register.code(), random);
            register.customers.push(people::neighbour(&absent, absent.code.clone(), random));
            None
        }
        _ => Some(register.enter(&case, random)),
    };
    let id = format!("f-{}", planted.kind);
    if matches!(planted.stage, Stage::SameBytes | Stage::SameWords) {
        let id = format!("f-{}-1", planted.kind);
        let same = (planted.stage == Stage::SameBytes).then(|| random.clone());
        let mut job =
            Job { id, cases: vec![(case.clone(), customer.clone())], shape: shape.clone(), fault: None };
        write_job(folder, &mut job, fonts, random, truths)?;
        match same {
            Some(same) => *random = same,
            None => shape = plan::clean_scan(200, random),
        }
    }
    if planted.stage == Stage::Blurred {
        shape.wear.blur = Some(4.5);
        shape.is_clean = false;
    }
    case.verdict = planted.verdict;
    let mut cases = vec![(case, customer)];
    if planted.stage == Stage::Untitled {
        let mut other = register.case(planted.form, options, random);
        let code = register.enter(&other, random);
        other.titled = false;
        other.verdict = planted.verdict;
        cases.push((other, Some(code)));
        shape = plan::digital(Output::Text, random);
    }
    let id =
        if matches!(planted.stage, Stage::SameBytes | Stage::SameWords) { format!("{id}-2") } else { id };
    let fault = Fault { kind: planted.kind.to_owned(), rule: planted.rule.to_owned() };
    let mut job = Job { id, cases, shape, fault: Some(fault) };
    write_job(folder, &mut job, fonts, random, truths)
}
