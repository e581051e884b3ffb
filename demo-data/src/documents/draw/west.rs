//! California, Texas and Washington.

use crate::documents::sheet::{LEFT, SPAN, Sheet};

/// The Californian resale certificate: labels in front of long lines.
pub(crate) fn california(s: &mut Sheet<'_>) {
    s.text(LEFT, 34.0, 7.0, "CDTFA-230 (GENERIC) FRONT REV. 2 (8-21)");
    s.flush_right(LEFT + SPAN, 34.0, 7.0, "STATE OF CALIFORNIA");
    s.flush_right(LEFT + SPAN, 43.0, 7.0, "CALIFORNIA DEPARTMENT OF TAX AND FEE ADMINISTRATION");
    s.centre(74.0, 17.0, true, "California Resale Certificate");
    let end = LEFT + SPAN;
    let mut y = 112.0;
    s.bold(LEFT, y, 9.5, "I HEREBY CERTIFY:");
    y += 24.0;
    s.beside(LEFT, y, "1. I hold valid seller's permit number:", 220.0, end, "number");
    y += 26.0;
    let label =
        "2. I am engaged in the business of selling the following type of tangible personal property:";
    s.text(LEFT, y, 8.5, label);
    y += 18.0;
    s.rule(LEFT + 12.0, y + 3.0, SPAN - 12.0);
    s.value(LEFT + 15.0, y, SPAN - 20.0, "business");
    y += 28.0;
    s.beside(LEFT, y, "3. This certificate is for the purchase from", 240.0, end - 130.0, "seller");
    s.text(end - 124.0, y, 8.5, "of the item(s) I have");
    s.text(LEFT + 232.0, y + 12.0, 7.0, "[Vendor's name]");
    y += 28.0;
    s.text(LEFT + 12.0, y, 8.5, "listed in paragraph 5 below.");
    y += 22.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "4. I will resell the item(s) listed in paragraph 5, which I am purchasing under this resale certificate \
         in the form of tangible personal property in the regular course of my business operations, and I will \
         do so before any use of them other than demonstration and display while they are held for sale. I know \
         that tax is owed on what is used in another way, and by whom.",
    );
    y += 16.0;
    s.text(LEFT, y, 8.5, "5. Description of property to be purchased for resale:");
    for _ in 0..2 {
        y += 20.0;
        s.rule(LEFT + 12.0, y + 3.0, SPAN - 12.0);
    }
    s.value(LEFT + 15.0, y - 20.0, SPAN - 20.0, "description");
    y += 26.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "6. I have read the notes below and understand them. A person who gives this certificate while knowing \
         at the time of purchase that the property will not be resold may be guilty of a misdemeanor and owes \
         the tax that would have been due, with a penalty.",
    );
    y += 12.0;
    let half = SPAN / 2.0;
    s.cell(LEFT, y, SPAN, 28.0, "NAME OF PURCHASER", "purchaser");
    s.sign_cell(
        LEFT,
        y + 28.0,
        SPAN,
        34.0,
        "SIGNATURE OF PURCHASER, PURCHASER'S EMPLOYEE OR AUTHORIZED REPRESENTATIVE",
    );
    s.cell(LEFT, y + 62.0, half, 28.0, "PRINTED NAME OF PERSON SIGNING", "signer");
    s.cell(LEFT + half, y + 62.0, half, 28.0, "TITLE", "title");
    s.cell(LEFT, y + 90.0, SPAN, 28.0, "ADDRESS OF PURCHASER", "address");
    s.cell(LEFT, y + 118.0, half, 28.0, "TELEPHONE NUMBER", "phone");
    s.cell(LEFT + half, y + 118.0, half, 28.0, "DATE", "date");
    s.para(
        LEFT,
        y + 162.0,
        SPAN,
        7.5,
        "Notes: sellers keep this certificate with their records. Whether a permit is valid can be looked up \
         with the department. A certificate that names several items holds for those only.",
    );
}

fn texas_parties(s: &mut Sheet<'_>, mut y: f32) -> f32 {
    let half = SPAN * 0.66;
    s.cell(LEFT, y, half, 28.0, "Name of purchaser, firm or agency as shown on permit", "purchaser");
    s.cell(LEFT + half, y, SPAN - half, 28.0, "Phone (Area code and number)", "phone");
    y += 28.0;
    s.cell(LEFT, y, SPAN, 28.0, "Address (Street & number, P.O. Box or Route number)", "street");
    y += 28.0;
    s.cell(LEFT, y, SPAN, 28.0, "City, State, ZIP code", "place");
    y + 28.0
}

fn texas_head(s: &mut Sheet<'_>, title: &str, side: &str) {
    s.bold(LEFT, 38.0, 10.0, "01-339");
    s.text(LEFT, 48.0, 7.0, "(Rev.4-13/8)");
    s.flush_right(LEFT + SPAN, 38.0, 7.0, side);
    s.centre(58.0, 15.0, true, title);
}

/// Texas, front: resale.
pub(crate) fn texas_resale(s: &mut Sheet<'_>) {
    texas_head(s, "Texas Sales and Use Tax Resale Certificate", "(Front)");
    let mut y = texas_parties(s, 72.0);
    let label = "Texas Sales and Use Tax Permit Number (must contain 11 digits)";
    s.cell(LEFT, y, SPAN, 28.0, label, "number");
    y += 28.0;
    s.frame(LEFT, y, SPAN, 34.0);
    s.para(
        LEFT + 3.0,
        y + 9.0,
        SPAN - 6.0,
        7.5,
        "Out-of-state retailer's registration number or Federal Taxpayers Registry (RFC) number for retailers \
         based in Mexico",
    );
    s.value(LEFT + 5.0, y + 29.0, SPAN - 10.0, "foreign_number");
    y += 50.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        9.0,
        "I, the purchaser named above, claim the right to make a non-taxable purchase (for resale of the \
         taxable items described below or on the attached order or invoice) from:",
    );
    y += 10.0;
    y = texas_seller(s, y);
    s.text(LEFT, y, 8.5, "Description of items to be purchased on the attached order or invoice:");
    s.rule(LEFT, y + 20.0, SPAN);
    s.value(LEFT + 4.0, y + 17.0, SPAN - 8.0, "description");
    y += 40.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "Description of the type of business activity generally engaged in or type of items normally sold by \
         the purchaser:",
    );
    s.rule(LEFT, y + 9.0, SPAN);
    s.value(LEFT + 4.0, y + 6.0, SPAN - 8.0, "business");
    y += 30.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "The taxable items described above, or on the attached order or invoice, will be resold, rented or \
         leased by me within the United States of America, its territories and possessions, or within the \
         United Mexican States, in their present form or attached to other taxable items to be sold. If they \
         are used otherwise, I will pay the tax at the time of use on their price or fair rental value.",
    );
    y = s.para(
        LEFT,
        y + 6.0,
        SPAN,
        8.5,
        "I understand that it is a criminal offense to give a resale certificate to the seller for taxable \
         items that I know, at the time of purchase, are bought for use rather than for resale.",
    );
    texas_sign(s, y + 24.0);
    s.centre(
        730.0,
        8.5,
        true,
        "This certificate should be furnished to the supplier. Do not send it to the Comptroller.",
    );
}

fn texas_seller(s: &mut Sheet<'_>, y: f32) -> f32 {
    s.beside(LEFT, y, "Seller:", 90.0, LEFT + SPAN, "seller");
    s.beside(LEFT, y + 20.0, "Street address:", 120.0, LEFT + SPAN, "seller_street");
    s.beside(LEFT, y + 40.0, "City, State, ZIP code:", 150.0, LEFT + SPAN, "seller_place");
    y + 66.0
}

fn texas_sign(s: &mut Sheet<'_>, y: f32) {
    s.frame(LEFT, y, SPAN, 42.0);
    s.text(LEFT + 4.0, y + 12.0, 8.0, "sign");
    s.text(LEFT + 4.0, y + 22.0, 8.0, "here");
    s.sign_below(LEFT + 34.0, y + 26.0, 230.0, "Purchaser");
    s.below(LEFT + 280.0, y + 26.0, 120.0, "Title", "title");
    s.below(LEFT + 412.0, y + 26.0, 108.0, "Date", "date");
}

/// Texas, back: exemption for another reason, written out.
pub(crate) fn texas_exemption(s: &mut Sheet<'_>) {
    texas_head(s, "Texas Sales and Use Tax Exemption Certification", "(Back)");
    s.centre(72.0, 8.5, false, "This certificate does not require a number to be valid.");
    let mut y = texas_parties(s, 82.0) + 20.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        9.0,
        "I, the purchaser named above, claim an exemption from payment of sales and use taxes for the purchase \
         of taxable items described below or on the attached order or invoice from:",
    );
    y = texas_seller(s, y + 10.0);
    s.text(LEFT, y, 8.5, "Description of items to be purchased or on the attached order or invoice:");
    s.rule(LEFT, y + 20.0, SPAN);
    s.value(LEFT + 4.0, y + 17.0, SPAN - 8.0, "description");
    y += 42.0;
    s.text(LEFT, y, 8.5, "Purchaser claims this exemption for the following reason:");
    s.rule(LEFT, y + 20.0, SPAN);
    s.value(LEFT + 4.0, y + 17.0, SPAN - 8.0, "reason_text");
    y += 46.0;
    y = s.para(
        LEFT,
        y,
        SPAN,
        8.5,
        "I understand that I will be liable for payment of all state and local sales or use taxes which may \
         become due for failure to comply with the provisions of the Tax Code and/or all applicable law.",
    );
    y = s.para(
        LEFT,
        y + 8.0,
        SPAN,
        8.5,
        "I understand that it is a criminal offense to give an exemption certificate to the seller for taxable \
         items that I know, at the time of purchase, will be used in a manner other than that expressed here.",
    );
    texas_sign(s, y + 20.0);
    y = s.para(
        LEFT,
        y + 90.0,
        SPAN,
        8.5,
        "NOTE: This certificate cannot be issued for the purchase, lease or rental of a motor vehicle. \
         Sales and use tax exemption numbers or tax exempt numbers do not exist in this state.",
    );
    s.centre(
        y + 20.0,
        8.5,
        true,
        "This certificate should be furnished to the supplier. Do not send it to the Comptroller.",
    );
}

/// The permit that Washington hands out.
pub(crate) fn washington(s: &mut Sheet<'_>) {
    s.frame(LEFT - 12.0, 26.0, SPAN + 24.0, 470.0);
    s.bold(LEFT, 52.0, 12.0, "Washington State Department of Revenue");
    s.centre(92.0, 22.0, true, "Reseller Permit");
    let end = LEFT + SPAN;
    s.beside(LEFT, 130.0, "Permit Number:", 170.0, 360.0, "number");
    s.beside(LEFT, 152.0, "Effective Date:", 170.0, 360.0, "effective");
    s.beside(LEFT, 174.0, "Expiration Date:", 170.0, 360.0, "expires");
    s.bold(LEFT, 206.0, 9.5, "Permit holder");
    s.beside(LEFT, 228.0, "Business Name:", 170.0, end, "purchaser");
    s.beside(LEFT, 250.0, "Business Address:", 170.0, end, "street");
    s.value(173.0, 270.0, 280.0, "place");
    s.rule(170.0, 273.0, end - 170.0);
    s.beside(LEFT, 296.0, "Business Type:", 170.0, end, "business");
    let y = s.para(
        LEFT,
        326.0,
        SPAN,
        9.0,
        "The business named on this permit may use it to purchase, without paying sales tax: merchandise and \
         inventory for resale without intervening use; ingredients, components or chemicals used in processing \
         new articles of tangible personal property for sale; feed, seed, seedlings, fertilizer and spray \
         materials by a farmer; materials and contract labor for retail or wholesale construction.",
    );
    let y = s.para(
        LEFT,
        y + 8.0,
        SPAN,
        9.0,
        "This permit is no longer valid if the business is closed or the permit is revoked. It must be \
         received by the seller at the time of sale. The holder may not use it for items for personal or \
         household use, or for items used in the business and not resold. Misuse has penalties and interest.",
    );
    s.text(LEFT, y + 10.0, 8.0, "Sellers can verify permits on the department's business lookup.");
    s.bold(LEFT, 486.0, 8.0, "This permit cannot be transferred.");
}
