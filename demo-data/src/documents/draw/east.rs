//! Pennsylvania, New Jersey and Massachusetts.

use crate::documents::sheet::{LEFT, SPAN, Sheet};

/// Pennsylvania's certificate: numbered paragraphs.
pub(crate) fn pennsylvania(s: &mut Sheet<'_>) {
    s.text(LEFT, 34.0, 7.5, "REV-1220 (TR) 07-23 (FI)");
    s.bold(LEFT, 46.0, 9.0, "pennsylvania DEPARTMENT OF REVENUE");
    s.centre(66.0, 15.0, true, "PENNSYLVANIA EXEMPTION CERTIFICATE");
    s.centre(
        79.0,
        8.0,
        false,
        "STATE AND LOCAL SALES AND USE TAX, HOTEL OCCUPANCY TAX, VEHICLE RENTAL TAX AND OTHERS",
    );
    s.bold(LEFT, 96.0, 8.5, "CHECK ONE:");
    s.check(
        LEFT + 64.0,
        96.0,
        "single",
        "PENNSYLVANIA TAX UNIT EXEMPTION CERTIFICATE (USE FOR ONE TRANSACTION)",
    );
    s.check(
        LEFT + 64.0,
        110.0,
        "blanket",
        "PENNSYLVANIA TAX BLANKET EXEMPTION CERTIFICATE (USE FOR MULTIPLE TRANSACTIONS)",
    );
    s.centre(124.0, 8.0, true, "THIS FORM MAY BE PHOTOCOPIED - VOID UNLESS COMPLETE INFORMATION IS SUPPLIED");
    s.cell(LEFT, 132.0, SPAN, 27.0, "Name of Seller, Vendor or Lessor", "seller");
    let third = SPAN / 2.0;
    s.cell(LEFT, 159.0, third, 27.0, "Street", "seller_street");
    s.cell(LEFT + third, 159.0, third, 27.0, "City, State, ZIP Code", "seller_place");
    let mut y = 202.0;
    s.bold(
        LEFT,
        y,
        8.5,
        "Property and services purchased or leased using this certificate are exempt from tax because:",
    );
    s.text(
        LEFT,
        y + 11.0,
        8.0,
        "(Select the appropriate paragraph, check the box and give the information asked for.)",
    );
    y += 27.0;
    let lines: [(&str, &str, &str); 8] = [
        (
            "pa:1",
            "1. Property or services will be used directly and predominately by purchaser in performing purchaser's operation of:",
            "operation",
        ),
        (
            "pa:2",
            "2. Purchaser is a/an (kind of organization holding a Sales Tax Exemption Number):",
            "organization",
        ),
        (
            "pa:3",
            "3. Property will be resold under License ID. (If purchaser does not have a PA Sales Tax License ID, state why under 8.)",
            "license",
        ),
        ("pa:4", "4. Purchaser is a/an: public utility that uses the property directly in its service.", ""),
        ("pa:5", "5. Exempt wrapping supplies. License ID:", "wrapping"),
        ("pa:6", "6. Special tax exemption of a federal agency or a direct payment permit holder.", ""),
        ("pa:7", "7. Purchase of a construction contractor for a building of an exempt body.", ""),
        ("pa:8", "8. Other (Explain in detail. More space on the back.)", "other"),
    ];
    for (key, caption, entry) in lines {
        s.tick_box(LEFT + 2.0, y, key);
        let next = s.para(LEFT + 17.0, y, SPAN - 17.0, 8.5, caption);
        y = next + 3.0;
        if entry.is_empty() {
            continue;
        }
        let ticked = s.case.boxes.contains(key);
        s.rule(LEFT + 20.0, y + 5.0, 230.0);
        match entry {
            "organization" => {
                s.text(300.0, y + 2.0, 8.0, "Exemption Number:");
                s.rule(375.0, y + 5.0, 190.0);
                if ticked {
                    s.value(LEFT + 24.0, y + 2.0, 222.0, "reason_text");
                    s.value(380.0, y + 2.0, 180.0, "number");
                }
            }
            "operation" if ticked => s.value(LEFT + 24.0, y + 2.0, 222.0, "reason_text"),
            "license" | "wrapping" if ticked => s.value(LEFT + 24.0, y + 2.0, 222.0, "number"),
            "other" => s.value(LEFT + 24.0, y + 2.0, 222.0, "other"),
            _ => {}
        }
        y += 19.0;
    }
    y = s.para(
        LEFT,
        y + 4.0,
        SPAN,
        8.0,
        "I am authorized to execute this certificate and claim this exemption. Misuse of this certificate by seller, \
         lessor, buyer, lessee or their representative is punishable by fine and imprisonment.",
    );
    let half = SPAN / 2.0;
    s.cell(LEFT, y, half, 27.0, "Name of Purchaser or Lessee", "purchaser");
    s.sign_cell(LEFT + half, y, half - 90.0, 27.0, "Signature");
    s.cell(LEFT + SPAN - 90.0, y, 90.0, 27.0, "Date", "date");
    s.cell(LEFT, y + 27.0, half, 27.0, "Street", "street");
    s.cell(LEFT + half, y + 27.0, half, 27.0, "City, State, ZIP Code", "place");
    s.para(
        LEFT,
        y + 68.0,
        SPAN,
        8.0,
        "Acceptance and validity: the seller has to take this certificate in good faith and keep it for at least \
         four years from the sale that it covers. DO NOT RETURN THIS FORM TO THE PA DEPARTMENT OF REVENUE.",
    );
}

/// New Jersey's resale certificate.
pub(crate) fn new_jersey(s: &mut Sheet<'_>) {
    s.bold(LEFT, 40.0, 12.0, "ST-3");
    s.text(LEFT, 50.0, 7.5, "(3-23)");
    s.centre(40.0, 10.0, false, "State of New Jersey - Division of Taxation");
    s.centre(58.0, 13.0, true, "Sales Tax");
    s.centre(76.0, 16.0, true, "Resale Certificate");
    let at = s.check(150.0, 98.0, "single", "Single-Purchase Certificate");
    s.check(at + 30.0, 98.0, "blanket", "Blanket Certificate");
    s.text(LEFT, 114.0, 8.0, "Order or invoice number of a single purchase:");
    s.rule(240.0, 117.0, 150.0);
    s.value(243.0, 114.0, 144.0, "order");
    s.bar(122.0);
    let end = LEFT + SPAN;
    let mut y = 138.0;
    s.bold(LEFT, y, 9.5, "Seller Information");
    s.beside(LEFT, y + 17.0, "Name", 110.0, end, "seller");
    s.beside(LEFT, y + 35.0, "Address", 110.0, end, "seller_address");
    y += 60.0;
    s.bold(LEFT, y, 9.5, "Purchaser Information");
    let label = "New Jersey Taxpayer Identification Number";
    s.beside(LEFT, y + 17.0, label, 230.0, end, "number");
    s.beside(LEFT, y + 36.0, "Name", 110.0, end, "purchaser");
    s.text(112.0, y + 47.0, 7.0, "(As registered with the New Jersey Division of Taxation)");
    s.beside(LEFT, y + 64.0, "Address", 110.0, end, "street");
    s.below(112.0, y + 82.0, end - 112.0, "City, State, ZIP Code", "place");
    s.beside(LEFT, y + 110.0, "Type of Business", 130.0, end, "business");
    y += 132.0;
    s.text(LEFT, y, 8.5, "The undersigned certifies that:");
    y = s.para(
        LEFT + 8.0,
        y + 15.0,
        SPAN - 8.0,
        8.5,
        "(1) The purchaser holds a valid Certificate of Authority to collect state sales and use tax.",
    );
    s.text(
        LEFT + 8.0,
        y + 3.0,
        8.5,
        "(2) The purchaser is principally engaged in the sale of (nature of merchandise or service sold):",
    );
    s.rule(LEFT + 24.0, y + 22.0, SPAN - 24.0);
    s.value(LEFT + 28.0, y + 19.0, SPAN - 30.0, "business");
    y += 38.0;
    s.text(LEFT + 8.0, y, 8.5, "(3) The merchandise or services being purchased are described as follows:");
    s.rule(LEFT + 24.0, y + 19.0, SPAN - 24.0);
    s.value(LEFT + 28.0, y + 16.0, SPAN - 30.0, "description");
    y += 36.0;
    s.text(
        LEFT + 8.0,
        y,
        8.5,
        "(4) The merchandise described above is being purchased (mark one or more boxes):",
    );
    y += 15.0;
    for (key, caption) in [
        ("nj:present", "(a) For resale in its present form."),
        (
            "nj:component",
            "(b) For resale as converted into or as a component part of a product produced by the purchaser.",
        ),
        ("nj:service", "(c) For use in the performance of a taxable service on property that is part of it."),
    ] {
        y = s.check_para(LEFT + 24.0, y, SPAN - 24.0, key, caption) + 2.0;
    }
    y = s.para(
        LEFT + 8.0,
        y + 3.0,
        SPAN - 8.0,
        8.5,
        "(5) The services described above are being purchased by a seller who will separately collect tax on them \
         or who resells them in the regular course of business.",
    );
    y = s.para(
        LEFT,
        y + 6.0,
        SPAN,
        8.0,
        "I, the undersigned purchaser, have read and complied with the instructions and rules on this certificate. \
         Under penalty of perjury, what I state here is true.",
    );
    y += 22.0;
    s.below(LEFT, y, 150.0, "Print Name", "signer");
    s.below(LEFT + 160.0, y, 90.0, "Title", "title");
    s.sign_below(LEFT + 260.0, y, 150.0, "Signature of Owner, Partner, or Officer");
    s.below(LEFT + 420.0, y, SPAN - 420.0, "Date", "date");
}

/// Massachusetts: resale.
pub(crate) fn massachusetts_resale(s: &mut Sheet<'_>) {
    massachusetts_head(s, "Form ST-4", "Sales Tax Resale Certificate", "Rev. 8/16");
    let mut y = 92.0;
    s.cell(LEFT, y, SPAN * 0.6, 28.0, "Name of purchaser", "purchaser");
    s.cell(LEFT + SPAN * 0.6, y, SPAN * 0.4, 28.0, "Account ID or Federal ID number", "number");
    s.cell(LEFT, y + 28.0, SPAN, 28.0, "Address", "street");
    s.cell(LEFT, y + 56.0, 264.0, 28.0, "City/Town", "city");
    s.cell(LEFT + 264.0, y + 56.0, 120.0, 28.0, "State", "region");
    s.cell(LEFT + 384.0, y + 56.0, SPAN - 384.0, 28.0, "Zip", "zip");
    s.cell(LEFT, y + 84.0, SPAN, 28.0, "Type of business in which purchaser is engaged", "business");
    y += 112.0;
    s.frame(LEFT, y, SPAN, 40.0);
    s.text(
        LEFT + 3.0,
        y + 9.0,
        7.5,
        "Type of tangible personal property or service being purchased (be as specific as possible)",
    );
    s.value(LEFT + 5.0, y + 28.0, SPAN - 10.0, "description");
    y += 40.0;
    s.cell(
        LEFT,
        y,
        SPAN,
        28.0,
        "Name of vendor from whom tangible personal property or services are being purchased",
        "seller",
    );
    s.cell(LEFT, y + 28.0, 264.0, 28.0, "Vendor's address", "seller_street");
    s.cell(LEFT + 264.0, y + 28.0, SPAN - 264.0, 28.0, "Vendor's city/town, state, zip", "seller_place");
    y += 72.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        9.0,
        "I hereby certify that I hold a valid Massachusetts vendor registration, that I am in the business of selling \
         the kind of property or service named here, and that it is being bought for resale in the regular course \
         of business. If it is used in any other way, I will pay the use tax on it.",
    );
    y += 12.0;
    s.text(LEFT, y, 8.5, "Check one:");
    let at = s.check(LEFT + 60.0, y, "single", "Single purchase certificate");
    s.check(at + 24.0, y, "blanket", "Blanket certificate");
    s.beside(LEFT, y + 18.0, "Order or invoice number:", 160.0, 330.0, "order");
    y += 40.0;
    massachusetts_sign(s, y, "Signature of purchaser");
    s.para(
        LEFT,
        y + 50.0,
        SPAN,
        8.0,
        "Notice to vendors: take this certificate only if the purchaser signs it and what is sold is of the kind that \
         the purchaser sells. Keep it with your records. This form is approved by the Commissioner and may be copied. \
         Warning: willful misuse of this certificate may mean criminal sanctions.",
    );
}

fn massachusetts_head(s: &mut Sheet<'_>, form: &str, title: &str, revision: &str) {
    s.bold(LEFT, 40.0, 13.0, form);
    s.bold(LEFT, 58.0, 15.0, title);
    s.flush_right(LEFT + SPAN, 40.0, 8.5, revision);
    s.flush_right(LEFT + SPAN, 52.0, 8.5, "Massachusetts Department of Revenue");
    s.bar(72.0);
}

fn massachusetts_sign(s: &mut Sheet<'_>, y: f32, label: &str) {
    s.sign_cell(LEFT, y, 230.0, 34.0, label);
    s.cell(LEFT + 230.0, y, 190.0, 34.0, "Print name and title", "signer");
    s.cell(LEFT + 420.0, y, SPAN - 420.0, 34.0, "Date", "date");
}

/// Massachusetts: exempt purchasers.
pub(crate) fn massachusetts_exempt(s: &mut Sheet<'_>) {
    massachusetts_head(s, "Form ST-5", "Sales Tax Exempt Purchaser Certificate", "Rev. 6/09");
    let mut y = 90.0;
    s.bold(LEFT, y, 9.5, "Part 1. Exempt taxpayer information. To be completed by all exempt organizations.");
    y += 8.0;
    let third = SPAN / 3.0;
    s.cell(LEFT, y, third * 2.0, 28.0, "Name", "purchaser");
    s.cell(LEFT + third * 2.0, y, third, 28.0, "Exemption number", "number");
    s.cell(LEFT, y + 28.0, 230.0, 28.0, "Address", "street");
    s.cell(LEFT + 230.0, y + 28.0, SPAN - 230.0, 28.0, "City/Town, State, Zip", "place");
    s.cell(LEFT, y + 56.0, SPAN / 2.0, 28.0, "Issue date", "effective");
    s.cell(LEFT + SPAN / 2.0, y + 56.0, SPAN / 2.0, 28.0, "Date of expiration of certificate", "expires");
    y += 100.0;
    s.text(LEFT, y, 8.5, "Exemption from payment of sales tax is claimed as (check one):");
    y += 16.0;
    for (key, caption) in [
        ("ma:federal", "Government of the United States or one of its agencies"),
        ("ma:government", "Government of the Commonwealth or one of its agencies or political subdivisions"),
        ("ma:charity", "501(c)(3) organization. Form ST-2, Certificate of Exemption, must be attached."),
    ] {
        s.check(LEFT + 12.0, y, key, caption);
        y += 15.0;
    }
    y += 6.0;
    s.bold(LEFT, y, 9.5, "Part 2. Agent information. To be completed by agents of exempt taxpayers.");
    y += 8.0;
    s.cell(LEFT, y, SPAN / 2.0, 28.0, "Agent's name", "agent");
    s.cell(LEFT + SPAN / 2.0, y, SPAN / 2.0, 28.0, "Agent's address", "agent_address");
    y += 46.0;
    s.bold(LEFT, y, 9.5, "Part 3. Vendor information");
    y += 8.0;
    s.cell(LEFT, y, SPAN / 2.0, 28.0, "Vendor's name", "seller");
    s.cell(LEFT + SPAN / 2.0, y, SPAN / 2.0, 28.0, "Vendor's address", "seller_address");
    y += 46.0;
    s.text(LEFT, y, 8.5, "Check applicable box:");
    let at = s.check(LEFT + 110.0, y, "single", "Single purchase certificate");
    s.check(at + 24.0, y, "blanket", "Blanket certificate");
    s.beside(LEFT, y + 18.0, "Order or invoice number:", 160.0, 330.0, "order");
    y = s.para(
        LEFT,
        y + 42.0,
        SPAN,
        8.5,
        "I certify that the purchaser named above is exempt from sales tax under the law of the Commonwealth, that the \
         property or services are for the work of the organization, and that I am authorized to sign for it.",
    );
    massachusetts_sign(s, y + 8.0, "Signature");
    s.para(
        LEFT,
        y + 60.0,
        SPAN,
        8.0,
        "Notice: a 501(c)(3) organization has to hand over a copy of its Form ST-2 with this certificate. Vendors keep \
         both. Agents of governments have to show the order of the agency.",
    );
}

/// The paper that a Massachusetts charity attaches.
pub(crate) fn massachusetts_attachment(s: &mut Sheet<'_>) {
    massachusetts_head(s, "Form ST-2", "Certificate of Exemption", "Rev. 5/15");
    let y = s.para(
        LEFT,
        104.0,
        SPAN,
        9.5,
        "Certification is hereby made that the organization named herein is an exempt purchaser under the sales tax law \
         of the Commonwealth. All purchases of property and services by it are exempt to the extent that they are used \
         in the conduct of its business. Any abuse or misuse of this certificate will result in its revocation.",
    );
    let end = LEFT + 420.0;
    s.beside(LEFT, y + 24.0, "Exemption number:", 170.0, end, "number");
    s.beside(LEFT, y + 44.0, "Organization name:", 170.0, end, "purchaser");
    s.beside(LEFT, y + 64.0, "Address:", 170.0, end, "street");
    s.beside(LEFT, y + 84.0, "City, State, Zip:", 170.0, end, "place");
    s.beside(LEFT, y + 104.0, "Issue date:", 170.0, end, "effective");
    s.beside(LEFT, y + 124.0, "Expiration date:", 170.0, end, "expires");
    s.text(LEFT, y + 160.0, 8.5, "Not assignable or transferable.");
}
