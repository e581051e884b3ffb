//! Until when a certificate holds: printed, else by the rule of its form, else by the tenant's table.

use crate::certificates::rules::{Expiry, Field};
use crate::certificates::understand::dates;
use crate::certificates::understand::judge::Context;
use crate::certificates::understand::record::{Certificate, Scope};
use crate::certificates::understand::text::Sheet;

/// Puts the last day into the record where nothing is printed and a rule gives one.
pub(super) fn work_out(certificate: &mut Certificate, sheet: &Sheet, context: &Context<'_>) {
    let rule = certificate.form.map_or(Expiry::Printed, |form| form.expiry);
    if rule == Expiry::YearEnd
        && let Some(year) = year_of(sheet)
    {
        if certificate.text(Field::Signed).is_empty() {
            certificate.derive(
                Field::Signed,
                format!("{year}-01-01"),
                "an annual certificate holds from 1 January",
            );
        }
        if certificate.text(Field::Expires).is_empty() {
            certificate.derive(
                Field::Expires,
                format!("{year}-12-31"),
                "an annual certificate ends with its year",
            );
        }
    }
    if !certificate.text(Field::Expires).is_empty() {
        return;
    }
    let signed = certificate.signed_on().to_owned();
    let derived = match rule {
        Expiry::NumberYear => number_year(certificate).map(|year| {
            (format!("{year}-12-31"), "the last two digits of the number are the year it ends".to_owned())
        }),
        Expiry::Years(years) if certificate.scope == Scope::BlanketUntil => {
            dates::years_later(&signed, years.into())
                .map(|day| (day, format!("at most {years} years from the day it was signed")))
        }
        _ => None,
    };
    if let Some((day, why)) = derived.or_else(|| term(certificate, context, &signed)) {
        certificate.derive(Field::Expires, day, &why);
    }
}

/// The tenant's term that fits closest: state and reason, then state, then reason, then the one for all.
fn term(certificate: &Certificate, context: &Context<'_>, signed: &str) -> Option<(String, String)> {
    let [only] = certificate.coverage.as_slice() else { return None };
    let code = certificate.use_code.map(String::from).unwrap_or_default();
    let fits = |own: &str, wanted: &str| own.is_empty() || own.eq_ignore_ascii_case(wanted);
    let closeness =
        |region: &str, code: &str| usize::from(!region.is_empty()) * 2 + usize::from(!code.is_empty());
    let terms = context.terms.iter().filter(|it| fits(&it.region, &only.region) && fits(&it.use_code, &code));
    let best = terms.max_by_key(|it| closeness(&it.region, &it.use_code))?;
    let day = dates::months_later(signed, best.months)?;
    Some((day, format!("{} months from the day it was signed, as set up", best.months)))
}

/// The year that a permit's number ends in.
pub(super) fn number_year(certificate: &Certificate) -> Option<u32> {
    let number = &certificate.coverage.first()?.number;
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let [.., tens, ones] = digits.as_slice() else { return None };
    (digits.len() >= 6).then_some(2000 + tens * 10 + ones)
}

/// The year of an annual certificate: the first year that stands in its text.
pub(super) fn year_of(sheet: &Sheet) -> Option<u32> {
    let year = |plain: &str| {
        let year = plain.parse::<u32>().ok().filter(|year| (2000..2100).contains(year))?;
        (plain.len() == 4).then_some(year)
    };
    sheet.tokens.iter().find_map(|token| year(&token.plain))
}
