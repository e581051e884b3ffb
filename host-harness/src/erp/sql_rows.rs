//! Turns rows of SQL results into contract records.
//!
//! SQLite columns hold whatever was put into them, so every cell is looked at: numbers become text, blobs and text that
//! is not UTF-8 make the row a bad one with a reason that names the column. A bad row is an answer, never an error, so
//! that one broken record cannot stop a scan.

use std::collections::HashMap;

use rusqlite::{Row, Statement, types::ValueRef};

use super::{
    posture::{self, Fact},
    query_pack::QueryPack,
    text,
};
use crate::model::erp::{Address, AddressUse, Customer, EvidenceKind, Exemption, Lifecycle, Posture};

/// Where the columns of a statement are.
pub(super) struct Columns(HashMap<String, usize>);

impl Columns {
    pub(super) fn of(statement: &Statement<'_>) -> Self {
        Self(
            statement
                .column_names()
                .into_iter()
                .enumerate()
                .map(|(at, name)| (name.to_owned(), at))
                .collect(),
        )
    }

    /// A cell as text; none where it is null or the statement has no such column.
    pub(super) fn raw(&self, row: &Row<'_>, name: &str) -> Result<Option<String>, String> {
        let Some(at) = self.0.get(name) else { return Ok(None) };
        match row.get_ref(*at).map_err(|error| format!("column `{name}` could not be read: {error}"))? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number.to_string())),
            ValueRef::Real(number) => Ok(Some(number.to_string())),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(format!("column `{name}` holds text that is not UTF-8")),
            },
            ValueRef::Blob(_) => Err(format!("column `{name}` holds binary data where text was expected")),
        }
    }

    fn line(&self, row: &Row<'_>, name: &str, most: usize) -> Result<Option<String>, String> {
        Ok(self.raw(row, name)?.and_then(|value| text::one_line(&value, most)))
    }

    fn flag(&self, row: &Row<'_>, name: &str) -> Result<Option<bool>, String> {
        match self.line(row, name, text::SHORT)?.as_deref() {
            None => Ok(None),
            Some("1" | "Y" | "y" | "true" | "t") => Ok(Some(true)),
            Some("0" | "N" | "n" | "false" | "f") => Ok(Some(false)),
            Some(other) => Err(format!("column `{name}` is \"{other}\", which is neither yes nor no")),
        }
    }

    /// The key of the row, in the column of that name.
    pub(super) fn id(&self, row: &Row<'_>, name: &str) -> Result<String, String> {
        match self.raw(row, name)? {
            Some(id) if !id.is_empty() && id.len() <= text::ID_BYTES => Ok(id),
            Some(_) => Err(format!("column `{name}` has to hold a key of 1 to {} bytes", text::ID_BYTES)),
            None => Err(format!("column `{name}` holds no key")),
        }
    }
}

/// A customer whose posture is not decided yet.
pub(super) struct Draft<'p> {
    pub(super) customer: Customer,
    pub(super) charged: Option<bool>,
    pub(super) facts: Vec<Fact<'p>>,
}

/// Reads a row of the statements `customers` and `customers-by-id`.
pub(super) fn customer<'p>(
    columns: &Columns,
    row: &Row<'_>,
    id: String,
    pack: &'p QueryPack,
) -> Result<Draft<'p>, String> {
    let line = |name, most| columns.line(row, name, most);
    let lifecycle = match line("lifecycle", text::SHORT)?.as_deref() {
        None | Some("active") => Lifecycle::Active,
        Some("inactive") => Lifecycle::Inactive,
        Some("blocked") => Lifecycle::Blocked,
        Some("prospect") => Lifecycle::Prospect,
        Some(other) => {
            return Err(format!(
                "column `lifecycle` is \"{other}\", not one of active, inactive, blocked, prospect"
            ));
        }
    };
    let charged = columns.flag(row, "taxable")?;
    let entity_use_code = line("entity_use_code", text::SHORT)?;
    let tax_group = line("tax_group", text::SHORT)?.filter(|group| pack.exempt_codes.contains(group));
    let mut facts = Vec::new();
    let mut fact = |kind, field: &'p Option<String>, value: Option<String>| {
        if let (Some(field), Some(value)) = (field, value) {
            facts.push(Fact { kind, field, value });
        }
    };
    let names = &pack.fields;
    fact(EvidenceKind::ExemptionNumber, &names.exemption_number, line("exemption_number", text::LINE)?);
    fact(EvidenceKind::ResaleNumber, &names.resale_number, line("resale_number", text::LINE)?);
    fact(EvidenceKind::ExemptionReason, &names.exemption_reason, line("exemption_reason", text::LINE)?);
    fact(EvidenceKind::EntityUseCode, &names.entity_use_code, entity_use_code.clone());
    fact(EvidenceKind::ExemptTaxCode, &names.exempt_tax_code, tax_group);
    let untaxed = (charged == Some(false)).then(|| "0".to_owned());
    fact(EvidenceKind::NonTaxableFlag, &names.non_taxable_flag, untaxed);
    let customer = Customer {
        id,
        code: line("code", text::CODE)?.unwrap_or_default(),
        tax_engine_code: line("tax_engine_code", text::CODE)?,
        name: line("name", text::NAME)?.unwrap_or_default(),
        lifecycle,
        email: line("email", text::EMAIL)?,
        phone: line("phone", text::SHORT)?,
        fax: line("fax", text::SHORT)?,
        contact_name: line("contact_name", text::NAME)?,
        addresses: Vec::new(),
        taxpayer_id: line("taxpayer_id", text::SHORT)?,
        posture: Posture::Unknown,
        evidence: Vec::new(),
        exemptions: Vec::new(),
        entity_use_code,
        parent: line("parent", text::ID_BYTES)?,
    };
    Ok(Draft { customer, charged, facts })
}

/// Reads a row of the statement `addresses`.
pub(super) fn address(columns: &Columns, row: &Row<'_>) -> Result<Address, String> {
    let mut usage = AddressUse::empty();
    for word in
        columns.raw(row, "usage")?.unwrap_or_default().split([',', ' ']).filter(|word| !word.is_empty())
    {
        usage |= match word {
            "bill-to" => AddressUse::BILL_TO,
            "ship-to" => AddressUse::SHIP_TO,
            "main" => AddressUse::MAIN,
            _ => return Err("column `usage` of an address is not one of bill-to, ship-to, main".to_owned()),
        };
    }
    let street =
        |name| Ok::<_, String>(columns.raw(row, name)?.and_then(|value| text::lines(&value, text::LINE)));
    let line = |name| columns.line(row, name, text::SHORT);
    Ok(Address {
        usage,
        line1: street("line1")?,
        line2: street("line2")?,
        city: line("city")?,
        region: line("region")?,
        postal_code: line("postal_code")?,
        country: line("country")?,
    })
}

/// Reads a row of the statement `exemptions`. A date that cannot be read makes the row bad: guessing whether an
/// exemption has expired is worse than asking a person.
pub(super) fn exemption(columns: &Columns, row: &Row<'_>) -> Result<Exemption, String> {
    let line = |name| columns.line(row, name, text::SHORT);
    let day = |name| match line(name)? {
        None => Ok(None),
        Some(value) => match posture::date(&value) {
            Some(date) => Ok(Some(date.to_string())),
            None => {
                Err(format!("column `{name}` of an exemption is \"{value}\", not a date like 2030-12-31"))
            }
        },
    };
    Ok(Exemption {
        exempt: columns.flag(row, "exempt")?.unwrap_or(false),
        country: line("country")?,
        region: line("region")?,
        reason: columns.line(row, "reason", text::LINE)?,
        entity_use_code: line("entity_use_code")?,
        number: line("number")?,
        effective: day("effective")?,
        expires: day("expires")?,
    })
}
