//! Several tenants of one configuration, each with an ERP and an AvaTax of its own.
//!
//! The code of every customer begins with the name of its tenant, so that whatever comes to the wrong place is seen.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing has to fail")]

use std::{
    path::Path,
    process::{Command, Stdio},
};

use demo_data::{ErpOptions, write_erp};
use serde_json::Value;
use tempfile::TempDir;

use crate::{KEY_VARIABLE, Ran, Stage, command_in, process};

/// Environment variable that a tenant may take a license key from that no AvaTax accepts.
pub const WRONG_KEY_VARIABLE: &str = "ONBOARDING_TEST_WRONG_KEY";

/// A stand-in for AvaTax that keeps everything in its place: its own ERP and folder are not used.
#[must_use]
pub fn avatax() -> Stage {
    Stage::build().customers(1).without_certificates().start()
}

/// A folder with a configuration of several tenants.
#[derive(Debug)]
pub struct Many {
    dir: TempDir,
    config: String,
}

impl Default for Many {
    fn default() -> Self {
        Self::new()
    }
}

impl Many {
    /// No tenants yet. Pictures are left unread, so that networks make no difference.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), config: "[reader]\nengine = \"none\"\n".to_owned() }
    }

    /// Adds a tenant. `settings` are lines of its table, `tables` stand after it.
    pub fn add(&mut self, name: &str, customers: u32, stage: &Stage, settings: &str, tables: &str) {
        let erp = self.path().join(format!("{name}.sqlite"));
        write_erp(&erp, &ErpOptions { customers, ..ErpOptions::default() }).unwrap();
        let changed = rusqlite::Connection::open(&erp).and_then(|erp| {
            erp.execute(
                "update customer set tax_code = ?1 || tax_code, code = ?1 || code where code <> ''",
                [format!("{name}-")],
            )
        });
        assert!(changed.unwrap() > 0);
        let key = if settings.contains("license-key") || tables.contains("license-key") {
            String::new()
        } else {
            format!(
                "[tenants.{name}.credentials]\naccount = \"{}\"\nlicense-key-env = \"{KEY_VARIABLE}\"\n",
                stage.account
            )
        };
        self.config.push_str(&format!(
            "[tenants.{name}]\nbase-url = \"{}\"\nallow-loopback = true\ncompany-code = \"DEFAULT\"\n\
             data-dir = \"data-{name}\"\nsettling-seconds = 1\n{settings}\n{key}\
             [tenants.{name}.erp]\nkind = \"sqlite\"\npath = \"{name}.sqlite\"\n{tables}\n",
            stage.base_url(),
        ));
        std::fs::write(self.path().join("onboard.toml"), &self.config).unwrap();
    }

    /// Where it all lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `onboard` with these arguments, both streams kept, with the keys in its environment.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command_in(self.path(), arguments);
        command
            .env(KEY_VARIABLE, crate::LICENSE_KEY)
            .env(WRONG_KEY_VARIABLE, "WRONG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        process::ran(self.command(arguments).output().unwrap())
    }

    /// Runs it with `--json` and gives its document; fails when the exit code is another than `code`.
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        ran.expect(code);
        ran.document()
    }
}

/// The document of one tenant in that of `run-all`.
#[must_use]
pub fn of<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rows = document.pointer("/result/tenants").and_then(Value::as_array).unwrap();
    rows.iter().find(|row| row.get("tenant").is_some_and(|it| it == name)).unwrap()
}
