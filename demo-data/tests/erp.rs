//! The truth that `write_erp` returns is compared with what plain SQL finds in the file.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::{collections::BTreeSet, path::Path};

use demo_data::{DemoError, ErpOptions, ErpTruth, Trap, write_erp};
use rusqlite::{Connection, OpenFlags};

/// The posture rule once more, written independently in SQL, over readable rows.
const RECOUNT: &str = "
    with readable as (
        select c.*,
            exists(select 1 from exemption e where e.customer_id = c.id and e.exempt = 1
                and (e.expires is null or e.expires >= '2026-11-22')) as record,
            exists(select 1 from attachment a where a.customer_id = c.id) as file
        from customer c where typeof(c.name) = 'text' and hex(c.name) not like '%FFFE%'),
    judged as (
        select *,
            (record or coalesce(exemption_number, '') <> '' or coalesce(resale_number, '') <> ''
                or coalesce(exemption_reason, '') <> '') as strong,
            (coalesce(entity_use_code, '') <> '' or coalesce(tax_group, '') = 'EXEMPT') as medium,
            coalesce(taxable = 0, 0) as weak
        from readable)
    select count(*), sum(strong or medium or weak), sum(not (strong or medium or weak) and coalesce(taxable, 0) = 1),
        sum(not (strong or medium or weak) and taxable is null),
        sum((strong or medium or weak) and (strong or file)),
        sum(medium and not strong and not file), sum(weak and not medium and not strong and not file),
        sum(status = 'active'), sum(status <> 'active'), sum((strong or medium or weak) and status = 'active'),
        sum((strong or medium or weak) and status = 'active' and email like '%_@_%._%')
    from judged";

fn written(customers: u32, seed: u64) -> (tempfile::TempDir, Connection, ErpTruth) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("erp.sqlite");
    let truth = write_erp(&path, &ErpOptions { customers, seed }).unwrap();
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    (dir, connection, truth)
}

fn number(connection: &Connection, sql: &str) -> u32 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn the_truth_agrees_with_a_recount_by_sql() {
    for (customers, seed) in [(320, 2026), (4_000, 9)] {
        let (_dir, connection, truth) = written(customers, seed);
        let counted: Vec<u32> =
            connection.query_row(RECOUNT, [], |row| (0..11).map(|column| row.get(column)).collect()).unwrap();
        let told = [
            truth.total,
            truth.exempt,
            truth.taxable,
            truth.unknown,
            truth.strong,
            truth.medium,
            truth.weak,
            truth.active,
            truth.out_of_use,
            truth.exempt_active,
            truth.invitable,
        ];
        assert_eq!(told.to_vec(), counted, "{customers} customers");
        assert_eq!(truth.rows, number(&connection, "select count(*) from customer"));
        assert_eq!(truth.attachments, number(&connection, "select count(*) from attachment"));
        assert_eq!(truth.rows, truth.total + truth.bad_rows);
    }
}

#[test]
fn a_fair_share_is_exempt_by_evidence_of_every_strength() {
    for customers in [320, 6_400] {
        let (_dir, _connection, truth) = written(customers, 2026);
        let percent = f64::from(truth.exempt) * 100.0 / f64::from(truth.total);
        assert!((26.0..31.0).contains(&percent), "{percent} % of {customers} are exempt");
        assert!(truth.strong > truth.medium && truth.medium > truth.weak && truth.weak > 0, "{truth:?}");
        assert!(truth.states.len() >= 40, "{} states", truth.states.len());
        let troublesome: u32 = truth.traps.values().sum();
        assert!(customers == 320 || troublesome * 60 < customers, "{troublesome} troublesome rows");
    }
}

#[test]
fn unreadable_rows_are_those_whose_name_is_no_text() {
    let (_dir, connection, truth) = written(320, 2026);
    let mut statement = connection.prepare("select name from customer").unwrap();
    let unreadable = statement
        .query_map([], |row| Ok(row.get::<_, String>(0).is_err()))
        .unwrap()
        .filter(|bad| *bad.as_ref().unwrap());
    assert_eq!(unreadable.count(), 2);
    assert_eq!(truth.bad_rows, 2);
}

#[test]
fn the_traps_lie_where_the_truth_says() {
    let (_dir, connection, truth) = written(320, 2026);
    let expect = |trap: Trap, sql: &str| {
        assert_eq!(truth.traps.get(&trap), Some(&number(&connection, sql)), "{trap:?}")
    };
    expect(
        Trap::CodeShared,
        "select count(*) from customer c where exists(select 1 from customer d where d.code = c.code and d.id <> c.id)",
    );
    expect(
        Trap::CodeCase,
        "select count(*) from customer c where exists(
            select 1 from customer d where lower(d.code) = lower(c.code) and d.code <> c.code)",
    );
    expect(Trap::CodeTooLong, "select count(*) from customer where length(code) > 50");
    expect(Trap::CodeEmpty, "select count(*) from customer where code = '' and tax_code is null");
    expect(Trap::CodeSlash, "select count(*) from customer where code like '%/%'");
    expect(Trap::CodeSpace, "select count(*) from customer where trim(code) like '% %'");
    expect(
        Trap::CodeUnicode,
        "select count(*) from customer where code <> '' and length(code) <> octet_length(code)",
    );
    expect(Trap::Line1Missing, "select count(*) from address where line1 is null");
    expect(Trap::Line1TooLong, "select count(*) from address where length(line1) > 50");
    expect(Trap::Line1TwoLines, "select count(*) from address where line1 like '%' || char(10) || '%'");
    expect(Trap::CityMissing, "select count(*) from address where city is null");
    expect(Trap::PostalCodeMissing, "select count(*) from address where postal_code is null");
    expect(Trap::PostalCodeTooLong, "select count(*) from address where length(postal_code) > 10");
    expect(Trap::RegionMissing, "select count(*) from address where region is null and country = 'US'");
    expect(Trap::RegionPrefixed, "select count(*) from address where region = 'US-GA'");
    expect(Trap::RegionSpelledOut, "select count(*) from address where region = 'Georgia'");
    expect(Trap::RegionNumber, "select count(*) from address where region = '130'");
    expect(Trap::RegionWrong, "select count(*) from address where city = 'Washington DC' and region = 'CA'");
    expect(Trap::CountryThreeLetters, "select count(*) from address where country = 'USA'");
    expect(Trap::CountrySpelledOut, "select count(*) from address where country = 'United States'");
    expect(Trap::CountryUnknown, "select count(*) from address where country = 'PO'");
    expect(Trap::CountryMissing, "select count(*) from address where country is null");
    expect(
        Trap::AddressMissing,
        "select count(*) from customer c where not exists(select 1 from address a where a.customer_id = c.id)",
    );
    expect(Trap::TaxpayerIdMasked, "select count(*) from customer where taxpayer_id like 'XXXXX%'");
    expect(Trap::SubCustomer, "select count(*) from customer c where parent_id in (select id from customer)");
    expect(Trap::EmailMalformed, "select count(*) from customer where email not like '%@%'");
    expect(Trap::NameEmpty, "select count(*) from customer where name = ''");
    expect(Trap::NameQuotes, "select count(*) from customer where name like '\"%ö%'");
    expect(Trap::NameTooLong, "select count(*) from customer where length(name) > 100");
    expect(Trap::Padded, "select count(*) from customer where typeof(name) = 'text' and name <> trim(name)");
    expect(
        Trap::ExemptHereNotThere,
        "select count(*) from exemption a join exemption b using(customer_id)
         where a.exempt = 1 and a.region = 'UT' and b.exempt = 0 and b.region = 'CA'",
    );
    expect(
        Trap::NumberButExpired,
        "select count(*) from customer c join exemption e on e.customer_id = c.id
         where e.expires < '2020' and c.exemption_number is not null",
    );
}

#[test]
fn equal_seeds_write_equal_rows_and_other_seeds_do_not() {
    let digest = |seed| {
        let (_dir, connection, _truth) = written(700, seed);
        let mut statement = connection
            .prepare(
                "select id || code || hex(name) || coalesce(resale_number, '') from customer order by id",
            )
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap()
    };
    assert_eq!(digest(5), digest(5));
    assert_ne!(digest(5), digest(6));
}

#[test]
fn apart_from_the_traps_codes_and_names_are_unique() {
    let (_dir, connection, truth) = written(10_000, 2026);
    let pairs = truth.traps.get(&Trap::CodeShared).unwrap() / 2;
    assert_eq!(
        number(&connection, "select count(*) - count(distinct code) from customer where code <> ''"),
        pairs
    );
    let mut statement = connection.prepare("select hex(name) from customer where name <> ''").unwrap();
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let distinct: BTreeSet<_> = names.iter().collect();
    // The blob and the broken text are the same in every block that has them.
    let repeats = truth.bad_rows - 2;
    assert_eq!(names.len() - distinct.len(), repeats as usize);
}

#[test]
fn mail_goes_nowhere_but_example_com() {
    let (_dir, connection, truth) = written(3_200, 2026);
    let strays =
        "select count(*) from customer where email is not null and trim(email) not like '%@example.com'";
    assert_eq!(Some(&number(&connection, strays)), truth.traps.get(&Trap::EmailMalformed));
}

#[test]
fn an_existing_file_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("books.sqlite");
    std::fs::write(&path, "precious").unwrap();
    let error = write_erp(&path, &ErpOptions::default()).unwrap_err();
    assert!(matches!(error, DemoError::Exists { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = write_erp(Path::new("/nowhere/at/all/erp.sqlite"), &ErpOptions::default()).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all/erp.sqlite"), "{error}");
}
