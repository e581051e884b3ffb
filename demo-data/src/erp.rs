//! The imaginary ERP: a SQLite file with customers, addresses, exemptions and attachments.
//!
//! One transaction and one prepared statement per table; each customer is worked out, written, counted and
//! forgotten, so a million of them take no more memory than three hundred. The file is made under another name and
//! renamed at the end: whoever sees it sees all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Statement, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::{
    DEFAULT_CUSTOMERS, DEFAULT_SEED, DemoError, Trap, certificates,
    customers::{self, Customer, Posture},
};

/// Tables of the made-up ERP, for others that fill them with rows of their own.
pub const ERP_SCHEMA: &str = "
    create table customer(
        id integer primary key, code text, tax_code text, name text, status text, email text, phone text, fax text,
        contact_name text, taxpayer_id text, taxable integer, tax_group text, exemption_number text,
        resale_number text, exemption_reason text, entity_use_code text, parent_id integer);
    create table address(
        id integer primary key, customer_id integer, kind text, line1 text, line2 text, city text, region text,
        postal_code text, country text);
    create table exemption(
        id integer primary key, customer_id integer, exempt integer, country text, region text, reason text,
        entity_use_code text, number text, effective text, expires text);
    create table attachment(
        id integer primary key, customer_id integer, file_name text, media_type text, content blob);
";

/// Made after the rows: filling a table is quicker without them.
const INDEXES: &str = "
    create index address_customer on address(customer_id);
    create index exemption_customer on exemption(customer_id);
    create index attachment_customer on attachment(customer_id);
";

/// How much to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErpOptions {
    /// Rows of the customer table, unreadable ones included.
    pub customers: u32,
    /// Equal seeds give equal data.
    pub seed: u64,
}

impl Default for ErpOptions {
    fn default() -> Self {
        Self { customers: DEFAULT_CUSTOMERS, seed: DEFAULT_SEED }
    }
}

/// What a reader of the file has to find, counted while it was written.
///
/// `total`, the postures and everything below them leave unreadable rows out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpTruth {
    /// Rows of the customer table.
    pub rows: u32,
    /// Rows that no reader can turn into a customer.
    pub bad_rows: u32,
    /// Readable customers: the three postures together.
    pub total: u32,
    /// Held exempt.
    pub exempt: u32,
    /// Held taxable.
    pub taxable: u32,
    /// Neither.
    pub unknown: u32,
    /// Exempt with a record that holds, a number, a reason or an attached certificate.
    pub strong: u32,
    /// Exempt, at best by a use code or the exempt tax group.
    pub medium: u32,
    /// Exempt by the bare flag.
    pub weak: u32,
    /// Customers in use.
    pub active: u32,
    /// Inactive or blocked customers and prospects.
    pub out_of_use: u32,
    /// Exempt customers in use.
    pub exempt_active: u32,
    /// Exempt customers in use with a well-formed e-mail address.
    pub invitable: u32,
    /// Attached documents.
    pub attachments: u32,
    /// US states in which customers with a cleanly written address sit.
    pub states: BTreeSet<String>,
    /// Troublesome rows by what is the matter with them, unreadable ones included.
    pub traps: BTreeMap<Trap, u32>,
}

impl ErpTruth {
    fn count(&mut self, customer: &Customer, has_attachment: bool) {
        self.rows += 1;
        if let Some(trap) = customer.trap {
            *self.traps.entry(trap).or_default() += 1;
        }
        if matches!(customer.trap, Some(Trap::RowBlobName | Trap::RowBrokenText)) {
            self.bad_rows += 1;
            return;
        }
        self.total += 1;
        let in_use = customer.status == "active";
        *if in_use { &mut self.active } else { &mut self.out_of_use } += 1;
        match customer.posture() {
            Posture::Taxable => self.taxable += 1,
            Posture::Unknown => self.unknown += 1,
            posture => {
                self.exempt += 1;
                self.exempt_active += u32::from(in_use);
                let reachable = customer.email.is_some() && customer.trap != Some(Trap::EmailMalformed);
                self.invitable += u32::from(in_use && reachable);
                match posture {
                    Posture::Medium if !has_attachment => self.medium += 1,
                    Posture::Weak if !has_attachment => self.weak += 1,
                    _ => self.strong += 1,
                }
            }
        }
        if let Some(home) = customer.home()
            && home.country.as_deref() == Some("US")
            && let Some(region) = home.region.as_deref().filter(|region| region.len() == 2)
            && !self.states.contains(region)
        {
            self.states.insert(region.to_owned());
        }
    }
}

/// Writes the ERP to `path`, which must not exist yet.
///
/// # Errors
///
/// When something is at `path` already, or the file cannot be written.
pub fn write_erp(path: &Path, options: &ErpOptions) -> Result<ErpTruth, DemoError> {
    if path.try_exists().map_err(DemoError::file(path))? {
        return Err(DemoError::Exists { path: path.to_path_buf() });
    }
    let draft = draft_path(path);
    // Left over from a run that was cut short; nothing but this function makes such a name.
    if draft.try_exists().map_err(DemoError::file(&draft))? {
        std::fs::remove_file(&draft).map_err(DemoError::file(&draft))?;
    }
    let truth = fill(&draft, options)?;
    std::fs::rename(&draft, path).map_err(DemoError::file(path))?;
    Ok(truth)
}

fn draft_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    path.with_file_name(name)
}

fn fill(path: &Path, options: &ErpOptions) -> Result<ErpTruth, DemoError> {
    let attachments = certificates::attachments(options.seed)?;
    let write = || -> rusqlite::Result<ErpTruth> {
        let mut connection = Connection::open(path)?;
        // A draft needs no protection against crashes: it is thrown away then.
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off;")?;
        connection.execute_batch(ERP_SCHEMA)?;
        let transaction = connection.transaction()?;
        let mut truth = write_customers(&transaction, options, &attachments)?;
        for attachment in
            attachments.iter().filter(|attachment| attachment.index < u64::from(options.customers))
        {
            transaction.execute(
                "insert into attachment(customer_id, file_name, media_type, content) values(?1, ?2, ?3, ?4)",
                params![
                    customers::id(attachment.index),
                    attachment.file_name,
                    "application/pdf",
                    attachment.content
                ],
            )?;
            truth.attachments += 1;
        }
        transaction.execute_batch(INDEXES)?;
        transaction.commit()?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(truth)
    };
    write().map_err(DemoError::database(path))
}

fn write_customers(
    transaction: &Transaction<'_>,
    options: &ErpOptions,
    attachments: &[certificates::Attachment],
) -> rusqlite::Result<ErpTruth> {
    let mut statements = Statements {
        customer: transaction.prepare(
            "insert into customer values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
        )?,
        address: transaction.prepare(
            "insert into address(customer_id, kind, line1, line2, city, region, postal_code, country)
             values(?1,?2,?3,?4,?5,?6,?7,?8)",
        )?,
        exemption: transaction.prepare(
            "insert into exemption(customer_id, exempt, country, region, reason, entity_use_code, number, effective,
             expires) values(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        )?,
        spoil_blob: transaction.prepare("update customer set name = ?2 where id = ?1")?,
        // The cast keeps the bytes and calls them text, which no ordinary writer would do.
        spoil_text: transaction.prepare("update customer set name = cast(?2 as text) where id = ?1")?,
    };
    let mut truth = ErpTruth::default();
    for index in 0..u64::from(options.customers) {
        let customer = customers::customer(options.seed, index);
        statements.write(&customer)?;
        truth.count(&customer, attachments.iter().any(|attachment| attachment.index == index));
    }
    Ok(truth)
}

/// The prepared statements, one for each table and two that spoil a row.
struct Statements<'c> {
    customer: Statement<'c>,
    address: Statement<'c>,
    exemption: Statement<'c>,
    spoil_blob: Statement<'c>,
    spoil_text: Statement<'c>,
}

impl Statements<'_> {
    fn write(&mut self, c: &Customer) -> rusqlite::Result<()> {
        self.customer.execute(params![
            c.id,
            c.code,
            c.tax_code,
            c.name,
            c.status,
            c.email,
            c.phone,
            c.fax,
            c.contact_name,
            c.taxpayer_id,
            c.taxable,
            c.tax_group,
            c.exemption_number,
            c.resale_number,
            c.exemption_reason,
            c.entity_use_code,
            c.parent_id
        ])?;
        for a in &c.addresses {
            self.address.execute(params![
                c.id,
                a.kind,
                a.line1,
                a.line2,
                a.city,
                a.region,
                a.postal_code,
                a.country
            ])?;
        }
        for e in &c.exemptions {
            self.exemption.execute(params![
                c.id,
                e.exempt,
                e.country,
                e.region,
                e.reason,
                e.entity_use_code,
                e.number,
                e.effective,
                e.expires
            ])?;
        }
        match c.trap {
            Some(Trap::RowBlobName) => {
                self.spoil_blob.execute(params![c.id, b"\x00\x01\x02\xff".as_slice()])?
            }
            Some(Trap::RowBrokenText) => {
                self.spoil_text.execute(params![c.id, b"Caf\xe9 \xff\xfe Goods".as_slice()])?
            }
            _ => 0,
        };
        Ok(())
    }
}
