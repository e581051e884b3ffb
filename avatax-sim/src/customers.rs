//! Customers: creating, reading, updating, querying.
//!
//! A customer is its code, a handful of optional fields, and the set of certificates it is linked to. Codes are
//! compared byte by byte. The fields and their checks are in `fields`. An update replaces the whole record, so that
//! what a client leaves out is gone afterwards, and the log says which values it replaced.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    batch::{self, Plan},
    call::{Call, Setting, model, stamp},
    certificates,
    config::DuplicateAnswer,
    definitions::Definitions,
    error::{ApiError, ApiResult, DUPLICATE_ENTITY_PROPERTY, DUPLICATE_ENTRY, VALIDATION},
    fields::{Fields, check_code, is_empty},
    filter::{Record, Scalar, Schema, parse_date},
    list::{self, ECMS_PAGE},
    random,
    view::{Thing, View},
    world::{Books, EffectKind, Subject},
};

/// A stored customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) fields: Fields,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) certificates: BTreeSet<u64>,
}

/// A customer that passed the checks and has no id yet.
#[derive(Debug)]
pub(crate) struct NewCustomer {
    pub(crate) code: String,
    pub(crate) fields: Fields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(default)]
    customer_code: Option<String>,
    #[serde(flatten)]
    fields: Fields,
}

pub(crate) const SCHEMA: Schema = Schema {
    list: "QueryCustomers",
    fields: &[
        "id",
        "companyId",
        "customerCode",
        "alternateId",
        "name",
        "attnName",
        "line1",
        "line2",
        "city",
        "postalCode",
        "region",
        "country",
        "phoneNumber",
        "faxNumber",
        "emailAddress",
        "contactName",
        "taxpayerIdNumber",
        "isBill",
        "isShip",
        "createdDate",
        "modifiedDate",
        "lastTransaction",
    ],
    refused: &["shipTos", "billTos", "certificates", "attributes", "customFields", "exposureZones"],
};

const INCLUDES: &[&str] = &[
    "certificates",
    "attributes",
    "active_certificates",
    "histories",
    "logs",
    "jobs",
    "billTos",
    "shipTos",
    "shipToStates",
    "custom_fields",
];

fn duplicate(way: DuplicateAnswer, code: &str) -> ApiError {
    let description = format!("A customer with customerCode '{code}' exists.");
    let mut error = match way {
        DuplicateAnswer::Property400 | DuplicateAnswer::Property409 => {
            ApiError::bad(DUPLICATE_ENTITY_PROPERTY, "This would be a duplicate.", description)
        }
        DuplicateAnswer::Wrapped400 | DuplicateAnswer::Wrapped409 => {
            ApiError::certificates("customer_number", "has been taken already")
        }
        DuplicateAnswer::Entry400 | DuplicateAnswer::Entry409 | DuplicateAnswer::Mixed => {
            ApiError::bad(DUPLICATE_ENTRY, "This exists already.", description)
        }
    };
    if matches!(way, DuplicateAnswer::Entry409 | DuplicateAnswer::Property409 | DuplicateAnswer::Wrapped409) {
        error.status = StatusCode::CONFLICT;
    }
    error
}

impl Customer {
    /// What the log says when it was created.
    pub(crate) fn detail(&self) -> Value {
        self.fields.detail()
    }

    /// As in answers, without the parts that have to be asked for.
    pub(crate) fn json(&self, company: u64) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("id".to_owned(), self.id.into());
        map.insert("companyId".to_owned(), company.into());
        map.insert("customerCode".to_owned(), self.code.as_str().into());
        for (name, value) in self.fields.values() {
            map.insert(name.to_owned(), value);
        }
        map.insert("createdDate".to_owned(), stamp(self.created).into());
        map.insert("modifiedDate".to_owned(), stamp(self.modified).into());
        map
    }
}

impl Record for Customer {
    fn field(&self, name: &str) -> Scalar<'_> {
        let flag = |flag: Option<bool>| flag.map_or(Scalar::Null, Scalar::Bool);
        let date = |time: Timestamp| parse_date(&stamp(time)).map_or(Scalar::Null, Scalar::Date);
        match name {
            "id" => number(self.id),
            "customerCode" => Scalar::text(Some(&self.code)),
            "isBill" => flag(self.fields.is_bill),
            "isShip" => flag(self.fields.is_ship),
            "createdDate" => date(self.created),
            "modifiedDate" => date(self.modified),
            _ => self
                .fields
                .texts()
                .into_iter()
                .find(|(field, ..)| *field == name)
                .map_or(Scalar::Null, |(_, value, ..)| Scalar::text(value)),
        }
    }
}

/// An id as a value of the filter language. Ids stay far below the size where this would lose something.
#[expect(clippy::cast_precision_loss, reason = "ids have 32 bits")]
pub(crate) fn number(id: u64) -> Scalar<'static> {
    Scalar::Number(id as f64)
}

/// A customer with what `$include` asked for.
fn render(
    view: View<'_>,
    customer: &Customer,
    includes: &[&str],
    definitions: &Definitions,
    call: &Call,
) -> Value {
    let mut map = customer.json(view.company_id());
    for include in includes {
        let linked = view.certificates_of(customer);
        let (field, values): (&str, Vec<Value>) = match *include {
            "certificates" => {
                ("certificates", linked.map(|c| c.json(view, definitions, call, false)).collect())
            }
            "active_certificates" => (
                "activeCertificates",
                linked
                    .filter(|c| c.is_effective(definitions, call.today(), call.now))
                    .map(|c| c.json(view, definitions, call, false))
                    .collect(),
            ),
            "custom_fields" => ("customFields", Vec::new()),
            other => (other, Vec::new()),
        };
        map.insert(field.to_owned(), values.into());
    }
    map.into()
}

/// Stores a customer that passed the checks.
pub(crate) fn store(books: &mut Books<'_>, now: Timestamp, cause: &str, new: NewCustomer) -> u64 {
    let id = books.company.take_id();
    let subject = Subject {
        customer_code: Some(new.code.clone()),
        customer_id: Some(id),
        detail: new.fields.detail(),
        ..Subject::default()
    };
    books.company.codes.insert(new.code.clone(), id);
    books.company.fresh.add(now, Thing::Customer(id));
    books.company.customers.insert(
        id,
        Customer {
            id,
            code: new.code,
            fields: new.fields,
            created: now,
            modified: now,
            certificates: BTreeSet::new(),
        },
    );
    books.log.push(now, cause, books.company.id, EffectKind::CustomerCreated, subject);
    id
}

/// Checks one row against what is stored and against the rows before it.
pub(crate) fn check(
    setting: &Setting,
    books: &Books<'_>,
    call: &Call,
    pending: &[NewCustomer],
    row: &Value,
) -> ApiResult<NewCustomer> {
    let row: Row = model(row)?;
    let code = check_code(row.customer_code)?;
    let fields = row.fields.check()?;
    let name = fields.name.as_deref().unwrap_or_default();
    if setting.config.refuses.as_deref().is_some_and(|text| name.contains(text)) {
        return Err(ApiError::bad(
            VALIDATION,
            "This customer cannot be stored.",
            "A rule of the account forbids it.",
        ));
    }
    if books.company.codes.contains_key(&code) || pending.iter().any(|new| new.code == code) {
        let refusal = code.bytes().fold(call.dice, |dice, byte| random::number(dice, &[byte.into()]));
        return Err(duplicate(setting.config.duplicate.draw(refusal), &code));
    }
    Ok(NewCustomer { code, fields })
}

pub(crate) fn create(setting: &Setting, books: &mut Books<'_>, call: &Call) -> ApiResult<Value> {
    let rows = call.json_rows()?;
    let plan = Plan::new(setting.config.batch, call.dice);
    let ids = batch::run(
        plan,
        &rows,
        books,
        |books, pending, row| check(setting, books, call, pending, row),
        |books, new| Ok(store(books, call.now, "CreateCustomers", new)),
    )?;
    let company = &*books.company;
    Ok(ids
        .iter()
        .filter_map(|id| company.customers.get(id))
        .map(|customer| Value::Object(customer.json(company.id)))
        .collect())
}

pub(crate) fn get(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let includes = list::includes(call, INCLUDES)?;
    let customer = view.customer(call.param("code")?)?;
    Ok(render(view, customer, &includes, &setting.definitions, call))
}

pub(crate) fn update(books: &mut Books<'_>, call: &Call) -> ApiResult<Value> {
    let code = call.param("code")?;
    let id = books.company.customer(code)?.id;
    let row: Row = model(&call.json()?)?;
    if row.customer_code.as_deref().is_some_and(|other| other != code) {
        return Err(ApiError::bad(
            VALIDATION,
            "A customer cannot be renamed.",
            "customerCode in the body is another one than in the path.",
        ));
    }
    let fields = row.fields.check()?;
    replace(books, call.now, "UpdateCustomer", id, fields)
}

/// Replaces the fields of a customer and logs which of them changed.
fn replace(books: &mut Books<'_>, now: Timestamp, cause: &str, id: u64, fields: Fields) -> ApiResult<Value> {
    let company_id = books.company.id;
    let customer = books
        .company
        .customers
        .get_mut(&id)
        .ok_or_else(|| ApiError::not_found("customer", &id.to_string()))?;
    let (mut changed, mut before, mut after) = (Vec::new(), Map::new(), Map::new());
    for (old, new) in customer.fields.values().into_iter().zip(fields.values()) {
        if old.1 != new.1 && !(is_empty(&old.1) && is_empty(&new.1)) {
            changed.push(old.0);
            before.insert(old.0.to_owned(), old.1);
            after.insert(new.0.to_owned(), new.1);
        }
    }
    let subject = Subject {
        customer_code: Some(customer.code.clone()),
        customer_id: Some(id),
        detail: json!({"changed": changed, "before": before, "after": after}),
        ..Subject::default()
    };
    customer.fields = fields;
    customer.modified = now;
    let answer = Value::Object(customer.json(company_id));
    books.log.push(now, cause, company_id, EffectKind::CustomerUpdated, subject);
    Ok(answer)
}

/// Changes a customer behind the client's back: the fields given are set, null empties one, a code that does not
/// exist is created.
pub(crate) fn edit(books: &mut Books<'_>, now: Timestamp, code: &str, changes: &Value) -> ApiResult<Value> {
    let Value::Object(changes) = changes else {
        return model::<Map<String, Value>>(changes).map(Value::Object);
    };
    let id = match books.company.codes.get(code) {
        Some(id) => *id,
        None => {
            let code = check_code(Some(code.to_owned()))?;
            store(books, now, "sim", NewCustomer { code, fields: Fields::default() })
        }
    };
    let old = books.company.customers.get(&id).map(|customer| customer.fields.clone()).unwrap_or_default();
    let mut merged = serde_json::to_value(old).unwrap_or_default();
    if let Some(map) = merged.as_object_mut() {
        map.extend(changes.clone());
    }
    replace(books, now, "sim", id, model(&merged)?)
}

pub(crate) fn query(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let includes = list::includes(call, INCLUDES)?;
    let filter = list::filter(call, &SCHEMA)?;
    let show = |customer: &Customer| render(view, customer, &includes, &setting.definitions, call);
    // A filter that names codes is answered from the index, in order of id like everything else.
    match filter.as_ref().and_then(|filter| filter.only("customerCode")) {
        Some(codes) => {
            let ids: BTreeSet<u64> = codes.iter().filter_map(|code| view.customer_id(code)).collect();
            let rows = view.customers_among(ids.iter());
            list::answer_filtered(call, &SCHEMA, ECMS_PAGE, rows, filter.as_ref(), show)
        }
        None => list::answer_filtered(call, &SCHEMA, ECMS_PAGE, view.customers(), filter.as_ref(), show),
    }
}

pub(crate) fn certificates_of(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let customer = view.customer(call.param("code")?)?;
    certificates::list_rows(setting, view, call, view.certificates_of(customer))
}
