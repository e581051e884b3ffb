//! The world of a hostile guest: the real sandbox, the real way out, and a tenant who has next to nothing.
//!
//! A [`World`] is one guest with one behaviour in the tenant that it is to attack. The tenant's cover letter carries the
//! name of the behaviour and its sellers carry the arguments, as the guests have it. Nothing of the host is replaced: a
//! test changes the tenant, the limits or the engine, all of which a real host sets as well.
//!
//! The component is compiled once for all tests, and once for all runs, because compiled code is kept where the tests
//! keep everything that may be thrown away.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use host_harness::{
    documents::Combined,
    engine::{EngineOptions, HostEngine},
    erp::memory::MemoryErp,
    error::CallError,
    journal::MemoryJournal,
    limits::Limits,
    model::{
        onboarding::{Action, Analysis, Approval, CertificateOption, Error, RunReport},
        tenant::{CodeSource, Delivery, Scope, Settings},
    },
    ocr::{DocumentReader, ReaderOptions, TenantReader},
    plugin::{Call, Plugin},
    policy::EgressPolicy,
    progress::Silent,
    secrets::Credentials,
    tenant::{Tenant, Turn},
};
use onboarding_tests::{guests_file, workspace};

/// The company that is open from the beginning, so that a guest can write without asking for its number first.
pub(crate) const COMPANY: u64 = 7;
/// The secret that no guest may get to see.
pub(crate) const LICENSE_KEY: &str = "MADE-UP-LICENSE-KEY";
/// How it travels, together with the account `2000`.
pub(crate) const AUTHORIZATION: &str = "Basic MjAwMDpNQURFLVVQLUxJQ0VOU0UtS0VZ";

static USUAL: LazyLock<Plugin> = LazyLock::new(|| load(EngineOptions::default()));

fn load(options: EngineOptions) -> Plugin {
    let cache = Some(workspace().join("target").join("test-cache").join("hostile"));
    let engine = HostEngine::with_options(EngineOptions { cache, ..options }).unwrap();
    Plugin::load(&engine, &guests_file()).unwrap()
}

/// One guest in the tenant it attacks.
#[derive(Clone)]
pub(crate) struct World {
    plugin: Plugin,
    /// The tenant, to be changed.
    pub(crate) tenant: Tenant,
}

/// A guest with that behaviour. It can reach nothing yet, and a call that hangs ends after some seconds.
pub(crate) fn guest(behaviour: &str) -> World {
    let reader = Arc::new(DocumentReader::new(ReaderOptions::default()));
    let tenant = Tenant {
        name: "hostile".to_owned(),
        erp: Arc::new(MemoryErp::of(Vec::new())),
        documents: Arc::new(Combined::new(None, None, Arc::clone(&reader))),
        ocr: Arc::new(TenantReader::new(reader, None)),
        journal: Arc::new(MemoryJournal::default()),
        progress: Arc::new(Silent),
        settings: Settings {
            base_url: "https://rest.avatax.com".to_owned(),
            company_code: "DEFAULT".to_owned(),
            code_source: CodeSource::Code,
            scope: Scope::All,
            delivery: Delivery::Email,
            cover_letter: behaviour.to_owned(),
            page_size: 100,
            batch_size: 10,
            window: 4,
            patience: 10,
            settling: 1,
            today: "2026-11-23".to_owned(),
            seller_names: Vec::new(),
            terms: Vec::new(),
        },
        egress: EgressPolicy::deny_all(),
        credentials: Credentials::basic("2000", LICENSE_KEY.into()).unwrap(),
        limits: Limits { deadline: Duration::from_secs(20), ..Limits::default() },
        turn: Turn::default(),
    };
    World { plugin: USUAL.clone(), tenant }
}

impl World {
    /// With arguments for the behaviour.
    pub(crate) fn arguments<T: ToString>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.tenant.settings.seller_names = arguments.into_iter().map(|it| it.to_string()).collect();
        self
    }

    /// With the AvaTax service at this base URL, which may be on this machine, and all that onboarding may ask there.
    pub(crate) fn at(mut self, base_url: &str) -> Self {
        base_url.clone_into(&mut self.tenant.settings.base_url);
        self.tenant.egress = EgressPolicy::avatax(base_url, true).unwrap().with_company_id(Some(COMPANY));
        self
    }

    /// With the limits changed; no more than the ceiling of the engine comes of it.
    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.tenant.limits);
        self
    }

    /// In an engine of its own instead of the one that the tests share.
    pub(crate) fn engine(mut self, options: EngineOptions) -> Self {
        self.plugin = load(options);
        self
    }

    /// With another component, in the engine that it was loaded into.
    pub(crate) fn with(mut self, plugin: Plugin) -> Self {
        self.plugin = plugin;
        self
    }

    /// Runs the behaviour in an analysis, which may not reach the network at all.
    pub(crate) async fn analyze(&self) -> Call<Analysis> {
        self.plugin.analyze_metered(&self.tenant).await
    }

    /// Runs it in a preview, which may only read.
    pub(crate) async fn preview(&self) -> Call<RunReport> {
        self.plugin.sync_metered(&self.tenant, Action::Preview).await
    }

    /// Runs it in a call that may write.
    pub(crate) async fn apply(&self) -> Call<RunReport> {
        let approval = Approval {
            plan_digest: format!("sha256:{}", "1".repeat(64)),
            approved_by: "Test Approver".to_owned(),
        };
        self.sync(Action::Apply(approval)).await
    }

    /// Runs it where certificates are to be got.
    pub(crate) async fn certificates(&self, option: CertificateOption, action: Action) -> Call<RunReport> {
        self.plugin.onboard_certificates_metered(&self.tenant, option, action).await
    }

    /// Runs it in a call that does that.
    pub(crate) async fn sync(&self, action: Action) -> Call<RunReport> {
        self.plugin.sync_metered(&self.tenant, action).await
    }
}

/// What the guest of a call had to tell.
pub(crate) fn words<T: std::fmt::Debug>(call: &Call<T>) -> &str {
    match &call.value {
        Err(CallError::Guest(Error::InvalidRequest(words))) => words,
        other => panic!("the guest did not come to an end: {other:?}"),
    }
}

/// The same, outcome by outcome, where a behaviour tells several.
pub(crate) fn outcomes<T: std::fmt::Debug>(call: &Call<T>) -> Vec<&str> {
    words(call).split(" | ").collect()
}
