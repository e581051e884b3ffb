//! Customers from QuickBooks Online, as the XML answers of its customer query.
//!
//! A file may hold one answer or several pages one after the other; a folder may hold many such files, and answers to
//! other questions, which are passed over: of a folder only the customers inside a `QueryResponse` count, and not those of
//! a change log. Each `Customer` element is flattened to paths such as `BillAddr/City` and then mapped. A customer that comes twice is taken with the
//! higher `SyncToken`, which QuickBooks raises with every change. "Not taxable" is the default of companies that do not
//! collect tax, so by itself it is weak evidence; a resale number or an exemption reason is strong. QuickBooks masks
//! tax ids in answers; they are passed on masked, as the contract says.

use std::{collections::BTreeMap, io::BufRead, path::Path};

use super::{
    ErpOpenError,
    memory::MemoryErp,
    posture::{self, Fact},
    text,
    xml::{self, Held, Piece},
};
use crate::model::erp::{
    Address, AddressUse, BadRow, Customer, Description, EvidenceKind, Exemption, Lifecycle, Row,
};

/// Most fields of a customer that are kept; a full one has about eighty.
const MAX_FIELDS: usize = 500;
/// Most customers of all files together.
const MAX_CUSTOMERS: usize = 1_000_000;
/// Most bytes of a field before it is mapped.
const MAX_TEXT: usize = 4000;
/// Most bytes of all fields of a customer; a full one has about four thousand.
const MAX_CUSTOMER: usize = 256 * 1024;

type Fields = BTreeMap<String, String>;

/// Reads one file or a folder of files. Blocking.
pub fn read(path: &Path) -> Result<MemoryErp, ErpOpenError> {
    let mut collector = Collector { queries_only: path.is_dir(), ..Collector::default() };
    for file in xml::files(path)? {
        collector.load(&file, xml::open(&file)?)?;
    }
    collector.finish(path)
}

/// Reads one text of answers, whatever they answer; `name` is for errors.
pub fn parse(text: impl BufRead, name: &Path) -> Result<MemoryErp, ErpOpenError> {
    let mut collector = Collector::default();
    collector.load(name, text)?;
    collector.finish(name)
}

#[derive(Default)]
struct Collector {
    /// Names of the open elements.
    path: Vec<String>,
    /// The `Customer` element that is being read.
    current: Option<Current>,
    customers: BTreeMap<String, (u64, Row)>,
    bad: Vec<Row>,
    held: Held,
    /// Whether only answers of the customer query count.
    queries_only: bool,
    answered: bool,
    fault: bool,
}

/// A `Customer` element that is being read.
struct Current {
    /// Depth of the element.
    depth: usize,
    deleted: bool,
    fields: Fields,
    /// Bytes of names and values.
    bytes: usize,
}

impl Current {
    /// Adds text to a field. What is beyond the limits of a customer is not kept; [`Current::excess`] says so.
    fn add(&mut self, key: String, text: &str) {
        let is_new = !self.fields.contains_key(&key);
        let full = self.bytes > MAX_CUSTOMER || is_new && self.fields.len() > MAX_FIELDS;
        // What identifies a customer is kept, so that the row can be named.
        if full && key != "Id" {
            return;
        }
        self.bytes += if is_new { key.len() } else { 0 };
        let value = self.fields.entry(key).or_default();
        let before = value.len();
        let room = MAX_TEXT.saturating_sub(before);
        let end = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        value.push_str(text.get(..end).unwrap_or_default());
        self.bytes += value.len() - before;
    }

    /// Why it cannot be taken whole.
    fn excess(&self) -> Option<String> {
        if self.fields.len() > MAX_FIELDS {
            return Some(format!("a Customer has more than {MAX_FIELDS} fields"));
        }
        (self.bytes > MAX_CUSTOMER).then(|| format!("a Customer has more than {MAX_CUSTOMER} bytes of text"))
    }
}

impl Collector {
    fn load(&mut self, path: &Path, text: impl BufRead) -> Result<(), ErpOpenError> {
        self.path.clear();
        xml::stream(path, text, |piece| self.take(&piece))
    }

    fn finish(self, path: &Path) -> Result<MemoryErp, ErpOpenError> {
        if !self.answered {
            let message = if self.fault {
                "is a fault that QuickBooks answered, not a list of customers; run the query again"
            } else {
                "holds no answer of a QuickBooks customer query"
            };
            return Err(ErpOpenError::Unexpected { path: path.to_path_buf(), message: message.to_owned() });
        }
        let rows = self.customers.into_values().map(|(_, row)| row).chain(self.bad).collect();
        let description = Description {
            product: "QuickBooks Online".to_owned(),
            adapter: "quickbooks".to_owned(),
            exemption_fields: ["TaxExemptionReasonId", "ResaleNum", "Taxable"].map(str::to_owned).to_vec(),
            customers: None,
        };
        Ok(MemoryErp::new(description, rows))
    }

    fn take(&mut self, piece: &Piece<'_>) -> Result<(), String> {
        match piece {
            Piece::Open(element) => {
                let name: String = element.local_name().as_ref().chars().take(text::SHORT).collect();
                self.answered |= name == "QueryResponse" || name == "Customer" && !self.queries_only;
                self.fault |= name == "Fault";
                self.path.push(name);
                let inside = |wanted: &str| self.path.iter().any(|name| name == wanted);
                let counts = !self.queries_only || inside("QueryResponse") && !inside("CDCResponse");
                if counts && self.current.is_none() && self.path.last().is_some_and(|name| name == "Customer")
                {
                    let deleted =
                        xml::attribute(element, "status", text::SHORT)?.as_deref() == Some("Deleted");
                    let depth = self.path.len();
                    self.current = Some(Current { depth, deleted, fields: Fields::new(), bytes: 0 });
                }
                Ok(())
            }
            Piece::Text(text) => {
                if let Some(current) = &mut self.current
                    && self.path.len() > current.depth
                {
                    current.add(self.path.get(current.depth..).unwrap_or_default().join("/"), text);
                }
                Ok(())
            }
            Piece::Close => {
                if self.current.as_ref().is_some_and(|current| current.depth == self.path.len())
                    && let Some(current) = self.current.take()
                {
                    self.keep(&current)?;
                }
                self.path.pop();
                Ok(())
            }
        }
    }

    fn keep(&mut self, current: &Current) -> Result<(), String> {
        let Current { fields, deleted, bytes, .. } = current;
        self.held.add(*bytes)?;
        if self.customers.len() + self.bad.len() >= MAX_CUSTOMERS {
            return Err(format!("there are more than {MAX_CUSTOMERS} customers; split the export"));
        }
        let id = fields.get("Id").map(|id| id.trim().to_owned()).unwrap_or_default();
        if id.is_empty() || id.len() > text::ID_BYTES {
            let reason = format!("a Customer has no Id of 1 to {} bytes", text::ID_BYTES);
            self.bad.push(Row::Bad(BadRow { id: None, reason }));
            return Ok(());
        }
        let known = self.customers.get_mut(&id);
        if *deleted && let Some((_, Row::Customer(customer))) = known {
            // A deletion notice names the customer and little else, so what was read before stays.
            customer.lifecycle = Lifecycle::Inactive;
            return Ok(());
        }
        let token = fields.get("SyncToken").and_then(|token| token.trim().parse().ok()).unwrap_or(0);
        if known.is_none_or(|(before, _)| *before <= token) {
            let row = match current.excess() {
                Some(reason) => Row::Bad(BadRow { id: Some(id.clone()), reason }),
                None => {
                    let mut customer = customer(&id, fields);
                    if *deleted {
                        customer.lifecycle = Lifecycle::Inactive;
                    }
                    Row::Customer(customer)
                }
            };
            self.customers.insert(id, (token, row));
        }
        Ok(())
    }
}

fn customer(id: &str, fields: &Fields) -> Customer {
    let get = |name: &str, most| fields.get(name).and_then(|value| text::one_line(value, most));
    let charged = match get("Taxable", text::SHORT).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    let reason = get("TaxExemptionReasonId", text::SHORT);
    let number = get("ResaleNum", text::SHORT);
    let entity_use_code = reason.as_deref().map(|reason| entity_use_code(reason).to_owned());
    let mut facts = Vec::new();
    let mut fact = |kind, field, value: Option<String>| {
        if let Some(value) = value {
            facts.push(Fact { kind, field, value });
        }
    };
    fact(EvidenceKind::ResaleNumber, "ResaleNum", number.clone());
    fact(EvidenceKind::ExemptionReason, "TaxExemptionReasonId", reason.clone());
    fact(EvidenceKind::NonTaxableFlag, "Taxable", (charged == Some(false)).then(|| "false".to_owned()));
    let (posture, evidence) = posture::judge(charged, facts);
    let exemption = (reason.is_some() || number.is_some()).then(|| Exemption {
        exempt: true,
        country: None,
        region: None,
        reason,
        entity_use_code: entity_use_code.clone(),
        number,
        effective: None,
        expires: None,
    });
    let person = [get("GivenName", 150), get("MiddleName", 150), get("FamilyName", 150)];
    let person = text::one_line(&person.into_iter().flatten().collect::<Vec<_>>().join(" "), text::NAME);
    let display = get("DisplayName", text::CODE);
    Customer {
        id: id.to_owned(),
        name: get("CompanyName", text::NAME)
            .or_else(|| display.clone())
            .or_else(|| person.clone())
            .unwrap_or_default(),
        code: display.unwrap_or_default(),
        tax_engine_code: None,
        lifecycle: match get("Active", text::SHORT).as_deref() {
            Some("false") => Lifecycle::Inactive,
            _ => Lifecycle::Active,
        },
        email: get("PrimaryEmailAddr/Address", text::EMAIL),
        phone: get("PrimaryPhone/FreeFormNumber", text::SHORT)
            .or_else(|| get("Mobile/FreeFormNumber", text::SHORT)),
        fax: get("Fax/FreeFormNumber", text::SHORT),
        contact_name: person,
        addresses: addresses(fields),
        taxpayer_id: get("PrimaryTaxIdentifier", text::SHORT),
        posture,
        evidence,
        exemptions: exemption.into_iter().collect(),
        entity_use_code,
        parent: get("ParentRef", text::ID_BYTES),
    }
}

/// Billing and shipping address; one entry for both when they are the same.
fn addresses(fields: &Fields) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for (prefix, usage) in [("BillAddr", AddressUse::BILL_TO), ("ShipAddr", AddressUse::SHIP_TO)] {
        let get =
            |name: &str, most| fields.get(&format!("{prefix}/{name}")).and_then(|v| text::one_line(v, most));
        let more: Vec<_> =
            ["Line2", "Line3", "Line4", "Line5"].iter().filter_map(|n| get(n, text::LINE)).collect();
        let address = Address {
            usage: AddressUse::empty(),
            line1: get("Line1", text::LINE),
            line2: text::one_line(&more.join(", "), text::LINE),
            city: get("City", text::SHORT),
            region: get("CountrySubDivisionCode", text::SHORT),
            postal_code: get("PostalCode", text::SHORT),
            country: get("Country", text::SHORT),
        };
        let parts = [&address.line1, &address.city, &address.region, &address.postal_code, &address.country];
        if parts.iter().all(|part| part.is_none()) {
            continue;
        }
        match found
            .iter_mut()
            .find(|before| Address { usage: AddressUse::empty(), ..(*before).clone() } == address)
        {
            Some(same) => same.usage |= usage,
            None => found.push(Address { usage, ..address }),
        }
    }
    found
}

/// Avalara's entity/use code for a QuickBooks exemption reason; what has no code of its own is "L", other.
fn entity_use_code(reason: &str) -> &'static str {
    match reason {
        "1" => "A",
        "2" => "B",
        "3" => "N",
        "4" => "C",
        "5" => "E",
        "6" | "7" => "F",
        "9" => "G",
        "10" => "J",
        "12" => "K",
        "13" => "H",
        "14" => "I",
        "15" => "D",
        _ => "L",
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{
        erp::Erp as _,
        model::erp::{Customer, EvidenceKind, FieldGroups, Lifecycle, Posture, Row, Scan},
    };

    async fn rows(files: &[&str]) -> Vec<Row> {
        let folder = tempfile::tempdir().expect("folder");
        for (at, text) in files.iter().enumerate() {
            let answer = format!("<IntuitResponse><QueryResponse>{text}</QueryResponse></IntuitResponse>");
            std::fs::write(folder.path().join(format!("{at}.xml")), answer).expect("file");
        }
        all(folder.path()).await
    }

    async fn all(path: &std::path::Path) -> Vec<Row> {
        let erp = read(path).expect("readable");
        let page = erp.list_customers(Scan { fields: FieldGroups::all(), page_size: 100, after: None }).await;
        page.expect("page").rows
    }

    fn only(rows: &[Row]) -> &Customer {
        match rows {
            [Row::Customer(customer)] => customer,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn pages_may_follow_one_another_in_one_file() {
        let page = |id| format!("<R><QueryResponse><Customer><Id>{id}</Id></Customer></QueryResponse></R>\n");
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("1.xml"), format!("{}{}", page(1), page(2))).expect("file");
        std::fs::write(folder.path().join("2.xml"), page(3)).expect("file");
        assert_eq!(all(folder.path()).await.len(), 3);
    }

    #[tokio::test]
    async fn a_folder_may_hold_answers_to_other_questions() {
        let folder = tempfile::tempdir().expect("folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("file");
        let query = "<QueryResponse><Customer><Id>1</Id></Customer></QueryResponse>";
        write("query.xml", &format!("<R>{query}</R>"));
        write("one.xml", "<R><Customer><Id>2</Id></Customer></R>");
        write("changes.xml", &format!("<R><CDCResponse>{}</CDCResponse></R>", query.replace('1', "3")));
        assert_eq!(all(folder.path()).await.len(), 1);
        assert_eq!(all(&folder.path().join("one.xml")).await.len(), 1, "named by itself it counts");
    }

    #[tokio::test]
    async fn the_newest_version_of_a_customer_is_taken() {
        let new = "<Customer><Id>1</Id><SyncToken>10</SyncToken><Active>false</Active></Customer>";
        let old = "<Customer><Id>1</Id><SyncToken>9</SyncToken><Active>true</Active></Customer>";
        assert_eq!(only(&rows(&[new, old]).await).lifecycle, Lifecycle::Inactive);
        let gone = "<Customer status=\"Deleted\"><Id>1</Id></Customer>";
        let kept = rows(&["<Customer><Id>1</Id><DisplayName>A</DisplayName></Customer>", gone]).await;
        assert_eq!((only(&kept).lifecycle, only(&kept).code.as_str()), (Lifecycle::Inactive, "A"));
    }

    #[tokio::test]
    async fn a_reason_is_mapped_and_counts_as_evidence() {
        let found = rows(&[
            "<Customer><Id>1</Id><Taxable>true</Taxable><TaxExemptionReasonId>9</TaxExemptionReasonId>\
             <PrimaryTaxIdentifier>XXXXX6789</PrimaryTaxIdentifier></Customer>",
        ])
        .await;
        let customer = only(&found);
        assert_eq!(customer.entity_use_code.as_deref(), Some("G"));
        assert_eq!(customer.posture, Posture::Exempt);
        assert_eq!(customer.evidence[0].kind, EvidenceKind::ExemptionReason);
        assert_eq!(customer.taxpayer_id.as_deref(), Some("XXXXX6789"));
    }

    #[tokio::test]
    async fn a_customer_without_an_id_is_a_bad_row() {
        let found = rows(&[
            "<R><Customer><DisplayName>A</DisplayName></Customer><Customer><Id>1</Id></Customer></R>",
        ]);
        assert!(matches!(found.await.as_slice(), [Row::Customer(_), Row::Bad(_)]));
    }

    #[tokio::test]
    async fn a_customer_beyond_its_limits_is_a_bad_row_and_stops_nobody() {
        let many: String = (0..600).map(|at| format!("<F{at}>x</F{at}>")).collect();
        let long: String = (0..400).map(|at| format!("<F{at}>{}</F{at}>", "&amp;".repeat(1000))).collect();
        let found = rows(&[&format!(
            "<R><Customer>{many}<Id>1</Id></Customer><Customer>{long}<Id>2</Id></Customer>\
             <Customer><Id>3</Id><DisplayName>{}</DisplayName></Customer></R>",
            "ä".repeat(5000)
        )])
        .await;
        let [Row::Bad(fields), Row::Bad(bytes), Row::Customer(customer)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((fields.id.as_deref(), bytes.id.as_deref()), (Some("1"), Some("2")));
        assert!(fields.reason.contains("500 fields") && bytes.reason.contains("262144 bytes"));
        assert_eq!(customer.code.chars().count(), 200);
    }

    #[test]
    fn a_fault_is_not_an_empty_list() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("fault.xml");
        std::fs::write(&file, "<IntuitResponse><Fault/></IntuitResponse>").expect("file");
        assert!(read(&file).expect_err("refused").to_string().contains("fault"));
    }
}
