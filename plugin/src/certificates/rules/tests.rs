//! Whether the forms can be told apart, and whether the data says what a certificate clerk would say.
//!
//! That an entry has a source, that codes and states exist and that no phrase is there twice is checked by the build.

use super::*;
use crate::certificates::understand::text::plain;

/// What stands at the top of each form, and further down, as far as it tells forms apart. The purchasers are named
/// after other states on purpose.
const DOCUMENTS: [(&str, &str, &str); 28] = [
    (
        "sst-f0003",
        "Streamlined Sales Tax Certificate of Exemption This is a multi-state form. Not all states allow all \
         exemptions listed on this form.",
        "Purchaser's name Georgia Example LLC Reason for exemption SSTGB Form F0003 Exemption Certificate \
         (Revised 12/21/2021)",
    ),
    (
        "sst-f0003",
        "Streamlined Sales Tax Style Certificate of Exemption",
        "Purchaser's state tax ID number State of issue",
    ),
    (
        "sst-f0003",
        "Streamlined Sales and Use Tax Agreement Certificate of Exemption",
        "Do not send this form to the Streamlined Sales Tax Governing Board. State of Illinois F0003",
    ),
    (
        "mtc",
        "UNIFORM SALES & USE TAX RESALE CERTIFICATE - MULTIJURISDICTION The below-listed states have \
         indicated that this certificate is acceptable as a resale/exemption certificate for sales and use tax",
        "Issued to Seller: I certify that Name of Firm (Buyer): Massachusetts Example Inc. State of Georgia",
    ),
    ("mtc", "UNIFORM SALES & USE TAX CERTIFICATE—MULTIJURISDICTION", "Revised 12/2011"),
    ("mtc", "Uniform Sales & Use Tax Resale Certificate", "Revised October 14, 2022 New Jersey Ohio"),
    ("ca-cdtfa-230", "CDTFA-230 California Resale Certificate", "I hold valid seller's permit number"),
    (
        "tx-01-339-resale",
        "01-339 (Rev.4-13/8) Texas Sales and Use Tax Resale Certificate",
        "Texas Sales and Use Tax Permit Number (must contain 11 digits)",
    ),
    (
        "tx-01-339-exemption",
        "01-339 (Back) (Rev.4-13/8) Texas Sales and Use Tax Exemption Certification",
        "Purchaser claims this exemption for the following reason",
    ),
    (
        "ny-st-120",
        "Department of Taxation and Finance New York State and Local Sales and Use Tax ST-120 (6/18) Resale \
         Certificate",
        "Mark an X in the appropriate box: Single-use certificate Blanket certificate",
    ),
    (
        "ny-st-121",
        "Department of Taxation and Finance New York State and Local Sales and Use Tax Exempt Use Certificate \
         ST-121",
        "Massachusetts Example Inc.",
    ),
    (
        "ny-st-119-1",
        "Department of Taxation and Finance New York State and Local Sales and Use Tax ST-119.1 (10/11) Exempt \
         Organization Exempt Purchase Certificate",
        "Exempt organization number",
    ),
    (
        "fl-dr-13",
        "2026 Florida Annual Resale Certificate for Sales Tax DR-13 R. 10/21",
        "This Certificate Expires on December 31, 2026",
    ),
    (
        "fl-dr-14",
        "Consumer's Certificate of Exemption DR-14 Issued Pursuant to Chapter 212, Florida Statutes",
        "is exempt from the payment of Florida sales and use tax",
    ),
    (
        "il-crt-61",
        "Illinois Department of Revenue CRT-61 Certificate of Resale",
        "Step 1: Identify the seller Step 2: Identify the purchaser Account ID number",
    ),
    (
        "il-exemption-letter",
        "Illinois Department of Revenue Sales Tax Exemption Letter",
        "We have issued your organization the exemption number E-1111-2222",
    ),
    (
        "pa-rev-1220",
        "REV-1220 (TR) 07-23 (FI) PENNSYLVANIA EXEMPTION CERTIFICATE",
        "holding Sales Tax Exemption Number your organization",
    ),
    ("oh-stec-b", "STEC B Sales and Use Tax Blanket Exemption Certificate", "State of Ohio"),
    (
        "oh-stec-u",
        "Sales and Use Tax Unit Exemption Certificate STEC-U",
        "Purchaser must state a valid reason for claiming exception or exemption",
    ),
    ("wa-reseller-permit", "State of Washington Department of Revenue Reseller Permit", "Issued to"),
    (
        "nj-st-3",
        "State of New Jersey Division of Taxation Sales Tax Resale Certificate ST-3 (3-23)",
        "Massachusetts Example Inc. New Jersey Taxpayer Identification Number",
    ),
    (
        "ga-st-5",
        "ST-5 State of Georgia Department of Revenue SALES TAX CERTIFICATE OF EXEMPTION GEORGIA PURCHASER OR DEALER",
        "Florida Example LLC",
    ),
    (
        "ga-st-5",
        "SALES TAX CERTIFICATE OF EXEMPTION GEORGIA PURCHASER OR DEALER (Rev. 11/2012)",
        "that all tangible personal property purchased or leased after this date",
    ),
    (
        "nc-e-595e",
        "E-595E Web-Fill 4-22 Streamlined Sales and Use Tax Certificate of Exemption",
        "Purchaser's name",
    ),
    ("mi-3372", "Michigan Sales and Use Tax Certificate of Exemption 3372 (Rev. 01-21)", "Section 1"),
    (
        "ma-st-4",
        "Form ST-4 Sales Tax Resale Certificate Rev. 8/16 Massachusetts Department of Revenue",
        "New Jersey Example Inc.",
    ),
    (
        "ma-st-5",
        "Form ST-5 Sales Tax Exempt Purchaser Certificate Massachusetts Department of Revenue",
        "Exemption number Date of expiration of certificate",
    ),
    (
        "letter",
        "Department of Revenue CERTIFICATE OF EXEMPTION FROM PENNSYLVANIA SALES AND USE TAX Organization Name:",
        "Exemption Number: This letter confirms that the organization named above has been granted exemption",
    ),
];

/// Every label of the five sample certificates.
const SAMPLE_LABELS: &str = "State where the exemption is claimed|Name of purchaser|Business address|City|State|\
    Zip code|Purchaser's state tax ID number|State of issue|Name of seller from whom you are purchasing|\
    Reason for exemption. Circle or check the letter that identifies the reason.|Signature of authorized purchaser|\
    Print name here|Title|Date|Expiration date:|Issued to Seller:|Address:|I certify that Name of Firm (Buyer):|\
    Street Address or P.O. Box No.:|City, State, Zip:|is engaged as a registered:|Reason for exemption:|\
    Description of Business:|General description of tangible property to be purchased:|\
    State Registration, Seller's Permit, or ID Number of Purchaser|Authorized Signature:|Printed name:|\
    Organization Name:|Exemption Number:|Effective Date:|Name of purchaser, firm or agency|\
    Phone (Area code and number)|Address (Street & number, P.O. Box or Route number)|City, State, ZIP code|\
    Sales tax account number|State claiming exemption|Certificate expires|Seller|\
    Description of items to be purchased or on the attached order or invoice|\
    Purchaser claims this exemption for the following reason|Purchaser (signature)|Date signed|Purchaser name|\
    Street address|Sales tax registration number|Seller name|Name of signer";

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect()
}

/// How many words of the form's longest title stand in order at the top; none unless all of one do.
fn title(form: &Form, top: &[String]) -> Option<usize> {
    let all = |title: &&&[&str]| {
        let mut rest = top.iter();
        title.iter().all(|word| rest.any(|other| other == word))
    };
    form.titles.iter().filter(all).map(|title| title.len()).max()
}

fn has_number(form: &Form, page: &[String]) -> bool {
    let starts = |at: usize| (1..=4).filter_map(move |length| page.get(at..at + length));
    (0..page.len()).flat_map(starts).any(|run| form.numbers.contains(&run.concat().as_str()))
}

/// Forms whose title and phrase a document has, the likeliest first: number, then length of the title.
fn likely(top: &str, rest: &str) -> Vec<(&'static str, bool, usize)> {
    let page = words(&format!("{top} {rest}"));
    let whole = page.concat();
    let mut found: Vec<_> = FORMS
        .iter()
        .filter(|form| form.with.is_empty() || form.with.iter().any(|phrase| whole.contains(phrase)))
        .filter_map(|form| Some((form.id, has_number(form, &page), title(form, &words(top))?)))
        .collect();
    found.sort_by_key(|(_, number, title)| core::cmp::Reverse((*number, *title)));
    found
}

fn told_by(text: &str) -> Option<char> {
    let text = plain(text);
    let mut found: Option<Keyword> = None;
    for keyword in keywords().filter(|keyword| text.contains(keyword.phrase)) {
        if found.is_none_or(|best| keyword.phrase.len() > best.phrase.len()) {
            found = Some(keyword);
        }
    }
    found.map(|keyword| keyword.use_code)
}

#[test]
fn every_form_is_there_with_what_its_issuer_asks_for() {
    let ids: Vec<&str> = FORMS.iter().map(|form| form.id).collect();
    for id in &ids {
        assert!(DOCUMENTS.iter().any(|document| document.0 == *id), "{id} has no document here");
    }
    assert_eq!(
        (ids.len(), ids.last()),
        (23, Some(&"letter")),
        "forms of a state go before the general letter"
    );
    for form in FORMS {
        let has = |field| form.require.iter().any(|(required, _)| *required == field);
        assert_eq!(
            has(Field::Signature),
            !form.issued_by_state,
            "{}: a purchaser signs what a state did not issue",
            form.id
        );
        assert_eq!(has(Field::Seller), !form.issued_by_state, "{}", form.id);
    }
}

#[test]
fn no_form_takes_the_document_of_another() {
    for (id, top, rest) in DOCUMENTS {
        let found = likely(top, rest);
        assert_eq!(found.first().map(|it| it.0), Some(id), "{top}: {found:?}");
        if let [first, second, ..] = found.as_slice() {
            assert_ne!((first.1, first.2), (second.1, second.2), "{top}: {found:?}");
        }
    }
    let alike = likely("ST-5X Sales Tax Certificate of Exemption Department of Revenue", "Duluth, GA 30096");
    assert_eq!(alike, [], "a title that many states use is not enough");
    assert_eq!(likely("ST-8F Agricultural Exemption Certificate", "State Department of Revenue"), []);
}

#[test]
fn the_labels_of_the_samples_are_known() {
    for printed in SAMPLE_LABELS.split('|') {
        let phrase = plain(printed);
        let found = labels().find(|label| label.phrase == phrase && label.form.is_empty());
        let label = found.unwrap_or_else(|| panic!("{printed}"));
        assert_eq!(usize::from(label.words), words(printed).len(), "{printed}");
    }
    let of = |phrase: &str| labels().find(|label| label.phrase == plain(phrase)).map(|label| label.announces);
    assert_eq!(of("Date signed"), Some(Announces::Value(Field::Signed)));
    assert_eq!(of("Name of seller from whom you are purchasing, leasing or renting"), of("Seller"));
    assert_eq!(of("Step 1: Identify the seller"), Some(Announces::SellerPart));
    assert_eq!(of("City, State, Zip"), Some(Announces::Part(Bare::Place)));
}

#[test]
fn reasons_are_told_by_their_words() {
    for (text, code) in [
        ("FARM MACHINERY", Some('H')),
        ("Manufacturing machinery and parts", Some('I')),
        ("Charitable organization", Some('E')),
        ("a 501(c)(3) nonprofit", Some('E')),
        ("Purchase for re-sale", Some('G')),
        ("Springfield School District", Some('N')),
        ("private school", Some('M')),
        ("St. Example Church", Some('F')),
        ("City of Example", Some('N')),
        ("State of Example", Some('B')),
        ("U.S. Government agency", Some('A')),
        ("Direct Pay Permit", Some('J')),
        ("rolling stock", Some('L')),
        ("we do not have to pay", None),
        ("examining the franchise of a hospitality business", None),
    ] {
        assert_eq!(told_by(text), code, "{text}");
    }
}

#[test]
fn captions_and_codes_have_names() {
    let named = |code: char| REASON_NAMES.iter().any(|(other, _)| *other == code);
    assert!(('A'..='N').all(named) && REASON_NAMES.len() == 14);
    let of = |phrase: &str, form: &str| {
        let phrase = plain(phrase);
        let found = captions().find(|caption| caption.phrase == phrase && caption.form == form);
        found.map(|caption| caption.meaning)
    };
    for (code, phrase) in
        "AFederal government|BState or local government|CTribal government|DForeign diplomat|\
        ECharitable organization|FReligious organization|GResale|HAgricultural production|\
        IIndustrial production / manufacturing|JDirect pay permit|KDirect mail|LOther (explain)|\
        MEducational organization"
            .split('|')
            .map(|it| it.split_at(1))
    {
        assert_eq!(of(phrase, ""), code.chars().next().map(BoxMeaning::Reason), "{phrase}");
    }
    assert_eq!(of("Manufacturing", "sst-f0003"), Some(BoxMeaning::Business));
    assert_eq!(of("Blanket certificate", ""), Some(BoxMeaning::Blanket));
}

#[test]
fn states_know_which_multi_state_forms_they_take() {
    let of = |region: &str| STATES.iter().find(|state| state.region == region).unwrap();
    assert_eq!(STATES.len(), 51);
    assert_eq!(STATES.iter().filter(|state| state.accepts.contains(&"sst-f0003")).count(), 24);
    assert_eq!((of("WI").accepts, of("NY").accepts.len()), (["sst-f0003", "mtc"].as_slice(), 0));
    assert_eq!(of("NE").disputed, ["mtc"]);
    let fails = |state: &&StateRules| state.number.is_some_and(|rule| rule.severity == Severity::Fail);
    let strict: Vec<&str> = STATES.iter().filter(fails).map(|state| state.region).collect();
    assert_eq!(strict, ["FL", "IL", "TX"]);
}
