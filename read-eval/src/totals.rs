//! Sums over groups of documents: all, with text, scans, clean typed ones, each form.
//!
//! Documents with a planted fault are in none of them.

use serde::Serialize;

use crate::evaluate::{Outcome, Verdict};
use crate::fields::Agreement;
use crate::words::Words;

/// Name of the group of documents with a text layer or form fields.
pub const WITH_TEXT: &str = "with text";
/// Name of the group of documents without.
pub const SCANS: &str = "scans";
/// Name of the group of documents that are typed and not spoiled.
pub const CLEAN: &str = "clean typed";

/// Sums over some documents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// Which ones.
    pub name: String,
    /// How many certificates.
    pub documents: usize,
    /// Words.
    pub words: Words,
    /// Fields read as they are.
    pub exact: usize,
    /// Fields read as something else.
    pub wrong: usize,
    /// Fields that were not read.
    pub unread: usize,
    /// Forms recognised.
    pub forms_right: usize,
    /// Certificates whose best candidate is the right customer.
    pub customers_right: usize,
    /// Certificates whose customer was found without a person.
    pub customers_automatic: usize,
    /// Certificates that pass.
    pub pass: usize,
    /// Certificates that a person has to look at.
    pub review: usize,
    /// Certificates that are not valid.
    pub fail: usize,
    /// Pages.
    pub pages: usize,
    /// Seconds that reading took.
    pub seconds: f64,
}

impl Group {
    /// Share of the fields that are exact.
    #[must_use]
    pub fn exactness(&self) -> Option<f64> {
        share(self.exact, self.exact + self.wrong + self.unread)
    }

    /// Seconds that a page took.
    #[must_use]
    pub fn seconds_a_page(&self) -> Option<f64> {
        u32::try_from(self.pages).ok().filter(|pages| *pages > 0).map(|pages| self.seconds / f64::from(pages))
    }

    fn add(&mut self, outcome: &Outcome) {
        self.documents += 1;
        self.words += outcome.words;
        self.exact += outcome.count(Agreement::Exact);
        self.wrong += outcome.count(Agreement::Wrong);
        self.unread += outcome.count(Agreement::Unread);
        self.forms_right += usize::from(outcome.form_right());
        self.customers_right += usize::from(outcome.customer_right());
        self.customers_automatic += usize::from(outcome.customer_automatic());
        match outcome.verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Review => self.review += 1,
            Verdict::Fail => self.fail += 1,
        }
        self.pages += outcome.pages;
        self.seconds += outcome.seconds;
    }
}

/// How one field was read on all documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldCounts {
    /// Its name.
    pub field: &'static str,
    /// Read as it is.
    pub exact: usize,
    /// Read as something else.
    pub wrong: usize,
    /// Not read.
    pub unread: usize,
}

/// How each field was read, in the order in which they first come.
#[must_use]
pub fn by_field(outcomes: &[Outcome]) -> Vec<FieldCounts> {
    let mut counts: Vec<FieldCounts> = Vec::new();
    for it in outcomes.iter().filter(|it| it.fault.is_none()).flat_map(|it| &it.fields) {
        let mut one = FieldCounts { field: it.field, ..FieldCounts::default() };
        let known = counts.iter_mut().find(|known| known.field == it.field);
        let is_new = known.is_none();
        let count = known.unwrap_or(&mut one);
        match it.agreement {
            Agreement::Exact => count.exact += 1,
            Agreement::Wrong => count.wrong += 1,
            Agreement::Unread => count.unread += 1,
        }
        if is_new {
            counts.push(one);
        }
    }
    counts
}

/// A part of a whole; none of nothing.
#[must_use]
pub fn share(part: usize, whole: usize) -> Option<f64> {
    let (part, whole) = (u32::try_from(part).ok()?, u32::try_from(whole).ok()?);
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// The sums, groups without a document left out.
#[must_use]
pub fn groups(outcomes: &[Outcome]) -> Vec<Group> {
    let sound: Vec<&Outcome> = outcomes.iter().filter(|it| it.fault.is_none()).collect();
    let mut forms: Vec<&str> = sound.iter().map(|it| it.form.as_str()).collect();
    forms.sort_unstable();
    forms.dedup();
    let sum = |name: &str, holds: &dyn Fn(&Outcome) -> bool| {
        let mut group = Group { name: name.to_owned(), ..Group::default() };
        sound.iter().filter(|it| holds(it)).for_each(|it| group.add(it));
        group
    };
    let mut groups = vec![
        sum("all", &|_| true),
        sum(WITH_TEXT, &|it| !it.scan),
        sum(SCANS, &|it| it.scan),
        sum(CLEAN, &|it| it.clean),
    ];
    groups.extend(forms.into_iter().map(|form| sum(form, &|it| it.form == form)));
    groups.retain(|group| group.documents > 0);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{field, outcome};

    #[test]
    fn faulty_documents_are_in_no_group() {
        let mut scan = outcome("a");
        scan.scan = true;
        scan.words = Words { truth: 4, read: 4, same: 3 };
        let mut text = outcome("b");
        text.clean = true;
        text.verdict = Verdict::Review;
        text.words = Words { truth: 4, read: 2, same: 2 };
        let mut faulty = outcome("c");
        faulty.fault = Some(("kind".to_owned(), "rule".to_owned()));
        let groups = groups(&[scan, text, faulty]);
        let shown: Vec<(&str, usize, usize)> =
            groups.iter().map(|it| (it.name.as_str(), it.documents, it.review)).collect();
        assert_eq!(
            shown,
            [("all", 2, 1), ("with text", 1, 1), ("scans", 1, 0), ("clean typed", 1, 1), ("mtc", 2, 1)]
        );
        assert_eq!(groups[0].words.recall(), Some(0.625));
        assert_eq!((groups[0].pages, groups[0].seconds_a_page()), (4, Some(0.5)));
    }

    #[test]
    fn fields_are_counted_over_all_documents() {
        let mut one = outcome("a");
        one.fields = vec![field("street", Agreement::Exact), field("signer", Agreement::Unread)];
        let mut other = outcome("b");
        other.fields = vec![field("signer", Agreement::Wrong), field("street", Agreement::Exact)];
        let mut faulty = one.clone();
        faulty.fault = Some(("kind".to_owned(), "rule".to_owned()));
        let counts = by_field(&[one, faulty, other]);
        assert_eq!(
            counts,
            [
                FieldCounts { field: "street", exact: 2, wrong: 0, unread: 0 },
                FieldCounts { field: "signer", exact: 0, wrong: 1, unread: 1 },
            ]
        );
    }

    #[test]
    fn nothing_is_no_share() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(1, 4), Some(0.25));
    }
}
