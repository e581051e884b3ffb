//! The streamlined certificate, its North Carolina twin, and the one for several jurisdictions.

use crate::documents::{
    case::Form,
    fill::{BUSINESS_TYPES, SST_REASONS},
    sheet::{LEFT, SPAN, Sheet},
};

/// Largest entry in a row of the table of states.
const ROW: f32 = 11.0;

/// Streamlined certificate, 2021 layout or the older one; for North Carolina with its own header.
pub(crate) fn streamlined(s: &mut Sheet<'_>) {
    let is_carolina = s.case.form == Form::NorthCarolina;
    let is_older = s.case.variant == 3 || is_carolina;
    if s.case.titled {
        if is_carolina {
            s.bold(LEFT, 40.0, 12.0, "E-595E");
            s.text(LEFT, 52.0, 7.0, "Web-Fill 4-22");
            s.centre(40.0, 13.5, true, "Streamlined Sales and Use Tax");
            s.centre(56.0, 13.5, true, "Certificate of Exemption");
        } else if is_older {
            s.centre(40.0, 13.5, true, "Streamlined Sales and Use Tax Agreement");
            s.centre(56.0, 13.5, true, "Certificate of Exemption");
        } else {
            s.centre(46.0, 15.0, true, "Streamlined Sales Tax Certificate of Exemption");
        }
        s.centre(70.0, 8.5, true, "Do not send this form to the Streamlined Sales Tax Governing Board.");
    }
    s.para(
        LEFT,
        83.0,
        SPAN,
        8.0,
        "This certificate may be used in several states, but no state allows every exemption listed on it. \
         Whoever buys has to know what the state of the purchase allows and owes the tax, with interest and \
         penalties, on a claim that does not hold. Hand the completed certificate to the seller.",
    );
    let mut y = 122.0;
    s.bold(LEFT, y, 9.5, "1.");
    if is_older {
        let state = if is_carolina { "NC" } else { s.case.get("state") }.to_owned();
        s.text(
            LEFT + 16.0,
            y,
            8.5,
            "Enter the two-letter postal abbreviation of the state whose law applies",
        );
        s.frame(478.0, y - 11.0, 34.0, 15.0);
        if !state.is_empty() {
            s.entry(486.0, y, 26.0, "state", &state);
        }
        y += 18.0;
        s.bold(LEFT, y, 9.5, "2.");
    }
    let end = s.check(LEFT + 16.0, y, "single", "Single purchase certificate. Invoice/purchase order #");
    s.rule(end + 5.0, y + 3.0, 92.0);
    s.value(end + 8.0, y, 86.0, "order");
    s.check(end + 112.0, y, "blanket", "Blanket certificate");
    y += 20.0;
    if is_older {
        older_parties(s, y)
    } else {
        parties(s, y)
    };
    y += if is_older { 138.0 } else { 122.0 };
    y = business(s, y, if is_older { "4." } else { "3." });
    y = reasons(s, y + 4.0, if is_older { "5." } else { "4." });
    if !is_older {
        y = states(s, y + 2.0);
    }
    sign(s, y + 6.0);
    let foot = if is_carolina {
        "E-595E, Streamlined Sales and Use Tax Certificate of Exemption, Web-Fill 4-22"
    } else if is_older {
        "SSTGB Form F0003 Exemption Certificate (Revised 5/10/2017 for use 1/1/2018)"
    } else {
        "SSTGB Form F0003 Exemption Certificate (Revised 12/21/2021)"
    };
    if s.case.titled {
        s.text(LEFT, 766.0, 7.5, foot);
    }
}

fn parties(s: &mut Sheet<'_>, y: f32) {
    s.bold(LEFT, y, 9.5, "2.");
    s.text(LEFT + 16.0, y, 8.5, "Purchaser and seller (print or type)");
    let mut y = y + 8.0;
    let half = SPAN / 2.0;
    s.cell(LEFT, y, SPAN, 25.0, "A. Purchaser's name", "purchaser");
    y += 25.0;
    s.cell(LEFT, y, half, 25.0, "B. Business address", "street");
    s.cell(LEFT + half, y, half - 150.0, 25.0, "City", "city");
    s.cell(LEFT + SPAN - 150.0, y, 60.0, 25.0, "State", "region");
    s.cell(LEFT + SPAN - 90.0, y, 90.0, 25.0, "Zip code", "zip");
    y += 25.0;
    let label = "C. Name of seller from whom you are purchasing, leasing or renting";
    s.cell(LEFT, y, SPAN, 25.0, label, "seller");
    y += 25.0;
    s.cell(LEFT, y, half, 25.0, "D. Seller's address", "seller_street");
    s.cell(LEFT + half, y, half, 25.0, "City, state, zip code", "seller_place");
}

fn older_parties(s: &mut Sheet<'_>, y: f32) {
    s.bold(LEFT, y, 9.5, "3.");
    s.text(LEFT + 16.0, y, 8.5, "Please print");
    let mut y = y + 16.0;
    s.below(LEFT + 16.0, y, SPAN - 16.0, "Name of purchaser", "purchaser");
    y += 29.0;
    s.below(LEFT + 16.0, y, 230.0, "Business address", "street");
    s.below(LEFT + 256.0, y, 120.0, "City", "city");
    s.below(LEFT + 386.0, y, 50.0, "State", "region");
    s.below(LEFT + 446.0, y, SPAN - 446.0, "Zip code", "zip");
    y += 29.0;
    s.below(LEFT + 16.0, y, 230.0, "Purchaser's Tax ID Number", "number");
    s.below(LEFT + 256.0, y, 120.0, "State of Issue", "state");
    s.below(LEFT + 386.0, y, SPAN - 386.0, "Country of Issue", "country");
    y += 29.0;
    let label = "Name of seller from whom you are purchasing, leasing or renting";
    s.below(LEFT + 16.0, y, SPAN - 16.0, label, "seller");
    s.text(LEFT + 16.0, y + 22.0, 7.5, "Seller's address:");
    s.value(LEFT + 90.0, y + 22.0, 320.0, "seller_address");
}

fn business(s: &mut Sheet<'_>, y: f32, item: &str) -> f32 {
    s.bold(LEFT, y, 9.5, item);
    s.bold(
        LEFT + 16.0,
        y,
        8.5,
        "Purchaser's type of business. Check the number that describes your business.",
    );
    let mut row = 0.0;
    let mut column = 0.0;
    for (key, caption) in BUSINESS_TYPES {
        s.check(LEFT + 16.0 + column * 262.0, y + 14.0 + row * 12.5, key, caption);
        row += 1.0;
        if row > 9.5 {
            row = 0.0;
            column += 1.0;
        }
    }
    y + 14.0 + 10.0 * 12.5 + 2.0
}

fn reasons(s: &mut Sheet<'_>, y: f32, item: &str) -> f32 {
    s.bold(LEFT, y, 9.5, item);
    s.bold(
        LEFT + 16.0,
        y,
        8.5,
        "Reason for exemption. Check the letter that identifies the reason for the exemption.",
    );
    let mut row = 0.0;
    let mut column = 0.0;
    for (key, letter, caption) in SST_REASONS {
        let (x, y) = (LEFT + 16.0 + column * 262.0, y + 14.0 + row * 12.5);
        s.check(x, y, key, &format!("{letter}   {caption}"));
        if letter == 'L' {
            s.rule(x + 110.0, y + 3.0, 120.0);
            s.value(x + 113.0, y, 114.0, "other");
        }
        row += 1.0;
        if row > 6.5 {
            row = 0.0;
            column += 1.0;
        }
    }
    y + 14.0 + 7.0 * 12.5
}

fn states(s: &mut Sheet<'_>, y: f32) -> f32 {
    s.bold(LEFT, y, 9.5, "5.");
    s.bold(
        LEFT + 16.0,
        y,
        8.5,
        "Identification (ID) number: enter it for each state in which the exemption is claimed.",
    );
    let y = y + 5.0;
    let half = SPAN / 2.0;
    for column in [LEFT, LEFT + half] {
        s.text(column + 6.0, y + 10.0, 7.5, "State");
        s.text(column + 50.0, y + 10.0, 7.5, "ID number / reason letter");
    }
    let states = ["AR", "GA", "IN", "IA", "KS", "KY", "MI", "MN", "NE", "NV", "NJ", "ND"];
    let rest = ["OH", "OK", "RI", "SD", "UT", "VT", "WA", "WV", "WI", "WY"];
    let mut row_y = y + 14.0;
    for row in 0..12 {
        for (column, list) in [(LEFT, &states[..]), (LEFT + half, &rest[..])] {
            let Some(state) = list.get(row) else { continue };
            state_row(s, column, row_y, half, state);
        }
        row_y += 13.0;
    }
    row_y + 12.0
}

fn state_row(s: &mut Sheet<'_>, x: f32, y: f32, width: f32, state: &'static str) {
    s.frame(x, y, 44.0, 13.0);
    s.frame(x + 44.0, y, width - 44.0, 13.0);
    s.text(x + 14.0, y + 10.0, 8.5, state);
    let number = s.case.table.iter().find(|row| row.state == state).map(|row| row.number.clone());
    if let Some(number) = number.filter(|number| !number.is_empty()) {
        s.entry_within(x + 50.0, y + 10.5, width - 60.0, ROW, field_of(state), &number);
    }
}

/// Key of the number for a state.
pub(crate) fn field_of(state: &str) -> &'static str {
    const KEYS: [(&str, &str); 39] = [
        ("AL", "number_AL"),
        ("AR", "number_AR"),
        ("AZ", "number_AZ"),
        ("CA", "number_CA"),
        ("CO", "number_CO"),
        ("CT", "number_CT"),
        ("FL", "number_FL"),
        ("GA", "number_GA"),
        ("HI", "number_HI"),
        ("IA", "number_IA"),
        ("ID", "number_ID"),
        ("IL", "number_IL"),
        ("IN", "number_IN"),
        ("KS", "number_KS"),
        ("KY", "number_KY"),
        ("MD", "number_MD"),
        ("ME", "number_ME"),
        ("MI", "number_MI"),
        ("MN", "number_MN"),
        ("MO", "number_MO"),
        ("NC", "number_NC"),
        ("ND", "number_ND"),
        ("NE", "number_NE"),
        ("NJ", "number_NJ"),
        ("NM", "number_NM"),
        ("NV", "number_NV"),
        ("OH", "number_OH"),
        ("OK", "number_OK"),
        ("PA", "number_PA"),
        ("RI", "number_RI"),
        ("SC", "number_SC"),
        ("SD", "number_SD"),
        ("TX", "number_TX"),
        ("UT", "number_UT"),
        ("VT", "number_VT"),
        ("WA", "number_WA"),
        ("WI", "number_WI"),
        ("WV", "number_WV"),
        ("WY", "number_WY"),
    ];
    KEYS.iter().find(|(code, _)| *code == state).map_or("number_other", |(_, key)| key)
}

fn sign(s: &mut Sheet<'_>, y: f32) {
    s.bold(LEFT, y, 9.5, "6.");
    s.para(
        LEFT + 16.0,
        y,
        SPAN - 16.0,
        8.5,
        "Sign here. I declare that the information on this certificate is correct and complete to the best of \
         my knowledge and belief.",
    );
    let y = y + 36.0;
    s.sign_below(LEFT, y, 170.0, "Signature of authorized purchaser");
    s.below(LEFT + 180.0, y, 140.0, "Print name", "signer");
    s.below(LEFT + 330.0, y, 100.0, "Title", "title");
    s.below(LEFT + 440.0, y, SPAN - 440.0, "Date", "date");
}

/// The certificate for several jurisdictions, with its long table of states.
pub(crate) fn multijurisdiction(s: &mut Sheet<'_>) {
    let is_newer = s.case.variant.is_multiple_of(2);
    if is_newer {
        s.centre(40.0, 14.0, true, "Uniform Sales & Use Tax Resale Certificate");
        s.flush_right(LEFT + SPAN, 52.0, 7.0, "Revised October 14, 2022");
    } else {
        s.centre(40.0, 13.0, true, "UNIFORM SALES & USE TAX CERTIFICATE - MULTIJURISDICTION");
        s.flush_right(LEFT + SPAN, 52.0, 7.0, "Revised 12/2011");
    }
    let y = s.para(
        LEFT,
        64.0,
        SPAN,
        7.5,
        "The below-listed states have indicated that this form of certificate is acceptable as a resale \
         certificate for sales and use tax, subject to the instructions and notes. Seller and buyer have to \
         see for themselves that it is used as the law of each state wants it.",
    );
    let mut y = y + 10.0;
    s.beside(LEFT, y, "Issued to (Seller):", 150.0, LEFT + SPAN, "seller");
    y += 19.0;
    s.beside(LEFT, y, "Address:", 150.0, LEFT + SPAN, "seller_address");
    y += 19.0;
    s.text(LEFT, y, 8.5, "I certify that:");
    y += 16.0;
    s.beside(LEFT, y, "Name of Firm (Buyer):", 190.0, LEFT + SPAN, "purchaser");
    y += 19.0;
    s.beside(LEFT, y, "Street Address or P.O. Box No.:", 190.0, LEFT + SPAN, "street");
    y += 19.0;
    s.beside(LEFT, y, "City, State, Zip:", 190.0, LEFT + SPAN, "place");
    y += 18.0;
    s.text(LEFT, y, 8.5, "is engaged as a registered");
    let kinds = [
        ("kind:wholesaler", "Wholesaler"),
        ("kind:retailer", "Retailer"),
        ("kind:manufacturer", "Manufacturer"),
        ("kind:california", "Seller (California)"),
        ("kind:lessor", "Lessor"),
        ("kind:other", "Other (Specify)"),
    ];
    let mut x = LEFT + 8.0;
    for (key, caption) in kinds {
        x = s.check(x, y + 14.0, key, caption) + 14.0;
    }
    y = s.para(
        LEFT,
        y + 28.0,
        SPAN,
        7.5,
        "and is registered with the states listed below, into which the seller would deliver, and that what it \
         buys is for wholesale, resale, or part of a product or service to be sold, leased or rented in the \
         normal course of its business.",
    );
    y += 6.0;
    s.beside(LEFT, y, "Description of Business:", 150.0, LEFT + SPAN, "business");
    y += 18.0;
    let label =
        "General description of tangible property or taxable services to be purchased from the seller:";
    s.text(LEFT, y, 8.5, label);
    y += 15.0;
    s.rule(LEFT, y + 3.0, SPAN);
    s.value(LEFT + 3.0, y, SPAN - 6.0, "description");
    y += 10.0;
    let y = multi_table(s, y);
    let y = s.para(
        LEFT,
        y + 12.0,
        SPAN,
        7.5,
        "If anything bought in this way is used so that tax is owed on it, we will pay the tax where the law \
         says so. This certificate is part of each order that we give from now on, until we cancel it in \
         writing or a state revokes it. Under penalties of perjury, what it says is true and correct.",
    );
    let y = y + 16.0;
    s.sign_below(LEFT, y, 200.0, "Authorized Signature (owner, partner or corporate officer)");
    s.below(LEFT + 212.0, y, 120.0, "Printed name", "signer");
    s.below(LEFT + 344.0, y, 90.0, "Title", "title");
    s.below(LEFT + 446.0, y, SPAN - 446.0, "Date", "date");
}

fn multi_table(s: &mut Sheet<'_>, y: f32) -> f32 {
    const STATES: [&str; 36] = [
        "AL", "AR", "AZ", "CA", "CO", "CT", "FL", "GA", "HI", "IA", "ID", "IL", "KS", "KY", "MD", "ME", "MI",
        "MN", "MO", "NC", "ND", "NE", "NJ", "NM", "NV", "OH", "OK", "PA", "RI", "SC", "SD", "TX", "UT", "VT",
        "WA", "WI",
    ];
    let half = SPAN / 2.0;
    let label = "State Registration, Seller's Permit, or ID Number of Purchaser";
    for column in [LEFT, LEFT + half] {
        s.frame(column, y, 44.0, 13.0);
        s.frame(column + 44.0, y, half - 44.0, 13.0);
        s.text(column + 10.0, y + 9.5, 7.5, "State");
        s.text(column + 48.0, y + 9.5, 7.0, label);
    }
    let mut row_y = y + 13.0;
    for row in 0..18 {
        for (column, at) in [(LEFT, row), (LEFT + half, row + 18)] {
            if let Some(state) = STATES.get(at) {
                state_row(s, column, row_y, half, state);
            }
        }
        row_y += 13.0;
    }
    // A state that is not in the table was written below it.
    let extra: Vec<_> =
        s.case.table.iter().filter(|row| !STATES.contains(&row.state.as_str())).cloned().collect();
    for row in extra {
        s.frame(LEFT, row_y, 44.0, 13.0);
        s.frame(LEFT + 44.0, row_y, half - 44.0, 13.0);
        s.entry_within(LEFT + 12.0, row_y + 10.0, 30.0, ROW, "state_other", &row.state);
        s.entry_within(LEFT + 50.0, row_y + 10.0, half - 60.0, ROW, "number_other", &row.number);
        row_y += 13.0;
    }
    row_y
}
