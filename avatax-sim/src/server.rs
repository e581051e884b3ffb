//! The server: binding, accepting, stopping.
//!
//! Connections are accepted by hand instead of by a ready-made server, for two reasons: they are counted, so a test can
//! tell whether a client keeps them alive, and they can be cut in the middle of an exchange. Everything runs in tasks of
//! the caller's runtime; dropping the [`Simulator`] ends them, [`Simulator::stop`] ends them in order and
//! writes the state file.

use std::{
    collections::BTreeSet, net::SocketAddr, pin::pin, sync::Arc, sync::atomic::Ordering, time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, RawPathParams, Request},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, get, post, put},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time,
};
use tower_service::Service as _;

use crate::{
    answer::{self, BODY_LIMIT},
    config::SimConfig,
    control,
    engine::FaultEngine,
    error::SimError,
    fault::Fault,
    misbehave::CutConnection,
    routes::Operation,
    shared::{FaultCounts, Shared, Summary},
};

/// Connections beyond this number are closed at once.
const MAX_CONNECTIONS: usize = 2_048;
/// How often the state file is written while something changes.
const SAVE_INTERVAL: Duration = Duration::from_secs(3);
/// How long requests under way may take when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A running stand-in.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a stand-in. It is ready when this returns.
///
/// # Errors
/// The address cannot be bound or is open to other machines, the companies make no sense, or the state file cannot be
/// used.
pub async fn start(config: SimConfig) -> Result<Simulator, SimError> {
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        return Err(SimError::NotLoopback(config.listen));
    }
    let ids: BTreeSet<u64> = config.companies.iter().map(|company| company.id).collect();
    if ids.is_empty() || ids.len() != config.companies.len() {
        return Err(SimError::Companies("there has to be at least one, and no id may come twice".to_owned()));
    }
    let address = config.listen;
    let bind_failed = |source| SimError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind_failed)?;
    let addr = listener.local_addr().map_err(bind_failed)?;
    let has_file = config.state_file.is_some();
    let shared = Arc::new(Shared::new(config)?);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = vec![tokio::spawn(serve(listener, Arc::clone(&shared), stopped.clone()))];
    if has_file {
        tasks.push(tokio::spawn(save_now_and_then(Arc::clone(&shared), stopped)));
    }
    Ok(Simulator { shared, addr, stop, tasks })
}

impl Simulator {
    /// Address for clients, without a path.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Replaces the faults. What struck before stays counted.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.lock().engine = FaultEngine::new(self.shared.setting.config.seed, faults);
    }

    /// How often faults struck since the start or the last reset, by kind and by operation.
    #[must_use]
    pub fn fault_counts(&self) -> FaultCounts {
        self.shared.lock().traffic.fault_counts()
    }

    /// What it holds and what it saw.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.shared.summary()
    }

    /// Ends it: requests under way are answered, then the state file is written if there is one.
    ///
    /// # Errors
    /// The state file cannot be written.
    pub async fn stop(self) -> Result<(), SimError> {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that panicked has nothing left to wait for.
            let _ended = task.await;
        }
        self.shared.save()
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let mut router = control::router();
    for &(operation, method, path) in Operation::TABLE {
        let handler =
            move |axum::extract::State(shared): axum::extract::State<Arc<Shared>>,
                  params: RawPathParams,
                  request: Request| answer::api(shared, operation, params, request);
        let route: MethodRouter<Arc<Shared>> = match method {
            "POST" => post(handler),
            "PUT" => put(handler),
            _ => get(handler),
        };
        router = router.route(&format!("/api/v2{path}"), route);
    }
    router.fallback(no_such_path).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(shared)
}

async fn no_such_path() -> Response {
    answer::json(StatusCode::NOT_FOUND, &json!({"message": "The stand-in has nothing at this address."}))
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let router = router(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Also when the simulator was dropped without being stopped.
            _ = stop.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    shared.gauges.connections.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(converse(stream, router.clone(), stop.clone()));
                }
                Ok(_) => {}
                // Out of file descriptors, most likely: give the connections there are time to end.
                Err(_) => time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(STOP_PATIENCE, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// Serves one connection until it ends, is cut, or the server stops.
async fn converse(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Small answers should leave at once; if that cannot be had, they leave a little later.
    let _best_effort = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let Ok(response) = router.call(request).await;
            match response.extensions().get::<CutConnection>() {
                // An error here makes the connection end without an answer.
                Some(_) => Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // How a connection ended is the client's affair: errors are expected, not least those made on purpose.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

async fn save_now_and_then(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut ticks = time::interval(SAVE_INTERVAL);
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = ticks.tick() => {
                let shared = Arc::clone(&shared);
                // A failure shows when the simulator is stopped, if it lasts that long.
                let _result = tokio::task::spawn_blocking(move || shared.save()).await;
            }
        }
    }
}
