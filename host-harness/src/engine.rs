//! One sandbox engine for a whole host.
//!
//! The engine compiles components, owns the pool that instances are put in, the HTTP client that their requests share,
//! and a clock thread that gives every running component a tick each [`TICK`]. It is cheap to clone; the thread ends
//! with the last clone, and every loaded component holds one.
//!
//! Instances live in a pool whose address space is reserved once. Where a machine does not allow such a reservation
//! (containers with a limit on virtual memory), the engine says nothing and allocates for each call: slower by some
//! tens of microseconds, otherwise the same.

pub(crate) mod cache;

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use self::cache::CompiledCache;
use crate::{error::LoadError, http::HttpClient, limits::Limits};

/// Time between two ticks. Short against what people notice, long against what a tick costs.
pub const TICK: Duration = Duration::from_millis(10);
/// Tables and memories one component may have, of all its core modules together.
pub(crate) const MAX_TABLES: u32 = 20;
pub(crate) const MAX_MEMORIES: u32 = 4;

/// Memory of a place in the pool that is put back to what it was by writing it, where the system says which pages were
/// touched at all. Given back to the system instead, each of them costs a fault in the next call, and those would be
/// half of the time of a small one.
const KEPT_BYTES: usize = 512 * 1024;

/// What a host decides about its engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// What no call may exceed, whatever a tenant asks for.
    pub ceiling: Limits,
    /// Where compiled components are kept, so that the next start need not compile. Created with access for the owner
    /// only; a directory that others may write is not used. `None` compiles at every start.
    pub cache: Option<PathBuf>,
    /// Calls that may run at once. Each reserves address space, not memory.
    pub calls: u32,
    /// Whether a call that ends in a trap hands back a core dump of the component, see
    /// [`CallMetrics::core_dump`](crate::plugin::CallMetrics::core_dump). A dump contains customers' data: names,
    /// addresses, taxpayer numbers, pieces of certificates. It is for the workshop and not for production, and who
    /// turns it on has to keep it as carefully as the ERP itself.
    pub core_dumps: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { ceiling: Limits::default(), cache: None, calls: 32, core_dumps: false }
    }
}

/// The engine of a host. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HostEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    pooled: bool,
    ceiling: Limits,
    client: HttpClient,
    cache: Option<CompiledCache>,
    // Dropped for its effect: the clock thread ends.
    _ticker: Ticker,
}

impl HostEngine {
    /// Sets up an engine whose calls stay within `ceiling`, without a cache.
    ///
    /// # Errors
    /// When the machine cannot run the sandbox.
    pub fn new(ceiling: Limits) -> Result<Self, LoadError> {
        Self::with_options(EngineOptions { ceiling, ..EngineOptions::default() })
    }

    /// Sets up an engine.
    ///
    /// # Errors
    /// When the machine cannot run the sandbox. A cache directory that cannot be used is no error.
    pub fn with_options(options: EngineOptions) -> Result<Self, LoadError> {
        let mut config = base(&options);
        config.allocation_strategy(pool(&options));
        // Making the engine reserves the pool, so this is also the probe for enough address space.
        let (engine, pooled) = match Engine::new(&config) {
            Ok(engine) => (engine, true),
            Err(_) => {
                let on_demand = Engine::new(&base(&options));
                (on_demand.map_err(|error| LoadError::Engine { reason: format!("{error:#}") })?, false)
            }
        };
        let ticker = Ticker::start(&engine)?;
        Ok(Self {
            inner: Arc::new(Inner {
                cache: options.cache.and_then(|directory| CompiledCache::open(directory, &engine)),
                client: HttpClient::new(&options.ceiling)?,
                ceiling: options.ceiling,
                pooled,
                engine,
                _ticker: ticker,
            }),
        })
    }

    /// Whether instances come from a pool.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.inner.pooled
    }

    /// What no call may exceed.
    #[must_use]
    pub fn ceiling(&self) -> &Limits {
        &self.inner.ceiling
    }

    /// The engine beneath, for a host that runs components of its own beside ours.
    #[must_use]
    pub fn wasm(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn client(&self) -> &HttpClient {
        &self.inner.client
    }

    pub(crate) fn cache(&self) -> Option<&CompiledCache> {
        self.inner.cache.as_ref()
    }
}

fn base(options: &EngineOptions) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.coredump_on_trap(options.core_dumps);
    // Components of this contract are synchronous inside. Leaving the machinery for asynchronous ones out makes calls
    // four times as fast and is less that can be attacked.
    config.concurrency_support(false);
    config
}

fn pool(options: &EngineOptions) -> InstanceAllocationStrategy {
    let limits = &options.ceiling;
    let calls = options.calls.max(1);
    let instances = u32::try_from(limits.instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(calls.saturating_mul(instances))
        .total_memories(calls.saturating_mul(MAX_MEMORIES))
        .total_tables(calls.saturating_mul(MAX_TABLES))
        .max_core_instances_per_component(instances)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_tables_per_module(MAX_TABLES)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Auto).linear_memory_keep_resident(KEPT_BYTES.min(limits.memory_bytes));
    }
    InstanceAllocationStrategy::Pooling(pool)
}

/// The thread behind the ticks.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, LoadError> {
        let (stop, stopped) = mpsc::channel::<()>();
        // Weak, so that the thread never keeps an engine alive.
        let engine = engine.weak();
        let thread = std::thread::Builder::new().name("sandbox-clock".to_owned()).spawn(move || {
            while stopped.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        });
        let thread =
            thread.map_err(|error| LoadError::Engine { reason: format!("no clock thread: {error}") })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to report, and a panic in it is not made better by another one here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_thread_ends_with_the_last_clone_of_the_engine() {
        let engine = HostEngine::new(Limits::default()).unwrap();
        let weak = engine.wasm().weak();
        let clone = engine.clone();
        drop(engine);
        assert!(weak.upgrade().is_some());
        drop(clone);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn a_pool_that_does_not_fit_the_machine_falls_back_to_allocating_for_each_call() {
        // More address space than a process has.
        let ceiling = Limits { memory_bytes: 1 << 46, ..Limits::default() };
        let engine =
            HostEngine::with_options(EngineOptions { ceiling, calls: 10_000, ..EngineOptions::default() })
                .unwrap();
        assert!(!engine.is_pooled());
        assert!(HostEngine::new(Limits::default()).unwrap().is_pooled());
    }
}
