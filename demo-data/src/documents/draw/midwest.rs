//! Illinois, Michigan and Ohio.

use crate::documents::{
    case::Form,
    sheet::{LEFT, SPAN, Sheet},
};

/// The Illinois certificate of resale, in steps.
pub(crate) fn illinois(s: &mut Sheet<'_>) {
    s.text(LEFT, 36.0, 8.0, "Illinois Department of Revenue");
    s.bold(LEFT, 58.0, 17.0, "CRT-61 Certificate of Resale");
    s.text(LEFT, 70.0, 8.0, "(Sales and Related Taxes, Fees, and E911 Surcharge)");
    s.bar(76.0);
    let end = LEFT + SPAN;
    let mut y = 92.0;
    s.bold(LEFT, y, 10.5, "Step 1: Identify the seller");
    s.beside(LEFT + 12.0, y + 17.0, "1  Name", 110.0, end, "seller");
    s.beside(LEFT + 12.0, y + 34.0, "2  Business address", 150.0, end, "seller_street");
    s.below(152.0, y + 52.0, end - 152.0, "City, State, ZIP", "seller_place");
    y += 82.0;
    s.bold(LEFT, y, 10.5, "Step 2: Identify the purchaser");
    s.beside(LEFT + 12.0, y + 17.0, "3  Name", 110.0, end, "purchaser");
    s.beside(LEFT + 12.0, y + 34.0, "4  Business address", 150.0, end, "street");
    s.below(152.0, y + 52.0, end - 152.0, "City, State, ZIP", "place");
    y += 78.0;
    s.text(LEFT + 12.0, y, 8.5, "5  Complete the information below. Check only one box.");
    y += 17.0;
    let at = s.check(
        LEFT + 24.0,
        y,
        "il:account",
        "The purchaser is registered as a retailer with the Department. Account ID number",
    );
    s.rule(at + 6.0, y + 3.0, end - at - 6.0);
    s.value(at + 9.0, y, end - at - 10.0, "number");
    y += 17.0;
    s.check(LEFT + 24.0, y, "il:reseller", "The purchaser is registered as a reseller with the Department.");
    s.text(344.0, y, 8.5, "Resale number");
    s.rule(410.0, y + 3.0, end - 410.0);
    s.value(413.0, y, end - 416.0, "resale_number");
    y += 17.0;
    s.check_para(
        LEFT + 24.0,
        y,
        SPAN - 24.0,
        "il:outside",
        "The purchaser is authorized to do business out-of-state and will resell and deliver property only to \
         purchasers located outside the state of Illinois.",
    );
    y += 38.0;
    s.bold(LEFT, y, 10.5, "Step 3: Describe the property");
    s.text(
        LEFT + 12.0,
        y + 17.0,
        8.5,
        "6  Describe the property that is being purchased for resale or list the invoice number and date.",
    );
    s.rule(LEFT + 24.0, y + 38.0, SPAN - 24.0);
    s.value(LEFT + 28.0, y + 35.0, SPAN - 32.0, "description");
    y += 62.0;
    s.bold(LEFT, y, 10.5, "Step 4: Complete for blanket certificates");
    s.text(LEFT + 12.0, y + 17.0, 8.5, "7  Complete the information below. Check only one box.");
    s.check(LEFT + 24.0, y + 33.0, "il:all", "I am the identified purchaser, and I certify that all of the purchases that I make from this seller are for resale.");
    let at = s.check(
        LEFT + 24.0,
        y + 50.0,
        "il:share",
        "I am the identified purchaser, and I certify that the following percentage is for resale:",
    );
    s.rule(at + 6.0, y + 53.0, 40.0);
    s.value(at + 10.0, y + 50.0, 34.0, "percentage");
    s.text(at + 50.0, y + 50.0, 8.5, "%");
    y += 78.0;
    s.bold(LEFT, y, 10.5, "Step 5: Purchaser's signature");
    y = s.para(
        LEFT + 12.0,
        y + 16.0,
        SPAN - 12.0,
        8.5,
        "I certify that I am purchasing the property described in Step 3 from the stated seller for the purpose of \
         resale. If it is used otherwise, the tax on it is owed by whoever used it.",
    );
    y += 18.0;
    s.sign_below(LEFT + 12.0, y, 300.0, "Purchaser's signature");
    s.below(LEFT + 330.0, y, SPAN - 330.0, "Date", "date");
    let y = s.para(
        LEFT,
        y + 34.0,
        SPAN,
        8.0,
        "Note: it is the seller's responsibility to verify that the purchaser's account ID or resale number is valid \
         and active, and to keep this certificate. A copy of a registration is not a certificate of resale.",
    );
    s.text(LEFT, y + 10.0, 7.5, "CRT-61 (R-12/22)");
}

/// Michigan's certificate: four sections.
pub(crate) fn michigan(s: &mut Sheet<'_>) {
    s.text(LEFT, 34.0, 7.5, "Michigan Department of Treasury");
    let revision = if s.case.variant.is_multiple_of(2) { "3372 (Rev. 01-21)" } else { "3372 (Rev. 02-25)" };
    s.text(LEFT, 43.0, 7.5, revision);
    s.centre(60.0, 15.0, true, "Michigan Sales and Use Tax Certificate of Exemption");
    s.centre(
        72.0,
        8.0,
        false,
        "DO NOT send to the Department of Treasury. It is not valid unless all four sections are complete.",
    );
    s.bar(78.0);
    let end = LEFT + SPAN;
    let mut y = 92.0;
    s.bold(LEFT, y, 10.0, "SECTION 1: TYPE OF PURCHASE (check one)");
    let at = s.check(LEFT + 8.0, y + 16.0, "single", "A. One-time purchase. Order or invoice number:");
    s.rule(at + 6.0, y + 19.0, 120.0);
    s.value(at + 9.0, y + 16.0, 114.0, "order");
    s.check(LEFT + 8.0, y + 32.0, "blanket", "B. Blanket certificate. Recurring business relationship.");
    let at = s.check(
        LEFT + 8.0,
        y + 48.0,
        "blanket-until",
        "C. Blanket certificate. Expiration Date (maximum of four years):",
    );
    s.rule(at + 6.0, y + 51.0, 110.0);
    s.value(at + 9.0, y + 48.0, 104.0, "expires");
    y += 66.0;
    let label = "The purchaser named below hereby claims exemption on purchases of tangible personal property from (seller name):";
    s.text(LEFT, y, 8.0, label);
    s.rule(LEFT + 8.0, y + 19.0, 380.0);
    s.value(LEFT + 12.0, y + 16.0, 370.0, "seller");
    y += 36.0;
    s.bold(LEFT, y, 10.0, "SECTION 2: ITEMS COVERED BY THIS CERTIFICATE");
    s.check(LEFT + 8.0, y + 15.0, "mi:all", "A. All items purchased");
    let at = s.check(LEFT + 150.0, y + 15.0, "mi:limited", "B. Limited to the following items:");
    s.rule(at + 6.0, y + 18.0, end - at - 6.0);
    s.value(at + 9.0, y + 15.0, end - at - 12.0, "limited");
    y += 36.0;
    s.bold(LEFT, y, 10.0, "SECTION 3: BASIS FOR EXEMPTION CLAIM (check one)");
    y += 15.0;
    michigan_reasons(s, y);
    y += 190.0;
    s.bold(LEFT, y, 10.0, "SECTION 4: CERTIFICATION");
    y = s.para(
        LEFT,
        y + 13.0,
        SPAN,
        8.0,
        "I declare, under penalty of perjury, that the information on this certificate is true, that I have read \
         the statutes, rules and other sources that apply to my exemption, and that if the claim does not hold I \
         will pay the tax with penalty and interest to the state.",
    );
    s.cell(LEFT, y, 300.0, 27.0, "Business Name", "purchaser");
    s.cell(LEFT + 300.0, y, SPAN - 300.0, 27.0, "Type of Business", "business");
    s.cell(LEFT, y + 27.0, 264.0, 27.0, "Business Address", "street");
    s.cell(LEFT + 264.0, y + 27.0, SPAN - 264.0, 27.0, "City, State, ZIP Code", "place");
    s.cell(LEFT, y + 54.0, 264.0, 27.0, "Business Telephone Number (include area code)", "phone");
    s.cell(LEFT + 264.0, y + 54.0, SPAN - 264.0, 27.0, "Name (Print or Type)", "signer");
    s.sign_cell(LEFT, y + 81.0, 264.0, 32.0, "Signature");
    s.cell(LEFT + 264.0, y + 81.0, 140.0, 32.0, "Title", "title");
    s.cell(LEFT + 404.0, y + 81.0, SPAN - 404.0, 32.0, "Date Signed", "date");
}

fn michigan_reasons(s: &mut Sheet<'_>, y: f32) {
    // With a number, then without; `value` is what the line of a row asks for.
    let rows: [(&str, &str, Option<&str>); 12] = [
        ("mi:lease", "For Lease. Enter Use Tax Registration Number:", None),
        ("mi:retail", "For Resale at Retail. Enter Sales Tax License Number:", Some("mi:retail")),
        ("mi:direct", "Direct Pay - Authorized to pay use tax. Account Number:", Some("mi:direct")),
        ("mi:farm", "Agricultural Production. Enter percentage:", Some("mi:farm")),
        (
            "mi:government",
            "Government Entity, Nonprofit School, Nonprofit Hospital, or Church (circle type of organization)",
            None,
        ),
        (
            "mi:contractor",
            "Contractor (must provide Michigan Sales and Use Tax Contractor Eligibility Statement, Form 3520)",
            None,
        ),
        ("mi:wholesale", "For Resale at Wholesale", None),
        ("mi:industry", "Industrial Processing. Enter percentage:", Some("mi:industry")),
        (
            "mi:charity",
            "Nonprofit Internal Revenue Code Section 501(c)(3) or 501(c)(4) Exempt Organization",
            None,
        ),
        ("mi:rolling", "Rolling Stock purchased by an Interstate Motor Carrier", None),
        ("mi:mail", "Qualified Direct Mail", None),
        ("mi:other", "Other (explain):", Some("mi:other")),
    ];
    let mut y = y;
    for (key, caption, line) in rows {
        let at = s.check(LEFT + 8.0, y, key, caption) + 6.0;
        if line.is_some() || key == "mi:lease" {
            let wide = if matches!(key, "mi:farm" | "mi:industry") { 40.0 } else { 130.0 };
            s.rule(at, y + 3.0, wide);
            let entry = match key {
                "mi:farm" | "mi:industry" => "percentage",
                "mi:other" => "other",
                _ => "number",
            };
            if s.case.boxes.contains(key) {
                s.value(at + 4.0, y, wide - 6.0, entry);
            }
            if wide < 50.0 {
                s.text(at + 44.0, y, 8.5, "%");
            }
        }
        y += 15.0;
    }
}

/// Ohio's blanket and unit certificates: free text.
pub(crate) fn ohio(s: &mut Sheet<'_>) {
    let is_unit = s.case.form == Form::OhioUnit;
    s.bold(LEFT, 40.0, 10.0, "Ohio Department of Taxation");
    s.flush_right(LEFT + SPAN, 36.0, 8.5, if is_unit { "STEC U" } else { "STEC B" });
    s.flush_right(LEFT + SPAN, 46.0, 8.5, "Rev. 11/11");
    s.centre(74.0, 15.0, true, "Sales and Use Tax");
    let title = if is_unit { "Unit Exemption Certificate" } else { "Blanket Exemption Certificate" };
    s.centre(92.0, 15.0, true, title);
    let opening = if is_unit {
        "The purchaser hereby claims exception or exemption on the purchase of tangible personal property and \
         selected services made from:"
    } else {
        "The purchaser hereby claims exception or exemption on all purchases of tangible personal property and \
         selected services made under this certificate from:"
    };
    let mut y = s.para(LEFT, 122.0, SPAN, 9.5, opening) + 16.0;
    s.rule(LEFT + 40.0, y + 3.5, SPAN - 80.0);
    s.value(LEFT + 46.0, y, SPAN - 92.0, "seller");
    s.centre(y + 12.0, 7.5, false, "(Vendor's name)");
    y += 36.0;
    s.text(
        LEFT,
        y,
        9.5,
        "and certifies that this claim is based upon the purchaser's proposed use of the items or",
    );
    s.text(LEFT, y + 12.0, 9.5, "services, the activity of the purchaser, or both, as shown hereon:");
    y += 38.0;
    s.rule(LEFT, y + 3.5, SPAN);
    s.value(LEFT + 4.0, y, SPAN - 8.0, "reason_text");
    y += 22.0;
    s.bold(LEFT, y, 9.0, "Purchaser must state a valid reason for claiming exception or exemption.");
    y += 28.0;
    let half = SPAN / 2.0 - 6.0;
    s.below(LEFT, y, SPAN, "Purchaser's name", "purchaser");
    y += 32.0;
    s.below(LEFT, y, SPAN, "Purchaser's type of business", "business");
    y += 32.0;
    s.below(LEFT, y, half, "Street address", "street");
    s.below(LEFT + half + 12.0, y, half, "City, state, ZIP code", "place");
    y += 42.0;
    s.sign_below(LEFT, y, half, "Signature");
    s.below(LEFT + half + 12.0, y, half, "Title", "title");
    y += 32.0;
    s.below(LEFT, y, half, "Date signed", "date");
    y += 32.0;
    s.below(LEFT, y, half, "Vendor's license number, if any", "number");
    if is_unit {
        s.below(LEFT + half + 12.0, y, half, "Invoice or order number", "order");
    }
    y += 36.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "Vendors of motor vehicles, titled watercraft and titled outboard motors may not use this certificate. \
         Certain claims have a certificate of their own, among them those of construction contractors.",
    );
    s.para(
        LEFT,
        y + 8.0,
        SPAN,
        8.5,
        "This certificate cannot be used by purchasers who have a direct payment permit. A vendor may ask for \
         more information about the claim and keeps the certificate for four years.",
    );
}
