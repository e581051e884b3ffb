//! What joins certificates to customers, and what comes of it: links, coverage, attachments.
//!
//! A link is a pair of ids, kept on both sides. Coverage is the question that decides whether a customer is taxed: is
//! there a linked certificate for the state that is in effect today? Attachments bring the document of a certificate
//! that was created by file name only.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::{Call, Setting, model},
    definitions::unknown_country,
    documents::Document,
    error::{ApiError, ApiResult, FILE_SIZE_LIMIT, INVALID_IMAGE, INVALID_REQUEST_CONTENT_TYPE},
    fields::unknown_region,
    geo, list,
    view::{Thing, View},
    world::{Books, EffectKind, Subject},
};

/// Largest attachment.
const ATTACHMENT_LIMIT: usize = 10 * 1024 * 1024;

#[derive(Deserialize)]
struct Certificates {
    certificates: Option<Vec<u64>>,
}

#[derive(Deserialize)]
struct Customers {
    customers: Option<Vec<String>>,
}

/// Joins a customer and a certificate that both exist; false when they were joined before.
pub(crate) fn join(
    books: &mut Books<'_>,
    now: jiff::Timestamp,
    cause: &str,
    customer_id: u64,
    certificate_id: u64,
) -> bool {
    set(books, now, cause, (customer_id, certificate_id), true)
}

fn set(books: &mut Books<'_>, now: jiff::Timestamp, cause: &str, pair: (u64, u64), linked: bool) -> bool {
    let (customer_id, certificate_id) = pair;
    let company = &mut *books.company;
    let (Some(customer), Some(certificate)) =
        (company.customers.get_mut(&customer_id), company.certificates.get_mut(&certificate_id))
    else {
        return false;
    };
    let changed = if linked {
        certificate.customers.insert(customer_id);
        customer.certificates.insert(certificate_id)
    } else {
        certificate.customers.remove(&customer_id);
        customer.certificates.remove(&certificate_id)
    };
    if changed {
        certificate.modified = now;
        if linked {
            company.fresh.add(now, Thing::Link(customer_id, certificate_id));
        }
        let kind = if linked { EffectKind::CertificateLinked } else { EffectKind::CertificateUnlinked };
        let subject = Subject {
            customer_code: Some(customer.code.clone()),
            customer_id: Some(customer_id),
            certificate_id: Some(certificate_id),
            ..Subject::default()
        };
        books.log.push(now, cause, company.id, kind, subject);
    }
    changed
}

/// Joins or parts all pairs, or none where the setting makes a second link an error.
fn set_all(
    setting: &Setting,
    books: &mut Books<'_>,
    call: &Call,
    cause: &str,
    pairs: &[(u64, u64)],
    linked: bool,
) -> ApiResult<()> {
    let company = &*books.company;
    let already = |(customer, certificate): &(u64, u64)| {
        company.customers.get(customer).is_some_and(|customer| customer.certificates.contains(certificate))
    };
    if linked && setting.config.link_twice.fails(call.dice) && pairs.iter().any(already) {
        return Err(ApiError::certificates("customers", "is linked already"));
    }
    for pair in pairs {
        set(books, call.now, cause, *pair, linked);
    }
    Ok(())
}

/// `LinkCertificatesToCustomer` and `UnlinkCertificatesFromCustomer`.
pub(crate) fn certificates(
    setting: &Setting,
    books: &mut Books<'_>,
    call: &Call,
    cause: &str,
    linked: bool,
) -> ApiResult<Value> {
    let customer = books.company.customer(call.param("code")?)?.id;
    let wanted: Certificates = model(&call.json()?)?;
    let ids = wanted
        .certificates
        .filter(|ids| !ids.is_empty())
        .ok_or_else(|| ApiError::required("certificates"))?;
    for id in &ids {
        books.company.certificate(*id)?;
    }
    let pairs: Vec<_> = ids.into_iter().map(|id| (customer, id)).collect();
    set_all(setting, books, call, cause, &pairs, linked)?;
    let company = &*books.company;
    let values = pairs.iter().filter_map(|(_, id)| company.certificates.get(id));
    Ok(list::whole(
        values.map(|value| value.json(View::whole(company), &setting.definitions, call, false)).collect(),
    ))
}

/// `LinkCustomersToCertificate` and `UnlinkCustomersFromCertificate`.
pub(crate) fn customers(
    setting: &Setting,
    books: &mut Books<'_>,
    call: &Call,
    cause: &str,
    linked: bool,
) -> ApiResult<Value> {
    let certificate = books.company.certificate(call.number("id", "certificate")?)?.id;
    let wanted: Customers = model(&call.json()?)?;
    let codes =
        wanted.customers.filter(|codes| !codes.is_empty()).ok_or_else(|| ApiError::required("customers"))?;
    let mut pairs = Vec::new();
    for code in &codes {
        pairs.push((books.company.customer(code)?.id, certificate));
    }
    set_all(setting, books, call, cause, &pairs, linked)?;
    let company = &*books.company;
    let values = pairs.iter().filter_map(|(id, _)| company.customers.get(id));
    Ok(list::whole(values.map(|value| value.json(company.id).into()).collect()))
}

/// `ListCustomersForCertificate`.
pub(crate) fn customers_of(view: View<'_>, call: &Call) -> ApiResult<Value> {
    let certificate = view.certificate(call.number("id", "certificate")?)?;
    let linked = view.customers_of(certificate);
    Ok(list::whole(linked.map(|customer| customer.json(view.company_id()).into()).collect()))
}

/// `ListValidCertificatesForCustomer`: is the customer exempt in this state now?
pub(crate) fn coverage(setting: &Setting, view: View<'_>, call: &Call) -> ApiResult<Value> {
    let customer = view.customer(call.param("code")?)?;
    let text = call.param("country")?;
    let country = geo::country(text).ok_or_else(|| unknown_country(text))?;
    let text = call.param("region")?;
    let region = match geo::region(country.code, text) {
        Some(region) => region.code,
        None if geo::needs_region(country.code) => return Err(unknown_region(country.code, text)),
        None => text,
    };
    let found = view.certificates_of(customer).rev().find(|certificate| {
        certificate.is_effective(&setting.definitions, call.today(), call.now)
            && setting
                .definitions
                .zone(Some(certificate.zone), None)
                .is_some_and(|zone| zone.country == country.code && zone.region == region)
    });
    Ok(json!({
        "status": if found.is_some() { "Exempt" } else { "NotExempt" },
        "certificate": found.map(|certificate| certificate.json(view, &setting.definitions, call, false)),
    }))
}

/// `UploadCertificateImage`.
pub(crate) fn attach(books: &mut Books<'_>, call: &Call) -> ApiResult<Value> {
    let id = books.company.certificate(call.number("id", "certificate")?)?.id;
    let upload = call.upload.as_ref().ok_or_else(|| {
        ApiError::bad(
            INVALID_REQUEST_CONTENT_TYPE,
            "The content type is not the right one.",
            "An attachment comes as multipart/form-data with one file in it.",
        )
    })?;
    if upload.bytes.len() > ATTACHMENT_LIMIT {
        return Err(ApiError::bad(
            FILE_SIZE_LIMIT,
            "The file is too large.",
            format!("An attachment may have {ATTACHMENT_LIMIT} bytes."),
        ));
    }
    // PDF, JPEG, PNG, TIFF in both byte orders.
    let known: [&[u8]; 5] = [b"%PDF", &[0xff, 0xd8, 0xff], b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*"];
    if !known.iter().any(|start| upload.bytes.starts_with(start)) {
        return Err(ApiError::bad(
            INVALID_IMAGE,
            "The file is no document.",
            "An attachment has to be PDF, JPEG, PNG or TIFF.",
        ));
    }
    let document = Document::new(&[&upload.bytes]);
    let subject = Subject {
        certificate_id: Some(id),
        detail: json!({"filename": upload.name, "sha256": document.sha256}),
        ..Subject::default()
    };
    if let Some(certificate) = books.company.certificates.get_mut(&id) {
        certificate.document = Some(document);
        certificate.modified = call.now;
    }
    books.log.push(
        call.now,
        "UploadCertificateImage",
        books.company.id,
        EffectKind::AttachmentStored,
        subject,
    );
    Ok("OK".into())
}
