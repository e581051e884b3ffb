//! Certificates: creating, reading, querying.
//!
//! Creating is where the real service is treacherous, and so is this one. Exactly one of file name, PDF and pages has
//! to be given; customers named inside that do not exist are created; and a document that the back end does not take
//! ends in error 1203 although the certificate has been stored, without document and without links. A certificate
//! takes effect only after the processing delay, within its dates, with a reason that exempts.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    batch::{self, Plan},
    call::{Call, Setting, model, stamp},
    customers::{self, NewCustomer, number},
    definitions::{Definitions, Reason, Zone},
    documents::{self, Document, Sent},
    error::{
        ApiError, ApiResult, INVALID_EXEMPT_REASON, MISSING_EXEMPT_REASON, MISSING_FIELD_FOR_ZONE,
        MISSING_REQUIRED_FIELDS, VALIDATION,
    },
    fields::{self, Fields},
    filter::{Record, Scalar, Schema, parse_date},
    links,
    list::{self, ECMS_PAGE},
    view::{Thing, View},
    world::{Books, EffectKind, Subject},
};

/// A stored certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) id: u64,
    signed: Date,
    expires: Option<Date>,
    pub(crate) filename: Option<String>,
    pub(crate) zone: u64,
    zone_name: String,
    reason: u64,
    validated_reason: Option<u64>,
    exemption_number: Option<String>,
    percentage: Option<f64>,
    valid: bool,
    single: bool,
    tax_number_type: Option<String>,
    business_number_type: Option<String>,
    pub(crate) document: Option<Document>,
    pub(crate) customers: BTreeSet<u64>,
    created: Timestamp,
    pub(crate) modified: Timestamp,
    /// From this time on it has been processed.
    ready: Timestamp,
}

#[derive(Deserialize)]
struct Named {
    id: Option<u64>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamedCustomer {
    customer_code: Option<String>,
    #[serde(flatten)]
    fields: Fields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    signed_date: Option<String>,
    expiration_date: Option<String>,
    filename: Option<String>,
    pdf: Option<String>,
    pages: Option<Vec<Option<String>>>,
    exemption_reason: Option<Named>,
    validated_exemption_reason: Option<Named>,
    exposure_zone: Option<Named>,
    exemption_number: Option<String>,
    exempt_percentage: Option<f64>,
    valid: Option<bool>,
    is_single_certificate: Option<bool>,
    tax_number_type: Option<String>,
    business_number_type: Option<String>,
    customers: Option<Vec<NamedCustomer>>,
}

/// A certificate that passed the checks and has no id yet.
struct New {
    certificate: Certificate,
    sent: Sent,
    customers: Vec<NewCustomer>,
}

pub(crate) const SCHEMA: Schema = Schema {
    list: "QueryCertificates",
    fields: &[
        "id",
        "companyId",
        "signedDate",
        "expirationDate",
        "filename",
        "documentExists",
        "valid",
        "exemptPercentage",
        "isSingleCertificate",
        "exposureZoneName",
        "taxNumberType",
        "businessNumberType",
        "pageCount",
        "createdDate",
        "modifiedDate",
    ],
    refused: &[
        "exemptionNumber",
        "ecmsId",
        "ecmsStatus",
        "ecmStatus",
        "status",
        "verified",
        "pdf",
        "pages",
        "exposureZone",
        "exemptionReason",
        "customers",
    ],
};

const INCLUDES: &[&str] = &[
    "customers",
    "po_numbers",
    "attributes",
    "histories",
    "jobs",
    "logs",
    "invalid_reasons",
    "custom_fields",
    "jurisdictions",
];

impl Certificate {
    /// What the log says when it was created.
    pub(crate) fn detail(&self, refused: bool) -> Value {
        json!({
            "exposureZone": self.zone_name,
            "reasonId": self.reason,
            "signedDate": self.signed.to_string(),
            "expirationDate": self.expires.map(|date| date.to_string()),
            "exemptionNumber": self.exemption_number,
            "filename": self.filename,
            "sha256": self.document.as_ref().map(|document| document.sha256.as_str()),
            "refusedAfterStoring": refused,
        })
    }

    /// A certificate of somebody else that looks like this one: linked to nobody, and without a document.
    pub(crate) fn of_a_stranger(&self, id: u64) -> Self {
        Self {
            id,
            filename: Some(format!("stranger-{id}.pdf")),
            exemption_number: None,
            document: None,
            customers: BTreeSet::new(),
            ..self.clone()
        }
    }

    pub(crate) fn is_effective(&self, definitions: &Definitions, today: Date, now: Timestamp) -> bool {
        let exempting = definitions.reason(Some(self.reason), None).is_some_and(|reason| reason.exempting);
        let current = self.signed <= today && self.expires.is_none_or(|expires| today <= expires);
        now >= self.ready && self.valid && exempting && current
    }

    fn states(&self, call: &Call) -> (&'static str, &'static str) {
        let today = call.today();
        if call.now < self.ready {
            ("PENDING", "None")
        } else if !self.valid {
            ("COMPLETE", "Invalid")
        } else if self.expires.is_some_and(|expires| expires < today) {
            ("COMPLETE", "Expired")
        } else if today < self.signed {
            ("PENDING-FUTURE", "PendingFuture")
        } else {
            ("COMPLETE", "Valid")
        }
    }

    /// As in answers; `customers` are shown where they were asked for.
    pub(crate) fn json(
        &self,
        view: View<'_>,
        definitions: &Definitions,
        call: &Call,
        customers: bool,
    ) -> Value {
        let (status, ecm_status) = self.states(call);
        let reason = |id: u64| {
            definitions.reason(Some(id), None).map(|reason| json!({"id": reason.id, "name": reason.name}))
        };
        let ready = call.now >= self.ready;
        let validated = self.validated_reason.or(ready.then_some(self.reason));
        let mut value = json!({
            "id": self.id,
            "companyId": view.company_id(),
            "signedDate": format!("{}T00:00:00", self.signed),
            "expirationDate": self.expires.map(|date| format!("{date}T00:00:00")),
            "filename": self.filename,
            "documentExists": self.document.is_some(),
            "valid": self.valid,
            "verified": ready,
            "exemptPercentage": self.percentage,
            "isSingleCertificate": self.single,
            "exemptionNumber": self.exemption_number,
            "exemptionReason": reason(self.reason),
            "validatedExemptionReason": validated.map(reason),
            "status": status,
            "ecmStatus": ecm_status,
            "createdDate": stamp(self.created),
            "modifiedDate": stamp(self.modified),
            "taxNumberType": self.tax_number_type,
            "businessNumberType": self.business_number_type,
            "pageCount": self.document.as_ref().map_or(0, |document| document.pages),
            "exposureZone": definitions.zone(Some(self.zone), None).map(Zone::json),
            "exposureZoneName": self.zone_name,
        });
        if customers && let Some(map) = value.as_object_mut() {
            let linked = view.customers_of(self);
            let linked: Vec<Value> = linked.map(|customer| customer.json(view.company_id()).into()).collect();
            map.insert("customers".to_owned(), linked.into());
        }
        value
    }
}

impl Record for Certificate {
    fn field(&self, name: &str) -> Scalar<'_> {
        let day = |date: Date| Scalar::Date(date.to_datetime(jiff::civil::Time::midnight()));
        let date = |time: Timestamp| parse_date(&stamp(time)).map_or(Scalar::Null, Scalar::Date);
        match name {
            "id" => number(self.id),
            "signedDate" => day(self.signed),
            "expirationDate" => self.expires.map_or(Scalar::Null, day),
            "filename" => Scalar::text(self.filename.as_deref()),
            "documentExists" => Scalar::Bool(self.document.is_some()),
            "valid" => Scalar::Bool(self.valid),
            "exemptPercentage" => self.percentage.map_or(Scalar::Null, Scalar::Number),
            "isSingleCertificate" => Scalar::Bool(self.single),
            "exposureZoneName" => Scalar::text(Some(&self.zone_name)),
            "taxNumberType" => Scalar::text(self.tax_number_type.as_deref()),
            "businessNumberType" => Scalar::text(self.business_number_type.as_deref()),
            "createdDate" => date(self.created),
            "modifiedDate" => date(self.modified),
            _ => Scalar::Null,
        }
    }
}

fn day(field: &str, text: &str) -> ApiResult<Date> {
    parse_date(text).map(|date| date.date()).ok_or_else(|| {
        ApiError::bad(VALIDATION, "A date cannot be read.", format!("{field} is no date: '{text:.40}'."))
    })
}

fn zone<'a>(definitions: &'a Definitions, named: Option<&Named>) -> ApiResult<&'a Zone> {
    let missing = || {
        ApiError::bad(
            MISSING_REQUIRED_FIELDS,
            "The exposure zone is missing.",
            "A certificate needs an exposureZone with an id or a name.",
        )
    };
    let named = named.filter(|named| named.id.is_some() || named.name.is_some()).ok_or_else(missing)?;
    // A name that is not known would make a new zone, for which a tag is needed as well. No client should want that.
    definitions.zone(named.id, named.name.as_deref()).ok_or_else(|| {
        ApiError::bad(
            MISSING_FIELD_FOR_ZONE,
            "The exposure zone is not known.",
            "A zone that is not known would have to be created, which takes a name and a tag.",
        )
    })
}

fn reason<'a>(definitions: &'a Definitions, named: Option<&Named>) -> ApiResult<&'a Reason> {
    let missing = || {
        ApiError::bad(
            MISSING_EXEMPT_REASON,
            "The exemption reason is missing.",
            "A certificate needs an exemptionReason with an id or a name.",
        )
    };
    let named = named.filter(|named| named.id.is_some() || named.name.is_some()).ok_or_else(missing)?;
    definitions.reason(named.id, named.name.as_deref()).ok_or_else(|| {
        ApiError::bad(
            INVALID_EXEMPT_REASON,
            "The exemption reason is not known.",
            "exemptionReason names none of the reasons of this environment.",
        )
    })
}

fn check(setting: &Setting, call: &Call, row: &Value) -> ApiResult<New> {
    let row: Row = model(row)?;
    let signed =
        day("signedDate", row.signed_date.as_deref().ok_or_else(|| ApiError::required("signedDate"))?)?;
    let expires = row.expiration_date.as_deref().map(|text| day("expirationDate", text)).transpose()?;
    let zone = zone(&setting.definitions, row.exposure_zone.as_ref())?;
    let exempt_for = reason(&setting.definitions, row.exemption_reason.as_ref())?;
    let validated = match &row.validated_exemption_reason {
        Some(named) => Some(reason(&setting.definitions, Some(named))?.id),
        None => call
            .query("$preValidatedExemptionReason")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
            .then_some(exempt_for.id),
    };
    let sent = documents::read(row.filename.as_deref(), row.pdf.as_deref(), row.pages.as_deref())?;
    let mut customers = Vec::new();
    for named in row.customers.unwrap_or_default() {
        customers.push(NewCustomer { code: fields::check_code(named.customer_code)?, fields: named.fields });
    }
    let ready = call.now.checked_add(setting.config.processing_delay).unwrap_or(call.now);
    let certificate = Certificate {
        id: 0,
        signed,
        expires,
        filename: row.filename,
        zone: zone.id,
        zone_name: zone.name.to_owned(),
        reason: exempt_for.id,
        validated_reason: validated,
        exemption_number: row.exemption_number,
        percentage: row.exempt_percentage,
        valid: row.valid.unwrap_or(true),
        single: row.is_single_certificate.unwrap_or(false),
        tax_number_type: row.tax_number_type,
        business_number_type: row.business_number_type,
        document: None,
        customers: BTreeSet::new(),
        created: call.now,
        modified: call.now,
        ready,
    };
    Ok(New { certificate, sent, customers })
}

const CAUSE: &str = "CreateCertificates";

fn store(books: &mut Books<'_>, call: &Call, new: New) -> ApiResult<u64> {
    let New { mut certificate, sent, customers } = new;
    let id = books.company.take_id();
    certificate.id = id;
    let (document, broken) = match sent {
        Sent::NameOnly => (None, None),
        Sent::Good(document) => (Some(document), None),
        Sent::Broken(field, reason) => (None, Some(ApiError::certificates(field, reason))),
    };
    certificate.document = document;
    let detail = certificate.detail(broken.is_some());
    let subject = Subject { certificate_id: Some(id), detail, ..Subject::default() };
    books.company.certificates.insert(id, certificate);
    books.company.fresh.add(call.now, Thing::Certificate(id));
    books.log.push(call.now, CAUSE, books.company.id, EffectKind::CertificateCreated, subject);
    if let Some(error) = broken {
        return Err(error);
    }
    for customer in customers {
        let customer_id = match books.company.codes.get(&customer.code) {
            Some(id) => *id,
            None => customers::store(books, call.now, CAUSE, customer),
        };
        links::join(books, call.now, CAUSE, customer_id, id);
    }
    Ok(id)
}

pub(crate) fn create(setting: &Setting, books: &mut Books<'_>, call: &Call) -> ApiResult<Value> {
    let rows = call.json_rows()?;
    let ids = batch::run(
        Plan::new(setting.config.batch, call.dice),
        &rows,
        books,
        |_, _, row| check(setting, call, row),
        |books, new| store(books, call, new),
    )?;
    let company = &*books.company;
    let stored = ids.iter().filter_map(|id| company.certificates.get(id));
    let view = View::whole(company);
    Ok(stored.map(|certificate| certificate.json(view, &setting.definitions, call, true)).collect())
}

/// A certificate with what `$include` asked for.
fn render(
    setting: &Setting,
    view: View<'_>,
    call: &Call,
    includes: &[&str],
    certificate: &Certificate,
) -> Value {
    let mut value = certificate.json(view, &setting.definitions, call, includes.contains(&"customers"));
    if let Some(map) = value.as_object_mut() {
        for include in includes.iter().filter(|include| **include != "customers") {
            map.insert(camel(include), Value::Array(Vec::new()));
        }
    }
    value
}

/// `po_numbers` becomes `poNumbers`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

pub(crate) fn get(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let includes = list::includes(call, INCLUDES)?;
    let certificate = view.certificate(call.number("id", "certificate")?)?;
    Ok(render(setting, view, call, &includes, certificate))
}

pub(crate) fn query(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    list_rows(setting, view, call, view.certificates())
}

/// Answers a list of certificates.
pub(crate) fn list_rows<'a>(
    setting: &Setting,
    view: View<'_>,
    call: &Call,
    rows: impl Iterator<Item = &'a Certificate>,
) -> ApiResult<Value> {
    let includes = list::includes(call, INCLUDES)?;
    list::answer(call, &SCHEMA, ECMS_PAGE, rows, |row| render(setting, view, call, &includes, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_includes_become_fields() {
        assert_eq!(camel("po_numbers"), "poNumbers");
        assert_eq!(camel("logs"), "logs");
    }
}
