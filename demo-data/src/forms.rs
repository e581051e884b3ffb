//! Two kinds of exemption certificate, laid out as plain marks on a letter page.
//!
//! A form is a list of texts, rules, squares, values and check marks with coordinates (points, origin at the bottom
//! left). What becomes of it is decided elsewhere: `pdf` prints it or makes it fillable, `picture` rasterises it as
//! a scanner would. Only the field labels are those of the public forms, because software has to find them; layout
//! and sentences are our own.

use crate::leads::REASONS;

/// Width of a letter page in points.
pub(crate) const PAGE_WIDTH: f32 = 612.0;
/// Height of a letter page in points.
pub(crate) const PAGE_HEIGHT: f32 = 792.0;
/// Rows of the table of states.
const STATE_ROWS: usize = 5;
const LEFT: f32 = 54.0;
const VALUES: f32 = 250.0;
const VALUE_WIDTH: f32 = 308.0;
const NOTICE: &str = "Made-up document for demonstration. Not a valid certificate.";

/// Something on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// Printed text; `y` is the baseline.
    Text { x: f32, y: f32, size: f32, bold: bool, text: String },
    /// A horizontal line.
    Rule { x: f32, y: f32, width: f32 },
    /// A value that the purchaser wrote: text, or a text field of that name.
    Value { x: f32, y: f32, width: f32, name: String, text: String },
    /// A place for a cross: text, or a check box of that name.
    Check { x: f32, y: f32, name: String, on: bool },
}

/// What the purchaser filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) purchaser: String,
    pub(crate) street: String,
    pub(crate) city_line: String,
    pub(crate) phone: String,
    pub(crate) seller: String,
    pub(crate) seller_address: String,
    pub(crate) business: String,
    pub(crate) property: String,
    pub(crate) reason: Option<char>,
    /// State and identification number.
    pub(crate) states: Vec<(String, String)>,
    pub(crate) signature: Option<String>,
    pub(crate) signer: String,
    pub(crate) title: String,
    pub(crate) date: String,
}

/// A page under construction.
#[derive(Debug, Default)]
struct Sheet(Vec<Mark>);

impl Sheet {
    fn text(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.0.push(Mark::Text { x, y, size, bold: false, text: text.to_owned() });
    }

    fn bold(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.0.push(Mark::Text { x, y, size, bold: true, text: text.to_owned() });
    }

    fn value(&mut self, x: f32, y: f32, width: f32, name: &str, text: &str) {
        self.0.push(Mark::Rule { x, y: y - 3.5, width });
        self.0.push(Mark::Value { x, y, width, name: name.to_owned(), text: text.to_owned() });
    }

    /// A label, and its value to the right on the same baseline.
    fn line(&mut self, y: f32, size: f32, label: &str, name: &str, value: &str) {
        self.text(LEFT, y, size, label);
        self.value(VALUES, y, VALUE_WIDTH, name, value);
    }

    fn foot(&mut self, edition: &str) {
        self.0.push(Mark::Rule { x: LEFT, y: 58.0, width: PAGE_WIDTH - 2.0 * LEFT });
        self.text(LEFT, 44.0, 8.0, edition);
        self.text(LEFT, 28.0, 8.0, NOTICE);
    }
}

/// The multi-state certificate with its list of reasons and table of states.
pub(crate) fn multi_state(entries: &Entries) -> Vec<Mark> {
    let mut sheet = Sheet::default();
    sheet.bold(LEFT, 736.0, 16.0, "Streamlined Sales Tax Certificate of Exemption");
    sheet.text(LEFT, 718.0, 8.0, "Blanket certificate for all purchases from the seller named below.");
    let lines = [
        ("Purchaser's name", "purchaser_name", &entries.purchaser),
        ("Business address", "business_address", &entries.street),
        ("City, state, ZIP code", "city_state_zip", &entries.city_line),
        ("Name of seller", "seller_name", &entries.seller),
        ("Seller's address", "seller_address", &entries.seller_address),
        ("Type of business", "business_type", &entries.business),
    ];
    let mut y = 690.0;
    for (label, name, value) in lines {
        sheet.line(y, 9.0, label, name, value);
        y -= 20.0;
    }
    sheet.bold(LEFT, 562.0, 10.0, "Reason for exemption (check one)");
    y = 545.0;
    for (letter, words) in REASONS {
        let on = entries.reason == Some(letter);
        sheet.0.push(Mark::Check { x: 60.0, y, name: format!("reason_{letter}"), on });
        sheet.text(80.0, y, 9.0, &letter.to_string());
        sheet.text(100.0, y, 9.0, words);
        y -= 14.0;
    }
    sheet.bold(60.0, 350.0, 10.0, "State");
    sheet.bold(120.0, 350.0, 10.0, "Identification number");
    y = 333.0;
    for row in 0..STATE_ROWS {
        let (state, number) =
            entries.states.get(row).map_or(("", ""), |(state, number)| (state.as_str(), number.as_str()));
        sheet.value(60.0, y, 40.0, &format!("state_{}", row + 1), state);
        sheet.value(120.0, y, 160.0, &format!("number_{}", row + 1), number);
        y -= 16.0;
    }
    sheet.text(LEFT, 240.0, 8.0, "By signing, the purchaser vouches for what is written above.");
    sign(&mut sheet, entries, 216.0, 9.0, "Signature of authorized purchaser", "Print name");
    sheet.line(156.0, 9.0, "Date", "date", &entries.date);
    sheet.foot("SSTGB Form F0003 Exemption Certificate (Revised 12/21/2021)");
    sheet.0
}

fn sign(sheet: &mut Sheet, entries: &Entries, y: f32, size: f32, signature: &str, name: &str) {
    sheet.line(y, size, signature, "signature", entries.signature.as_deref().unwrap_or_default());
    sheet.line(y - 20.0, size, name, "print_name", &entries.signer);
    sheet.line(y - 40.0, size, "Title", "title", &entries.title);
}

/// The Californian certificate, which knows one state and one reason.
pub(crate) fn california(entries: &Entries) -> Vec<Mark> {
    let mut sheet = Sheet::default();
    let permit = entries.states.first().map_or("", |(_, number)| number.as_str());
    sheet.bold(LEFT, 736.0, 16.0, "California Resale Certificate");
    let lines = [
        ("I hold valid seller's permit number", "permit_number", permit),
        ("I am engaged in the business of selling", "business_of_selling", &entries.business),
        ("This certificate is for the purchase from", "seller_name", &entries.seller),
        ("Description of property to be purchased for resale", "property_description", &entries.property),
    ];
    let mut y = 690.0;
    for (label, name, value) in lines {
        sheet.line(y, 8.0, label, name, value);
        y -= 24.0;
    }
    sheet.text(
        LEFT,
        580.0,
        9.0,
        "The property described above is bought for resale, before any use, in the purchaser's",
    );
    sheet.text(LEFT, 568.0, 9.0, "regular business. Whoever uses it otherwise first owes the tax on it.");
    sheet.line(530.0, 8.0, "Name of purchaser", "purchaser_name", &entries.purchaser);
    sign(&mut sheet, entries, 506.0, 8.0, "Signature of purchaser", "Printed name of person signing");
    let address = format!("{}, {}", entries.street, entries.city_line);
    sheet.line(446.0, 8.0, "Address of purchaser", "purchaser_address", &address);
    sheet.line(426.0, 8.0, "Telephone number", "telephone", &entries.phone);
    sheet.line(406.0, 8.0, "Date", "date", &entries.date);
    sheet.foot("CDTFA-230 (GENERIC) FRONT REV. 2 (8-21)");
    sheet.0
}
