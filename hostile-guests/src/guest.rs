//! The component: what is exported, and how a behaviour is picked.
//!
//! Every export does the same: it looks up the behaviour that the settings name and ends with what that came to. Most
//! end with words, as the text of an error, because a text is the plainest way to tell a test what a guest got to see.

mod ask;
mod bindings;
mod conduct;
mod http;
mod isolation;
mod policy;

use bindings::{
    ecms::onboarding::{erp::Description, tenant},
    exports::ecms::onboarding::onboarding::{
        Action, Analysis, CertificateOption, CertificateRole, Error, Guest, Plan, Preflight, Provisioning,
        RunReport,
    },
};

/// What the host told the guest.
pub(crate) struct Orders {
    /// `host:port` of the allowed service.
    pub(crate) authority: String,
    /// Whether that service is asked with encryption.
    pub(crate) https: bool,
    /// Anything else the behaviour needs.
    pub(crate) arguments: Vec<String>,
}

impl Orders {
    /// The argument at a place, or nothing.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }

    /// The same as a number; zero where there is none.
    pub(crate) fn number(&self, at: usize) -> u64 {
        self.text(at).parse().unwrap_or_default()
    }
}

/// How a behaviour ends.
pub(crate) enum Ending {
    /// With something to tell.
    Words(String),
    /// With a report about customers; a call that has no such report ends with a run report of the same texts.
    Analysis(Analysis),
    /// With a plan of this digest.
    Digest(String),
}

macro_rules! dispatch {
    ($($group:ident { $($name:ident,)* })*) => {
        fn act(name: &str, orders: &Orders) -> Ending {
            match name {
                $($(stringify!($name) => $group::$name(orders),)*)*
                unknown => Ending::Words(format!("there is no behaviour {unknown}")),
            }
        }
    };
}
crate::for_each_behaviour!(dispatch);

fn run() -> Ending {
    let settings = tenant::get_settings();
    let https = settings.base_url.starts_with("https://");
    let authority = settings.base_url.rsplit('/').next().unwrap_or_default().to_owned();
    act(&settings.cover_letter, &Orders { authority, https, arguments: settings.seller_names })
}

fn source() -> Description {
    Description {
        product: String::new(),
        adapter: String::new(),
        exemption_fields: Vec::new(),
        customers: None,
    }
}

/// An analysis that says nothing.
pub(crate) fn empty_analysis() -> Analysis {
    Analysis {
        source: source(),
        total: 0,
        exempt: 0,
        taxable: 0,
        unknown: 0,
        out_of_use: 0,
        unreadable: 0,
        creatable: 0,
        invitable: 0,
        by_strength: Vec::new(),
        by_evidence: Vec::new(),
        by_region: Vec::new(),
        obstacles: Vec::new(),
    }
}

fn report(of: Ending) -> Result<RunReport, Error> {
    let (source, obstacles, plan) = match of {
        Ending::Words(words) => return Err(Error::InvalidRequest(words)),
        Ending::Analysis(analysis) => (analysis.source, analysis.obstacles, None),
        Ending::Digest(digest) => {
            (source(), Vec::new(), Some(Plan { digest, writes: 0, certificates: 0, invitations: 0 }))
        }
    };
    Ok(RunReport {
        preflight: Preflight {
            service_version: String::new(),
            authentication: String::new(),
            company_id: 0,
            company_name: String::new(),
            provisioning: Provisioning::Provisioned,
            certificate_role: CertificateRole::Unknown,
            source,
        },
        plan,
        decisions: Vec::new(),
        obstacles,
        outcomes: Vec::new(),
        coverage: Vec::new(),
        remaining: 0,
        stopped: false,
    })
}

struct Component;

impl Guest for Component {
    fn analyze() -> Result<Analysis, Error> {
        match run() {
            Ending::Words(words) => Err(Error::InvalidRequest(words)),
            Ending::Analysis(analysis) => Ok(analysis),
            Ending::Digest(digest) => Err(Error::InvalidRequest(digest)),
        }
    }

    fn sync(_action: Action) -> Result<RunReport, Error> {
        report(run())
    }

    fn onboard_certificates(_option: CertificateOption, _action: Action) -> Result<RunReport, Error> {
        report(run())
    }
}

/// The raw exports, generated.
mod raw {
    #![expect(unsafe_code, reason = "generated; the canonical ABI passes pointers")]
    #![expect(unreachable_pub, reason = "generated")]
    use super::Component;

    super::bindings::export!(Component);
}
