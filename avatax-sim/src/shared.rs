//! What all connections share: the world, the faults and the counters, and how the state gets to and from its file.
//!
//! One lock guards everything that changes. Operations are short and never wait while they hold it; waiting for latency
//! or for a slow fault happens outside. Counts of connections and of requests in flight are plain atomics, because they
//! change where no lock is held.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    call::Setting, config::SimConfig, definitions::Definitions, engine::FaultEngine, error::SimError,
    routes::Operation, world::World,
};

/// What the stand-in holds and what it saw, for tests and for `GET /sim/state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// Customers stored.
    pub customers: usize,
    /// Certificates stored.
    pub certificates: usize,
    /// Pairs of customer and certificate.
    pub links: usize,
    /// Pairs of customer and exposure zone for which the customer is exempt now.
    pub covered: usize,
    /// Invitations created.
    pub invitations: usize,
    /// Those of them that were sent by e-mail.
    pub invitations_by_email: usize,
    /// Entries of the log of effects.
    pub effects: usize,
    /// Requests to the API since the start or the last reset.
    pub requests: u64,
    /// The same by operation.
    pub operations: BTreeMap<String, u64>,
    /// Answers by HTTP status. Cut connections have none.
    pub statuses: BTreeMap<u16, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Values of `X-Avalara-Client` that were seen, at most 50.
    pub clients: BTreeSet<String>,
    /// Connections accepted since the start.
    pub connections: u64,
    /// Most requests to the API that were under way at one time since the start or the last reset.
    pub max_in_flight: u64,
}

/// Most different clients that are remembered.
const MAX_CLIENTS: usize = 50;
/// Longest client name that is remembered.
const MAX_CLIENT_LENGTH: usize = 200;

/// How often faults struck since the start or the last reset: by kind, then by operation.
pub type FaultCounts = BTreeMap<String, BTreeMap<String, u64>>;

fn named(map: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    map.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[derive(Debug, Default)]
pub(crate) struct Traffic {
    requests: u64,
    operations: BTreeMap<&'static str, u64>,
    statuses: BTreeMap<u16, u64>,
    /// By kind, then by operation.
    faults: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    clients: BTreeSet<String>,
}

impl Traffic {
    /// Counts a request and gives its number.
    pub(crate) fn request(&mut self, operation: Operation, client: Option<&str>) -> u64 {
        self.requests += 1;
        *self.operations.entry(operation.name()).or_default() += 1;
        if let Some(client) = client
            && self.clients.len() < MAX_CLIENTS
        {
            self.clients.insert(client.chars().take(MAX_CLIENT_LENGTH).collect());
        }
        self.requests
    }

    pub(crate) fn status(&mut self, status: u16) {
        *self.statuses.entry(status).or_default() += 1;
    }

    pub(crate) fn fault(&mut self, name: &'static str, operation: Operation) {
        *self.faults.entry(name).or_default().entry(operation.name()).or_default() += 1;
    }

    pub(crate) fn fault_counts(&self) -> FaultCounts {
        self.faults.iter().map(|(kind, operations)| ((*kind).to_owned(), named(operations))).collect()
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) engine: FaultEngine,
    pub(crate) traffic: Traffic,
}

#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) connections: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
}

/// Counts a request as under way until it is dropped.
pub(crate) struct InFlight<'a>(&'a Gauges);

impl Gauges {
    pub(crate) fn enter(&self) -> InFlight<'_> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_in_flight.fetch_max(now, Ordering::SeqCst);
        InFlight(self)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Everything behind the server.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) setting: Setting,
    pub(crate) gauges: Gauges,
    state: Mutex<State>,
    /// Revision of the world that the state file has.
    saved: AtomicU64,
}

impl Shared {
    /// Makes the world, or reads it from the state file if there is one.
    pub(crate) fn new(config: SimConfig) -> Result<Self, SimError> {
        let stored = config.state_file.as_deref().map(read).transpose()?.flatten();
        let world = match (stored, config.state_file.as_ref()) {
            (Some(bytes), Some(path)) => World::load(&bytes, &config)
                .map_err(|reason| SimError::BadState { path: path.clone(), reason })?,
            _ => World::new(&config),
        };
        let state = State {
            world,
            engine: FaultEngine::new(config.seed, config.faults.clone()),
            traffic: Traffic::default(),
        };
        let definitions = Definitions::new(config.seed);
        Ok(Self {
            setting: Setting { config, definitions },
            gauges: Gauges::default(),
            state: Mutex::new(state),
            saved: AtomicU64::new(0),
        })
    }

    /// The state. A panic elsewhere does not make it unusable: every change is complete before the next begins.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything but the configuration.
    pub(crate) fn reset(&self) {
        let config = &self.setting.config;
        let mut state = self.lock();
        let revision = state.world.revision + 1;
        state.world = World::new(config);
        state.world.revision = revision;
        state.engine = FaultEngine::new(config.seed, config.faults.clone());
        state.traffic = Traffic::default();
        self.gauges.max_in_flight.store(self.gauges.in_flight.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    pub(crate) fn summary(&self) -> Summary {
        let now = Timestamp::now();
        let state = self.lock();
        let counts = state.world.count(&self.setting, now.to_zoned(TimeZone::UTC).date(), now);
        Summary {
            customers: counts.customers,
            certificates: counts.certificates,
            links: counts.links,
            covered: counts.covered,
            invitations: counts.invitations,
            invitations_by_email: counts.invitations_by_email,
            effects: counts.effects,
            requests: state.traffic.requests,
            operations: named(&state.traffic.operations),
            statuses: state.traffic.statuses.clone(),
            faults: state
                .traffic
                .fault_counts()
                .into_iter()
                .map(|(kind, operations)| (kind, operations.into_values().sum()))
                .collect(),
            clients: state.traffic.clients.clone(),
            connections: self.gauges.connections.load(Ordering::SeqCst),
            max_in_flight: self.gauges.max_in_flight.load(Ordering::SeqCst),
        }
    }

    /// Writes the state file if there is one and it is not up to date. Blocks.
    pub(crate) fn save(&self) -> Result<(), SimError> {
        let Some(path) = &self.setting.config.state_file else {
            return Ok(());
        };
        let failed = |source| SimError::WriteState { path: path.clone(), source };
        let (bytes, revision) = {
            let state = self.lock();
            // An untouched world is written once, so that the file exists after the first run.
            if state.world.revision == self.saved.load(Ordering::SeqCst) && path.exists() {
                return Ok(());
            }
            let bytes = state.world.dump(&self.setting.config).map_err(|error| failed(error.into()))?;
            (bytes, state.world.revision)
        };
        // Written beside and renamed, so that a crash leaves the old file or the new one.
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(failed)?;
        self.saved.store(revision, Ordering::SeqCst);
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, SimError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SimError::ReadState { path: path.to_owned(), source }),
    }
}
