//! What is known about certificate forms, labels, reasons and states: data that a tax person can read and change.
//!
//! The data lies in `plugin/rules/*.toml`, each entry with its source and the day it was checked. The build script
//! reads it, refuses what is inconsistent, and writes it here as constants, so the component parses nothing at run time. Where an entry comes from stays in the files.
//!
//! Phrases are stored as [`plain`](crate::certificates::understand::text::plain) text: lower-case letters and digits of all words
//! run together, because recognition loses spaces more often than letters.

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; does not stop the certificate.
    Warn,
    /// A person has to look.
    Review,
    /// The certificate is not valid as it stands.
    Fail,
}

/// What a value on a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Legal name of the purchaser.
    Purchaser,
    /// Name the purchaser trades under.
    TradeName,
    /// Street or box of the purchaser.
    Street,
    /// City, state and ZIP code of the purchaser in one.
    Place,
    /// City of the purchaser.
    City,
    /// State of the purchaser's address.
    AddressState,
    /// ZIP code of the purchaser.
    PostalCode,
    /// Telephone of the purchaser.
    Phone,
    /// E-mail address of the purchaser.
    Email,
    /// Seller.
    Seller,
    /// Any part of the seller's address; read only so that it is not taken for the purchaser's.
    SellerAddress,
    /// State for which exemption is claimed.
    State,
    /// Registration, permit or exemption number.
    Number,
    /// State that issued the number.
    NumberState,
    /// Federal employer number.
    FederalNumber,
    /// Reason in words.
    Reason,
    /// What is bought.
    Description,
    /// Purchaser's kind of business.
    Business,
    /// Share that is exempt, in percent.
    Percentage,
    /// Purchase order or invoice of a single purchase.
    Order,
    /// Signature.
    Signature,
    /// Printed name of the person who signed.
    Signer,
    /// Title of the person who signed.
    Title,
    /// Day signed.
    Signed,
    /// First day.
    Effective,
    /// Last day.
    Expires,
    /// Day issued by the state.
    Issued,
    /// A label whose value is of no use but ends the one before it.
    Other,
}

/// Labels of a party without saying which: "Name", "Address". The party label nearest above them decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bare {
    /// "Name".
    Name,
    /// "Address", "Street address".
    Street,
    /// "City, state, ZIP".
    Place,
    /// "City".
    City,
    /// "State".
    State,
    /// "ZIP code".
    PostalCode,
}

/// What a phrase on a form announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Announces {
    /// The value beside, above or below it.
    Value(Field),
    /// A part of a party; which party, the context says.
    Part(Bare),
    /// A heading: bare labels after it are the seller's.
    SellerPart,
    /// A heading: bare labels after it are the purchaser's.
    PurchaserPart,
}

/// A phrase that labels a value.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Plain text of the phrase.
    pub phrase: &'static str,
    /// Id of the only form it holds for, or empty. There it goes before the same phrase without a form.
    pub form: &'static str,
    /// How many words it has as printed; signs such as "&" are not counted.
    pub words: u8,
    /// What it announces.
    pub announces: Announces,
}

/// What a ticked box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxMeaning {
    /// The exemption reason with this entity/use code.
    Reason(char),
    /// Several reasons in one box; which one takes a person.
    ReasonUnclear,
    /// Valid for one purchase.
    Single,
    /// Valid until revoked.
    Blanket,
    /// Valid for recurring purchases until a day that is printed beside it.
    BlanketUntil,
    /// Only a share of the purchases.
    Percentage,
    /// A kind of business; only that there is one counts.
    Business,
    /// All that is bought; then nothing has to be described.
    AllItems,
    /// Known and without effect.
    Nothing,
}

/// A phrase beside a check box, or a reason in words.
#[derive(Debug, Clone, Copy)]
pub struct Caption {
    /// Plain text of the phrase.
    pub phrase: &'static str,
    /// Id of the only form it holds for, or empty. There it goes before the same phrase without a form.
    pub form: &'static str,
    /// What the box says.
    pub meaning: BoxMeaning,
}

/// A word or phrase by which a reason written in free text is told.
#[derive(Debug, Clone, Copy)]
pub struct Keyword {
    /// Plain text of the phrase.
    pub phrase: &'static str,
    /// Entity/use code.
    pub use_code: char,
}

/// For which states a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum States {
    /// Always this one.
    One(&'static str),
    /// Those in its table that have a number, else the one it names.
    Table,
    /// The one it names.
    Named,
}

/// Where a form says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonFrom {
    /// It is for this reason alone.
    Fixed(char),
    /// Check boxes.
    Boxes,
    /// Free text.
    Text,
    /// Check boxes, else free text.
    BoxesOrText,
}

/// Until when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The form has none; the tenant's terms count.
    None,
    /// Printed on it.
    Printed,
    /// 31 December of the year in its title or text.
    YearEnd,
    /// The last two digits of its number are the year; the day is printed too, and both have to agree.
    NumberYear,
    /// This many years after it was signed, or earlier if it says so; a later day is a fault.
    Years(u8),
    /// No day, but after this many years it is worth a look.
    WarnAfterYears(u8),
}

/// How a number has to look. `9` is a digit, `A` a letter, other characters stand for themselves; spaces, hyphens,
/// slashes and dots are left out of account on both sides unless `exact`.
#[derive(Debug, Clone, Copy)]
pub struct NumberRule {
    /// Any of these.
    pub patterns: &'static [&'static str],
    /// Whether punctuation counts.
    pub exact: bool,
    /// How grave it is if none fits.
    pub severity: Severity,
}

/// A document that has to come with a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Attachment {
    /// A sentence.
    pub what: &'static str,
    /// Entity/use codes it holds for; empty: all.
    pub use_codes: &'static str,
    /// Phrases, plain, by which it is known on a further page.
    pub seen_by: &'static [&'static str],
}

/// A form.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Stable name, e.g. `tx-01-339-resale`.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Whether a state issued it: then it has neither seller nor signature of the purchaser.
    pub issued_by_state: bool,
    /// Titles: plain words in order; others may stand between.
    pub titles: &'static [&'static [&'static str]],
    /// At least one of these phrases, plain, has to stand on the page as well; empty asks for none.
    pub with: &'static [&'static str],
    /// Form numbers as printed, plain.
    pub numbers: &'static [&'static str],
    /// Known revisions, plain.
    pub revisions: &'static [&'static str],
    /// For which states it is.
    pub states: States,
    /// Where it says why.
    pub reason: ReasonFrom,
    /// What it must have, and how grave it is if it has not.
    pub require: &'static [(Field, Severity)],
    /// Whether it is for one purchase by its kind.
    pub single: bool,
    /// Whether a mark for single or blanket is expected, and how grave its absence is.
    pub scope: Option<Severity>,
    /// How its number has to look; none leaves it to the state.
    pub number: Option<NumberRule>,
    /// Until when it holds.
    pub expiry: Expiry,
    /// A document that has to come with it.
    pub attachment: Option<Attachment>,
    /// Entity/use codes it must not be used for.
    pub refuses: &'static str,
}

/// What is known of a state beyond its own forms.
#[derive(Debug, Clone, Copy)]
pub struct StateRules {
    /// "GA".
    pub region: &'static str,
    /// How its numbers look on multi-state forms; none leaves them unchecked.
    pub number: Option<NumberRule>,
    /// Ids of multi-state forms it takes.
    pub accepts: &'static [&'static str],
    /// Ids of multi-state forms that sources say it does not take.
    pub disputed: &'static [&'static str],
    /// Entity/use codes that do not exempt there.
    pub refuses: &'static str,
    /// Entity/use codes for which no number is needed there.
    pub without_number: &'static str,
}

/// Phrases and what each of them says. There are more than a thousand: written out as structs they would take three times
/// the room in the component.
struct Phrases<T: 'static> {
    /// All of them, run together.
    text: &'static str,
    /// Length of each, number of its form from 1 or 0 for none, and what it says.
    rows: &'static [(u8, u8, T)],
}

impl<T: Copy> Phrases<T> {
    /// Each phrase with the id of its form, or nothing, and what it says.
    fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, T)> + use<T> {
        let mut rest = self.text;
        self.rows.iter().map(move |(length, form, says)| {
            let (phrase, others) = rest.split_at_checked(usize::from(*length)).unwrap_or_default();
            rest = others;
            let form = usize::from(*form).checked_sub(1).and_then(|at| FORMS.get(at));
            (phrase, form.map_or("", |form| form.id), *says)
        })
    }
}

/// All labels.
pub fn labels() -> impl Iterator<Item = Label> {
    LABELS.all().map(|(phrase, form, (words, announces))| Label { phrase, form, words, announces })
}

/// All captions of check boxes.
pub fn captions() -> impl Iterator<Item = Caption> {
    CAPTIONS.all().map(|(phrase, form, meaning)| Caption { phrase, form, meaning })
}

/// All words that tell a reason.
pub fn keywords() -> impl Iterator<Item = Keyword> {
    KEYWORDS.all().map(|(phrase, _, use_code)| Keyword { phrase, use_code })
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

#[cfg(test)]
mod tests;
