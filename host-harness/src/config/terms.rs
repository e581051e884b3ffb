//! What a tenant says about certificates: the names it sells under, and how long one without a last day is taken to
//! hold. The counts are those of `settings` in the contract.

use toml::Spanned;

use super::{ConfigError, check::Checker, raw};
use crate::model::tenant::Term;

const MAX_SELLER_NAMES: usize = 20;
const MAX_SELLER_NAME: usize = 200;
const MAX_TERMS: usize = 200;
/// AvaTax limits an entity/use code to 25 characters.
const MAX_USE_CODE: usize = 25;
const MAX_MONTHS: u32 = 600;

impl Checker<'_> {
    /// Checks `seller-names`.
    pub(super) fn seller_names(
        &self,
        names: Option<Spanned<Vec<Spanned<String>>>>,
    ) -> Result<Vec<String>, ConfigError> {
        let Some(names) = names else { return Ok(Vec::new()) };
        let place = names.span();
        let names = names.into_inner();
        if names.len() > MAX_SELLER_NAMES {
            let message =
                format!("`seller-names` has {} names; at most {MAX_SELLER_NAMES} are compared", names.len());
            return Err(self.invalid(place, message));
        }
        names.into_iter().map(|name| self.words("seller-names", name, MAX_SELLER_NAME)).collect()
    }

    /// Checks `terms`.
    pub(super) fn terms(
        &self,
        terms: Option<Spanned<Vec<Spanned<raw::Term>>>>,
    ) -> Result<Vec<Term>, ConfigError> {
        let Some(terms) = terms else { return Ok(Vec::new()) };
        if terms.get_ref().len() > MAX_TERMS {
            let message =
                format!("`terms` has {} entries; at most {MAX_TERMS} are possible", terms.get_ref().len());
            return Err(self.invalid(terms.span(), message));
        }
        let mut checked: Vec<Term> = Vec::new();
        for term in terms.into_inner() {
            let place = term.span();
            let term = self.term(term)?;
            if checked.iter().any(|other| other.region == term.region && other.use_code == term.use_code) {
                let message = "`terms` says twice how long a certificate of this state and reason holds; \
                               leave one of them out";
                return Err(self.invalid(place, message.to_owned()));
            }
            checked.push(term);
        }
        Ok(checked)
    }

    fn term(&self, term: Spanned<raw::Term>) -> Result<Term, ConfigError> {
        let place = term.span();
        let raw::Term { state, reason, months } = term.into_inner();
        let fail = |message: String| Err(self.invalid(place.clone(), message));
        let region = state.unwrap_or_default();
        let is_state = region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase());
        if !(region.is_empty() || is_state) {
            return fail(
                "`state` in `terms` is the two capital letters of a US state; leave it out for every state"
                    .into(),
            );
        }
        let use_code = reason.unwrap_or_default();
        if use_code.len() > MAX_USE_CODE || !use_code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return fail(
                "`reason` in `terms` is an entity/use code such as \"G\"; leave it out for every reason"
                    .into(),
            );
        }
        if !(1..=MAX_MONTHS).contains(&months) {
            return fail(format!("`months` in `terms` is {months}; it has to be from 1 to {MAX_MONTHS}"));
        }
        Ok(Term { region, use_code, months })
    }
}
