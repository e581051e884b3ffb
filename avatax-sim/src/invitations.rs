//! CertExpress invitations.
//!
//! Every request makes a new invitation and, for e-mail, sends another message: nothing here looks whether there was
//! one before, because AvaTax does not either. The answer to the request says `InProgress`; later reads give the bare
//! invitation without any status, and it is ready once the link is there (Download) or the e-mail status is `Sent`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    call::{Call, Setting, model, stamp},
    customers::number,
    error::{ApiError, ApiResult, INVALID_COVER_LETTER_TITLE, INVALID_EXEMPT_REASON, VALIDATION},
    fields::check_email,
    filter::{Record, Scalar, Schema, parse_date},
    list::{self, ECMS_PAGE},
    random,
    view::{Thing, View},
    world::{Books, EffectKind, Subject},
};

/// How an invitation travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Delivery {
    Email,
    Fax,
    Download,
}

impl Delivery {
    fn name(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Fax => "Fax",
            Self::Download => "Download",
        }
    }

    /// Names and the numbers behind them are both taken.
    fn read(value: &Value) -> ApiResult<Self> {
        let number = value.as_u64();
        let text = value.as_str().unwrap_or_default();
        for (place, delivery) in (1..).zip([Self::Email, Self::Fax, Self::Download]) {
            if number == Some(place) || delivery.name().eq_ignore_ascii_case(text) {
                return Ok(delivery);
            }
        }
        if value.is_null() {
            return Err(ApiError::required("deliveryMethod"));
        }
        Err(ApiError::bad(
            VALIDATION,
            "The way of delivery is not known.",
            "deliveryMethod has to be Email, Fax or Download.",
        ))
    }
}

/// A stored invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) id: u64,
    pub(crate) customer_code: String,
    pub(crate) delivery: Delivery,
    recipient: Option<String>,
    cover_letter: Option<String>,
    zones: Vec<u64>,
    reasons: Vec<u64>,
    created: Timestamp,
    /// From this time on the page for the customer exists.
    ready: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    recipient: Option<String>,
    cover_letter_title: Option<String>,
    exposure_zones: Option<Vec<u64>>,
    exempt_reasons: Option<Vec<u64>>,
    #[serde(default)]
    delivery_method: Value,
}

pub(crate) const SCHEMA: Schema = Schema {
    list: "ListCertExpressInvitations",
    fields: &[
        "id",
        "recipient",
        "customerCode",
        "emailStatus",
        "coverLettersOnly",
        "deliveryMethod",
        "message",
        "date",
    ],
    refused: &["companyId", "customer", "coverLetter", "exposureZones", "exemptReasons", "requestLink"],
};

/// Most rows of one request.
const MAX_ROWS: usize = 100;

impl Invitation {
    /// What the log says when it was created.
    pub(crate) fn detail(&self) -> Value {
        json!({
            "deliveryMethod": self.delivery.name(),
            "recipient": self.recipient,
            "exposureZones": self.zones,
            "exemptReasons": self.reasons,
        })
    }

    fn email_status(&self, now: Timestamp) -> Option<&'static str> {
        (self.delivery == Delivery::Email).then_some(if now < self.ready { "Pending" } else { "Sent" })
    }

    /// An invitation of somebody else's customer that looks like this one.
    pub(crate) fn of_a_stranger(&self, id: u64, customer_code: &str) -> Self {
        Self { id, customer_code: customer_code.to_owned(), ..self.clone() }
    }

    fn json(&self, setting: &Setting, company: u64, now: Timestamp) -> Value {
        let letter = self.cover_letter.as_deref().and_then(|title| setting.definitions.cover_letter(title));
        let link = (self.delivery == Delivery::Download && now >= self.ready).then(|| {
            let token = random::number(setting.config.seed, &[company, self.id]);
            format!("https://app.certexpress.com/?simulated={token:016x}")
        });
        json!({
            "id": self.id,
            "companyId": company,
            "recipient": self.recipient,
            "customerCode": self.customer_code,
            "coverLetter": letter,
            "emailStatus": self.email_status(now),
            "coverLettersOnly": false,
            "exposureZones": self.zones,
            "exemptReasons": self.reasons,
            "deliveryMethod": self.delivery.name(),
            "message": null,
            "date": stamp(self.created),
            "requestLink": link,
        })
    }
}

/// An invitation at one moment, since its e-mail status depends on the time.
pub(crate) struct AtTime<'a>(pub(crate) &'a Invitation, pub(crate) Timestamp);

impl Record for AtTime<'_> {
    fn field(&self, name: &str) -> Scalar<'_> {
        let Self(invitation, now) = self;
        match name {
            "id" => number(invitation.id),
            "recipient" => Scalar::text(invitation.recipient.as_deref()),
            "customerCode" => Scalar::text(Some(&invitation.customer_code)),
            "emailStatus" => Scalar::text(invitation.email_status(*now)),
            "coverLettersOnly" => Scalar::Bool(false),
            "deliveryMethod" => Scalar::text(Some(invitation.delivery.name())),
            "date" => parse_date(&stamp(invitation.created)).map_or(Scalar::Null, Scalar::Date),
            _ => Scalar::Null,
        }
    }
}

fn check(setting: &Setting, call: &Call, code: &str, row: &Value) -> ApiResult<Invitation> {
    let row: Row = model(row)?;
    let delivery = Delivery::read(&row.delivery_method)?;
    let recipient = row.recipient.filter(|recipient| !recipient.is_empty());
    // A web link has no recipient, whatever was sent.
    let recipient = match (delivery, recipient) {
        (Delivery::Email, None) => return Err(ApiError::required("recipient")),
        (Delivery::Email, Some(recipient)) => {
            check_email(&recipient)?;
            Some(recipient)
        }
        (Delivery::Fax, recipient) => recipient,
        (Delivery::Download, _) => None,
    };
    if delivery != Delivery::Fax {
        let title =
            row.cover_letter_title.as_deref().ok_or_else(|| ApiError::required("coverLetterTitle"))?;
        setting.definitions.cover_letter(title).ok_or_else(|| {
            ApiError::bad(
                INVALID_COVER_LETTER_TITLE,
                "The cover letter is not known.",
                format!("No active cover letter has the title '{title:.60}'."),
            )
        })?;
    }
    let (zones, reasons) = (row.exposure_zones.unwrap_or_default(), row.exempt_reasons.unwrap_or_default());
    if zones.iter().any(|id| setting.definitions.zone(Some(*id), None).is_none()) {
        return Err(ApiError::certificates("exposure_zones", "is not known in this environment"));
    }
    if reasons.iter().any(|id| setting.definitions.reason(Some(*id), None).is_none()) {
        return Err(ApiError::bad(
            INVALID_EXEMPT_REASON,
            "The exemption reason is not known.",
            "exemptReasons has an id that this environment does not know.",
        ));
    }
    Ok(Invitation {
        id: 0,
        customer_code: code.to_owned(),
        delivery,
        recipient,
        cover_letter: row.cover_letter_title,
        zones,
        reasons,
        created: call.now,
        ready: call.now.checked_add(setting.config.processing_delay).unwrap_or(call.now),
    })
}

pub(crate) fn create(setting: &Setting, books: &mut Books<'_>, call: &Call) -> ApiResult<Value> {
    let code = call.param("code")?;
    let customer = books.company.customer(code)?.id;
    let rows = call.json_rows()?;
    if rows.len() > MAX_ROWS {
        return Err(ApiError::bad(
            crate::error::ENTITY_LIMIT_EXCEEDED,
            "There are too many rows.",
            format!("One request takes {MAX_ROWS} invitations at most."),
        ));
    }
    let checked: ApiResult<Vec<Invitation>> =
        rows.iter().map(|row| check(setting, call, code, row)).collect();
    let mut answers = Vec::new();
    for mut invitation in checked? {
        invitation.id = books.company.take_id();
        let subject = Subject {
            customer_code: Some(code.to_owned()),
            customer_id: Some(customer),
            invitation_id: Some(invitation.id),
            detail: invitation.detail(),
            ..Subject::default()
        };
        let status = if call.now < invitation.ready { "InProgress" } else { "Ready" };
        let shown = invitation.json(setting, books.company.id, call.now);
        answers.push(json!({"status": status, "invitation": shown}));
        books.company.invited.entry(code.to_owned()).or_default().insert(invitation.id);
        books.company.fresh.add(call.now, Thing::Invitation(invitation.id));
        books.company.invitations.insert(invitation.id, invitation);
        let company = books.company.id;
        books.log.push(
            call.now,
            "CreateCertExpressInvitation",
            company,
            EffectKind::InvitationCreated,
            subject,
        );
    }
    Ok(answers.into())
}

pub(crate) fn get(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let code = call.param("code")?;
    view.customer(code)?;
    let id = call.number("id", "invitation")?;
    view.invitation(id)
        .filter(|invitation| invitation.customer_code == code)
        .map(|invitation| invitation.json(setting, view.company_id(), call.now))
        .ok_or_else(|| ApiError::not_found("invitation", &id.to_string()))
}

pub(crate) fn query(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let filter = list::filter(call, &SCHEMA)?;
    let rows: Vec<AtTime<'_>> = match filter.as_ref().and_then(|filter| filter.only("customerCode")) {
        Some(codes) => {
            let ids: BTreeSet<u64> = codes.iter().flat_map(|code| view.invited(code)).collect();
            ids.iter().filter_map(|id| view.invitation(*id)).map(|row| AtTime(row, call.now)).collect()
        }
        None => view.invitations().map(|row| AtTime(row, call.now)).collect(),
    };
    list::answer_filtered(call, &SCHEMA, ECMS_PAGE, rows.iter(), filter.as_ref(), |row| {
        row.0.json(setting, view.company_id(), call.now)
    })
}
