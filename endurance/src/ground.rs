//! What a run stands on: the company's files, and a folder of its own for everything that changes.
//!
//! The ERP and the certificates are only read, so one [`Ground`] serves any number of runs side by side. A stage is
//! the rest: a configuration that names the ground and one stand-in, and the data folder with the journal.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use demo_data::ERP_SCHEMA;
use host_harness::{
    config::ReaderMode,
    ocr::{DocumentReader, ReaderOptions},
};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    company::{Company, Size},
    error::{EnduranceError, at},
    paper,
};

/// The environment variable that the configuration takes the account from.
pub const ACCOUNT_VARIABLE: &str = "ENDURANCE_ACCOUNT";
/// The environment variable that the configuration takes the license key from.
pub const KEY_VARIABLE: &str = "ENDURANCE_LICENSE_KEY";
/// Name of the tenant in the configuration.
pub const TENANT: &str = "endurance";
/// Small, so that a handful of customers make several batches, and several parts of a plan.
const BATCH_SIZE: usize = 7;
/// The same.
const WINDOW: usize = 3;
/// Longer than any stand-in here takes to show what it has stored, and short, since runs wait for it.
pub const SETTLING_SECONDS: u64 = 2;

/// A company with its ERP file and its folder of certificates.
#[derive(Debug)]
pub struct Ground {
    /// What the files hold.
    pub company: Company,
    /// SHA-256 of what has to arrive in AvaTax of each certificate's file, in the order of the company's papers.
    pub hashes: Vec<String>,
    folder: TempDir,
}

impl Ground {
    /// Draws the company and writes its files.
    pub fn lay(size: Size, seed: u64) -> Result<Self, EnduranceError> {
        let company = Company::of(size, seed);
        let folder = tempfile::tempdir().map_err(at(Path::new("the temporary folder")))?;
        let erp = folder.path().join("erp.sqlite");
        write_erp(&erp, &company).map_err(|source| EnduranceError::Database { path: erp, source })?;
        let papers = folder.path().join("papers");
        fs::create_dir(&papers).map_err(at(&papers))?;
        // The host hands over a flat copy of a document, not the document itself.
        let reader =
            DocumentReader::new(ReaderOptions { mode: ReaderMode::Native, ..ReaderOptions::default() });
        let mut hashes = Vec::new();
        for paper in &company.papers {
            let bytes = paper::draw(&company, paper);
            let path = papers.join(&paper.file_name);
            fs::write(&path, &bytes).map_err(at(&path))?;
            let copy = reader
                .upload_copy(&bytes, None)
                .map_err(|error| EnduranceError::SetUp(format!("{}: {error}", path.display())))?;
            hashes.push(Sha256::digest(&copy).iter().map(|byte| format!("{byte:02x}")).collect());
        }
        Ok(Self { company, hashes, folder })
    }

    /// Writes the configuration of a run into its folder.
    pub fn write_config(&self, folder: &Path, base_url: &str) -> Result<PathBuf, EnduranceError> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let own = |name: &str| quoted(&self.folder.path().join(name).to_string_lossy());
        let text = format!(
            "[tenants.{TENANT}]\nbase-url = {}\nallow-loopback = true\ncompany-code = \"DEFAULT\"\n\
             data-dir = \"data\"\nbatch-size = {BATCH_SIZE}\nwindow = {WINDOW}\nsettling-seconds = {SETTLING_SECONDS}\n\n\
             [tenants.{TENANT}.credentials]\naccount-env = \"{ACCOUNT_VARIABLE}\"\n\
             license-key-env = \"{KEY_VARIABLE}\"\n\n\
             [tenants.{TENANT}.erp]\nkind = \"sqlite\"\npath = {}\n\n\
             [tenants.{TENANT}.documents]\nfolder = {}\n\n[reader]\nmode = \"native\"\nengine = \"none\"\n",
            quoted(base_url),
            own("erp.sqlite"),
            own("papers"),
        );
        let path = folder.join("onboard.toml");
        fs::write(&path, text).map_err(at(&path))?;
        Ok(path)
    }
}

/// The journal in the folder of a run.
#[must_use]
pub fn journal_file(folder: &Path) -> PathBuf {
    folder.join("data").join("journal.sqlite")
}

/// Copies a folder and everything in it.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn write_erp(path: &Path, company: &Company) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(ERP_SCHEMA)?;
    let transaction = connection.transaction()?;
    for customer in &company.customers {
        let id = i64::try_from(customer.id).unwrap_or_default();
        let taxable = customer.exempt_in.is_empty();
        transaction.execute(
            "insert into customer(id, code, name, status, email, phone, taxable, tax_group, entity_use_code)
             values(?1, ?2, ?3, 'active', ?4, ?5, ?6, ?7, ?8)",
            params![
                id,
                customer.code,
                customer.name,
                customer.email,
                customer.phone,
                taxable,
                if taxable { "STANDARD" } else { "EXEMPT" },
                (!taxable).then_some("G"),
            ],
        )?;
        transaction.execute(
            "insert into address(customer_id, kind, line1, city, region, postal_code, country)
             values(?1, 'bill-to', ?2, ?3, ?4, ?5, 'US')",
            params![id, customer.line1, customer.city, customer.region, customer.postal_code],
        )?;
        for region in &customer.exempt_in {
            transaction.execute(
                "insert into exemption(customer_id, exempt, country, region, reason, entity_use_code)
                 values(?1, 1, 'US', ?2, 'Resale', 'G')",
                params![id, region],
            )?;
        }
    }
    transaction.commit()
}
