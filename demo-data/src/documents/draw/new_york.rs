//! The three forms of New York: seller and purchaser side by side.

use crate::documents::sheet::{LEFT, SPAN, Sheet};

const HALF: f32 = SPAN / 2.0;

fn head(s: &mut Sheet<'_>, title: &str, number: &str, revision: &str) {
    s.text(LEFT, 36.0, 7.5, "New York State Department of Taxation and Finance");
    s.bold(LEFT, 54.0, 11.0, "New York State and Local Sales and Use Tax");
    s.bold(LEFT, 76.0, 17.0, title);
    s.bold(LEFT + SPAN - 80.0, 54.0, 17.0, number);
    s.text(LEFT + SPAN - 60.0, 68.0, 8.0, revision);
    s.bar(84.0);
}

/// Seller on the left, purchaser on the right.
fn parties(s: &mut Sheet<'_>, y: f32) -> f32 {
    for (x, name, street, cells) in [
        (
            LEFT,
            ("Name of seller", "seller"),
            ("Street address", "seller_street"),
            &["seller_city", "seller_region", "seller_zip"],
        ),
        (
            LEFT + HALF,
            ("Name of purchaser", "purchaser"),
            ("Street address", "street"),
            &["city", "region", "zip"],
        ),
    ] {
        s.cell(x, y, HALF, 26.0, name.0, name.1);
        s.cell(x, y + 26.0, HALF, 26.0, street.0, street.1);
        let [city, region, zip] = *cells;
        s.cell(x, y + 52.0, HALF - 120.0, 26.0, "City", city);
        s.cell(x + HALF - 120.0, y + 52.0, 45.0, 26.0, "State", region);
        s.cell(x + HALF - 75.0, y + 52.0, 75.0, 26.0, "ZIP code", zip);
    }
    y + 78.0
}

fn scope(s: &mut Sheet<'_>, y: f32) -> f32 {
    s.text(LEFT, y, 8.5, "Mark an X in the appropriate box:");
    let end = s.check(200.0, y, "single", "Single-use certificate");
    s.check(end + 24.0, y, "blanket", "Blanket certificate");
    s.text(LEFT, y + 15.0, 8.5, "If single-use, enter invoice or purchase order number");
    s.rule(270.0, y + 18.0, 130.0);
    s.value(273.0, y + 15.0, 124.0, "order");
    y + 32.0
}

fn sign(s: &mut Sheet<'_>, y: f32, name: &str) {
    let y = s.para(
        LEFT,
        y,
        SPAN,
        7.5,
        "Certification: I certify that the above statements are true, complete, and correct, and that no \
         material information has been omitted. I make these statements and issue this certificate with the \
         knowledge that this document provides evidence that state and local sales or use taxes do not apply to \
         a transaction for which I tendered it, and that willfully issuing it to evade tax is a felony.",
    );
    s.cell(LEFT, y, HALF + 40.0, 26.0, name, "signer");
    s.cell(LEFT + HALF + 40.0, y, HALF - 40.0, 26.0, "Title", "title");
    s.sign_cell(
        LEFT,
        y + 26.0,
        HALF + 40.0,
        32.0,
        "Signature of owner, partner, or authorized person of purchaser",
    );
    s.cell(LEFT + HALF + 40.0, y + 26.0, HALF - 40.0, 32.0, "Date prepared", "date");
}

/// Resale.
pub(crate) fn resale(s: &mut Sheet<'_>) {
    head(s, "Resale Certificate", "ST-120", "(6/18)");
    let mut y = parties(s, 92.0) + 16.0;
    y = scope(s, y);
    s.text(LEFT, y, 8.0, "Temporary vendors must issue a single-use certificate.");
    y += 18.0;
    s.text(LEFT, y, 8.5, "To the purchaser: you must complete all parts that apply to you.");
    y += 18.0;
    s.beside(LEFT, y, "I am engaged in the business of", 190.0, LEFT + SPAN, "business");
    y += 18.0;
    s.beside(LEFT, y, "and principally sell", 190.0, LEFT + SPAN, "description");
    y += 14.0;
    s.text(LEFT, y, 7.5, "(Contractors may not use this certificate to purchase materials and supplies.)");
    y += 16.0;
    s.bar(y);
    y += 14.0;
    s.bold(LEFT, y, 9.5, "Part 1 - To be completed by registered New York State sales tax vendors");
    y += 16.0;
    s.text(LEFT, y, 8.5, "I am a New York State (mark an X in the appropriate box):");
    y += 15.0;
    let end = s.check(LEFT + 16.0, y, "ny:part1", "registered vendor (hotel operators included)");
    s.check(end + 20.0, y, "ny:show", "show vendor or entertainment vendor");
    y += 18.0;
    s.beside(LEFT, y, "My valid Certificate of Authority number is", 240.0, LEFT + SPAN, "number");
    y += 18.0;
    s.bold(LEFT, y, 9.5, "Part 2 - To be completed by non-New York State purchasers");
    y += 16.0;
    s.beside(LEFT, y, "I am registered for sales tax in the following state:", 260.0, 340.0, "other_state");
    s.beside(352.0, y, "My registration number is", 460.0, LEFT + SPAN, "other_number");
    y += 20.0;
    s.bold(LEFT, y, 9.5, "I am purchasing:");
    y += 15.0;
    y = s.check_para(
        LEFT + 16.0,
        y,
        SPAN - 16.0,
        "ny:property",
        "A. Tangible personal property (other than motor fuel or diesel motor fuel) for resale in its present form \
         or as a physical component part of other property, or for use in performing taxable services",
    );
    y = s.check_para(
        LEFT + 16.0,
        y + 3.0,
        SPAN - 16.0,
        "ny:service",
        "B. A service for resale, including the servicing of tangible personal property held for sale",
    );
    sign(s, y + 8.0, "Type or print name of owner, partner, or authorized person");
    s.text(LEFT, 750.0, 7.5, "The seller must receive this certificate within 90 days after delivery.");
}

/// Exempt use.
pub(crate) fn exempt_use(s: &mut Sheet<'_>) {
    head(s, "Exempt Use Certificate", "ST-121", "(1/11)");
    let mut y = parties(s, 92.0) + 16.0;
    y = scope(s, y);
    s.beside(LEFT, y, "Purchaser's Certificate of Authority number (if any):", 260.0, LEFT + SPAN, "number");
    y += 16.0;
    s.bar(y);
    y += 14.0;
    s.bold(LEFT, y, 9.5, "Part I - Exemptions related to production");
    s.text(LEFT, y + 13.0, 8.5, "The property or services are (mark an X in all boxes that apply):");
    y += 27.0;
    let production = [
        (
            "ny:production",
            "A. Used or consumed directly and predominantly in the production of tangible personal \
          property, gas, electricity, refrigeration, or steam for sale",
        ),
        (
            "ny:parts",
            "B. Machinery or equipment parts, tools, or supplies with a useful life of one year or less",
        ),
        ("ny:research", "C. Used directly and predominantly in research and development"),
        (
            "ny:farm",
            "D. Used or consumed predominantly in farm production or in a commercial horse boarding operation",
        ),
    ];
    for (key, caption) in production {
        y = s.check_para(LEFT + 12.0, y, SPAN - 12.0, key, caption) + 2.0;
    }
    y += 6.0;
    s.bold(LEFT, y, 9.5, "Part II - Services exempt from tax");
    y += 14.0;
    let services = [
        ("ny:install", "E. Installing, repairing, maintaining, or servicing property used in production"),
        ("ny:wrapping", "F. Cartons, containers, and wrapping or packaging materials and supplies"),
    ];
    for (key, caption) in services {
        y = s.check_para(LEFT + 12.0, y, SPAN - 12.0, key, caption) + 2.0;
    }
    y += 6.0;
    s.bold(LEFT, y, 9.5, "Part III - Other exemptions");
    y += 14.0;
    let others = [
        ("ny:tracks", "G. Commercial vessels or aircraft, railroad rolling stock, and parts for them"),
        ("ny:theater", "H. Used in the production of live dramatic or musical arts performances"),
        ("ny:broadcast", "I. Machinery and equipment of a broadcaster, or other property as explained below"),
    ];
    for (key, caption) in others {
        y = s.check_para(LEFT + 12.0, y, SPAN - 12.0, key, caption) + 2.0;
    }
    s.rule(LEFT + 27.0, y + 8.0, SPAN - 27.0);
    sign(s, y + 26.0, "Type or print name of owner, partner, or authorized person");
    s.text(LEFT, 750.0, 7.5, "Keep this certificate for at least three years.");
}

/// Exempt organizations; handed out on paper by the tax department.
pub(crate) fn exempt_organization(s: &mut Sheet<'_>) {
    s.text(LEFT, 36.0, 7.5, "New York State Department of Taxation and Finance");
    s.bold(LEFT, 54.0, 11.0, "New York State and Local Sales and Use Tax");
    s.bold(LEFT, 72.0, 15.0, "Exempt Organization");
    s.bold(LEFT, 89.0, 15.0, "Exempt Purchase Certificate");
    s.bold(LEFT + SPAN - 90.0, 62.0, 17.0, "ST-119.1");
    s.text(LEFT + SPAN - 60.0, 76.0, 8.0, "(10/11)");
    s.bar(98.0);
    let mut y = parties(s, 106.0);
    s.frame(LEFT, y, SPAN, 34.0);
    let label = "Exempt organization number (6-digit number issued by the New York State Tax Department)";
    s.text(LEFT + 3.0, y + 8.5, 7.5, label);
    s.value(LEFT + 24.0, y + 27.0, 160.0, "number");
    y += 52.0;
    y = scope(s, y);
    y = s.para(
        LEFT,
        y + 4.0,
        SPAN,
        9.0,
        "The exempt organization must be the direct purchaser and payer of record. Its name has to be on the bill \
         or invoice and payment has to come from its funds. Members and officers may not use this certificate for \
         what they buy for themselves, even if they are paid back.",
    );
    y = s.para(
        LEFT,
        y + 6.0,
        SPAN,
        9.0,
        "Representatives of governmental agencies or diplomatic missions may not use this form. They have \
         purchase orders and cards of their own.",
    );
    y = s.para(
        LEFT,
        y + 6.0,
        SPAN,
        9.0,
        "The organization named above holds a valid exempt organization certificate and claims exemption from \
         state and local sales and use taxes on this purchase. A blanket certificate covers later purchases of \
         the same kind; each invoice shows the organization's name and number.",
    );
    sign(s, y + 16.0, "Type or print name of officer of organization");
}
