//! AvaTax's exposure zones and exemption reasons, found by name at run time.
//!
//! Their ids belong to one environment, so none is written down anywhere. A zone is a state; a reason is found through
//! the entity/use code, whose usual reason names are listed on Avalara's help pages.

use crate::avatax::AvaTax;
use crate::avatax::calls::Named;
use crate::geography;
use crate::model::onboarding::Error;

/// Usual reason names of each entity/use code.
const REASONS: [(char, &str); 14] = [
    ('A', "FEDERAL GOV"),
    ('B', "STATE GOV"),
    ('C', "TRIBAL GOVERNMENT"),
    ('D', "FOREIGN DIPLOMAT"),
    ('E', "CHARITABLE/EXEMPT ORG"),
    ('F', "RELIGIOUS ORG"),
    ('G', "RESALE"),
    ('H', "AGRICULTURE"),
    ('I', "INDUSTRIAL PROD/MANUFACTURERS"),
    ('J', "DIRECT PAY"),
    ('K', "DIRECT MAIL"),
    ('L', "OTHER/CUSTOM"),
    ('M', "EDUCATIONAL ORG"),
    ('N', "LOCAL GOVERNMENT"),
];

/// What the company's environment offers.
#[derive(Debug, Clone)]
pub struct Catalog {
    zones: Vec<Named>,
    reasons: Vec<Named>,
}

impl Catalog {
    /// Reads both lists.
    pub fn read(avatax: &AvaTax<'_>) -> Result<Self, Error> {
        let zones = avatax.zones().map_err(|failure| failure.error())?;
        let reasons = avatax.reasons().map_err(|failure| failure.error())?;
        Ok(Self { zones, reasons })
    }

    /// The zone of a state: by country and region, else by the state's full name.
    #[must_use]
    pub fn zone(&self, country: &str, region: &str) -> Option<&Named> {
        let by_code = self.zones.iter().find(|zone| zone.country == country && zone.code == region);
        let by_name = || {
            let name = geography::region_name(country, region)?;
            self.zones.iter().find(|zone| zone.name.eq_ignore_ascii_case(name))
        };
        by_code.or_else(by_name)
    }

    /// The reason for an entity/use code.
    #[must_use]
    pub fn reason(&self, use_code: char) -> Option<&Named> {
        let (_, name) = REASONS.iter().find(|(code, _)| *code == use_code.to_ascii_uppercase())?;
        self.reasons.iter().find(|reason| reason.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: u64, name: &str, code: &str, country: &str) -> Named {
        Named { id, name: name.into(), code: code.into(), country: country.into() }
    }

    #[test]
    fn zones_are_found_by_region_else_by_name() {
        let catalog = Catalog {
            zones: vec![named(7, "Washington", "", ""), named(9, "Somewhere", "GA", "US")],
            reasons: vec![named(71, "RESALE", "", "")],
        };
        assert_eq!(catalog.zone("US", "WA").map(|zone| zone.id), Some(7));
        assert_eq!(catalog.zone("US", "GA").map(|zone| zone.id), Some(9));
        assert_eq!(catalog.zone("US", "TX"), None);
        assert_eq!(catalog.reason('g').map(|reason| reason.id), Some(71));
        assert_eq!(catalog.reason('A'), None, "not offered by this environment");
    }
}
