//! Comparing an ERP customer with the one AvaTax has under the same code.
//!
//! Three rules. An empty value never replaces one. A value that AvaTax has and the ERP contradicts stays, and is shown.
//! A customer of another name under the same code is left alone altogether.

use crate::avatax::calls::RemoteCustomer;
use crate::customer::CustomerModel;
use crate::plan;

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Compared {
    /// Nothing to do.
    Identical,
    /// AvaTax lacks these values: field, new value.
    Lacks(Vec<(String, String)>),
    /// AvaTax has other values: field, its value, ours.
    Differs(Vec<(String, String, String)>),
    /// Another customer.
    OtherName(String),
}

/// Compares.
pub(super) fn compare(ours: &CustomerModel, theirs: &RemoteCustomer) -> Compared {
    let remote_name = theirs.text("name");
    if simplified(&remote_name) != simplified(&ours.name) {
        return Compared::OtherName(remote_name);
    }
    let mut lacks = Vec::new();
    let mut differs = Vec::new();
    for (field, value) in ours.fields() {
        let remote = theirs.text(field);
        // The way back to our row is not worth an update of every customer that somebody else created.
        if value.is_empty() || remote == value || matches!(field, "name" | "alternateId") {
            continue;
        }
        if remote.is_empty() {
            lacks.push((field.to_owned(), value.to_owned()));
        } else {
            differs.push((field.to_owned(), remote, value.to_owned()));
        }
    }
    match (lacks.is_empty(), differs.is_empty()) {
        (_, false) => Compared::Differs(differs),
        (false, true) => Compared::Lacks(lacks),
        (true, true) => Compared::Identical,
    }
}

/// Whether AvaTax has the customer just as we would create it.
pub(super) fn same(ours: &CustomerModel, theirs: &RemoteCustomer) -> bool {
    ours.fields().iter().all(|(field, value)| value.is_empty() || theirs.text(field) == *value)
}

/// Fingerprint of AvaTax's record, as far as we compare it.
pub(super) fn fingerprint(theirs: &RemoteCustomer) -> String {
    let fields: Vec<_> = CustomerModel::default().fields().map(|(field, _)| theirs.text(field)).into();
    plan::fingerprint(&fields)
}

/// Letters and digits in lower case: what is left when typography is taken away.
fn simplified(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::project;
    use crate::customer::testing::{customer, settings};

    fn pair() -> (CustomerModel, serde_json::Value) {
        let ours = project(&customer("7", "C7"), &settings()).model;
        let theirs = serde_json::to_value(&ours).unwrap();
        (ours, theirs)
    }

    fn remote(value: serde_json::Value) -> RemoteCustomer {
        RemoteCustomer(value)
    }

    #[test]
    fn an_empty_value_never_replaces_one() {
        let (mut ours, theirs) = pair();
        ours.email_address.clear();
        assert_eq!(compare(&ours, &remote(theirs)), Compared::Identical);
    }

    #[test]
    fn what_avatax_lacks_is_filled_and_what_differs_is_shown() {
        let (ours, mut theirs) = pair();
        theirs["emailAddress"] = serde_json::Value::Null;
        let email = ours.email_address.clone();
        assert_eq!(
            compare(&ours, &remote(theirs.clone())),
            Compared::Lacks(vec![("emailAddress".into(), email)])
        );
        theirs["city"] = "Tacoma".into();
        let differs = vec![("city".into(), "Tacoma".into(), "Seattle".into())];
        assert_eq!(compare(&ours, &remote(theirs)), Compared::Differs(differs));
    }

    #[test]
    fn a_number_is_a_value_and_stays() {
        let (ours, mut theirs) = pair();
        theirs["alternateId"] = 4711.into();
        assert_eq!(compare(&ours, &remote(theirs.clone())), Compared::Identical);
        theirs["phoneNumber"] = 5550100.into();
        let ours = CustomerModel { phone_number: "206 555 0100".into(), ..ours };
        let differs = vec![("phoneNumber".into(), "5550100".into(), "206 555 0100".into())];
        assert_eq!(compare(&ours, &remote(theirs)), Compared::Differs(differs));
    }

    #[test]
    fn another_name_under_the_same_code_is_another_customer() {
        let (ours, mut theirs) = pair();
        theirs["name"] = "customer c7, L.L.C".into();
        assert_eq!(compare(&ours, &remote(theirs.clone())), Compared::Identical);
        theirs["name"] = "Somebody Else".into();
        assert_eq!(compare(&ours, &remote(theirs)), Compared::OtherName("Somebody Else".into()));
    }
}
