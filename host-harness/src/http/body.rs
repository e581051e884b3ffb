//! Bodies under watch: counted, capped, and given up on when they fall silent.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};
use wasmtime_wasi_http::{Error, WasiBody};

use super::{Counters, connect::wasi_hyper_error};
use crate::policy::CompanyPin;

/// Most bytes of a company list that are kept for learning the company id.
const MAX_COMPANY_LIST: usize = 4 << 20;

/// A request body on its way out.
pub(super) struct SentBody {
    inner: Slot,
    left: u64,
    counters: Arc<Counters>,
    /// Set when the cap was hit, because the client reports a failed body only in general terms.
    over: Arc<AtomicBool>,
}

/// What the component writes, until it is taken away.
type Slot = Arc<Mutex<Option<WasiBody>>>;

/// Takes a request body away from the client when nobody waits for the answer any more.
///
/// A client whose other side does not read keeps the body for as long as the connection lasts, and with it the component,
/// which waits for room to write on.
pub(super) struct Hold {
    inner: Option<Slot>,
    over: Arc<AtomicBool>,
}

impl Hold {
    /// Whether more was written than allowed.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Leaves the body where it is.
    pub(super) fn release(mut self) {
        self.inner = None;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(slot) = &self.inner {
            drop(slot.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

impl SentBody {
    /// A body of at most `max` bytes, and the hold that its exchange has on it.
    pub(super) fn new(body: WasiBody, max: u64, counters: Arc<Counters>) -> (Self, Hold) {
        let (inner, over) = (Arc::new(Mutex::new(Some(body))), Arc::new(AtomicBool::new(false)));
        let hold = Hold { inner: Some(Arc::clone(&inner)), over: Arc::clone(&over) };
        (Self { inner, left: max, counters, over }, hold)
    }

    fn with<T>(&self, look: impl FnOnce(Option<&mut WasiBody>) -> T) -> T {
        look(self.inner.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        // A body that was taken away must not look like one that has ended: what was sent of it is not all of it.
        let polled = this.with(|body| match body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(Some(Err(Error::ConnectionTerminated))),
        });
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let size = data.len() as u64;
            let Some(left) = this.left.checked_sub(size) else {
                this.over.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))));
            };
            this.left = left;
            this.counters.bytes_up.fetch_add(size, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_some_and(|body| body.is_end_stream()))
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.map_or_else(SizeHint::default, |body| body.size_hint()))
    }
}

/// A response body on its way in. It keeps its place among the requests in flight until it ends or is dropped.
pub(super) struct ReceivedBody {
    inner: Incoming,
    left: u64,
    max: u64,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
    counters: Arc<Counters>,
    company: Option<(Arc<CompanyPin>, Vec<u8>)>,
    permit: Option<OwnedSemaphorePermit>,
}

impl ReceivedBody {
    pub(super) fn new(
        inner: Incoming,
        max: u64,
        patience: Duration,
        counters: Arc<Counters>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let silence = Box::pin(tokio::time::sleep(patience));
        Self { inner, left: max, max, patience, silence, counters, company: None, permit: Some(permit) }
    }

    /// Also learns the company id from this body.
    pub(super) fn teaching(mut self, pin: Arc<CompanyPin>) -> Self {
        self.company = Some((pin, Vec::new()));
        self
    }

    fn take(&mut self, data: &Bytes) -> Result<(), Error> {
        let size = data.len() as u64;
        self.left = self.left.checked_sub(size).ok_or(Error::HttpResponseBodySize(Some(self.max)))?;
        self.counters.bytes_down.fetch_add(size, Ordering::Relaxed);
        match &mut self.company {
            Some((_, kept)) if kept.len() + data.len() <= MAX_COMPANY_LIST => kept.extend_from_slice(data),
            // Too long to be the answer to a query for one company: nothing is learnt from it.
            _ => self.company = None,
        }
        Ok(())
    }

    fn end(&mut self) {
        self.permit = None;
        if let Some((pin, kept)) = self.company.take() {
            pin.learn(&kept);
        }
    }
}

impl Body for ReceivedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(None) => {
                this.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(wasi_hyper_error(&error)))),
            Poll::Ready(Some(Ok(frame))) => {
                // Without an end where there is no such time.
                if let Some(end) = Instant::now().checked_add(this.patience) {
                    this.silence.as_mut().reset(end);
                }
                if let Some(data) = frame.data_ref() {
                    if let Err(error) = this.take(data) {
                        return Poll::Ready(Some(Err(error)));
                    }
                    // A reader that knows the length need not ask for the end.
                    if this.inner.is_end_stream() {
                        this.end();
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => match this.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
