//! The cast: exempt customers whose certificates exist as files or as attachments of the ERP.
//!
//! Each part fixes what customer and certificate have to agree on: the states, the reason and how the ERP knows of the
//! exemption. The numbers come from the seed, by the same function on both sides.

use crate::random::Random;

/// How the ERP knows that a lead is exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// One dated exemption record for each state, with its number.
    Records,
    /// A resale number on the customer.
    ResaleNumber,
    /// An exemption number and a reason on the customer.
    ExemptionNumber,
    /// Nothing but an entity/use code.
    UseCode,
    /// Nothing but the exempt tax group.
    TaxGroup,
}

/// One part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lead {
    /// Where it sits and where it is exempt, home first.
    pub(crate) states: &'static [&'static str],
    /// Letter of the reason as multi-state certificates print it; also the AvaTax entity/use code.
    pub(crate) reason: char,
    /// How the ERP knows.
    pub(crate) known: Known,
}

const fn lead(states: &'static [&'static str], reason: char, known: Known) -> Lead {
    Lead { states, reason, known }
}

/// All parts, by number. Which certificate goes with which stands in `certificates`.
pub(crate) const LEADS: [Lead; 26] = [
    lead(&["GA", "NC", "OH"], 'G', Known::Records),
    lead(&["MI"], 'I', Known::Records),
    lead(&["WA", "UT"], 'G', Known::ResaleNumber),
    lead(&["NJ"], 'E', Known::ExemptionNumber),
    lead(&["KS", "NE", "IA", "OK", "AR"], 'G', Known::Records),
    lead(&["MN", "WI"], 'H', Known::UseCode),
    lead(&["IN"], 'G', Known::ResaleNumber),
    lead(&["OH", "KY"], 'G', Known::Records),
    lead(&["NV"], 'M', Known::ExemptionNumber),
    lead(&["ND", "SD"], 'B', Known::UseCode),
    lead(&["CA"], 'G', Known::ResaleNumber),
    lead(&["CA"], 'G', Known::Records),
    lead(&["CA"], 'G', Known::ResaleNumber),
    lead(&["CA"], 'G', Known::TaxGroup),
    lead(&["CA"], 'G', Known::Records),
    lead(&["WI", "MN", "MI"], 'G', Known::Records),
    lead(&["RI", "VT"], 'I', Known::UseCode),
    lead(&["CA"], 'G', Known::ResaleNumber),
    lead(&["VT"], 'G', Known::Records),
    lead(&["CA"], 'G', Known::ResaleNumber),
    lead(&["WV"], 'G', Known::TaxGroup),
    lead(&["WY"], 'G', Known::ResaleNumber),
    lead(&["IA", "NE"], 'G', Known::Records),
    lead(&["OK"], 'G', Known::ResaleNumber),
    lead(&["AR", "OK"], 'G', Known::Records),
    lead(&["CA"], 'G', Known::ResaleNumber),
];

/// The reasons of the multi-state form, letter and words.
pub(crate) const REASONS: [(char, &str); 13] = [
    ('A', "Federal government"),
    ('B', "State or local government"),
    ('C', "Tribal government"),
    ('D', "Foreign diplomat"),
    ('E', "Charitable organization"),
    ('F', "Religious organization"),
    ('G', "Resale"),
    ('H', "Agricultural production"),
    ('I', "Industrial production or manufacturing"),
    ('J', "Direct pay permit"),
    ('K', "Direct mail"),
    ('L', "Other"),
    ('M', "Educational organization"),
];

/// Words of a reason letter; empty for letters that the form does not have.
pub(crate) fn reason_words(letter: char) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == letter).map_or("", |(_, words)| words)
}

/// What a purchaser with this reason calls itself, and the line of business on the multi-state form.
pub(crate) fn business_of(letter: char) -> (&'static str, &'static str) {
    match letter {
        'B' => ("Authority", "18 Government"),
        'E' => ("Foundation", "17 Nonprofit organization"),
        'H' => ("Farms LLC", "02 Agricultural"),
        'I' => ("Manufacturing Inc", "06 Manufacturing"),
        'M' => ("Academy", "16 Education and health-care services"),
        _ => ("LLC", "13 Wholesale trade"),
    }
}

/// The nine-digit number under which customer `index` is known in a state.
pub(crate) fn state_number(seed: u64, index: u64, state: &str) -> String {
    let salt = state.bytes().fold(0, |sum: u64, byte| sum * 256 + u64::from(byte));
    let mut random = Random::of_item(seed ^ 0x5354_4154, index.wrapping_mul(65_536).wrapping_add(salt));
    format!("{:09}", 100_000_000 + random.below(900_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_nine_digits_and_differ_by_state() {
        let (georgia, ohio) = (state_number(1, 5, "GA"), state_number(1, 5, "OH"));
        assert_eq!(georgia.len(), 9);
        assert_ne!(georgia, ohio);
        assert_eq!(georgia, state_number(1, 5, "GA"));
    }

    #[test]
    fn every_part_has_a_reason_of_the_form() {
        assert!(LEADS.iter().all(|lead| !reason_words(lead.reason).is_empty()));
    }
}
