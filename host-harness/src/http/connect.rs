//! Connecting: names are resolved under the address policy, and failures get their WASI names.
//!
//! The resolver is the last place before a socket is opened, so a name that changes its address between two look-ups
//! gains nothing: what is connected to is what was judged.
//!
//! The client takes a connection back a moment after the body that was read from it has ended. Who asks within this
//! moment would get a new one, and more would be open than requests were ever in flight. So whoever finds none waits a
//! little before connecting ([`Unhurried`]).

use std::{
    error::Error as StdError,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::client::legacy::connect::{
    CaptureConnection,
    dns::{GaiResolver, Name},
};
use tokio::time::timeout;
use tower_service::Service;
use wasmtime_wasi_http::Error;

use crate::policy::AddressPolicy;

/// Why a name gave no usable address.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("the name {0} could not be resolved: {1}")]
    Unknown(String, #[source] io::Error),
    #[error("the name {0} leads only to addresses that are not public")]
    Prohibited(String),
}

/// Looks a name up. A function of its own, so that tests can answer like the name server of an attacker.
pub(super) type LookUp =
    Arc<dyn Fn(Name) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> + Send + Sync>;

/// The look-up of the operating system.
pub(super) fn system() -> LookUp {
    Arc::new(|name| Box::pin(async move { Ok(GaiResolver::new().call(name).await?.collect()) }))
}

/// Resolves names and passes on only the addresses that may be connected to.
#[derive(Clone)]
pub(super) struct CheckedResolver {
    pub(super) look_up: LookUp,
    pub(super) addresses: AddressPolicy,
}

impl Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // A look-up can be begun at any time.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.as_str().to_owned();
        let addresses = self.addresses;
        let found = (self.look_up)(name);
        Box::pin(async move {
            let found = found.await.map_err(|error| ResolveError::Unknown(host.clone(), error))?;
            let permitted: Vec<_> =
                found.into_iter().filter(|socket| addresses.permits(socket.ip())).collect();
            if permitted.is_empty() { Err(ResolveError::Prohibited(host)) } else { Ok(permitted.into_iter()) }
        })
    }
}

tokio::task_local! {
    /// The connection that the request under way gets.
    pub(super) static WANTED: CaptureConnection;
}

/// How long a returning connection is waited for. Much less than making one takes over a network.
const RETURNING: Duration = Duration::from_millis(5);

/// A connector that first sees whether the request gets a connection without it.
#[derive(Debug, Clone)]
pub(super) struct Unhurried<C>(pub(super) C);

/// The request has a connection, or nobody waits for it any more.
#[derive(Debug, thiserror::Error)]
#[error("no further connection is needed")]
struct Unneeded;

type BoxError = Box<dyn StdError + Send + Sync>;

impl<C> Service<Uri> for Unhurried<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, place: Uri) -> Self::Future {
        // The connector that was found ready is the one to call.
        let next = self.0.clone();
        let mut connector = std::mem::replace(&mut self.0, next);
        let wanted = WANTED.try_with(Clone::clone);
        Box::pin(async move {
            if let Ok(mut wanted) = wanted
                // One that it had was closed by the other side; the client tries once more.
                && wanted.connection_metadata().is_none()
                && timeout(RETURNING, wanted.wait_for_connection_metadata()).await.is_ok()
            {
                return Err(Unneeded.into());
            }
            connector.call(place).await.map_err(Into::into)
        })
    }
}

/// What a failure of the client is called in WASI. A component may take the names of connecting as "surely not sent"
/// and has to take all others as "perhaps received".
pub(super) fn wasi_error(error: &hyper_util::client::legacy::Error) -> Error {
    match find::<ResolveError>(error) {
        Some(ResolveError::Prohibited(_)) => return Error::DestinationIpProhibited,
        Some(ResolveError::Unknown(..)) => return Error::DnsError { rcode: None, info_code: None },
        None => {}
    }
    if error.is_connect() {
        match find::<rustls::Error>(error) {
            Some(rustls::Error::InvalidCertificate(_)) => return Error::TlsCertificateError,
            Some(_) => return Error::TlsProtocolError,
            None => {}
        }
        return match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
                Error::DestinationIpUnroutable
            }
            _ => Error::ConnectionRefused,
        };
    }
    find::<hyper::Error>(error).map_or(Error::ConnectionTerminated, wasi_hyper_error)
}

/// The same for failures inside an exchange.
pub(super) fn wasi_hyper_error(error: &hyper::Error) -> Error {
    if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else if error.is_incomplete_message() || error.is_body_write_aborted() {
        Error::HttpResponseIncomplete
    } else {
        Error::ConnectionTerminated
    }
}

/// The first `T` among an error and its sources. An `io::Error` hides the error it carries from `source`, so it is
/// opened by hand.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        current = match carried {
            Some(carried) => Some(carried as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}
