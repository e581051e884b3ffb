//! The only way out: every request of a component goes through the gate here.
//!
//! In this order: the egress policy decides; the request is stripped to what a component may say; the credentials and
//! the client identification are added; a place among the requests in flight is taken; a pooled connection is used or
//! made, to an address that the policy judged; bodies are counted and capped in both directions; every wait has an
//! end. Redirects are not followed, because the place they lead to was not asked about.
//!
//! The connection pool is one per host process ([`HttpClient`]) and outlives calls. A denied request is answered on its
//! response future with `HTTP-request-denied`, like any other failure of a request, so that a component can report it;
//! the sentence for the operator is kept with the counters of the call.

mod body;
mod connect;

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, client::Resumption};
use tokio::{sync::Semaphore, time::timeout};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use self::{
    body::{ReceivedBody, SentBody},
    connect::{CheckedResolver, LookUp, Unhurried, WANTED, system, wasi_error},
};
use crate::{
    error::LoadError,
    limits::Limits,
    policy::{AddressPolicy, Allowed, CompanyPin, Denied, EgressPolicy},
    secrets::Credentials,
};

/// Identification that Avalara asks of every integration: application, its version, library, its version, machine.
const CLIENT: &str = concat!(
    "ecms-onboarding; ",
    env!("CARGO_PKG_VERSION"),
    "; host-harness; ",
    env!("CARGO_PKG_VERSION"),
    "; reference-host"
);
const CLIENT_HEADER: HeaderName = HeaderName::from_static("x-avalara-client");
/// Header fields a component may send; all others are left out.
const GUEST_HEADERS: [HeaderName; 3] = [header::ACCEPT, header::CONTENT_TYPE, header::CONTENT_LENGTH];
/// Header fields that belong to the host.
const HOST_HEADERS: [HeaderName; 5] =
    [header::AUTHORIZATION, header::COOKIE, header::TE, header::EXPECT, CLIENT_HEADER];
/// Idle connections are closed before a usual load balancer does it, so that few requests meet a closed one.
const IDLE: Duration = Duration::from_secs(50);
/// Denials kept of each call; the rest is only counted.
pub(crate) const KEPT_DENIALS: usize = 20;

type Pool = Client<Unhurried<HttpsConnector<HttpConnector<CheckedResolver>>>, SentBody>;

/// The pooled client of a host. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpClient {
    // Two pools, so that a connection opened for a tenant who may reach this machine never serves one who may not.
    public: Pool,
    with_loopback: Pool,
}

impl HttpClient {
    /// Makes the client. Connections are made when first needed.
    ///
    /// # Errors
    /// When the TLS library refuses its own settings.
    pub fn new(ceiling: &Limits) -> Result<Self, LoadError> {
        Ok(Self::with(ceiling, &system(), &secured()?))
    }

    /// With another look-up or another trust than a host has.
    fn with(ceiling: &Limits, look_up: &LookUp, tls: &ClientConfig) -> Self {
        Self {
            public: pool(AddressPolicy::Public, ceiling, look_up, tls),
            with_loopback: pool(AddressPolicy::PublicAndLoopback, ceiling, look_up, tls),
        }
    }

    fn pool(&self, addresses: AddressPolicy) -> &Pool {
        match addresses {
            AddressPolicy::Public => &self.public,
            AddressPolicy::PublicAndLoopback => &self.with_loopback,
        }
    }
}

/// TLS as the host speaks it: certificates are trusted that lead to one of Mozilla's authorities.
fn secured() -> Result<ClientConfig, LoadError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| LoadError::Client { reason: error.to_string() })?
        .with_webpki_roots()
        .with_no_client_auth())
}

fn pool(addresses: AddressPolicy, ceiling: &Limits, look_up: &LookUp, tls: &ClientConfig) -> Pool {
    let resolver = CheckedResolver { look_up: Arc::clone(look_up), addresses };
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(ceiling.connect_timeout));
    // The client waits without end for the other side to take what is written, even after its request was given up.
    // Nothing sent is worth waiting for longer than an answer is waited for.
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(ceiling.first_byte_timeout));
    // Sessions are taken up again within a pool, as its connections are, and not across.
    let mut tls = tls.clone();
    tls.resumption = Resumption::default();
    let tls =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(ceiling.in_flight)
        // The client wants at least 8 KiB for a response head.
        .http1_max_buf_size(ceiling.header_bytes.max(8 * 1024))
        .build(Unhurried(tls))
}

/// What a call sent and received.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) denials: AtomicU64,
    pub(crate) bytes_up: AtomicU64,
    pub(crate) bytes_down: AtomicU64,
    pub(crate) denied: Mutex<Vec<Denied>>,
}

impl Counters {
    fn deny(&self, denied: Denied) {
        self.denials.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_DENIALS {
            kept.push(denied);
        }
    }

    /// The denials that were kept, which are no longer kept then.
    pub(crate) fn take_denied(&self) -> Vec<Denied> {
        std::mem::take(&mut *self.denied.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The way out of one call.
pub(crate) struct Gate {
    client: HttpClient,
    policy: EgressPolicy,
    pin: Arc<CompanyPin>,
    credentials: Credentials,
    limits: Limits,
    places: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Gate {
    pub(crate) fn new(
        client: HttpClient,
        policy: EgressPolicy,
        company_code: &str,
        credentials: Credentials,
        limits: Limits,
    ) -> Self {
        Self {
            client,
            policy,
            pin: Arc::new(CompanyPin::new(company_code)),
            credentials,
            limits,
            places: Arc::new(Semaphore::new(limits.in_flight.min(Semaphore::MAX_PERMITS))),
            counters: Arc::default(),
        }
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Decides about a request and dresses it. Nothing has been sent when this returns.
    fn admit(&self, request: &mut Request<WasiBody>) -> Result<Allowed, Error> {
        // Judged before anything else is done with it: the text of a path is the component's.
        if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > self.limits.url_bytes)
        {
            return Err(Error::HttpRequestUriTooLong);
        }
        let allowed = self.policy.check(request.method(), request.uri(), &self.pin).map_err(|denied| {
            self.counters.deny(denied);
            Error::HttpRequestDenied
        })?;
        let fields = request.headers();
        if let Some(size) = beyond(fields, self.limits.header_bytes) {
            return Err(Error::HttpRequestHeaderSectionSize(Some(size)));
        }
        if let Some(declared) = declared_length(fields)
            && declared > self.limits.request_body_bytes
        {
            return Err(Error::HttpRequestBodySize(Some(declared)));
        }
        // Only what an AvaTax call needs. Others could make a gateway act on another method or path than was judged, and
        // the client writes `Host` from the address that was judged.
        let said = std::mem::take(request.headers_mut());
        let headers = request.headers_mut();
        for name in GUEST_HEADERS {
            if let Some(value) = said.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        if allowed != Allowed::Elsewhere {
            headers.insert(CLIENT_HEADER, HeaderValue::from_static(CLIENT));
            headers.insert(header::AUTHORIZATION, self.credentials.authorization());
        }
        Ok(allowed)
    }
}

impl WasiHttpHooks for Gate {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| DEFAULT_FORBIDDEN_HEADERS.contains(name) || HOST_HEADERS.contains(name))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }

    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let allowed = match self.admit(&mut request) {
            Ok(allowed) => allowed,
            Err(error) => return Box::new(std::future::ready(Err(error))),
        };
        let exchange = Exchange {
            pool: self.client.pool(self.policy.addresses()).clone(),
            times: Times::effective(options, &self.limits),
            response_body_bytes: self.limits.response_body_bytes,
            request_body_bytes: self.limits.request_body_bytes,
            header_bytes: self.limits.header_bytes,
            places: Arc::clone(&self.places),
            counters: Arc::clone(&self.counters),
            learning: (allowed == Allowed::CompanyQuery).then(|| Arc::clone(&self.pin)),
        };
        Box::new(exchange.run(request))
    }
}

type Exchanged = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// How long a request may wait for what; a component can only shorten.
struct Times {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Times {
    fn effective(options: Option<RequestOptions>, limits: &Limits) -> Self {
        let options = options.unwrap_or_default();
        let shorter =
            |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |asked| asked.min(limit));
        Self {
            connect: shorter(options.connect_timeout, limits.connect_timeout),
            first_byte: shorter(options.first_byte_timeout, limits.first_byte_timeout),
            between_bytes: shorter(options.between_bytes_timeout, limits.between_bytes_timeout),
        }
    }
}

/// One admitted request, owned, so that it runs while the component does other things.
struct Exchange {
    pool: Pool,
    times: Times,
    request_body_bytes: u64,
    response_body_bytes: u64,
    header_bytes: usize,
    places: Arc<Semaphore>,
    counters: Arc<Counters>,
    learning: Option<Arc<CompanyPin>>,
}

impl Exchange {
    async fn run(self, request: Request<WasiBody>) -> Result<Exchanged, Error> {
        let place = match timeout(self.times.first_byte, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => place,
            // All places are held by responses that the component does not read.
            Ok(Err(_)) | Err(_) => return Err(Error::ConnectionLimitReached),
        };
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let (head, body) = request.into_parts();
        let (method, uri) = (head.method.clone(), head.uri.clone());
        let (body, hold) = SentBody::new(body, self.request_body_bytes, Arc::clone(&self.counters));
        let response = self.head(Request::from_parts(head, body)).await;
        let response = response.map_err(|error| {
            if matches!(error, Error::DestinationIpProhibited) {
                self.counters.deny(Denied::for_its_address(&method, &uri));
            }
            if hold.is_over() { Error::HttpRequestBodySize(None) } else { error }
        })?;
        // The client knows the ceiling of the host, not what this tenant may have.
        if let Some(size) = beyond(response.headers(), self.header_bytes) {
            return Err(Error::HttpResponseHeaderSectionSize(Some(size)));
        }
        if let Some(declared) = declared_length(response.headers())
            && declared > self.response_body_bytes
        {
            return Err(Error::HttpResponseBodySize(Some(declared)));
        }
        // The rest of the body may be on its way still, because a server need not wait for it.
        hold.release();
        let learning = self.learning.filter(|_| response.status().is_success());
        let response = response.map(|incoming| {
            let body = ReceivedBody::new(
                incoming,
                self.response_body_bytes,
                self.times.between_bytes,
                self.counters,
                place,
            );
            match learning {
                Some(pin) => body.teaching(pin).boxed_unsync(),
                None => body.boxed_unsync(),
            }
        });
        Ok((response, Box::new(std::future::ready(Ok(())))))
    }

    /// Sends the request and waits for the head of the response, with one limit until there is a connection and
    /// another from then on.
    async fn head(&self, mut request: Request<SentBody>) -> Result<Response<hyper::body::Incoming>, Error> {
        let mut connection = capture_connection(&mut request);
        let mut response = pin!(WANTED.scope(connection.clone(), self.pool.request(request)));
        let connected = timeout(self.times.connect, async {
            tokio::select! {
                // Asked first, so that a failure to connect is not waited out.
                biased;
                response = &mut response => Some(response),
                _ = connection.wait_for_connection_metadata() => None,
            }
        });
        let response = match connected.await.map_err(|_| Error::ConnectionTimeout)? {
            Some(early) => early,
            None => {
                timeout(self.times.first_byte, response).await.map_err(|_| Error::ConnectionReadTimeout)?
            }
        };
        response.map_err(|error| wasi_error(&error))
    }
}

/// Size of all fields together, as they are written, if it is more than `most`.
fn beyond(fields: &http::HeaderMap, most: usize) -> Option<u32> {
    let size: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (size > most).then(|| u32::try_from(size).unwrap_or(u32::MAX))
}

fn declared_length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
