//! The calls, typed. Paths, parameters and limits are those of API 26.6.0.
//!
//! Answers are parsed leniently: fields we do not use are passed over and missing ones are empty, because the models
//! grow from version to version.

use std::collections::{HashMap, HashSet};

use crate::avatax::lists::rows;
use crate::avatax::{AvaTax, Failure};
use crate::customer::CustomerModel;
use crate::http::{Method, Request, encode, filter_text, form_file};
use crate::json::{self, Value, object};
use crate::model::onboarding::{CertificateRole, Provisioning};

/// Answer of Ping: 200 also for wrong credentials.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are AvaTax's own")]
pub struct Ping {
    pub version: String,
    pub authenticated: bool,
    pub authentication_type: String,
}

/// A company, exemption reason, exposure zone or cover letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// AvaTax's id, valid in this environment only.
    pub id: u64,
    /// Name, or title of a cover letter.
    pub name: String,
    /// Company code, or region of a zone; else empty.
    pub code: String,
    /// Country of a zone; else empty.
    pub country: String,
}

/// A customer as AvaTax has it.
#[derive(Debug, Clone)]
pub struct RemoteCustomer(pub Value);

impl RemoteCustomer {
    /// A field by AvaTax's name as text, empty if absent. Some integrations wrote numbers where we write text.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        match self.0.get(field) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(other) => other.to_string(),
        }
    }

    /// AvaTax's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        json::number(&self.0, "id")
    }
}

/// A certificate as AvaTax has it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are AvaTax's own")]
pub struct RemoteCertificate {
    pub id: u64,
    pub filename: String,
    pub zone: u64,
    pub signed: String,
    pub expires: String,
    pub number: String,
}

/// A certificate to create. It is created under its file name alone, because AvaTax takes either that or a picture, and
/// the file name is what it can be found by; the document is attached afterwards.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// Day it was signed.
    pub signed: String,
    /// Last day; empty if it has none.
    pub expires: String,
    /// Unique file name.
    pub filename: String,
    /// Exemption number; may be empty.
    pub number: String,
    /// Exemption reason, by id.
    pub reason: u64,
    /// Exposure zone, by id.
    pub zone: u64,
}

/// An invitation to send.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// `Email` or `Download`.
    pub delivery: &'static str,
    /// E-mail address; may be empty for `Download`.
    pub recipient: String,
    /// Title of the cover letter.
    pub cover_letter: String,
    /// Zones to ask certificates for, by id.
    pub zones: Vec<u64>,
    /// Reasons to fill in, by id.
    pub reasons: Vec<u64>,
}

/// An invitation as AvaTax has it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are AvaTax's own")]
pub struct RemoteInvitation {
    pub id: u64,
    pub customer_code: String,
    pub email_status: String,
    pub request_link: String,
    pub exposure_zones: Vec<u64>,
}

impl RemoteInvitation {
    /// The bare model has no status: ready shows as a link, or as an e-mail that went out.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.request_link.is_empty() || self.email_status.eq_ignore_ascii_case("sent")
    }
}

impl From<&Value> for RemoteInvitation {
    fn from(value: &Value) -> Self {
        Self {
            id: json::number(value, "id"),
            customer_code: json::text(value, "customerCode"),
            email_status: json::text(value, "emailStatus"),
            request_link: json::text(value, "requestLink"),
            exposure_zones: json::numbers(value, "exposureZones"),
        }
    }
}

fn certificate(value: &Value) -> RemoteCertificate {
    RemoteCertificate {
        id: json::number(value, "id"),
        filename: json::text(value, "filename"),
        zone: value.get("exposureZone").map(|zone| json::number(zone, "id")).unwrap_or_default(),
        signed: json::text(value, "signedDate"),
        expires: json::text(value, "expirationDate"),
        number: json::text(value, "exemptionNumber"),
    }
}

fn named(value: &Value) -> Named {
    let either = |one, other| {
        Some(json::text(value, one)).filter(|it| !it.is_empty()).unwrap_or(json::text(value, other))
    };
    Named {
        id: json::number(value, "id"),
        name: either("name", "title"),
        code: either("companyCode", "region"),
        country: json::text(value, "country"),
    }
}

impl AvaTax<'_> {
    /// Whether the service answers, and whether it knows the credentials.
    pub fn ping(&self) -> Result<Ping, Failure> {
        let ping = self.read(self.get("/utilities/ping"))?;
        Ok(Ping {
            version: json::text(&ping, "version"),
            authenticated: ping.get("authenticated").and_then(Value::as_bool).unwrap_or_default(),
            authentication_type: json::text(&ping, "authenticationType"),
        })
    }

    /// The company with a code, if the account has it.
    pub fn company(&self, code: &str) -> Result<Option<Named>, Failure> {
        let filter = encode(&format!("companyCode eq {}", filter_text(code)));
        let found = self.read(self.get(&format!("/companies?$filter={filter}")))?;
        Ok(json::list(&found, "value")
            .iter()
            .map(named)
            .find(|company| company.code.eq_ignore_ascii_case(code)))
    }

    /// State of certificate management.
    pub fn setup(&self) -> Result<Provisioning, Failure> {
        self.read(self.company_get("/certificates/setup")).map(|setup| provisioning(&setup))
    }

    /// Asks AvaTax to set up certificate management.
    pub fn request_setup(&self) -> Result<Provisioning, Failure> {
        let request = self.company_write(Method::Post, "/certificates/setup", &Value::Null);
        self.write(request).map(|setup| provisioning(&setup))
    }

    /// Asks with an empty list, which creates nothing, whether certificates may be created. That call alone takes an
    /// administrator's role. What AvaTax answers to an empty list is not documented, so only a plain no counts.
    #[must_use]
    pub fn certificate_role(&self) -> CertificateRole {
        match self.write(self.company_write(Method::Post, "/certificates", &Value::Array(Vec::new()))) {
            Ok(_) | Err(Failure::Refused(..) | Failure::MaybeExists(_)) => CertificateRole::Allowed,
            Err(Failure::Forbidden(_)) => CertificateRole::Denied,
            Err(_) => CertificateRole::Unknown,
        }
    }

    /// How many customers the company has.
    pub fn customer_count(&self) -> Result<Option<u64>, Failure> {
        let (rows, counted) = rows(self.read(self.company_get("/customers?$top=1"))?)?;
        Ok(counted.map(|count| count as u64).or(rows.is_empty().then_some(0)))
    }

    /// The customers with these codes, by code as AvaTax spells it.
    pub fn customers(&self, codes: &[&str]) -> Result<HashMap<String, RemoteCustomer>, Failure> {
        let found = self.find("/customers", "customerCode", codes)?;
        Ok(found.into_iter().map(|it| (json::text(&it, "customerCode"), RemoteCustomer(it))).collect())
    }

    /// The certificates with these file names.
    pub fn certificates_named(&self, names: &[&str]) -> Result<Vec<RemoteCertificate>, Failure> {
        Ok(self.find("/certificates", "filename", names)?.iter().map(certificate).collect())
    }

    /// The invitations of these customers.
    pub fn invitations(&self, codes: &[&str]) -> Result<Vec<RemoteInvitation>, Failure> {
        Ok(self
            .find("/certexpressinvites", "customerCode", codes)?
            .iter()
            .map(RemoteInvitation::from)
            .collect())
    }

    /// All certificates of a customer.
    pub fn certificates_of(&self, code: &str) -> Result<Vec<RemoteCertificate>, Failure> {
        let path = format!("/companies/{}/customers/{}/certificates", self.company_id, encode(code));
        Ok(self.list(&path, true)?.iter().map(certificate).collect())
    }

    /// Codes of the customers that each of these certificates is linked to.
    pub fn customers_of(&self, certificates: &[u64]) -> Result<Vec<Vec<String>>, Failure> {
        let requests: Vec<Request> = certificates
            .iter()
            .map(|id| self.company_get(&format!("/certificates/{id}/customers")))
            .collect();
        let codes = |answer: Result<Value, Failure>| {
            let customers = match answer {
                Ok(page) => rows(page)?.0,
                // Too new for AvaTax to show it everywhere, or just taken away.
                Err(Failure::NotFound) => Vec::new(),
                Err(failure) => return Err(failure),
            };
            Ok(customers.iter().map(|it| json::text(it, "customerCode")).collect())
        };
        self.read_all(&requests).into_iter().map(codes).collect()
    }

    /// Whether AvaTax exempts (customer code, country, region). Its status text is a free string; only `Exempt` exempts.
    pub fn coverage<'c>(
        &self,
        wanted: impl IntoIterator<Item = (&'c str, &'c str, &'c str)>,
    ) -> Vec<Result<bool, Failure>> {
        let request = |(code, country, region): (&str, &str, &str)| {
            let (code, country, region) = (encode(code), encode(country), encode(region));
            self.company_get(&format!("/customers/{code}/certificates/{country}/{region}"))
        };
        let requests: Vec<Request> = wanted.into_iter().map(request).collect();
        let exempt = |status: Value| json::text(&status, "status").eq_ignore_ascii_case("exempt");
        self.read_all(&requests).into_iter().map(|answer| answer.map(exempt)).collect()
    }

    /// All exposure zones. They cannot be filtered on the server.
    pub fn zones(&self) -> Result<Vec<Named>, Failure> {
        Ok(self.list("/definitions/certificateexposurezones", false)?.iter().map(named).collect())
    }

    /// All exemption reasons.
    pub fn reasons(&self) -> Result<Vec<Named>, Failure> {
        Ok(self.list("/definitions/certificateexemptreasons", false)?.iter().map(named).collect())
    }

    /// All cover letters.
    pub fn cover_letters(&self) -> Result<Vec<Named>, Failure> {
        Ok(self.list("/definitions/coverletters", false)?.iter().map(named).collect())
    }

    /// The request that creates customers.
    #[must_use]
    pub fn create_customers(&self, customers: &[&CustomerModel]) -> Request {
        let bodies = customers.iter().map(|customer| without_empty(customer, self.company_id)).collect();
        self.company_write(Method::Post, "/customers", &bodies)
    }

    /// The request that replaces a customer.
    #[must_use]
    pub fn update_customer(&self, code: &str, body: &Value) -> Request {
        self.company_write(Method::Put, &format!("/customers/{}", encode(code)), body)
    }

    /// The request that creates one certificate.
    #[must_use]
    pub fn create_certificate(&self, certificate: &NewCertificate) -> Request {
        let by_id = |id: u64| object(vec![("id", id.into())]);
        let mut fields = vec![
            ("companyId", self.company_id.into()),
            ("signedDate", certificate.signed.as_str().into()),
            ("filename", certificate.filename.as_str().into()),
            ("valid", true.into()),
            ("exemptPercentage", 100.into()),
            ("isSingleCertificate", false.into()),
            ("exemptionReason", by_id(certificate.reason)),
            ("exposureZone", by_id(certificate.zone)),
        ];
        for (field, value) in
            [("expirationDate", &certificate.expires), ("exemptionNumber", &certificate.number)]
        {
            if !value.is_empty() {
                fields.push((field, value.as_str().into()));
            }
        }
        // Validation by Avalara's own staff stays in place: `$preValidatedExemptionReason` is not set.
        self.company_write(Method::Post, "/certificates", &vec![object(fields)].into())
    }

    /// The request that attaches a PDF to a certificate.
    #[must_use]
    pub fn attach_document(&self, certificate: u64, name: &str, sha256: &str, pdf: &[u8]) -> Request {
        let (content_type, body) = form_file(name, "application/pdf", pdf, sha256);
        let path = format!("/certificates/{certificate}/attachment");
        Request { content_type, body, ..self.company_write(Method::Post, &path, &Value::Null) }
    }

    /// Which of these certificates have a document.
    pub fn have_document(&self, certificates: &[u64]) -> Result<HashSet<u64>, Failure> {
        let requests: Vec<Request> =
            certificates.iter().map(|id| self.company_get(&format!("/certificates/{id}"))).collect();
        let mut found = HashSet::new();
        for (id, answer) in certificates.iter().zip(self.read_all(&requests)) {
            match answer {
                Ok(it) if it.get("documentExists").and_then(Value::as_bool) == Some(true) => {
                    found.insert(*id);
                }
                Ok(_) | Err(Failure::NotFound) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }

    /// The request that links a certificate to a customer.
    #[must_use]
    pub fn link_certificate(&self, code: &str, certificate: u64) -> Request {
        let body = object(vec![("certificates", vec![certificate].into())]);
        self.company_write(Method::Post, &format!("/customers/{}/certificates/link", encode(code)), &body)
    }

    /// The request that invites a customer. The body is an array, also for one.
    #[must_use]
    pub fn create_invitation(&self, code: &str, invitation: &NewInvitation) -> Request {
        let mut fields = vec![
            ("deliveryMethod", invitation.delivery.into()),
            ("coverLetterTitle", invitation.cover_letter.as_str().into()),
            ("exposureZones", invitation.zones.clone().into()),
            ("exemptReasons", invitation.reasons.clone().into()),
        ];
        if !invitation.recipient.is_empty() {
            fields.push(("recipient", invitation.recipient.as_str().into()));
        }
        self.company_write(
            Method::Post,
            &format!("/customers/{}/certexpressinvites", encode(code)),
            &vec![object(fields)].into(),
        )
    }

    /// The request that looks at an invitation.
    #[must_use]
    pub fn get_invitation(&self, code: &str, id: u64) -> Request {
        self.company_get(&format!("/customers/{}/certexpressinvites/{id}", encode(code)))
    }
}

/// Older servers said `Finished` and `NotStarted`.
fn provisioning(setup: &Value) -> Provisioning {
    match json::text(setup, "status").as_str() {
        "Provisioned" | "Finished" => Provisioning::Provisioned,
        "InProgress" => Provisioning::InProgress,
        _ => Provisioning::NotProvisioned,
    }
}

/// A customer as JSON with the company id and without empty fields: an empty value is never sent.
fn without_empty(customer: &CustomerModel, company_id: u64) -> Value {
    let mut fields =
        vec![("companyId", company_id.into()), ("customerCode", customer.customer_code.as_str().into())];
    for (name, value) in customer.fields() {
        if !value.is_empty() {
            fields.push((name, value.into()));
        }
    }
    object(fields)
}
