//! Other people, and batches that are carried out in part.
//!
//! A client is never alone in an account. Just before an operation somebody else may change the customer it is about,
//! take a code it is about to create, or add and remove rows at the front of the list it is reading. What they do goes
//! through the same functions as everything else and stands in the log of effects with the cause `sim`. Nothing that
//! the client created is ever taken away: rows that vanish are rows that strangers brought.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    call::{Call, Setting},
    certificates,
    customers::{self, Customer, NewCustomer},
    error::{ApiError, ApiResult, INVALID_PAGE_KEY},
    fault::{FaultKind, Stage},
    fields::{self, Fields},
    filter::{Filter, Record},
    invitations::{self, AtTime},
    list, random,
    routes::Operation,
    shared::State,
    world::{Books, Company, EffectKind, FIRST_OWN_ID, Subject, World},
};

const CAUSE: &str = "sim";
/// Most rows that strangers keep at the front of one list.
const MAX_STRANGERS: usize = 60;

/// What an operation came to.
pub(crate) struct Outcome {
    pub(crate) result: ApiResult<Value>,
    /// How the answer is spoiled, unless another fault does that already.
    pub(crate) spoiled: Option<FaultKind>,
}

/// Carries out an operation with all faults that change what is stored, or what is carried out.
pub(crate) fn perform(setting: &Setting, state: &mut State, operation: Operation, mut call: Call) -> Outcome {
    let State { world, engine, traffic } = state;
    let mut count = |kind: FaultKind, struck: bool| {
        if struck {
            traffic.fault(kind.name(), operation);
        }
        struck
    };
    engine.strike(operation, Stage::World, |kind, dice| {
        let struck = disturb(world, operation, &call, kind, dice);
        count(kind, struck.is_some())
    });
    let mut instead = None;
    let mut spoiled = None;
    engine.strike(operation, Stage::Perform, |kind, dice| {
        let struck = match kind {
            FaultKind::Expired if instead.is_none() && list::is_continued(&call) => {
                instead = Some(Instead::Expired);
                true
            }
            FaultKind::Partial if instead.is_none() => {
                instead = part_of_batch(setting, world, &call, dice).map(Instead::Part);
                instead.is_some()
            }
            _ => false,
        };
        if struck && kind == FaultKind::Partial {
            spoiled = random::chance(dice).then_some(FaultKind::Lost);
        }
        count(kind, struck)
    });
    let result = match instead {
        None => operation.perform(setting, world, &call),
        Some(Instead::Expired) => Err(expired()),
        Some(Instead::Part(rows)) => {
            call.body = Value::from(rows).to_string().into();
            operation.perform(setting, world, &call).and(Err(ApiError::server()))
        }
    };
    Outcome { result, spoiled }
}

/// What is done in place of the operation.
enum Instead {
    Expired,
    /// Only these rows.
    Part(Vec<Value>),
}

fn expired() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        INVALID_PAGE_KEY,
        "The key to this page is not valid.",
        "The list was begun too long ago; start with its first page.",
    )
}

/// Some rows of a batch that would be stored completely: at least one, and not all.
fn part_of_batch(setting: &Setting, world: &mut World, call: &Call, dice: u64) -> Option<Vec<Value>> {
    let books = open(world, call)?;
    let rows = call.json_rows().ok()?;
    let mut checked = Vec::new();
    for row in &rows {
        let new = customers::check(setting, &books, call, &checked, row).ok()?;
        checked.push(new);
    }
    let last = u64::try_from(rows.len()).ok()?.checked_sub(1).filter(|last| *last > 0)?;
    // One row is in and its neighbour out whatever the others do, so that it is a part of any batch.
    let sure = dice % last;
    let kept = |place: u64| match place.checked_sub(sure) {
        Some(0) => true,
        Some(1) => false,
        _ => random::chance(random::number(dice, &[place])),
    };
    Some((0..).zip(rows).filter(|(place, _)| kept(*place)).map(|(_, row)| row).collect())
}

/// The company of a request, if it keeps customers.
fn open<'a>(world: &'a mut World, call: &Call) -> Option<Books<'a>> {
    let books = world.company(call.number("company", "company").ok()?).ok()?;
    books.company.need_setup(call.now).ok()?;
    Some(books)
}

/// Lets somebody else do something; nothing if there was nothing to do.
fn disturb(world: &mut World, operation: Operation, call: &Call, kind: FaultKind, dice: u64) -> Option<()> {
    let mut books = open(world, call)?;
    match kind {
        FaultKind::Edit => edit(&mut books, operation, call, dice),
        FaultKind::Taken => take(&mut books, call, dice),
        FaultKind::Shift => shift(&mut books, operation, call, dice),
        _ => None,
    }
}

/// Changes one field of the customer that a request names, or of any where a list names none.
fn edit(books: &mut Books<'_>, operation: Operation, call: &Call, dice: u64) -> Option<()> {
    let company = &*books.company;
    let named: Vec<String> =
        named(operation, company, call).into_iter().filter(|code| company.codes.contains_key(code)).collect();
    let code = if named.is_empty() && operation.is_list() {
        any_customer(company, dice)?.code.clone()
    } else {
        let place = dice.checked_rem(u64::try_from(named.len()).ok()?)?;
        named.into_iter().nth(usize::try_from(place).ok()?)?
    };
    // Four digits are enough to be told apart from what was there before.
    let mark = random::number(dice, &[1]) % 10_000;
    let changes = [
        ("phoneNumber", format!("555-{mark:04}")),
        ("contactName", format!("Somebody Else {mark}")),
        ("line2", format!("Room {mark}")),
        ("name", format!("Renamed {mark}")),
    ];
    let place = random::pick(&[0, 1, 2, 3], random::number(dice, &[2]))?;
    let (field, value) = changes.into_iter().nth(place)?;
    customers::edit(books, call.now, &code, &json!({ field: value })).ok().map(|_changed| ())
}

/// Customer codes that a request names, in its path, its filter or its body, or by way of a certificate.
fn named(operation: Operation, company: &Company, call: &Call) -> Vec<String> {
    if let Ok(code) = call.param("code") {
        return vec![code.to_owned()];
    }
    if let Some(certificate) =
        call.number("id", "certificate").ok().and_then(|id| company.certificates.get(&id))
    {
        let linked = certificate.customers.iter().filter_map(|id| company.customers.get(id));
        return linked.map(|customer| customer.code.clone()).collect();
    }
    let schema = match operation {
        Operation::QueryCustomers => &customers::SCHEMA,
        Operation::ListCertExpressInvitations => &invitations::SCHEMA,
        _ => return codes_in(&call.json().unwrap_or_default()),
    };
    let filter = list::filter(call, schema).ok().flatten();
    let codes = filter.as_ref().and_then(|filter| filter.only("customerCode")).unwrap_or_default();
    codes.into_iter().map(str::to_owned).collect()
}

/// Customer codes in a body, in whichever form the operations take them.
fn codes_in(body: &Value) -> Vec<String> {
    match body {
        Value::Array(rows) => rows.iter().flat_map(codes_in).collect(),
        Value::Object(fields) => {
            let own = fields.get("customerCode").and_then(Value::as_str).map(str::to_owned);
            let list = fields.get("customers").and_then(Value::as_array).into_iter().flatten();
            let listed = list.flat_map(|item| match item {
                Value::String(code) => vec![code.clone()],
                other => codes_in(other),
            });
            own.into_iter().chain(listed).collect()
        }
        _ => Vec::new(),
    }
}

/// Some customer. Which one depends on the ids, not only on how many there are, so that it is found at once.
fn any_customer(company: &Company, dice: u64) -> Option<&Customer> {
    let (first, last) = (company.customers.keys().next()?, company.customers.keys().next_back()?);
    let from = first + dice % (last - first + 1);
    company.customers.range(from..).next().map(|(_, customer)| customer)
}

/// Creates one of the customers that a request is about to create, with other values.
fn take(books: &mut Books<'_>, call: &Call, dice: u64) -> Option<()> {
    let rows = call.json_rows().ok()?;
    let codes: Vec<String> = rows
        .iter()
        .filter_map(|row| fields::check_code(row.get("customerCode")?.as_str().map(str::to_owned)).ok())
        .filter(|code| !books.company.codes.contains_key(code))
        .collect();
    let place = dice.checked_rem(u64::try_from(codes.len()).ok()?)?;
    let code = codes.into_iter().nth(usize::try_from(place).ok()?)?;
    let text = |text: &str| Some(text.to_owned());
    let fields = Fields {
        name: Some(format!("Somebody Else {}", random::number(dice, &[1]) % 10_000)),
        line1: text("9 Other Street"),
        city: text("Albany"),
        region: text("NY"),
        postal_code: text("12207"),
        country: text("US"),
        ..Fields::default()
    };
    customers::store(books, call.now, CAUSE, NewCustomer { code, fields });
    Some(())
}

/// Rows appear or vanish before all that a client may have read.
fn shift(books: &mut Books<'_>, operation: Operation, call: &Call, dice: u64) -> Option<()> {
    let rows = usize::try_from(1 + dice % 3).ok()?;
    let present = strangers(books.company, operation);
    // Vanishing is for further pages: that is where a client misses rows of its own.
    let vanish = list::is_continued(call) && !present.is_empty() && random::chance(dice);
    if vanish || present.len() >= MAX_STRANGERS {
        for id in present.into_iter().take(rows) {
            remove(books, operation, call, id);
        }
        return Some(());
    }
    let inserted = (0..rows).map_while(|_row| insert(books, operation, call)).count();
    (inserted > 0).then_some(())
}

/// Rows of a list that strangers brought and that nothing else hangs on.
fn strangers(company: &Company, operation: Operation) -> Vec<u64> {
    let theirs = ..FIRST_OWN_ID;
    match operation {
        Operation::QueryCustomers => {
            let rows = company.customers.range(theirs).map(|(_, customer)| customer);
            let free = rows.filter(|customer| {
                customer.certificates.is_empty() && !company.invited.contains_key(&customer.code)
            });
            free.map(|customer| customer.id).collect()
        }
        Operation::QueryCertificates => {
            let rows = company.certificates.range(theirs).map(|(_, certificate)| certificate);
            rows.filter(|certificate| certificate.customers.is_empty()).map(|row| row.id).collect()
        }
        _ => company.invitations.range(theirs).map(|(id, _)| *id).collect(),
    }
}

/// A row like the first of the list, so that the filter of the request takes it too.
fn insert(books: &mut Books<'_>, operation: Operation, call: &Call) -> Option<()> {
    let company = &*books.company;
    match operation {
        Operation::QueryCustomers => {
            let filter = list::filter(call, &customers::SCHEMA).ok()?;
            let model = company.customers.values().find(|row| takes(filter.as_ref(), *row))?.clone();
            insert_customer(books, call, &model, filter.as_ref()).map(|_code| ())
        }
        Operation::QueryCertificates => {
            let filter = list::filter(call, &certificates::SCHEMA).ok()?;
            let model = company.certificates.values().find(|row| takes(filter.as_ref(), *row))?.clone();
            let new = model.of_a_stranger(books.company.take_front_id());
            if !takes(filter.as_ref(), &new) {
                return None;
            }
            let subject =
                Subject { certificate_id: Some(new.id), detail: new.detail(false), ..Subject::default() };
            books.company.certificates.insert(new.id, new);
            log(books, call, EffectKind::CertificateCreated, subject);
            Some(())
        }
        Operation::ListCertExpressInvitations => insert_invitation(books, call),
        _ => None,
    }
}

fn takes(filter: Option<&Filter>, row: &impl Record) -> bool {
    filter.is_none_or(|filter| filter.matches(row).unwrap_or(false))
}

fn insert_customer(
    books: &mut Books<'_>,
    call: &Call,
    model: &Customer,
    filter: Option<&Filter>,
) -> Option<String> {
    let id = books.company.take_front_id();
    let new = Customer { id, code: format!("STRANGER-{id}"), certificates: [].into(), ..model.clone() };
    if books.company.codes.contains_key(&new.code) || !takes(filter, &new) {
        return None;
    }
    let subject = Subject {
        customer_code: Some(new.code.clone()),
        customer_id: Some(id),
        detail: new.detail(),
        ..Subject::default()
    };
    let code = new.code.clone();
    books.company.codes.insert(code.clone(), id);
    books.company.customers.insert(id, new);
    log(books, call, EffectKind::CustomerCreated, subject);
    Some(code)
}

/// An invitation needs a customer, so a stranger's customer is made for it where there is none yet.
fn insert_invitation(books: &mut Books<'_>, call: &Call) -> Option<()> {
    let filter = list::filter(call, &invitations::SCHEMA).ok()?;
    let mut rows = books.company.invitations.values();
    let model = rows.find(|row| takes(filter.as_ref(), &AtTime(row, call.now)))?.clone();
    // Asked before a customer is made: a filter that names codes takes no stranger's.
    if filter.as_ref().is_some_and(|filter| filter.only("customerCode").is_some()) {
        return None;
    }
    let known =
        books.company.customers.range(..FIRST_OWN_ID).next().map(|(_, customer)| customer.code.clone());
    let code = match known {
        Some(code) => code,
        None => {
            let like = books.company.customer(&model.customer_code).ok()?.clone();
            insert_customer(books, call, &like, None)?
        }
    };
    let new = model.of_a_stranger(books.company.take_front_id(), &code);
    if !takes(filter.as_ref(), &AtTime(&new, call.now)) {
        return None;
    }
    let subject = Subject {
        customer_id: books.company.codes.get(&code).copied(),
        invitation_id: Some(new.id),
        detail: new.detail(),
        customer_code: Some(code.clone()),
        ..Subject::default()
    };
    books.company.invited.entry(code).or_default().insert(new.id);
    books.company.invitations.insert(new.id, new);
    log(books, call, EffectKind::InvitationCreated, subject);
    Some(())
}

fn remove(books: &mut Books<'_>, operation: Operation, call: &Call, id: u64) {
    let company = &mut *books.company;
    let mut subject = Subject::default();
    let kind = match operation {
        Operation::QueryCustomers => {
            let code = company.customers.remove(&id).map(|customer| customer.code).unwrap_or_default();
            company.codes.remove(&code);
            subject.customer_code = Some(code);
            subject.customer_id = Some(id);
            EffectKind::CustomerRemoved
        }
        Operation::QueryCertificates => {
            company.certificates.remove(&id);
            subject.certificate_id = Some(id);
            EffectKind::CertificateRemoved
        }
        _ => {
            let code = company.invitations.remove(&id).map(|row| row.customer_code).unwrap_or_default();
            if let Some(invited) = company.invited.get_mut(&code) {
                invited.remove(&id);
            }
            subject.customer_code = Some(code);
            subject.invitation_id = Some(id);
            EffectKind::InvitationRemoved
        }
    };
    log(books, call, kind, subject);
}

fn log(books: &mut Books<'_>, call: &Call, kind: EffectKind, subject: Subject) {
    books.log.push(call.now, CAUSE, books.company.id, kind, subject);
}
