//! The operations of the API: their official names, their paths, and what each of them does.
//!
//! One table ties name, method and path together; the router is built from it, faults and counters use its names. The
//! router matches on the encoded path and decodes each part afterwards, so a customer code with a slash stays one part.

use serde_json::{Value, json};

use crate::{
    call::{Call, Identity, Setting, stamp},
    certificates,
    config::Role,
    customers,
    error::{AUTHORIZATION, ApiError, ApiResult},
    filter::{Record, Scalar, Schema},
    invitations, links,
    list::{self, DEFAULT_PAGE},
    view::View,
    world::{Company, EffectKind, Setup, Subject, World},
};

macro_rules! operations {
    ($($name:ident $method:literal $path:literal),* $(,)?) => {
        /// An operation, by its official name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($name,)*
        }

        impl Operation {
            /// Every operation with its method and its path under `/api/v2`.
            pub(crate) const TABLE: &[(Self, &'static str, &'static str)] = &[$((Self::$name, $method, $path)),*];

            /// The official name.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

operations! {
    Ping "GET" "/utilities/ping",
    ListMySubscriptions "GET" "/utilities/subscriptions",
    QueryCompanies "GET" "/companies",
    GetCertificateSetup "GET" "/companies/{company}/certificates/setup",
    RequestCertificateSetup "POST" "/companies/{company}/certificates/setup",
    QueryCustomers "GET" "/companies/{company}/customers",
    CreateCustomers "POST" "/companies/{company}/customers",
    GetCustomer "GET" "/companies/{company}/customers/{code}",
    UpdateCustomer "PUT" "/companies/{company}/customers/{code}",
    ListCertificatesForCustomer "GET" "/companies/{company}/customers/{code}/certificates",
    ListValidCertificatesForCustomer "GET" "/companies/{company}/customers/{code}/certificates/{country}/{region}",
    LinkCertificatesToCustomer "POST" "/companies/{company}/customers/{code}/certificates/link",
    UnlinkCertificatesFromCustomer "POST" "/companies/{company}/customers/{code}/certificates/unlink",
    QueryCertificates "GET" "/companies/{company}/certificates",
    CreateCertificates "POST" "/companies/{company}/certificates",
    GetCertificate "GET" "/companies/{company}/certificates/{id}",
    UploadCertificateImage "POST" "/companies/{company}/certificates/{id}/attachment",
    ListCustomersForCertificate "GET" "/companies/{company}/certificates/{id}/customers",
    LinkCustomersToCertificate "POST" "/companies/{company}/certificates/{id}/customers/link",
    UnlinkCustomersFromCertificate "POST" "/companies/{company}/certificates/{id}/customers/unlink",
    CreateCertExpressInvitation "POST" "/companies/{company}/customers/{code}/certexpressinvites",
    GetCertExpressInvitation "GET" "/companies/{company}/customers/{code}/certexpressinvites/{id}",
    ListCertExpressInvitations "GET" "/companies/{company}/certexpressinvites",
    ListCertificateExemptReasons "GET" "/definitions/certificateexemptreasons",
    ListCertificateExposureZones "GET" "/definitions/certificateexposurezones",
    ListCertificateAttributes "GET" "/definitions/certificateattributes",
    ListCoverLetters "GET" "/definitions/coverletters",
    ListEntityUseCodes "GET" "/definitions/entityusecodes",
    ListCountries "GET" "/definitions/countries",
    ListRegions "GET" "/definitions/regions",
    ListRegionsByCountry "GET" "/definitions/countries/{country}/regions",
}

impl Operation {
    /// The operation with the official name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().map(|(operation, ..)| *operation).find(|operation| operation.name() == name)
    }

    /// Lists that are read page by page.
    pub(crate) fn is_list(self) -> bool {
        self.is_moving_list()
            || self.is_ecms_definition()
            || matches!(
                self,
                Self::ListMySubscriptions
                    | Self::QueryCompanies
                    | Self::ListCertificatesForCustomer
                    | Self::ListEntityUseCodes
                    | Self::ListCountries
                    | Self::ListRegions
                    | Self::ListRegionsByCountry
            )
    }

    /// Lists of a company's records, whose rows come and go.
    pub(crate) fn is_moving_list(self) -> bool {
        matches!(self, Self::QueryCustomers | Self::QueryCertificates | Self::ListCertExpressInvitations)
    }

    /// Whether it works on the records of one company.
    pub(crate) fn is_of_company(self) -> bool {
        Self::TABLE
            .iter()
            .any(|(operation, _, path)| *operation == self && path.starts_with("/companies/{company}/"))
    }

    /// Definitions that live where certificates live, and are missing before the set-up as well.
    fn is_ecms_definition(self) -> bool {
        matches!(
            self,
            Self::ListCertificateExemptReasons
                | Self::ListCertificateExposureZones
                | Self::ListCertificateAttributes
                | Self::ListCoverLetters
        )
    }

    /// Does what was asked.
    pub(crate) fn perform(self, setting: &Setting, world: &mut World, call: &Call) -> ApiResult<Value> {
        let definitions = &setting.definitions;
        if self.is_ecms_definition() {
            any_set_up(world, call)?;
        }
        match self {
            Self::Ping => Ok(ping(setting, call)),
            Self::ListMySubscriptions => subscriptions(setting, call),
            Self::QueryCompanies => companies(setting, world, call),
            Self::ListCertificateExemptReasons => definitions.list_reasons(call),
            Self::ListCertificateExposureZones => definitions.list_zones(call),
            Self::ListCertificateAttributes => definitions.list_attributes(call),
            Self::ListCoverLetters => definitions.list_cover_letters(call),
            Self::ListEntityUseCodes => definitions.list_entity_use_codes(call),
            Self::ListCountries => definitions.list_countries(call),
            Self::ListRegions => definitions.list_regions(call),
            Self::ListRegionsByCountry => definitions.list_regions_by_country(call),
            _ => self.perform_in_company(setting, world, call),
        }
    }

    fn perform_in_company(self, setting: &Setting, world: &mut World, call: &Call) -> ApiResult<Value> {
        let mut books = world.company(call.number("company", "company")?)?;
        match self {
            Self::GetCertificateSetup => return Ok(setup_answer(setting, books.company, call)),
            Self::RequestCertificateSetup => {
                if books.company.setup == Setup::NotProvisioned {
                    let ready = call.now.checked_add(setting.config.setup_delay).unwrap_or(call.now);
                    books.company.setup = Setup::Provisioned(ready);
                    let company = books.company.id;
                    books.log.push(
                        call.now,
                        self.name(),
                        company,
                        EffectKind::SetupRequested,
                        Subject::default(),
                    );
                }
                return Ok(setup_answer(setting, books.company, call));
            }
            // The right to create is looked at before the set-up and before the body.
            Self::CreateCertificates if setting.config.role != Role::Admin => return Err(role_missing(self)),
            _ => {}
        }
        books.company.need_setup(call.now)?;
        let view = View::reading(books.company, call.now);
        match self {
            Self::QueryCustomers => customers::query(setting, view, call),
            Self::GetCustomer => customers::get(setting, view, call),
            Self::ListCertificatesForCustomer => customers::certificates_of(setting, view, call),
            Self::ListValidCertificatesForCustomer => links::coverage(setting, view, call),
            Self::QueryCertificates => certificates::query(setting, view, call),
            Self::GetCertificate => certificates::get(setting, view, call),
            Self::ListCustomersForCertificate => links::customers_of(view, call),
            Self::GetCertExpressInvitation => invitations::get(setting, view, call),
            Self::ListCertExpressInvitations => invitations::query(setting, view, call),
            Self::CreateCustomers => customers::create(setting, &mut books, call),
            Self::UpdateCustomer => customers::update(&mut books, call),
            Self::CreateCertificates => certificates::create(setting, &mut books, call),
            Self::UploadCertificateImage => links::attach(&mut books, call),
            Self::LinkCertificatesToCustomer => {
                links::certificates(setting, &mut books, call, self.name(), true)
            }
            Self::UnlinkCertificatesFromCustomer => {
                links::certificates(setting, &mut books, call, self.name(), false)
            }
            Self::LinkCustomersToCertificate => {
                links::customers(setting, &mut books, call, self.name(), true)
            }
            Self::UnlinkCustomersFromCertificate => {
                links::customers(setting, &mut books, call, self.name(), false)
            }
            Self::CreateCertExpressInvitation => invitations::create(setting, &mut books, call),
            // Everything without a company was answered before.
            other => Err(ApiError::not_found("operation", other.name())),
        }
    }
}

fn role_missing(operation: Operation) -> ApiError {
    ApiError::new(
        axum::http::StatusCode::FORBIDDEN,
        AUTHORIZATION,
        "This is not allowed.",
        format!("The role of this credential does not allow {}.", operation.name()),
    )
}

fn any_set_up(world: &World, call: &Call) -> ApiResult<()> {
    let mut result = Ok(());
    for company in world.companies.values() {
        result = company.need_setup(call.now);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn account_number(setting: &Setting) -> u64 {
    setting.config.account.parse().unwrap_or(0)
}

fn ping(setting: &Setting, call: &Call) -> Value {
    let Some(identity) = call.identity else {
        return json!({"version": VERSION, "authenticated": false, "authenticationType": "None"});
    };
    let kind = match identity {
        Identity::LicenseKey => "AccountIdLicenseKey",
        Identity::Bearer => "OpenIdBearerToken",
    };
    json!({
        "version": VERSION,
        "authenticated": true,
        "authenticationType": kind,
        "authenticatedUserName": "simulated user",
        "authenticatedUserId": 1,
        "authenticatedAccountId": account_number(setting),
        "authenticatedCompanyId": setting.config.companies.first().map(|company| company.id),
    })
}

/// API version that the stand-in follows.
const VERSION: &str = "26.6.0";

fn setup_answer(setting: &Setting, company: &Company, call: &Call) -> Value {
    let status = company.setup_status(call.now);
    json!({"status": status, "accountId": account_number(setting), "companyId": company.id})
}

const COMPANIES: Schema = Schema {
    list: "QueryCompanies",
    fields: &[
        "id",
        "accountId",
        "companyCode",
        "name",
        "isDefault",
        "isActive",
        "createdDate",
        "modifiedDate",
    ],
    refused: &[
        "contacts",
        "items",
        "locations",
        "nexus",
        "settings",
        "taxCodes",
        "taxRules",
        "upcs",
        "parameters",
    ],
};

struct CompanyRow {
    id: u64,
    shown: Value,
}

impl Record for CompanyRow {
    fn field(&self, name: &str) -> Scalar<'_> {
        if name == "id" { customers::number(self.id) } else { self.shown.field(name) }
    }
}

fn companies(setting: &Setting, world: &World, call: &Call) -> ApiResult<Value> {
    let first = setting.config.companies.first().map(|company| company.id);
    let rows: Vec<CompanyRow> = world
        .companies
        .values()
        .map(|company| CompanyRow {
            id: company.id,
            shown: json!({
                "id": company.id,
                "accountId": account_number(setting),
                "companyCode": company.code,
                "name": company.name,
                "isDefault": first == Some(company.id),
                "isActive": true,
                "hasProfile": true,
                "isReportingEntity": true,
                "defaultCountry": "US",
                "baseCurrencyCode": "USD",
                "isTest": true,
                "createdDate": CREATED,
                "modifiedDate": CREATED,
            }),
        })
        .collect();
    list::answer(call, &COMPANIES, DEFAULT_PAGE, rows.iter(), |row| row.shown.clone())
}

const CREATED: &str = "2020-01-01T00:00:00.000";

const SUBSCRIPTIONS: Schema = Schema {
    list: "ListMySubscriptions",
    fields: &["id", "accountId", "subscriptionTypeId", "subscriptionDescription", "effectiveDate", "endDate"],
    refused: &[],
};

fn subscriptions(setting: &Setting, call: &Call) -> ApiResult<Value> {
    let rows: Vec<Value> = [(1, 33, "AvaTaxPro"), (2, 60, "ECMPro")]
        .into_iter()
        .map(|(id, kind, name)| {
            json!({
                "id": id,
                "accountId": account_number(setting),
                "subscriptionTypeId": kind,
                "subscriptionDescription": name,
                "effectiveDate": CREATED,
                "endDate": null,
                "createdDate": CREATED,
                "modifiedDate": stamp(call.now),
            })
        })
        .collect();
    list::answer(call, &SUBSCRIPTIONS, DEFAULT_PAGE, rows.iter(), Value::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_operation() {
        for (operation, ..) in Operation::TABLE {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
        }
        assert_eq!(Operation::from_name("createcustomers"), None);
    }
}
