//! The lists that AvaTax calls definitions: exposure zones, exemption reasons, cover letters and the like.
//!
//! Ids of zones, reasons and cover letters belong to one environment, so they are made up from the seed: a client that
//! carries ids from elsewhere fails here. Zones can be fetched but not filtered, as in the real service. Lists are
//! built once and answered as JSON rows through the same paging and filter code as everything else.

use serde_json::{Value, json};

use crate::{
    call::Call,
    error::{ApiError, ApiResult, INVALID_COUNTRY},
    filter::{Record, Scalar, Schema},
    geo,
    list::{self, DEFAULT_PAGE, ECMS_PAGE},
    random,
};

/// A place where a certificate can be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) country: &'static str,
}

/// Why a customer is exempt, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) exempting: bool,
}

/// All lists.
#[derive(Debug)]
pub(crate) struct Definitions {
    pub(crate) zones: Vec<Zone>,
    pub(crate) reasons: Vec<Reason>,
    cover_letters: Vec<Value>,
    attributes: Vec<Value>,
    entity_use_codes: Vec<Value>,
    countries: Vec<Value>,
    regions: Vec<Value>,
}

const REASONS: &[&str] = &[
    "AGRICULTURE",
    "BANKING ONLY",
    "CAPITAL IMPROVEMENT",
    "CHARITABLE/EXEMPT ORG",
    "COMMERCIAL AQUACULTURE (CN)",
    "COMMERCIAL FISHERY (CN)",
    "COMMON CARRIER",
    "DIRECT MAIL",
    "DIRECT PAY",
    "EDUCATIONAL ORG",
    "ENTERPRISE ZONE",
    "EXEMPT BY CLIENT",
    "EXEMPT BY STATUTE",
    "EXPORTERS",
    "EXPOSURE",
    "EXPOSURE: EXPIRED CERT",
    "EXPOSURE: INDIRECT CERT",
    "EXPOSURE: INVALID CERT",
    "EXPOSURE: MISSING CERT",
    "EXPOSURE: NON-DELIVERABLE",
    "FEDERAL GOV",
    "FOREIGN DIPLOMAT",
    "INDUSTRIAL PROD/MANUFACTURERS",
    "LOCAL GOVERNMENT",
    "LONG-TERM RENTAL",
    "MATERIAL PURCHASE",
    "MEDICAL",
    "NON-DELIVERABLE",
    "NON-NEXUS: EXPIRED CERT",
    "NON-NEXUS: EXPOSURE",
    "NON-NEXUS: INDIRECT CERT",
    "NON-NEXUS: INVALID CERT",
    "NON-NEXUS: MISSING CERT",
    "NON-NEXUS: NON-DELIVERABLE",
    "NON-RESIDENT",
    "OTHER/CUSTOM",
    "POLLUTION CONTROL",
    "PRIME CONTRACTOR",
    "R&D",
    "RELIGIOUS ORG",
    "RELIGIOUS/EDUCATIONAL ORG",
    "RESALE",
    "STATE GOV",
    "TAXABLE",
    "TRIBAL GOVERNMENT",
];

/// Code, name, description, country (`*` for all).
const ENTITY_USE_CODES: &[(&str, &str, &str, &str)] = &[
    ("A", "FEDERAL GOV", "Federal government", "US"),
    ("B", "STATE GOV", "State government", "US"),
    ("C", "TRIBAL GOVERNMENT", "Tribe or band", "*"),
    ("D", "FOREIGN DIPLOMAT", "Foreign diplomat", "*"),
    ("E", "CHARITABLE/EXEMPT ORG", "Charity", "*"),
    ("F", "RELIGIOUS ORG", "Religious organization", "*"),
    ("G", "RESALE", "Resale", "*"),
    ("H", "AGRICULTURE", "Agricultural production", "*"),
    ("I", "INDUSTRIAL PROD/MANUFACTURERS", "Industrial production", "*"),
    ("J", "DIRECT PAY", "Direct pay permit", "US"),
    ("K", "DIRECT MAIL", "Direct mail", "US"),
    ("L", "OTHER/CUSTOM", "Other", "*"),
    ("M", "EDUCATIONAL ORG", "Educational organization", "*"),
    ("N", "LOCAL GOVERNMENT", "Local government", "US"),
    ("P", "COMMERCIAL AQUACULTURE", "Aquaculture", "CA"),
    ("Q", "COMMERCIAL FISHERY", "Fishery", "CA"),
    ("R", "NON-RESIDENT", "Non-resident", "CA"),
    ("MED1", "", "Medical device, exempt from sales tax", "US"),
    ("MED2", "", "Medical device, subject to sales tax", "US"),
    ("TAXABLE", "TAXABLE", "Taxed in spite of an exemption", "*"),
];

const COVER_LETTERS: &[(&str, bool)] = &[
    ("STANDARD_REQUEST", true),
    ("STANDARD_RENEWAL", true),
    ("STANDARD_INVALID", true),
    ("OLD_REQUEST", false),
];

const ATTRIBUTES: &[&str] = &["DIRECT PAY PERMIT", "STREAMLINED FORM", "SINGLE PURCHASE"];

const CREATED: &str = "2020-01-01T00:00:00.000";

const ZONES: Schema = Schema {
    list: "ListCertificateExposureZones",
    fields: &[],
    refused: &["id", "companyId", "name", "tag", "description", "created", "modified", "region", "country"],
};
const REASON_LIST: Schema =
    Schema { list: "ListCertificateExemptReasons", fields: &["id", "name"], refused: &[] };
const LETTER_LIST: Schema = Schema {
    list: "ListCoverLetters",
    fields: &["active", "title"],
    refused: &[
        "id",
        "companyId",
        "subject",
        "description",
        "createdDate",
        "modifiedDate",
        "pageCount",
        "templateFilename",
        "version",
    ],
};
const ATTRIBUTE_LIST: Schema = Schema {
    list: "ListCertificateAttributes",
    fields: &["id", "name", "description", "isSystemCode"],
    refused: &[],
};
const USE_CODE_LIST: Schema = Schema {
    list: "ListEntityUseCodes",
    fields: &["code", "name", "description"],
    refused: &["validCountries"],
};
const COUNTRY_LIST: Schema = Schema {
    list: "ListCountries",
    fields: &["code", "name"],
    refused: &["alpha3Code", "isEuropeanUnion", "localizedNames", "addressesRequireRegion"],
};
const REGION_LIST: Schema = Schema {
    list: "ListRegions",
    fields: &["countryCode", "code", "name", "classification", "streamlinedSalesTax", "isRegionTaxable"],
    refused: &["localizedNames"],
};

/// What each label means to the generator of ids.
const ZONE_IDS: u64 = 1;
const REASON_IDS: u64 = 2;
const LETTER_IDS: u64 = 3;
const ATTRIBUTE_IDS: u64 = 4;

/// Ids for `count` things: distinct, without pattern, the same for one seed.
fn ids(seed: u64, kind: u64, count: u64) -> Vec<u64> {
    let base = 50 + random::number(seed, &[kind]) % 900;
    let mut order: Vec<u64> = (0..count).collect();
    order.sort_by_key(|n| random::number(seed, &[kind, *n]));
    order.into_iter().map(|n| base + n * 3).collect()
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Definitions {
    pub(crate) fn new(seed: u64) -> Self {
        let mut zones: Vec<Zone> = ids(seed, ZONE_IDS, length(geo::zones().count()))
            .into_iter()
            .zip(geo::zones())
            .map(|(id, region)| Zone { id, name: region.name, region: region.code, country: region.country })
            .collect();
        zones.sort_by_key(|zone| zone.id);
        let mut reasons: Vec<Reason> = ids(seed, REASON_IDS, length(REASONS.len()))
            .into_iter()
            .zip(REASONS)
            .map(|(id, &name)| Reason { id, name, exempting: exempts(name) })
            .collect();
        reasons.sort_by_key(|reason| reason.id);
        Self {
            zones,
            reasons,
            cover_letters: cover_letters(seed),
            attributes: ids(seed, ATTRIBUTE_IDS, length(ATTRIBUTES.len()))
                .into_iter()
                .zip(ATTRIBUTES)
                .map(|(id, name)| json!({"id": id, "name": name, "description": name, "isSystemCode": true}))
                .collect(),
            entity_use_codes: ENTITY_USE_CODES
                .iter()
                .map(|(code, name, description, country)| {
                    json!({"code": code, "name": name, "description": description, "validCountries": [country]})
                })
                .collect(),
            countries: geo::countries().map(|country| country_row(&country)).collect(),
            regions: geo::regions().map(|region| region_row(&region)).collect(),
        }
    }

    /// The zone with the id, or with the name in any case.
    pub(crate) fn zone(&self, id: Option<u64>, name: Option<&str>) -> Option<&Zone> {
        match (id, name) {
            (Some(id), _) => self.zones.iter().find(|zone| zone.id == id),
            (None, Some(name)) => self.zones.iter().find(|zone| zone.name.eq_ignore_ascii_case(name)),
            (None, None) => None,
        }
    }

    /// The reason with the id, or with the name in any case.
    pub(crate) fn reason(&self, id: Option<u64>, name: Option<&str>) -> Option<&Reason> {
        match (id, name) {
            (Some(id), _) => self.reasons.iter().find(|reason| reason.id == id),
            (None, Some(name)) => self.reasons.iter().find(|reason| reason.name.eq_ignore_ascii_case(name)),
            (None, None) => None,
        }
    }

    /// An active cover letter with the title.
    pub(crate) fn cover_letter(&self, title: &str) -> Option<&Value> {
        self.cover_letters.iter().find(|letter| letter["title"] == title && letter["active"] == true)
    }

    pub(crate) fn list_reasons(&self, call: &Call) -> ApiResult<Value> {
        let rows: Vec<_> =
            self.reasons.iter().map(|reason| json!({"id": reason.id, "name": reason.name})).collect();
        list::answer(call, &REASON_LIST, ECMS_PAGE, rows.iter(), Value::clone)
    }

    pub(crate) fn list_zones(&self, call: &Call) -> ApiResult<Value> {
        let rows: Vec<_> = self.zones.iter().map(Zone::json).collect();
        list::answer(call, &ZONES, ECMS_PAGE, rows.iter(), Value::clone)
    }

    pub(crate) fn list_cover_letters(&self, call: &Call) -> ApiResult<Value> {
        list::answer(call, &LETTER_LIST, ECMS_PAGE, self.cover_letters.iter(), Value::clone)
    }

    pub(crate) fn list_attributes(&self, call: &Call) -> ApiResult<Value> {
        list::answer(call, &ATTRIBUTE_LIST, ECMS_PAGE, self.attributes.iter(), Value::clone)
    }

    pub(crate) fn list_entity_use_codes(&self, call: &Call) -> ApiResult<Value> {
        list::answer(call, &USE_CODE_LIST, DEFAULT_PAGE, self.entity_use_codes.iter(), Value::clone)
    }

    pub(crate) fn list_countries(&self, call: &Call) -> ApiResult<Value> {
        list::answer(call, &COUNTRY_LIST, DEFAULT_PAGE, self.countries.iter(), Value::clone)
    }

    pub(crate) fn list_regions(&self, call: &Call) -> ApiResult<Value> {
        list::answer(call, &REGION_LIST, DEFAULT_PAGE, self.regions.iter(), Value::clone)
    }

    pub(crate) fn list_regions_by_country(&self, call: &Call) -> ApiResult<Value> {
        let text = call.param("country")?;
        let country = geo::country(text).ok_or_else(|| unknown_country(text))?;
        let rows = self.regions.iter().filter(|region| region["countryCode"] == country.code);
        list::answer(call, &REGION_LIST, DEFAULT_PAGE, rows, Value::clone)
    }
}

impl Zone {
    /// As in lists and inside certificates.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "companyId": null,
            "name": self.name,
            "tag": format!("EZ_{}_{}", self.country, self.region),
            "description": self.name,
            "created": CREATED,
            "modified": CREATED,
            "region": self.region,
            "country": self.country,
        })
    }
}

impl Record for Value {
    fn field(&self, name: &str) -> Scalar<'_> {
        match self.get(name) {
            Some(Self::Bool(flag)) => Scalar::Bool(*flag),
            Some(Self::Number(number)) => number.as_f64().map_or(Scalar::Null, Scalar::Number),
            Some(Self::String(text)) => Scalar::text(Some(text)),
            _ => Scalar::Null,
        }
    }
}

/// Refusal of a country that nobody knows.
pub(crate) fn unknown_country(text: &str) -> ApiError {
    ApiError::bad(
        INVALID_COUNTRY,
        "The country is not known.",
        format!("'{text}' is no country of ISO 3166."),
    )
}

/// Names that describe a missing or bad certificate do not exempt.
fn exempts(name: &str) -> bool {
    !(name.starts_with("EXPOSURE")
        || name.starts_with("NON-NEXUS")
        || name == "NON-DELIVERABLE"
        || name == "TAXABLE")
}

fn cover_letters(seed: u64) -> Vec<Value> {
    ids(seed, LETTER_IDS, length(COVER_LETTERS.len()))
        .into_iter()
        .zip(COVER_LETTERS)
        .map(|(id, (title, active))| {
            json!({
                "id": id,
                "companyId": null,
                "title": title,
                "subject": "Please send us your exemption certificate",
                "description": "Asks a customer for an exemption certificate.",
                "createdDate": CREATED,
                "modifiedDate": CREATED,
                "active": active,
                "pageCount": 1,
                "templateFilename": format!("{}.html", title.to_ascii_lowercase()),
                "version": 1,
            })
        })
        .collect()
}

fn country_row(country: &geo::Country) -> Value {
    json!({
        "code": country.code,
        "alpha3Code": country.alpha3,
        "name": country.name,
        "isEuropeanUnion": geo::EUROPEAN_UNION.contains(&country.code),
        "localizedNames": [],
        "addressesRequireRegion": geo::needs_region(country.code),
    })
}

fn region_row(region: &geo::Region) -> Value {
    json!({
        "countryCode": region.country,
        "code": region.code,
        "name": region.name,
        "classification": region.kind,
        "streamlinedSalesTax": false,
        "localizedNames": [],
        "isRegionTaxable": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_belong_to_the_seed() {
        let (one, again, two) = (Definitions::new(1), Definitions::new(1), Definitions::new(2));
        let texas = |definitions: &Definitions| definitions.zone(None, Some("texas")).unwrap().id;
        assert_eq!(texas(&one), texas(&again));
        assert_ne!(texas(&one), texas(&two));
        let mut ids: Vec<_> = one.zones.iter().map(|zone| zone.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 64);
        assert_eq!(one.reasons.len(), 45);
    }

    #[test]
    fn reasons_of_exposure_do_not_exempt() {
        let all = Definitions::new(1);
        assert!(all.reason(None, Some("RESALE")).unwrap().exempting);
        for name in ["EXPOSURE", "NON-NEXUS: MISSING CERT", "NON-DELIVERABLE", "TAXABLE"] {
            assert!(!all.reason(None, Some(name)).unwrap().exempting, "{name}");
        }
        assert!(all.cover_letter("STANDARD_REQUEST").is_some());
        assert!(all.cover_letter("OLD_REQUEST").is_none());
    }
}
