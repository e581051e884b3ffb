//! Letters of states, and papers that no list of forms knows.

use crate::documents::sheet::{LEFT, SPAN, Sheet};

const INDENT: f32 = 72.0;
const WIDE: f32 = 612.0 - 2.0 * INDENT;

fn address(s: &mut Sheet<'_>, y: f32) {
    s.value(INDENT, y, 320.0, "purchaser");
    s.value(INDENT, y + 15.0, 320.0, "street");
    s.value(INDENT, y + 30.0, 320.0, "place");
}

/// The letter by which Illinois grants an exemption number.
pub(crate) fn illinois(s: &mut Sheet<'_>) {
    s.bold(INDENT, 56.0, 12.0, "Illinois Department of Revenue");
    s.text(
        INDENT,
        68.0,
        8.0,
        "Office of Local Government Services, Sales Tax Exemption Section, Springfield",
    );
    s.value(INDENT, 104.0, 140.0, "date");
    address(s, 134.0);
    let end = INDENT + WIDE;
    s.bold(INDENT, 204.0, 11.0, "Sales Tax Exemption Letter");
    s.beside(INDENT, 228.0, "Tax exemption number:", 210.0, end, "number");
    s.beside(INDENT, 246.0, "Effective date:", 210.0, end, "effective");
    s.beside(INDENT, 264.0, "Expiration date:", 210.0, end, "expires");
    let reason = s.case.get("reason_text").to_owned();
    let y = s.para(
        INDENT,
        300.0,
        WIDE,
        10.0,
        &format!(
            "We have received your application for exemption from state and local sales taxes. Based on what you \
             sent us, we believe that your organization is organized and operated as {reason}."
        ),
    );
    let y = s.para(
        INDENT,
        y + 10.0,
        WIDE,
        10.0,
        "Consequently, sales of any kind to this organization are exempt from the Retailers' Occupation Tax, the \
         Service Occupation Tax (both state and local), the Use Tax and the Service Use Tax in Illinois.",
    );
    let y = s.para(
        INDENT,
        y + 10.0,
        WIDE,
        10.0,
        "You must furnish the exemption number above to your suppliers when you make tax-free purchases. Unless \
         the letter is renewed before its last day, the number is no longer valid after it. It may not be used for \
         what an individual member buys.",
    );
    s.text(INDENT, y + 18.0, 10.0, "Illinois Department of Revenue");
}

/// A letter of some state about an exempt organization.
pub(crate) fn state(s: &mut Sheet<'_>) {
    let state = s.case.get("state").to_owned();
    let name = state_name(&state);
    s.bold(INDENT, 60.0, 13.0, &format!("{name} Department of Revenue"));
    s.text(INDENT, 74.0, 9.0, "Taxpayer Services Division, Sales Tax Exemption Unit");
    s.value(INDENT, 108.0, 140.0, "date");
    address(s, 138.0);
    let upper = name.to_uppercase();
    s.bold(INDENT, 206.0, 12.0, &format!("CERTIFICATE OF EXEMPTION FROM {upper} SALES AND USE TAX"));
    let mut y = 236.0;
    for (label, key) in [
        ("Organization Name:", "purchaser"),
        ("Exemption Number:", "number"),
        ("State:", "state"),
        ("Reason for Exemption:", "reason_text"),
        ("Effective Date:", "effective"),
        ("Expiration Date:", "expires"),
    ] {
        s.text(INDENT, y, 10.0, label);
        s.value(232.0, y, 300.0, key);
        y += 18.0;
    }
    y = s.para(
        INDENT,
        y + 12.0,
        WIDE,
        10.0,
        "This letter confirms that the organization named above has been granted exemption from the payment of sales \
         and use tax on purchases made for the purpose for which it was founded.",
    );
    y = s.para(
        INDENT,
        y + 10.0,
        WIDE,
        10.0,
        "It does not hold for purchases that are used in an unrelated trade or business. Sellers keep a copy of this \
         certificate with their invoices.",
    );
    s.text(INDENT, y + 20.0, 10.0, "Sincerely,");
    s.signature(INDENT + 6.0, y + 54.0, 180.0);
    s.value(INDENT, y + 76.0, 220.0, "signer");
    s.text(INDENT, y + 90.0, 9.0, "Director, Taxpayer Services");
}

fn state_name(code: &str) -> &'static str {
    match code {
        "PA" => "Pennsylvania",
        "MO" => "Missouri",
        "VA" => "Virginia",
        "MD" => "Maryland",
        "CT" => "Connecticut",
        "KS" => "Kansas",
        "WI" => "Wisconsin",
        _ => "Indiana",
    }
}

/// A paper of nobody's making: a purchaser's own declaration, or a form of a trade body.
pub(crate) fn unknown(s: &mut Sheet<'_>) {
    let end = LEFT + SPAN;
    if s.case.variant.is_multiple_of(2) {
        s.centre(60.0, 16.0, true, "Buyer's Tax Declaration");
        s.centre(76.0, 9.0, false, "for use in trade between regular business partners");
        let mut y = 110.0;
        for (label, key) in [
            ("Buyer", "purchaser"),
            ("Street", "street"),
            ("City, state, ZIP", "place"),
            ("Registration", "number"),
            ("Supplier", "seller"),
            ("Goods", "description"),
            ("Grounds for the claim", "reason_text"),
        ] {
            s.beside(LEFT, y, label, 170.0, end, key);
            y += 24.0;
        }
        let y = s.para(
            LEFT,
            y + 8.0,
            SPAN,
            9.5,
            "We declare that no tax is to be charged to us on the goods named above, and that we will tell the \
             supplier when this is no longer so.",
        );
        s.sign_below(LEFT, y + 40.0, 220.0, "For the buyer");
        s.below(LEFT + 240.0, y + 40.0, 140.0, "Name", "signer");
        s.below(LEFT + 400.0, y + 40.0, SPAN - 400.0, "Day", "date");
    } else {
        s.centre(56.0, 15.0, true, "Vendor Onboarding Sheet");
        s.bar(66.0);
        s.cell(LEFT, 80.0, SPAN, 30.0, "Company", "purchaser");
        s.cell(LEFT, 110.0, SPAN / 2.0, 30.0, "Street", "street");
        s.cell(LEFT + SPAN / 2.0, 110.0, SPAN / 2.0, 30.0, "City, state, ZIP", "place");
        s.cell(LEFT, 140.0, SPAN / 2.0, 30.0, "Phone", "phone");
        s.cell(LEFT + SPAN / 2.0, 140.0, SPAN / 2.0, 30.0, "Tax number", "number");
        s.cell(LEFT, 170.0, SPAN, 30.0, "Line of business", "business");
        let y = s.para(
            LEFT,
            226.0,
            SPAN,
            9.5,
            "Payment within thirty days. Please send invoices as PDF. We are usually not charged tax; ask our office \
             for the certificate of your state.",
        );
        s.sign_below(LEFT, y + 40.0, 220.0, "Office");
        s.below(LEFT + 240.0, y + 40.0, 140.0, "Name", "signer");
        s.below(LEFT + 400.0, y + 40.0, SPAN - 400.0, "Day", "date");
    }
}
