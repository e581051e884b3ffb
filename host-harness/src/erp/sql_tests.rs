//! The SQL adapter on small databases of the embedded default ERP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::date;
use rusqlite::{Connection, params};

use super::{Erp, query_pack::QueryPack, sql::SqlErp};
use crate::model::erp::{
    AddressUse, Customer, ErpError, EvidenceKind as Kind, FieldGroups, Lifecycle, Page, Posture, Row, Scan,
};

const SCHEMA: &str = "
    create table customer(id integer primary key, code, tax_code, name, status, email, phone, fax, contact_name,
        taxpayer_id, taxable, tax_group, exemption_number, resale_number, exemption_reason, entity_use_code, parent_id);
    create table address(id integer primary key, customer_id, kind, line1, line2, city, region, postal_code, country);
    create table exemption(id integer primary key, customer_id, exempt, country, region, reason, entity_use_code,
        number, effective, expires);
    create table attachment(id integer primary key, customer_id, file_name, media_type, content);";

struct Fixture {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn fixture(sql: &str) -> Fixture {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("erp.sqlite");
    let connection = Connection::open(&path).expect("database");
    connection.execute_batch(SCHEMA).expect("schema");
    connection.execute_batch(sql).expect("rows");
    Fixture { _folder: folder, path }
}

fn open(path: &Path) -> SqlErp {
    SqlErp::open(path, QueryPack::embedded().expect("pack"), date(2026, 11, 22)).expect("opens")
}

fn scan(page_size: u32, after: Option<String>) -> Scan {
    Scan { fields: FieldGroups::all(), page_size, after }
}

async fn rows(sql: &str) -> Vec<Row> {
    let fixture = fixture(sql);
    open(&fixture.path).list_customers(scan(1000, None)).await.expect("page").rows
}

fn customer(row: &Row) -> &Customer {
    match row {
        Row::Customer(customer) => customer,
        Row::Bad(bad) => panic!("{bad:?}"),
    }
}

#[tokio::test]
async fn each_fact_is_evidence_and_decides_the_posture() {
    let cases = [
        ("taxable = 1", Posture::Taxable, vec![]),
        ("name = 'x'", Posture::Unknown, vec![]),
        ("taxable = 0", Posture::Exempt, vec![Kind::NonTaxableFlag]),
        ("taxable = 1, exemption_number = 'E'", Posture::Exempt, vec![Kind::ExemptionNumber]),
        ("taxable = 1, resale_number = 'R'", Posture::Exempt, vec![Kind::ResaleNumber]),
        ("taxable = 1, resale_number = '  '", Posture::Taxable, vec![]),
        ("taxable = 1, exemption_reason = 'Charity'", Posture::Exempt, vec![Kind::ExemptionReason]),
        ("entity_use_code = 'E'", Posture::Exempt, vec![Kind::EntityUseCode]),
        ("taxable = 1, tax_group = 'EXEMPT'", Posture::Exempt, vec![Kind::ExemptTaxCode]),
        ("taxable = 1, tax_group = 'STANDARD'", Posture::Taxable, vec![]),
        (
            "taxable = 0, tax_group = 'EXEMPT', exemption_number = 'E'",
            Posture::Exempt,
            vec![Kind::ExemptionNumber, Kind::ExemptTaxCode, Kind::NonTaxableFlag],
        ),
    ];
    for (set, posture, kinds) in cases {
        let rows = rows(&format!("insert into customer(id) values (1); update customer set {set};")).await;
        let found = customer(&rows[0]);
        assert_eq!(found.posture, posture, "{set}");
        assert_eq!(found.evidence.iter().map(|e| e.kind).collect::<Vec<_>>(), kinds, "{set}");
    }
}

#[tokio::test]
async fn exemption_records_count_only_while_they_hold() {
    let cases = [
        ("1, null, null", Posture::Exempt),
        ("1, '2026-11-22', '2026-11-22'", Posture::Exempt),
        ("1, '2019-01-01', '2026-11-21'", Posture::Taxable),
        ("1, '2026-11-23', null", Posture::Taxable),
        ("0, null, null", Posture::Taxable),
    ];
    for (values, posture) in cases {
        let rows = rows(&format!(
            "insert into customer(id, taxable) values (1, 1);
             insert into exemption(customer_id, region, exempt, effective, expires) values (1, 'UT', {values});"
        ))
        .await;
        assert_eq!(customer(&rows[0]).posture, posture, "{values}");
        assert_eq!(customer(&rows[0]).exemptions.len(), 1, "{values}");
    }
}

#[tokio::test]
async fn a_file_is_evidence_but_no_exemption() {
    let rows = rows(
        "insert into customer(id, taxable) values (1, 1), (2, 1);
         insert into attachment(customer_id, file_name, content) values (1, 'b.pdf', x'00'), (1, 'a.pdf', x'00');",
    )
    .await;
    let found = customer(&rows[0]);
    assert_eq!(found.posture, Posture::Taxable);
    let evidence: Vec<_> =
        found.evidence.iter().map(|e| (e.kind, e.field.as_str(), e.value.as_str())).collect();
    assert_eq!(evidence, [(Kind::CertificateFile, "attachment.file_name", "a.pdf")]);
    assert!(customer(&rows[1]).evidence.is_empty());
}

#[tokio::test]
async fn evidence_does_not_depend_on_the_fields_asked_for() {
    let fixture = fixture(
        "insert into customer(id, taxable) values (1, 1);
         insert into exemption(customer_id, exempt, region, number) values (1, 1, 'GA', 'N-1');
         insert into address(customer_id, kind, city) values (1, 'bill-to', 'Macon');",
    );
    let erp = open(&fixture.path);
    let bare = Scan { fields: FieldGroups::empty(), page_size: 10, after: None };
    let bare = erp.list_customers(bare).await.expect("page").rows;
    let full = erp.list_customers(scan(10, None)).await.expect("page").rows;
    let (bare, full) = (customer(&bare[0]), customer(&full[0]));
    assert_eq!(bare.evidence, full.evidence);
    assert_eq!(bare.evidence[0].value, "GA N-1");
    assert_eq!((bare.exemptions.len(), bare.addresses.len()), (0, 0));
    assert_eq!((full.exemptions.len(), full.addresses.len()), (1, 1));
    assert_eq!(full.addresses[0].usage, AddressUse::BILL_TO);
}

#[tokio::test]
async fn bad_rows_are_reported_and_do_not_stop_the_page() {
    let found = rows(
        "insert into customer(id, name) values (1, 'first'), (2, x'00ff'), (3, cast(x'ff' as text)), (9, ' last ');
         insert into customer(id, status) values (4, 'sleeping');
         insert into customer(id, taxable) values (5, 'maybe');
         insert into customer(id) values (6), (7);
         insert into exemption(customer_id, exempt, expires) values (6, 1, '31/12/2030');
         insert into address(customer_id, city) values (7, x'00');",
    )
    .await;
    let outline: Vec<_> = found
        .iter()
        .map(|row| match row {
            Row::Customer(customer) => (customer.id.as_str(), customer.name.as_str()),
            Row::Bad(bad) => (bad.id.as_deref().unwrap_or("-"), bad.reason.as_str()),
        })
        .collect();
    assert_eq!(
        outline,
        [
            ("1", "first"),
            ("2", "column `name` holds binary data where text was expected"),
            ("3", "column `name` holds text that is not UTF-8"),
            ("4", "column `lifecycle` is \"sleeping\", not one of active, inactive, blocked, prospect"),
            ("5", "column `taxable` is \"maybe\", which is neither yes nor no"),
            ("6", "column `expires` of an exemption is \"31/12/2030\", not a date like 2030-12-31"),
            ("7", "column `city` holds binary data where text was expected"),
            ("9", "last"),
        ]
    );
}

#[tokio::test]
async fn pages_cover_every_row_once_even_when_the_last_of_a_page_is_bad() {
    let fixture = fixture(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 25)
         insert into customer(id, code, name) select i * 3, 'C' || i, case when i % 5 = 0 then x'00' else 'n' end from n;",
    );
    let erp = open(&fixture.path);
    assert_eq!(erp.describe().await.expect("description").customers, Some(25));
    let (mut after, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = erp.list_customers(scan(5, after)).await.expect("page");
        assert!(page.rows.len() <= 5);
        seen.extend(page.rows.into_iter().map(|row| match row {
            Row::Customer(customer) => customer.id,
            Row::Bad(bad) => bad.id.expect("key"),
        }));
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=25).map(|i| (i * 3).to_string()).collect::<Vec<_>>());
    assert_eq!(pages, 6);
    let foreign = erp.list_customers(scan(5, Some("15".into()))).await;
    assert!(matches!(foreign, Err(ErpError::CursorExpired)));
}

#[tokio::test]
async fn a_page_read_ahead_is_for_the_scan_that_asks_for_it_next() {
    let fixture = fixture(
        "insert into customer(id, code, name) values (1, 'a', 'One'), (2, 'b', 'Two'), (3, 'c', 'Three');",
    );
    let erp = open(&fixture.path);
    let names = |page: &Page| page.rows.iter().map(|row| customer(row).name.clone()).collect::<Vec<_>>();
    let first = erp.list_customers(scan(1, None)).await.expect("works");
    while !erp.has_read_ahead() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Connection::open(&fixture.path)
        .expect("works")
        .execute("update customer set name = 'New'", [])
        .expect("works");
    let second = erp.list_customers(scan(1, first.next.clone())).await.expect("works");
    assert_eq!(names(&second), ["Two"]);
    // Another size is another page, and so is one of a scan that began anew.
    let after = erp.list_customers(scan(2, first.next.clone())).await.expect("works");
    assert_eq!(names(&after), ["New", "New"]);
    let again = erp.list_customers(scan(1, None)).await.expect("works");
    assert_eq!((names(&again), &again.next), (vec!["New".to_owned()], &first.next));
    let second = erp.list_customers(scan(1, again.next)).await.expect("works");
    assert_eq!(names(&second), ["New"]);
}

#[tokio::test]
async fn after_a_rest_a_scan_goes_on_and_a_database_that_is_gone_is_named() {
    let fixture = fixture("insert into customer(id, code, name) values (1, 'a', 'One'), (2, 'b', 'Two');");
    let erp = open(&fixture.path);
    let first = erp.list_customers(scan(1, None)).await.expect("works");
    while !erp.has_read_ahead() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    erp.rest().await;
    assert!(!erp.has_read_ahead());
    let second = erp.list_customers(scan(1, first.next)).await.expect("works");
    assert_eq!(customer(&second.rows[0]).name, "Two");
    // The page after this one is read ahead, and closing does not wait for whoever reads.
    while !erp.has_read_ahead() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    erp.rest().await;
    std::fs::remove_file(&fixture.path).expect("works");
    for gone in [erp.describe().await.map(drop), erp.list_customers(scan(1, None)).await.map(drop)] {
        let Err(ErpError::Unavailable(why)) = gone else { panic!("{gone:?}") };
        assert!(why.contains("could not be opened again"), "{why}");
    }
}

#[tokio::test]
async fn who_still_reads_is_not_waited_for_when_a_call_is_over() {
    let fixture = fixture("insert into customer(id, code, name) values (1, 'a', 'One');");
    let erp = open(&fixture.path);
    let (begun, (go, wait)) = (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::mpsc::channel());
    let (reading, told) = (erp.clone(), begun.clone());
    let reading = tokio::spawn(async move {
        let work = move |_: &Connection, _: &QueryPack, _| {
            told.notify_one();
            wait.recv().is_ok()
        };
        reading.run(work).await
    });
    begun.notified().await;
    erp.rest().await;
    go.send(()).expect("it still reads");
    assert_eq!(reading.await.expect("works"), Ok(true));
}

#[tokio::test]
async fn named_customers_are_exactly_those_named() {
    let fixture =
        fixture("insert into customer(id, status) values (7, 'blocked'), (8, 'prospect'), (9, 'inactive');");
    let erp = open(&fixture.path);
    let wish = ["9", "7", "7", "8x", "12", "' or 1"].map(String::from).to_vec();
    let rows = erp.get_customers(wish, FieldGroups::empty()).await.expect("rows");
    let found: Vec<_> = rows.iter().map(|row| (customer(row).id.as_str(), customer(row).lifecycle)).collect();
    assert_eq!(found, [("7", Lifecycle::Blocked), ("9", Lifecycle::Inactive)]);
}

#[tokio::test]
async fn long_text_is_cut_and_padding_is_taken_off() {
    let fixture = fixture("");
    let connection = Connection::open(&fixture.path).expect("database");
    let (code, line) = ("c".repeat(300), "s".repeat(500));
    connection
        .execute("insert into customer(id, code, name) values (1, ?1, '  A  ')", params![code])
        .expect("row");
    connection.execute("insert into address(customer_id, line1) values (1, ?1)", params![line]).expect("row");
    let rows = open(&fixture.path).list_customers(scan(10, None)).await.expect("page").rows;
    let found = customer(&rows[0]);
    assert_eq!((found.code.len(), found.name.as_str()), (200, "A"));
    assert_eq!(found.addresses[0].line1.as_ref().map(String::len), Some(200));
}

#[tokio::test]
async fn the_database_is_never_written() {
    let fixture = fixture("insert into customer(id) values (1);");
    let mut pack = QueryPack::embedded().expect("pack");
    pack.statements.count = Some("delete from customer returning id".into());
    let erp = SqlErp::open(&fixture.path, pack, date(2026, 11, 22)).expect("opens");
    assert!(erp.describe().await.is_err());
    assert_eq!(erp.list_customers(scan(10, None)).await.expect("page").rows.len(), 1);
}

#[test]
fn what_is_no_database_of_this_schema_is_refused_with_a_sentence() {
    let pack = || QueryPack::embedded().expect("pack");
    let today = date(2026, 11, 22);
    let missing = SqlErp::open(Path::new("no/such.sqlite"), pack(), today).expect_err("missing").to_string();
    assert!(missing.contains("no/such.sqlite") && missing.contains("no such file"), "{missing}");
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("notes.sqlite");
    std::fs::write(&path, "these are notes, not a database, and long enough to be looked at".repeat(50))
        .expect("file");
    let text = SqlErp::open(&path, pack(), today).expect_err("text").to_string();
    assert!(text.contains("not a database"), "{text}");
    let other = folder.path().join("other.sqlite");
    Connection::open(&other).expect("database").execute_batch("create table a(b)").expect("schema");
    let other = SqlErp::open(&other, pack(), today).expect_err("schema").to_string();
    assert!(other.contains("statement `customers`") && other.contains("no such table"), "{other}");
}
