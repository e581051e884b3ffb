//! A loaded component, and calling it.
//!
//! Loading reads the file, refuses what is too large before the compiler sees it, compiles it or takes the compiled form
//! from the cache, and links it once; what does not fit the contract fails here, by name, and not in the middle of a
//! run. Each call then gets a store and an instance of its own (about 50 µs), and both are dropped afterwards.
//!
//! Two clocks end a call: the tick that interrupts the component itself, and a timer around the whole call that also
//! covers waiting inside the host. Two ticks lie between them, so that a component that runs on is ended by the first.
//!
//! What the call asked for and was denied goes into the tenant's journal when the call is over, see `denials`.
//!
//! A report is a component's word. It is measured against caps and cleaned of invisible characters in
//! `returned` before it leaves this module.

mod cpu;
mod denials;
mod nesting;
mod returned;

use std::{
    io::Read,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use wasmtime::{
    Engine, PoolConcurrencyLimitError, Store, Trap, WasmCoreDump,
    component::{Component, Linker, ResourceTableError},
};
use wasmtime_wasi_http::FieldMapError;

use self::denials::Asked;
use crate::{
    bindings::OnboardingCorePre,
    documents,
    engine::{HostEngine, MAX_MEMORIES, MAX_TABLES, TICK},
    error::{CallError, LoadError, plain, tame},
    http::Counters,
    limits::Limits,
    model::journal::Operation,
    model::onboarding::{Action, Analysis, CertificateOption, Error, RunReport},
    policy::Denied,
    store::{self, CallState, Purpose},
    tenant::Tenant,
};

/// What an onboarding component exports.
const EXPORT: &str = "ecms:onboarding/onboarding@0.1.0";

/// A component, compiled and linked. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
}

struct Inner {
    engine: HostEngine,
    pre: OnboardingCorePre<CallState>,
    digest: String,
}

/// What became of a call, and what it took.
#[derive(Debug)]
pub struct Call<T> {
    /// The answer.
    pub value: Result<T, CallError>,
    /// What it took.
    pub metrics: CallMetrics,
}

impl<T> Call<T> {
    fn occupied() -> Self {
        Self { value: Err(CallError::Occupied), metrics: CallMetrics::default() }
    }
}

/// The tenant's turn: a guard to hold, or none if another call has it. A check needs no turn.
#[expect(
    clippy::option_option,
    reason = "the outer one is whether to go on, the inner one whether there is a guard"
)]
fn turn(tenant: &Tenant, action: &Action) -> Option<Option<tokio::sync::OwnedMutexGuard<()>>> {
    if matches!(action, Action::Check) { Some(None) } else { tenant.turn.take().map(Some) }
}

/// What a call took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallMetrics {
    /// Time from start to end.
    pub wall: Duration,
    /// Processor time of the component and of the host between its instructions. Blocking work of
    /// the host and connections are not in it.
    pub cpu: Duration,
    /// Most linear memory the component had.
    pub peak_memory_bytes: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests that the egress policy did not allow.
    pub denials: u64,
    /// Bytes of request bodies sent.
    pub bytes_up: u64,
    /// Bytes of response bodies received.
    pub bytes_down: u64,
    /// The first denials as sentences, each with the rule that would allow the request.
    pub denied: Vec<String>,
    /// Why the denials are not in the journal; none if they are, or there were none.
    pub denied_unrecorded: Option<String>,
    /// What the component held in memory when it trapped, where
    /// [`EngineOptions::core_dumps`](crate::engine::EngineOptions::core_dumps) asked for it. None after a call that
    /// returned, or that the timer ended while it waited inside the host.
    pub core_dump: Option<CoreDump>,
}

/// A core dump in the standard binary form for WebAssembly. Contains customers' data.
#[derive(Clone, PartialEq, Eq)]
pub struct CoreDump(Vec<u8>);

impl CoreDump {
    /// The dump, as debuggers read it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

// By hand, so that customers' data cannot get into a log by way of `{:?}`.
impl std::fmt::Debug for CoreDump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CoreDump({} bytes)", self.0.len())
    }
}

impl Plugin {
    /// Loads the component at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, is too large, is no component, is damaged, or does not fit the contract.
    pub fn load(engine: &HostEngine, path: &Path) -> Result<Self, LoadError> {
        let bytes = read(path, engine.ceiling().component_bytes)?;
        let digest = documents::digest(&bytes);
        let component = match engine.cache().and_then(|cache| cache.get(engine.wasm(), &digest)) {
            Some(component) => component,
            None => {
                let component = compile(engine.wasm(), path, &bytes)?;
                if let Some(cache) = engine.cache() {
                    cache.put(&digest, &component);
                }
                component
            }
        };
        Ok(Self { inner: Arc::new(Inner { pre: link(engine, &component)?, engine: engine.clone(), digest }) })
    }

    /// SHA-256 of the component file, in lower-case hexadecimal digits. Belongs into every record of a run.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Reads every customer of the tenant; changes nothing.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn analyze(&self, tenant: &Tenant) -> Result<Analysis, CallError> {
        self.analyze_metered(tenant).await.value
    }

    /// The same, with what it took.
    pub async fn analyze_metered(&self, tenant: &Tenant) -> Call<Analysis> {
        let mut running = Running::start(&self.inner.engine, tenant, Purpose::ANALYSIS);
        let outcome = tokio::time::timeout(running.patience(), async {
            let world = self.inner.pre.instantiate_async(&mut running.store).await?;
            world.ecms_onboarding_onboarding().call_analyze(&mut running.store).await
        });
        let outcome = cpu::metered(outcome).await;
        let asked = Asked { call: "analyze", operation: Operation::Sync, action: None };
        running.end(outcome, returned::analysis, tenant, asked).await
    }

    /// Creates the tenant's customers in AvaTax.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn sync(&self, tenant: &Tenant, action: Action) -> Result<RunReport, CallError> {
        self.sync_metered(tenant, action).await.value
    }

    /// The same, with what it took.
    pub async fn sync_metered(&self, tenant: &Tenant, action: Action) -> Call<RunReport> {
        let Some(_turn) = turn(tenant, &action) else { return Call::occupied() };
        let mut running = Running::start(&self.inner.engine, tenant, Purpose::of(&action));
        let outcome = tokio::time::timeout(running.patience(), async {
            let world = self.inner.pre.instantiate_async(&mut running.store).await?;
            world.ecms_onboarding_onboarding().call_sync(&mut running.store, &action).await
        });
        let outcome = cpu::metered(outcome).await;
        let asked = Asked { call: "sync", operation: Operation::Sync, action: Some(&action) };
        running.end(outcome, returned::report, tenant, asked).await
    }

    /// Gets certificates on file for the tenant's exempt customers.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn onboard_certificates(
        &self,
        tenant: &Tenant,
        option: CertificateOption,
        action: Action,
    ) -> Result<RunReport, CallError> {
        self.onboard_certificates_metered(tenant, option, action).await.value
    }

    /// The same, with what it took.
    pub async fn onboard_certificates_metered(
        &self,
        tenant: &Tenant,
        option: CertificateOption,
        action: Action,
    ) -> Call<RunReport> {
        let Some(_turn) = turn(tenant, &action) else { return Call::occupied() };
        let mut running = Running::start(&self.inner.engine, tenant, Purpose::of(&action));
        let outcome = tokio::time::timeout(running.patience(), async {
            let world = self.inner.pre.instantiate_async(&mut running.store).await?;
            let onboarding = world.ecms_onboarding_onboarding();
            onboarding.call_onboard_certificates(&mut running.store, option, &action).await
        });
        let outcome = cpu::metered(outcome).await;
        let asked =
            Asked { call: "onboard-certificates", operation: Operation::Certificates, action: Some(&action) };
        running.end(outcome, returned::report, tenant, asked).await
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

/// Reads the file of a component.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // All at once; a length that is not true costs time only.
    let length = file.metadata().map_or(0, |found| found.len()).min(max).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > max {
        return Err(LoadError::TooLarge { path: path.to_owned(), max });
    }
    Ok(bytes)
}

/// Compiles a component, with a sentence about what the file is if it is none.
pub(crate) fn compile(engine: &Engine, path: &Path, bytes: &[u8]) -> Result<Component, LoadError> {
    let path = || path.to_owned();
    let other = |reason: &str| Err(LoadError::NotAComponent { path: path(), reason: reason.to_owned() });
    // The first eight bytes tell a component from a plain module; the compiler's own message does not say it so plainly.
    match bytes {
        [] => return other("the file is empty"),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {}
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            return other("it is a core module and has to be made into a component first");
        }
        [0, b'a', b's', b'm', ..] => return other("it is WebAssembly of an unknown kind or cut off"),
        _ => return other("it does not start like WebAssembly"),
    }
    if nesting::is_too_deep(bytes) {
        let reason = format!("components or types lie more than {} deep inside each other", nesting::MOST);
        return Err(LoadError::TooDemanding { path: path(), reason });
    }
    Component::new(engine, bytes).map_err(|error| {
        let (path, text) = (path(), format!("{error:#}"));
        let reason = plain(&text, 500);
        // The pool of instances looks at a component that is compiled; it has no public type for what it says.
        if text.contains("pooling allocator") || text.contains("exceeds the configured maximum") {
            LoadError::TooDemanding { path, reason }
        } else {
            LoadError::Damaged { path, reason }
        }
    })
}

fn link(engine: &HostEngine, component: &Component) -> Result<OnboardingCorePre<CallState>, LoadError> {
    let kind = component.component_type();
    for (name, _) in kind.imports(engine.wasm()) {
        if !store::IMPORTS.contains(&name.split('@').next().unwrap_or(name)) {
            return Err(LoadError::UnknownImport { import: plain(name, 200) });
        }
    }
    if component.get_export_index(None, EXPORT).is_none() {
        let found: Vec<_> = kind.exports(engine.wasm()).map(|(name, _)| name).take(10).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { plain(&found.join(", "), 500) };
        return Err(LoadError::MissingExport { export: EXPORT.to_owned(), found });
    }
    let mismatch = |error: wasmtime::Error| LoadError::Mismatch { reason: plain(&format!("{error:#}"), 500) };
    let mut linker = Linker::new(engine.wasm());
    store::link(&mut linker).map_err(mismatch)?;
    OnboardingCorePre::new(linker.instantiate_pre(component).map_err(mismatch)?).map_err(mismatch)
}

/// One call under way.
struct Running {
    store: Store<CallState>,
    limits: Limits,
    counters: Arc<Counters>,
    begun: Instant,
}

/// What a call inside its time gives: not in time, broken, refused, or done.
type Outcome<T> = Result<wasmtime::Result<Result<T, Error>>, tokio::time::error::Elapsed>;

impl Running {
    fn start(engine: &HostEngine, tenant: &Tenant, purpose: Purpose) -> Self {
        let (store, limits, counters) = store::build(engine, tenant, purpose);
        Self { store, limits, counters, begun: Instant::now() }
    }

    fn patience(&self) -> Duration {
        self.limits.deadline.saturating_add(TICK * 2)
    }

    /// Ends the call: its answer checked, its sandbox gone, what it was denied in the tenant's journal, and the tenant at
    /// rest.
    async fn end<T>(
        self,
        outcome: (Outcome<T>, Duration),
        check: fn(T, &Limits) -> Result<T, CallError>,
        tenant: &Tenant,
        asked: Asked<'_>,
    ) -> Call<T> {
        let (mut call, denied) = self.finish(outcome, check);
        call.metrics.denied = denied.iter().map(ToString::to_string).collect();
        call.metrics.denied_unrecorded =
            denials::record(tenant, asked, &denied, call.metrics.denials).await.err();
        tenant.erp.rest().await;
        tenant.journal.rest().await;
        call
    }

    /// The call without its denials, and the denials that were kept.
    fn finish<T>(
        mut self,
        (outcome, cpu): (Outcome<T>, Duration),
        check: fn(T, &Limits) -> Result<T, CallError>,
    ) -> (Call<T>, Vec<Denied>) {
        let core_dump = match &outcome {
            Ok(Err(error)) => self.dump(error),
            _ => None,
        };
        let value = match outcome {
            Err(_) => Err(CallError::Timeout { limit: self.limits.deadline }),
            Ok(Err(error)) => Err(self.explain(&error)),
            Ok(Ok(Err(refusal))) => Err(CallError::Guest(tame(refusal))),
            Ok(Ok(Ok(value))) => check(value, &self.limits),
        };
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let metrics = CallMetrics {
            wall: self.begun.elapsed(),
            cpu,
            peak_memory_bytes: self.store.data().usage.peak_memory as u64,
            requests: count(&self.counters.requests),
            denials: count(&self.counters.denials),
            bytes_up: count(&self.counters.bytes_up),
            bytes_down: count(&self.counters.bytes_down),
            core_dump,
            ..CallMetrics::default()
        };
        (Call { value, metrics }, self.counters.take_denied())
    }

    /// Writes the dump out. wasmtime collects it at the trap, and only where the engine was told to.
    fn dump(&mut self, error: &wasmtime::Error) -> Option<CoreDump> {
        let found = error.downcast_ref::<WasmCoreDump>()?;
        Some(CoreDump(found.serialize(&mut self.store, "ecms:onboarding")))
    }

    /// Names the cause of a broken call. The more certain cause comes first: a component that was refused memory
    /// usually goes on to trap in some other way.
    fn explain(&self, error: &wasmtime::Error) -> CallError {
        let usage = &self.store.data().usage;
        let trap = error.downcast_ref::<Trap>();
        if error.is::<PoolConcurrencyLimitError>() {
            return CallError::Busy;
        }
        if trap == Some(&Trap::Interrupt) {
            return CallError::Timeout { limit: self.limits.deadline };
        }
        if usage.memory_refused {
            return CallError::Memory { limit: self.limits.memory_bytes };
        }
        if usage.table_refused {
            return CallError::Limit { what: "elements of a table", max: self.limits.table_elements as u64 };
        }
        if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
            return CallError::Limit { what: "resources in use", max: self.limits.handles as u64 };
        }
        if matches!(error.downcast_ref(), Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields))
        {
            return CallError::Limit { what: "bytes of header fields", max: self.limits.header_bytes as u64 };
        }
        // The root is a fixed text of wasmtime; it has no public type of its own for these.
        let root = error.root_cause().to_string();
        if let Some(counted) = root.strip_prefix("resource limit exceeded: ") {
            let (what, max) = match counted.split(' ').next() {
                Some("memory") => ("memories of the component", MAX_MEMORIES.into()),
                Some("table") => ("tables of the component", MAX_TABLES.into()),
                _ => ("instances inside the component", self.limits.instances as u64),
            };
            return CallError::Limit { what, max };
        }
        if root.contains("store handle limit") {
            return CallError::Limit { what: "handles in use", max: self.limits.handles as u64 };
        }
        if trap.is_none() && root.contains("fuel allocated for hostcalls") {
            return CallError::Limit {
                what: "bytes handed to the host at once",
                max: self.limits.hostcall_fuel as u64,
            };
        }
        let message = trap.map_or(root, ToString::to_string);
        CallError::trap(&message, &format!("{error:?}"))
    }
}

#[cfg(test)]
mod tests;
