//! Florida and Georgia.

use crate::documents::sheet::{LEFT, SPAN, Sheet};

/// The annual resale certificate that Florida hands out.
pub(crate) fn annual_resale(s: &mut Sheet<'_>) {
    let year = s.case.get("year").to_owned();
    s.flush_right(LEFT + SPAN, 40.0, 8.0, "DR-13");
    s.flush_right(LEFT + SPAN, 50.0, 8.0, "R. 10/21");
    s.frame(LEFT - 8.0, 60.0, SPAN + 16.0, 372.0);
    s.centre(86.0, 16.0, true, &format!("{year} Florida Annual Resale Certificate for Sales Tax"));
    if !s.case.get("expires").is_empty() {
        let label = "This Certificate Expires on";
        let width = s.width(11.0, label);
        s.text(180.0, 108.0, 11.0, label);
        s.value(186.0 + width, 108.0, 120.0, "expires");
    }
    s.text(LEFT + 4.0, 140.0, 8.5, "Business Name and Location Address");
    s.value(LEFT + 12.0, 158.0, 320.0, "purchaser");
    s.value(LEFT + 12.0, 173.0, 320.0, "street");
    s.value(LEFT + 12.0, 188.0, 320.0, "place");
    s.text(400.0, 140.0, 8.5, "Certificate Number");
    s.value(400.0, 158.0, 150.0, "number");
    let y = s.para(
        LEFT + 4.0,
        222.0,
        SPAN - 8.0,
        9.0,
        "By extending this certificate or the certificate number to a selling dealer to make eligible purchases \
         of taxable property or services exempt from sales tax and discretionary sales surtax, the person or \
         business named above certifies that what it buys or rents will be used for one or more of these purposes:",
    );
    let mut y = y + 6.0;
    for purpose in [
        "Resale as tangible personal property",
        "Re-rental as tangible personal property or as commercial real property",
        "Resale of services",
        "Incorporation into and sale as part of the repair of property of others by a repair dealer",
        "Incorporation into items that are manufactured, produced or compounded for sale",
    ] {
        s.text(LEFT + 24.0, y, 9.0, "-");
        s.text(LEFT + 34.0, y, 9.0, purpose);
        y += 14.0;
    }
    let y = s.para(
        LEFT + 4.0,
        y + 8.0,
        SPAN - 8.0,
        9.0,
        "Florida law provides for criminal and civil penalties for fraudulent use of an annual resale certificate.",
    );
    s.text(LEFT + 4.0, y + 8.0, 9.0, "The certificate may be copied and a new one comes each year.");
}

/// The consumer's certificate of exemption that Florida hands out.
pub(crate) fn consumer(s: &mut Sheet<'_>) {
    s.flush_right(LEFT + SPAN, 40.0, 8.0, "DR-14");
    s.flush_right(LEFT + SPAN, 50.0, 8.0, "R. 01/18");
    s.bold(LEFT, 46.0, 11.0, "Florida Department of Revenue");
    s.centre(82.0, 17.0, true, "Consumer's Certificate of Exemption");
    s.centre(98.0, 9.0, false, "Issued Pursuant to Chapter 212, Florida Statutes");
    let widths = [
        ("Certificate Number", "number", 132.0),
        ("Effective Date", "effective", 108.0),
        ("Expiration Date", "expires", 108.0),
        ("Exemption Category", "reason_text", SPAN - 348.0),
    ];
    let mut x = LEFT;
    for (label, key, width) in widths {
        s.frame(x, 116.0, width, 42.0);
        s.value(x + 4.0, 134.0, width - 8.0, key);
        s.rule(x + 4.0, 140.0, width - 8.0);
        s.text(x + 4.0, 151.0, 8.0, label);
        x += width;
    }
    s.text(LEFT, 186.0, 9.0, "This certifies that");
    s.value(LEFT + 40.0, 208.0, 360.0, "purchaser");
    s.value(LEFT + 40.0, 224.0, 360.0, "street");
    s.value(LEFT + 40.0, 240.0, 360.0, "place");
    let y = s.para(
        LEFT,
        268.0,
        SPAN,
        9.0,
        "is exempt from the payment of Florida sales and use tax on real property rented, transient rental \
         property rented, tangible personal property purchased or rented, or services purchased.",
    );
    s.bar(y + 6.0);
    s.centre(y + 24.0, 12.0, true, "Important Information for Exempt Organizations");
    let mut y = y + 44.0;
    for (number, text) in [
        (
            "1.",
            "The organization must provide all vendors and suppliers with a copy of this certificate before it \
                makes tax-exempt purchases.",
        ),
        (
            "2.",
            "The certificate is to be used solely by the organization for its customary nonprofit or public \
                activities.",
        ),
        (
            "3.",
            "Purchases made by an individual on behalf of the organization are taxable, even if the individual \
                will be reimbursed.",
        ),
        (
            "4.",
            "This exemption applies only to purchases the organization makes. What it sells or leases to others \
                may be taxable, and then it has to register.",
        ),
        (
            "5.",
            "It is a criminal offense to present this certificate fraudulently to evade the payment of sales tax.",
        ),
    ] {
        s.text(LEFT, y, 9.0, number);
        y = s.para(LEFT + 18.0, y, SPAN - 18.0, 9.0, text) + 4.0;
    }
}

/// Georgia's certificate: a box for each kind of exemption.
pub(crate) fn georgia(s: &mut Sheet<'_>) {
    s.text(LEFT, 38.0, 8.0, "Form ST-5 (Rev. 10/2016)");
    s.centre(44.0, 9.5, false, "STATE OF GEORGIA");
    s.centre(56.0, 9.5, false, "DEPARTMENT OF REVENUE");
    s.centre(76.0, 14.0, true, "SALES TAX CERTIFICATE OF EXEMPTION");
    s.centre(91.0, 11.0, true, "GEORGIA PURCHASER OR DEALER");
    let y = 120.0;
    s.below(LEFT, y, 370.0, "SUPPLIER", "seller");
    s.below(LEFT + 382.0, y, SPAN - 382.0, "DATE", "supplier_date");
    s.below(LEFT, y + 30.0, SPAN, "SUPPLIER'S ADDRESS, CITY, STATE, ZIP CODE", "seller_address");
    let mut y = s.para(
        LEFT,
        y + 58.0,
        SPAN,
        8.5,
        "THE UNDERSIGNED DOES HEREBY CERTIFY that all tangible personal property purchased or leased after this \
         date will be for the following purpose, and that this certificate shall remain in effect until revoked \
         in writing. Any tangible personal property obtained under this certificate is subject to the sales and \
         use tax if it is used or consumed in a manner other than indicated below.",
    );
    y += 4.0;
    s.bold(LEFT, y, 9.0, "(Check the Applicable Box)");
    y += 15.0;
    let boxes = [
        ("ga:1", "1. Purchases or leases of tangible personal property or services for RESALE ONLY."),
        (
            "ga:2",
            "2. Purchases or leases by the federal government, this state, any county or municipality, or public \
          schools of this state, paid with a warrant on appropriated government funds.",
        ),
        (
            "ga:3",
            "3. Purchases or leases by a church, hospital, school or another nonprofit body that the law lists.",
        ),
        (
            "ga:4",
            "4. Materials used for packaging tangible personal property for shipment or sale, used once.",
        ),
        (
            "ga:5",
            "5. Aircraft, watercraft and motor vehicles delivered to a purchaser for use outside this state.",
        ),
        ("ga:6", "6. Purchases by a utility or a carrier for use as the law allows."),
        ("ga:7", "7. Other property for which the law names an exemption; the paragraph is entered here:"),
    ];
    for (key, caption) in boxes {
        y = s.check_para(LEFT + 4.0, y, SPAN - 4.0, key, caption) + 4.0;
    }
    s.rule(LEFT + 20.0, y + 8.0, 260.0);
    y = s.para(
        LEFT,
        y + 26.0,
        SPAN,
        8.0,
        "A sales and use tax number is required for Box 1, except for nonprofit bodies that are not required to \
         register. Under penalties of false swearing, this certificate has been examined by me and is true and \
         correct, made in good faith, under the law of Georgia.",
    );
    y += 18.0;
    s.below(LEFT, y, 330.0, "PURCHASER'S FIRM NAME", "purchaser");
    s.below(LEFT + 342.0, y, SPAN - 342.0, "SALES TAX NUMBER", "number");
    y += 30.0;
    s.below(LEFT, y, SPAN, "TYPE OF BUSINESS", "business");
    y += 30.0;
    s.below(LEFT, y, 250.0, "STREET ADDRESS", "street");
    s.below(LEFT + 262.0, y, SPAN - 262.0, "CITY, STATE, ZIP CODE", "place");
    y += 36.0;
    s.sign_below(LEFT, y, 200.0, "SIGNATURE");
    s.below(LEFT + 212.0, y, 130.0, "PRINT NAME", "signer");
    s.below(LEFT + 354.0, y, 80.0, "TITLE", "title");
    s.below(LEFT + 446.0, y, SPAN - 446.0, "DATE", "date");
}
