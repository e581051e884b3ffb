//! The one place where a store is built.
//!
//! `bounded` puts every cap in force that wasmtime knows, for the onboarding component here and for the reader of
//! documents in [`crate::ocr`]; nothing else makes a store.
//!
//! The store of a call is the whole world of one call: the tenant's adapters, the way out, the caps and what was used of them. It is
//! made for the call and thrown away after it, whatever the outcome, so nothing of one call can be seen by the next.

mod imports;
mod journal;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::{
    Engine, ResourceLimiter, Store, UpdateDeadline,
    component::{HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{
    clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView},
    p2::bindings::{clocks, io},
};
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpView, p2::bindings::http};

use crate::{
    bindings::OnboardingCore,
    engine::{HostEngine, MAX_MEMORIES, MAX_TABLES},
    http::{Counters, Gate},
    limits::Limits,
    model::documents::Rendition,
    model::onboarding::{Action, Approval},
    policy::Reach,
    tenant::Tenant,
};

/// What the imports of one call work on.
pub(crate) struct CallState {
    tenant: Tenant,
    table: ResourceTable,
    clocks: WasiClocksCtx,
    http: WasiHttpCtx,
    gate: Gate,
    pub(crate) usage: Usage,
    approval: Option<Approval>,
    document: Option<OpenDocument>,
}

/// The document read last, because a component reads one in many pieces.
struct OpenDocument {
    id: String,
    rendition: Rendition,
    bytes: bytes::Bytes,
}

/// What a call may use of the machine's memory, and what it used. Refusals are remembered, because a component that is
/// refused memory usually ends by a trap that does not say so.
#[derive(Debug)]
pub(crate) struct Usage {
    limits: Limits,
    memory: usize,
    pub(crate) peak_memory: usize,
    pub(crate) memory_refused: bool,
    pub(crate) table_refused: bool,
    /// Bytes of journal entries that the call may still append.
    pub(crate) journal_left: u64,
}

impl Usage {
    /// Nothing used yet.
    pub(crate) fn within(limits: Limits) -> Self {
        Self {
            memory: 0,
            peak_memory: 0,
            memory_refused: false,
            table_refused: false,
            journal_left: limits.journal_bytes,
            limits,
        }
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // wasmtime asks before it looks at the largest size that the memory itself declares. What it will not grant is
        // not used, and no refusal of ours.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        // All memories of the component count together.
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.limits.memory_bytes {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory = wanted;
        self.peak_memory = self.peak_memory.max(wanted);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.limits.table_elements;
        self.table_refused |= !granted;
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

/// What a call was asked to do, as far as the host holds it to that.
#[derive(Debug, Clone)]
pub(crate) struct Purpose {
    pub(crate) reach: Reach,
    /// What a person confirmed; the only approval that the component may record.
    pub(crate) approval: Option<Approval>,
}

impl Purpose {
    /// Looking at the ERP.
    pub(crate) const ANALYSIS: Self = Self { reach: Reach::Nowhere, approval: None };

    pub(crate) fn of(action: &Action) -> Self {
        let (reach, approval) = match action {
            Action::Check => (Reach::Checking, None),
            Action::Preview => (Reach::Reading, None),
            Action::Apply(approval) => (Reach::Writing, Some(approval.clone())),
            Action::RequestSetup(_) => (Reach::SettingUp, None),
        };
        Self { reach, approval }
    }
}

/// Builds the store for one call of one tenant.
pub(crate) fn build(
    engine: &HostEngine,
    tenant: &Tenant,
    purpose: Purpose,
) -> (Store<CallState>, Limits, Arc<Counters>) {
    let limits = tenant.limits.effective(engine.ceiling());
    let gate = Gate::new(
        engine.client().clone(),
        tenant.egress.narrowed(purpose.reach),
        &tenant.settings.company_code,
        tenant.credentials.clone(),
        limits,
    );
    let counters = gate.counters();
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(limits.header_bytes);
    let usage = Usage::within(limits);
    let state = CallState {
        tenant: tenant.clone(),
        table,
        clocks: WasiClocksCtx::default(),
        http,
        gate,
        usage,
        approval: purpose.approval,
        document: None,
    };
    // At each tick other tasks of the runtime get their turn.
    let give_way = || UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()));
    let store =
        bounded(engine.wasm(), state, &limits, |state| &mut state.usage, |_| Duration::ZERO, give_way);
    (store, limits, counters)
}

/// Builds a store with all of `limits` in force that concern what runs inside. At each tick `go_on` says how; the one after
/// the deadline ends the component, even inside a loop that never calls the host. Time that is `excused` does not count.
pub(crate) fn bounded<T: 'static>(
    engine: &Engine,
    state: T,
    limits: &Limits,
    usage: fn(&mut T) -> &mut Usage,
    excused: fn(&T) -> Duration,
    go_on: fn() -> UpdateDeadline,
) -> Store<T> {
    let mut store = Store::new(engine, state);
    store.limiter(move |state| usage(state));
    store.set_hostcall_fuel(limits.hostcall_fuel);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    let (begun, deadline) = (Instant::now(), limits.deadline);
    store.epoch_deadline_callback(move |context| {
        let own = begun.elapsed().saturating_sub(excused(context.data()));
        Ok(if own >= deadline { UpdateDeadline::Interrupt } else { go_on() })
    });
    store
}

/// Names everything a component may import, interface by interface. What is not added here does not exist for it.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    OnboardingCore::add_to_linker::<_, Imports>(linker, |state| state)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, CallState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, CallState::clocks)?;
    io::error::add_to_linker::<_, Table>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, Table>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, Table>(linker, |state| &mut state.table)?;
    http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, CallState::http)?;
    http::types::add_to_linker::<_, WasiHttp>(linker, &http::types::LinkOptions::default(), CallState::http)
}

/// Interfaces that [`link`] adds, without versions.
pub(crate) const IMPORTS: [&str; 13] = [
    "ecms:onboarding/erp",
    "ecms:onboarding/documents",
    "ecms:onboarding/ocr",
    "ecms:onboarding/journal",
    "ecms:onboarding/progress",
    "ecms:onboarding/tenant",
    "wasi:clocks/wall-clock",
    "wasi:clocks/monotonic-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
];

struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut CallState;
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

impl CallState {
    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView { ctx: &mut self.clocks, table: &mut self.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.gate, table: &mut self.table, ctx: &mut self.http }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(memory_bytes: usize) -> Usage {
        Usage::within(Limits { memory_bytes, ..Limits::default() })
    }

    #[test]
    fn all_memories_of_a_component_count_together() {
        let mut usage = usage(100);
        assert!(usage.memory_growing(0, 60, None).unwrap());
        assert!(!usage.memory_growing(0, 60, None).unwrap());
        assert!(usage.memory_refused);
        assert!(usage.memory_growing(60, 100, None).unwrap());
        assert_eq!(usage.peak_memory, 100);
    }

    #[test]
    fn memory_beyond_what_a_component_itself_declares_is_neither_counted_nor_held_against_it() {
        let mut usage = usage(100);
        for _ in 0..100 {
            assert!(!usage.memory_growing(0, 90, Some(80)).unwrap());
        }
        assert!(usage.memory_growing(0, 80, Some(80)).unwrap());
        assert!(!usage.memory_refused);
        assert_eq!(usage.peak_memory, 80);
    }

    #[test]
    fn refused_tables_are_remembered() {
        let mut usage = usage(0);
        assert!(usage.table_growing(0, 20_000, None).unwrap());
        assert!(!usage.table_refused);
        assert!(!usage.table_growing(0, 20_001, None).unwrap());
        assert!(usage.table_refused);
    }
}
