//! One file from its cases: lays the pages out, prints or draws and spoils them, and writes down the truth.
//!
//! A case takes a page, or two if something has to come with it. What the truth says was filled in is what the
//! drawing set on the page: a form without a place for a seller has none in its truth either.

use std::collections::BTreeSet;

use super::{
    case::Case,
    encode,
    face::{Face, Fonts, Metrics},
    plan::{Output, Shape},
    print::{self, Entries, Packed},
    raster::{self, Grey, float},
    sheet::{Mark, Sheet},
    truth::{DocumentTruth, Fault, Fields, Segment, SegmentKind},
    wear::{self, Placement},
};
use crate::{DemoError, documents::draw, random::Random};

/// A file to make.
pub(crate) struct Job {
    /// Name without ending.
    pub(crate) id: String,
    /// Certificates in it, with the codes of their customers.
    pub(crate) cases: Vec<(Case, Option<String>)>,
    pub(crate) shape: Shape,
    pub(crate) fault: Option<Fault>,
}

/// A laid-out page and the case it belongs to.
struct Page {
    case: usize,
    marks: Vec<Mark>,
    shown: BTreeSet<&'static str>,
}

fn lay_out(job: &Job, metrics: Metrics<'_>, random: &mut Random) -> Vec<Page> {
    let mut pages = Vec::new();
    for (at, (case, _)) in job.cases.iter().enumerate() {
        let mut sheet = Sheet::new(case, metrics, job.shape.style, random.fork());
        draw::draw(&mut sheet);
        pages.push(Page { case: at, marks: sheet.marks, shown: sheet.shown });
        if case.attached {
            let mut sheet = Sheet::new(case, metrics, job.shape.style, random.fork());
            draw::attachment(&mut sheet);
            pages.push(Page { case: at, marks: sheet.marks, shown: sheet.shown });
        }
    }
    pages
}

/// Makes the file: its bytes and the truth of each certificate in it.
pub(crate) fn make(
    job: &mut Job,
    fonts: &Fonts,
    random: &mut Random,
) -> Result<(Vec<u8>, Vec<DocumentTruth>), DemoError> {
    if job.shape.is_upper {
        for (case, _) in &mut job.cases {
            for text in case.values.values_mut() {
                *text = text.to_uppercase();
            }
        }
    }
    let is_several = job.cases.len() > 1 || job.cases.iter().any(|(case, _)| case.attached);
    if is_several && !job.shape.output.has_pages() {
        job.shape.output = Output::Scan;
    }
    let metrics = if job.shape.output.is_digital() { Metrics::Standard } else { Metrics::Files(fonts) };
    let pages = lay_out(job, metrics, random);
    let (bytes, placements, size) = if job.shape.output.is_digital() {
        let entries = match job.shape.output {
            Output::Fillable if random.percent(50) => Entries::Numbered,
            Output::Fillable => Entries::Named,
            _ => Entries::Printed,
        };
        let marks: Vec<Vec<Mark>> = pages.iter().map(|page| page.marks.clone()).collect();
        let sheet = Grey::page(job.shape.dpi);
        let placement = Placement::straight(sheet.width, sheet.height);
        (print::printed(&marks, entries), vec![placement; pages.len()], (sheet.width, sheet.height))
    } else {
        picture(job, &pages, fonts, random)?
    };
    let truths = truths(job, &pages, &placements, metrics, size);
    Ok((bytes, truths))
}

type Picture = (Vec<u8>, Vec<Placement>, (u32, u32));

fn picture(job: &Job, pages: &[Page], fonts: &Fonts, random: &mut Random) -> Result<Picture, DemoError> {
    let shape = &job.shape;
    let mut placements = Vec::new();
    let mut size = (0, 0);
    let mut bytes = Vec::new();
    let mut packed = Vec::new();
    let mut kept = Vec::new();
    for page in pages {
        let sheet = raster::draw(&page.marks, fonts, shape.dpi);
        let (grey, placement) = wear::apply(sheet, &shape.wear, fonts, shape.dpi, random);
        if placements.is_empty() {
            size = (grey.width, grey.height);
        }
        placements.push(placement);
        match shape.output {
            Output::Png => bytes = encode::png(&grey, shape.dpi, &job.id)?,
            Output::Jpeg => {
                let quality = shape.wear.jpeg.unwrap_or(80);
                bytes = encode::jpeg(&grey, shape.dpi, quality, shape.wear.photo, &job.id)?;
            }
            Output::Tiff(_) => kept.push(grey),
            Output::Scan | Output::Text | Output::Fillable => packed.push(match shape.wear.jpeg {
                Some(quality) => {
                    let jpeg = encode::jpeg(&grey, shape.dpi, quality, false, &job.id)?;
                    Packed::jpeg(&grey, shape.dpi, jpeg)
                }
                None => Packed::plain(&grey, shape.dpi, shape.wear.bilevel),
            }),
        }
    }
    match shape.output {
        Output::Tiff(packing) => bytes = encode::tiff(&kept, shape.dpi, packing),
        Output::Scan => bytes = print::scanned(&packed),
        _ => {}
    }
    Ok((bytes, placements, size))
}

/// Entry face under the names of the samples.
fn face_name(face: Face) -> &'static str {
    match face {
        Face::Serif | Face::SerifBold => "serif",
        Face::Mono => "mono",
        Face::Pen => "pen",
        Face::Brush => "brush",
        Face::Sans | Face::SansBold => "sans",
    }
}

fn format_name(shape: &Shape) -> String {
    match (shape.output, shape.wear.jpeg) {
        (Output::Jpeg, Some(quality)) => format!("jpg{quality}"),
        (Output::Tiff(_), _) => "tiff".to_owned(),
        (Output::Scan, _) => "pdf-scan".to_owned(),
        (Output::Fillable, _) => "pdf-form".to_owned(),
        (output, _) => output.ending().to_owned(),
    }
}

fn truths(
    job: &Job,
    pages: &[Page],
    placements: &[Placement],
    metrics: Metrics<'_>,
    size: (u32, u32),
) -> Vec<DocumentTruth> {
    let firsts: Vec<usize> =
        (0..job.cases.len()).filter_map(|case| pages.iter().position(|page| page.case == case)).collect();
    let mut truths = Vec::new();
    for (at, (case, customer)) in job.cases.iter().enumerate() {
        let mut segments = Vec::new();
        let mut shown = BTreeSet::new();
        for (number, page) in pages.iter().enumerate().filter(|(_, page)| page.case == at) {
            if let Some(placement) = placements.get(number) {
                segments.extend(segments_of(page, number, job.shape.dpi, metrics, placement));
            }
            shown.extend(page.shown.iter().copied());
        }
        let id = if at == 0 { job.id.clone() } else { format!("{}-part-{}", job.id, at + 1) };
        truths.push(DocumentTruth {
            id,
            file: format!("{}.{}", job.id, job.shape.output.ending()),
            layout: case.form.id().to_owned(),
            form: case.form.id().to_owned(),
            dpi: job.shape.dpi,
            width: size.0,
            height: size.1,
            entry_font: (job.shape.output != Output::Fillable)
                .then(|| face_name(job.shape.style.entry).to_owned()),
            reason_is_checkbox: case.reason_is_box,
            degradation: job.shape.wear.clone(),
            format: format_name(&job.shape),
            scan: !job.shape.output.is_digital(),
            clean: job.shape.is_clean,
            fields: fields(case, &shown),
            use_code: (case.reason != ' ').then(|| case.reason.to_string()),
            coverage: case.coverage.clone(),
            expiry_rule_iso: case.rule_expiry.map(super::dates::Day::iso),
            verdict: case.verdict,
            fault: job.fault.clone(),
            pages: if job.cases.len() > 1 { firsts.clone() } else { Vec::new() },
            first_page: firsts.get(at).copied().unwrap_or_default(),
            segments,
            customer_code: customer.clone(),
        });
    }
    truths
}

fn fields(case: &Case, shown: &BTreeSet<&'static str>) -> Fields {
    let value =
        |key: &str| shown.contains(key).then(|| case.get(key).to_owned()).filter(|text| !text.is_empty());
    let of_address = |key: &'static str, parts: &[&str]| {
        let is_shown = parts.iter().chain(&["address"]).any(|part| shown.contains(part));
        is_shown.then(|| case.get(key).to_owned()).filter(|text| !text.is_empty())
    };
    let first = case.coverage.first();
    let signed = value("date");
    let expiry = value("expires");
    Fields {
        purchaser_name: value("purchaser"),
        street: of_address("street", &["street"]),
        city_state_zip: of_address("place", &["place", "city"]),
        state: first.map(|(state, _)| state.clone()),
        permit_id: first.and_then(|(_, number)| number.clone()),
        reason: value("reason_text").or_else(|| Some(case.reason_words.clone()).filter(|r| !r.is_empty())),
        seller_name: value("seller"),
        signer: value("signer"),
        signed_date_iso: if signed.is_some() { case.signed_iso.clone() } else { None },
        signed_date: signed,
        expiry_iso: expiry.as_ref().and(case.expires).map(super::dates::Day::iso),
        expiry,
        state_ids: case.table.iter().map(|row| (row.state.clone(), row.number.clone())).collect(),
    }
}

fn segments_of(
    page: &Page,
    number: usize,
    dpi: u32,
    metrics: Metrics<'_>,
    placement: &Placement,
) -> Vec<Segment> {
    let scale = float(dpi) / 72.0;
    let mut segments = Vec::new();
    for mark in &page.marks {
        let Mark::Text { x, y, size, face, text, kind, .. } = mark else { continue };
        let right = x + metrics.width(*face, *size, text);
        let below = if *kind == SegmentKind::Label { 0.22 } else { 0.24 };
        let area = [x * scale, (y - size * 0.74) * scale, right * scale, (y + size * below) * scale];
        segments.push(Segment { text: text.clone(), area: placement.area(area), kind: *kind, page: number });
    }
    segments
}
