//! What a tenant keeps open between two calls: nothing, so that a thousand of them can wait in one process.

use super::*;
use crate::{
    erp::{query_pack::QueryPack, sql::SqlErp},
    journal::{Journal as _, SqliteJournal},
    model::journal::{Entry, EntryKind, Operation},
};

/// Files in this folder that this process has open, without locks, which stay.
fn open_files(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let mut inside: Vec<_> = all
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter_map(|path| Some(path.strip_prefix(folder).ok()?.to_string_lossy().into_owned()))
        .filter(|name| name.ends_with(".sqlite") || name.ends_with("-wal"))
        .collect();
    inside.sort();
    inside
}

#[tokio::test]
async fn a_tenant_at_rest_has_neither_its_erp_nor_its_journal_open_however_the_call_ended() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().canonicalize().unwrap();
    let path = folder.join("erp.sqlite");
    let options = demo_data::ErpOptions { customers: 5, ..demo_data::ErpOptions::default() };
    demo_data::write_erp(&path, &options).unwrap();
    let today = "2026-01-31".parse().unwrap();
    let erp = Arc::new(SqlErp::open(&path, QueryPack::embedded().unwrap(), today).unwrap());
    let journal = Arc::new(SqliteJournal::open(&folder.join("journal.sqlite")).unwrap());
    let tenant = Tenant { erp: erp.clone(), journal: journal.clone(), ..tenant(short()) };
    let bodies = [
        ("ends well", component("", STOPPED, "i32.const 16")),
        ("traps", component("", "", "unreachable")),
        ("never ends", component("", "", "(loop br 0) unreachable")),
    ];
    for (what, bytes) in bodies {
        let plugin = load(&bytes).unwrap();
        assert!(erp.describe().await.unwrap().customers > Some(0));
        let entry = Entry {
            kind: EntryKind::Review,
            operation: Operation::Certificates,
            plan: String::new(),
            key: "a".into(),
            customer: String::new(),
            state: None,
            body: "{}".into(),
        };
        journal.append(vec![entry]).await.unwrap();
        assert_eq!(open_files(&folder), ["erp.sqlite", "journal.sqlite", "journal.sqlite-wal"], "{what}");
        plugin.analyze(&tenant).await.unwrap_err();
        assert_eq!(open_files(&folder), [""; 0], "{what}");
    }
    assert_eq!(journal.verify(&[]).unwrap().head.sequence, 3);
}
