//! The drawings of the forms, by region.
//!
//! Titles, form numbers and the labels of values are those of the public forms, because software has to find them.
//! Everything else, from the layout to the small print, is our own; each page says that it is a specimen.

mod east;
mod letters;
mod midwest;
mod multistate;
mod new_york;
mod south;
mod west;

use super::{case::Form, sheet::Sheet};

/// Draws the form of the sheet's case.
pub(crate) fn draw(sheet: &mut Sheet<'_>) {
    match sheet.case.form {
        Form::Sst | Form::NorthCarolina => multistate::streamlined(sheet),
        Form::Mtc => multistate::multijurisdiction(sheet),
        Form::California => west::california(sheet),
        Form::TexasResale => west::texas_resale(sheet),
        Form::TexasExemption => west::texas_exemption(sheet),
        Form::Washington => west::washington(sheet),
        Form::NewYorkResale => new_york::resale(sheet),
        Form::NewYorkUse => new_york::exempt_use(sheet),
        Form::NewYorkExempt => new_york::exempt_organization(sheet),
        Form::FloridaResale => south::annual_resale(sheet),
        Form::FloridaExempt => south::consumer(sheet),
        Form::Georgia => south::georgia(sheet),
        Form::IllinoisResale => midwest::illinois(sheet),
        Form::Michigan => midwest::michigan(sheet),
        Form::OhioBlanket | Form::OhioUnit => midwest::ohio(sheet),
        Form::Pennsylvania => east::pennsylvania(sheet),
        Form::NewJersey => east::new_jersey(sheet),
        Form::MassachusettsResale => east::massachusetts_resale(sheet),
        Form::MassachusettsExempt => east::massachusetts_exempt(sheet),
        Form::IllinoisLetter => letters::illinois(sheet),
        Form::Letter => letters::state(sheet),
        Form::Unknown => letters::unknown(sheet),
    }
}

/// Draws the paper that has to come with the sheet's case.
pub(crate) fn attachment(sheet: &mut Sheet<'_>) {
    east::massachusetts_attachment(sheet);
}
