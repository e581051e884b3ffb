//! A certificate as a PDF with a text layer: the quickest document there is to read.
//!
//! The labels are those of the public multi-state form, because software has to find them; layout and sentences are our
//! own, and each page says that it is not a certificate.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

use crate::company::{Company, Paper};

const LEFT: f32 = 54.0;
const VALUES: f32 = 250.0;

/// Draws a certificate.
#[must_use]
pub fn draw(company: &Company, paper: &Paper) -> Vec<u8> {
    let mut content = Content::new();
    let mut text = |x: f32, y: f32, size: f32, text: &str| {
        content.begin_text();
        content.set_font(Name(b"F"), size);
        content.next_line(x, y);
        content.show(Str(text.as_bytes()));
        content.end_text();
    };
    let (name, street, place) = company.owner(paper).map_or_else(Default::default, |owner| {
        let place = format!("{}, {} {}", owner.city, owner.region, owner.postal_code);
        (owner.name.clone(), owner.line1.clone(), place)
    });
    text(LEFT, 736.0, 16.0, "Streamlined Sales Tax Certificate of Exemption");
    text(LEFT, 718.0, 8.0, "Blanket certificate for all purchases from the seller named below.");
    let lines = [
        ("Purchaser's name", name.as_str()),
        ("Business address", &street),
        ("City, state, ZIP code", &place),
        ("Name of seller", "Example Seller Supply House"),
        ("Seller's address", "100 Sample Street, Springfield, IL 62701"),
        ("Type of business", "13 Wholesale trade"),
    ];
    let mut y = 690.0;
    for (label, value) in lines {
        text(LEFT, y, 9.0, label);
        text(VALUES, y, 10.0, value);
        y -= 20.0;
    }
    text(LEFT, 562.0, 10.0, "Reason for exemption (check one)");
    y = 545.0;
    for (letter, words) in [
        ("E", "Charitable organization"),
        ("F", "Religious organization"),
        ("G", "Resale"),
        ("M", "Educational organization"),
    ] {
        if letter == "G" {
            text(60.0, y, 10.0, "X");
        }
        text(80.0, y, 9.0, letter);
        text(100.0, y, 9.0, words);
        y -= 14.0;
    }
    text(60.0, 350.0, 10.0, "State");
    text(120.0, 350.0, 10.0, "Identification number");
    y = 333.0;
    for (state, number) in &paper.entries {
        text(60.0, y, 10.0, state);
        text(120.0, y, 10.0, number);
        y -= 16.0;
    }
    text(LEFT, 240.0, 8.0, "By signing, the purchaser vouches for what is written above.");
    let signed = [
        ("Signature of authorized purchaser", "/s/ Robin Sample"),
        ("Print name", "Robin Sample"),
        ("Title", "Owner"),
        ("Date", company.signed.as_str()),
    ];
    y = 216.0;
    for (label, value) in signed {
        text(LEFT, y, 9.0, label);
        text(VALUES, y, 10.0, value);
        y -= 20.0;
    }
    text(LEFT, 44.0, 8.0, "SSTGB Form F0003 Exemption Certificate (Revised 12/21/2021)");
    text(LEFT, 28.0, 8.0, "Made-up document for tests. Not a valid certificate.");
    for row in 0_u8..4 {
        content.rect(58.0, 543.0 - 14.0 * f32::from(row), 9.0, 9.0).stroke();
    }
    page(content)
}

fn page(content: Content) -> Vec<u8> {
    let [catalog, pages, page, contents, font] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut leaf = pdf.page(page);
    leaf.parent(pages).media_box(Rect::new(0.0, 0.0, 612.0, 792.0)).contents(contents);
    leaf.resources().fonts().pair(Name(b"F"), font);
    leaf.finish();
    pdf.stream(contents, &content.finish());
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.finish()
}
