//! What a SQLite database holds, which is whatever was put into it: any column may be text, not quite text, a number or a
//! blob. Every row comes out as a customer within the contract or as a bad row with a reason.
#![no_main]

use std::sync::LazyLock;

use host_harness::{
    erp::{Erp as _, query_pack::QueryPack, sql::SqlErp},
    model::erp::{FieldGroups, Row, Scan},
};
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{customers, parts};
use rusqlite::{Connection, types::Value};

const PACK: &str = r#"
product = "Fuzzed"
exempt-codes = ["EXEMPT"]
[fields]
exemption-record = "r"
certificate-file = "f"
exemption-number = "n"
resale-number = "s"
exemption-reason = "e"
entity-use-code = "u"
exempt-tax-code = "t"
non-taxable-flag = "x"
[statements]
customers = "SELECT * FROM customers WHERE (:after IS NULL OR id > :after) ORDER BY id LIMIT :limit"
customers-by-id = "SELECT * FROM customers WHERE id IN (SELECT value FROM json_each(:ids))"
addresses = "SELECT * FROM addresses WHERE customer_id IN (SELECT value FROM json_each(:ids))"
exemptions = "SELECT * FROM exemptions WHERE customer_id IN (SELECT value FROM json_each(:ids))"
attachments = "SELECT * FROM files WHERE customer_id IN (SELECT value FROM json_each(:ids))"
count = "SELECT count(*) FROM customers"
"#;
const TABLES: [(&str, &str); 4] = [
    (
        "customers",
        "id,code,tax_engine_code,name,lifecycle,email,phone,fax,contact_name,taxpayer_id,taxable,tax_group,\
         exemption_number,resale_number,exemption_reason,entity_use_code,parent",
    ),
    ("addresses", "customer_id,usage,line1,line2,city,region,postal_code,country"),
    ("exemptions", "customer_id,exempt,country,region,reason,entity_use_code,number,effective,expires"),
    ("files", "customer_id,file_name"),
];

struct World {
    writer: Connection,
    erp: SqlErp,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

static WORLD: LazyLock<std::sync::Mutex<World>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("erp.sqlite");
    let writer = Connection::open(&path).expect("a database");
    writer.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").expect("quick");
    for (table, columns) in TABLES {
        writer.execute_batch(&format!("CREATE TABLE {table} ({columns})")).expect("a table");
    }
    let pack = QueryPack::parse(PACK, "pack").expect("a pack");
    let erp = SqlErp::open(&path, pack, date(2026, 11, 22)).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    std::sync::Mutex::new(World { writer, erp, runtime, _folder: folder })
});

fuzz_target!(|bytes: &[u8]| {
    let World { writer, erp, runtime, .. } = &*WORLD.lock().expect("not poisoned");
    writer.execute_batch("BEGIN").expect("begin");
    for (table, _) in TABLES {
        writer.execute(&format!("DELETE FROM {table}"), []).expect("empty");
    }
    for row in parts(bytes).take(12) {
        let Some((table, cells)) = row.split_first() else { continue };
        let (table, columns) = TABLES[usize::from(*table) % TABLES.len()];
        let count = columns.split(',').count();
        let values: Vec<Value> =
            (0..count).map(|at| cell(cells.split(|byte| *byte == 0x1f).nth(at))).collect();
        let places = vec!["?"; count].join(",");
        let sql = format!("INSERT INTO {table} VALUES ({places})");
        writer
            .prepare_cached(&sql)
            .and_then(|mut it| it.execute(rusqlite::params_from_iter(values)))
            .expect("a row");
    }
    writer.execute_batch("COMMIT").expect("commit");
    // Keys may be missing, double or of any type here, so the pages of a scan need not fit together and may be refused;
    // what comes is within the contract.
    let scan = Scan { fields: FieldGroups::all(), page_size: 1000, after: None };
    let Ok(page) = runtime.block_on(erp.list_customers(scan)) else { return };
    customers::check_rows(&page.rows);
    let id = |row: &Row| match row {
        Row::Customer(it) => Some(it.id.clone()),
        Row::Bad(_) => None,
    };
    let ids: Vec<String> = page.rows.iter().filter_map(id).collect();
    let again =
        runtime.block_on(erp.get_customers(ids.clone(), FieldGroups::all())).expect("asked for by name");
    customers::check_rows(&again);
    assert!(again.iter().filter_map(id).all(|id| ids.contains(&id)), "nobody asked for it");
});

fn cell(bytes: Option<&[u8]>) -> Value {
    let Some((kind, rest)) = bytes.and_then(<[u8]>::split_first) else { return Value::Null };
    match kind {
        0 => Value::Blob(rest.to_vec()),
        1 => Value::Integer(rest.iter().fold(0, |number, byte| number << 8 | i64::from(*byte))),
        2 => Value::Real(rest.iter().fold(0.5, |number, byte| number * 7.0 + f64::from(*byte))),
        // Text that is no UTF-8 gets in by a cast, as it does in real databases.
        _ => Value::Text(String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()),
    }
}
