//! A tenant: everything one call of the component gets to see, and nothing else.

use std::sync::Arc;

use crate::{
    documents::Documents, erp::Erp, journal::Journal, limits::Limits, model::tenant::Settings, ocr::Ocr,
    policy::EgressPolicy, progress::Progress, secrets::Credentials,
};

/// What a host knows of a tenant. Cheap to clone; the component never sees the name or the credentials.
#[derive(Clone)]
pub struct Tenant {
    /// Name for logs and errors.
    pub name: String,
    /// Customers.
    pub erp: Arc<dyn Erp>,
    /// Certificate documents.
    pub documents: Arc<dyn Documents>,
    /// Text of documents.
    pub ocr: Arc<dyn Ocr>,
    /// Memory of runs.
    pub journal: Arc<dyn Journal>,
    /// Where progress goes.
    pub progress: Arc<dyn Progress>,
    /// What the component may know.
    pub settings: Settings,
    /// What it may reach.
    pub egress: EgressPolicy,
    /// As whom; added by the host after `egress` allowed a request.
    pub credentials: Credentials,
    /// What it may use up; only narrows the host's ceiling.
    pub limits: Limits,
    /// Held by a call that plans or writes, so that no two of them work for the tenant at once. All clones share it.
    pub turn: Turn,
}

/// One call at a time.
#[derive(Debug, Clone, Default)]
pub struct Turn(Arc<tokio::sync::Mutex<()>>);

impl Turn {
    /// Takes the turn, if nobody has it.
    pub(crate) fn take(&self) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        Arc::clone(&self.0).try_lock_owned().ok()
    }
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant")
            .field("name", &self.name)
            .field("egress", &self.egress)
            .finish_non_exhaustive()
    }
}
