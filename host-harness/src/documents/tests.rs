//! Documents in folders and databases, and their copies for AvaTax.

use std::{fs, path::Path, sync::Arc};

use super::{MAX_BYTES, digest, made::Made, media_type, open};
use crate::{
    config::{DocumentsConfig, ErpConfig, ErpKind},
    documents::Documents,
    model::documents::{DocumentError, DocumentPage, PageRange, Rendition},
    ocr::{DocumentReader, ReaderMode, ReaderOptions},
};

fn reader() -> Arc<DocumentReader> {
    Arc::new(DocumentReader::new(ReaderOptions { mode: ReaderMode::Native, ..ReaderOptions::default() }))
}

fn documents(folder: Option<&Path>, database: Option<&Path>) -> Arc<dyn Documents> {
    let config = DocumentsConfig { folder: folder.map(Path::to_path_buf), attachments: database.is_some() };
    let path = database.unwrap_or(Path::new("none")).to_path_buf();
    open(&config, &ErpConfig { kind: ErpKind::Sqlite, path, queries: None }, reader()).expect("opens")
}

fn ids(page: &DocumentPage) -> Vec<&str> {
    page.documents.iter().map(|document| document.id.as_str()).collect()
}

fn database(path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("database");
    connection
        .execute_batch(
            "create table customer(id integer primary key, code, tax_code, name, status, email, phone, fax, contact_name,
                taxpayer_id, taxable, tax_group, exemption_number, resale_number, exemption_reason, entity_use_code,
                parent_id);
             create table address(id integer primary key, customer_id, kind, line1, line2, city, region, postal_code,
                country);
             create table exemption(id integer primary key, customer_id, exempt, country, region, reason,
                entity_use_code, number, effective, expires);
             create table attachment(id integer primary key, customer_id, file_name, media_type, content);
             insert into attachment values (1, 7, 'scans/cert.pdf', 'text/plain', cast('%PDF-1.4 x' as blob)),
                (2, 8, null, null, zeroblob(27000000)), (10, 9, 'empty', null, null);",
        )
        .expect("rows");
}

#[test]
fn the_media_type_is_judged_from_the_bytes() {
    assert_eq!(media_type(b"%PDF-1.7 ..."), "application/pdf");
    assert_eq!(media_type(b"\xEF\xBB\xBF\r\n%PDF-1.7"), "application/pdf");
    assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), "image/png");
    assert_eq!(media_type(b"\xFF\xD8\xFF\xE0"), "image/jpeg");
    assert_eq!(media_type(b"II*\0...."), "image/tiff");
    assert_eq!(media_type(b"PK\x03\x04...."), "application/zip");
    assert_eq!(media_type(b""), "application/octet-stream");
}

#[tokio::test]
async fn a_folder_lists_its_plain_files_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    let outside = tempfile::NamedTempFile::new().expect("file");
    for name in ["b.pdf", "a.pdf", "c.txt", ".hidden"] {
        fs::write(folder.path().join(name), format!("%PDF-{name}")).expect("file");
    }
    fs::create_dir(folder.path().join("sub")).expect("folder");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link.pdf")).expect("link");
        std::os::unix::fs::symlink("a.pdf", folder.path().join("inside.pdf")).expect("link");
        std::os::unix::fs::symlink("gone", folder.path().join("dangling.pdf")).expect("link");
    }
    let documents = documents(Some(folder.path()), None);
    let first = documents.list(None, 2).await.expect("page");
    assert_eq!(ids(&first), ["file:a.pdf", "file:b.pdf"]);
    let a = &first.documents[0];
    assert_eq!((a.name.as_str(), a.media_type.as_str(), a.size), ("a.pdf", "application/pdf", 10));
    assert_eq!((a.sha256.as_str(), a.customer.as_deref()), (digest(b"%PDF-a.pdf").as_str(), None));
    let second = documents.list(first.next, 2).await.expect("page");
    let rest: &[&str] = if cfg!(unix) { &["file:c.txt", "file:inside.pdf"] } else { &["file:c.txt"] };
    assert_eq!((ids(&second).as_slice(), second.next.clone()), (rest, None));
    let bytes = documents.bytes("file:a.pdf", Rendition::Original).await.expect("bytes");
    assert_eq!(bytes.as_ref(), b"%PDF-a.pdf");
    for id in [
        "file:link.pdf",
        "file:../a.pdf",
        "file:.hidden",
        "file:sub",
        "file:",
        "a.pdf",
        "erp:1",
        "file:/etc/hosts",
    ] {
        let answer = documents.bytes(id, Rendition::Original).await;
        assert!(matches!(answer, Err(DocumentError::NotFound)), "{id}: {answer:?}");
    }
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_listed_but_not_read() {
    let folder = tempfile::tempdir().expect("folder");
    let file = fs::File::create(folder.path().join("big.pdf")).expect("file");
    file.set_len(MAX_BYTES + 1).expect("size");
    let documents = documents(Some(folder.path()), None);
    assert_eq!(documents.list(None, 10).await.expect("page").documents[0].size, MAX_BYTES + 1);
    let answer = documents.bytes("file:big.pdf", Rendition::Original).await;
    assert!(
        matches!(answer, Err(DocumentError::TooLarge(ref text)) if text.contains("25 MiB")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn attachments_and_files_form_one_list() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("erp.sqlite");
    database(&path);
    let files = tempfile::tempdir().expect("folder");
    fs::write(files.path().join("z.png"), b"\x89PNG\r\n\x1a\n").expect("file");
    let documents = documents(Some(files.path()), Some(&path));
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = documents.list(after, 2).await.expect("page");
        seen.extend(page.documents);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let outline: Vec<_> = seen
        .iter()
        .map(|d| (d.id.as_str(), d.name.as_str(), d.media_type.as_str(), d.size, d.customer.as_deref()))
        .collect();
    assert_eq!(
        outline,
        [
            ("erp:1", "cert.pdf", "application/pdf", 10, Some("7")),
            ("erp:2", "attachment 2", "application/octet-stream", 27_000_000, Some("8")),
            ("erp:10", "empty", "application/octet-stream", 0, Some("9")),
            ("file:z.png", "z.png", "image/png", 8, None),
        ]
    );
    assert_eq!(documents.bytes("erp:1", Rendition::Original).await.expect("bytes").as_ref(), b"%PDF-1.4 x");
    assert!(matches!(documents.bytes("erp:2", Rendition::Original).await, Err(DocumentError::TooLarge(_))));
    assert!(matches!(documents.bytes("erp:3", Rendition::Original).await, Err(DocumentError::NotFound)));
    assert!(matches!(documents.list(Some("other".into()), 2).await, Err(DocumentError::Unavailable(_))));
}

#[tokio::test]
async fn no_place_configured_is_an_empty_list() {
    let page = documents(None, None).list(None, 10).await.expect("page");
    assert!(page.documents.is_empty() && page.next.is_none());
    let missing = DocumentsConfig { folder: Some("no/such/folder".into()), attachments: false };
    let erp = ErpConfig { kind: ErpKind::Ofbiz, path: "x".into(), queries: None };
    let error = open(&missing, &erp, reader()).err().expect("refused").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

async fn upload(bytes: &[u8]) -> Result<bytes::Bytes, DocumentError> {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("a"), bytes).expect("file");
    documents(Some(folder.path()), None).bytes("file:a", Rendition::ForUpload(None)).await
}

#[tokio::test]
async fn what_goes_to_avatax_is_always_a_pdf_of_the_pages_asked_for() {
    let folder = tempfile::tempdir().expect("folder");
    let mut made = Made::new();
    for word in ["First", "Second", "Third"] {
        made.page(&format!("BT /Helv 10 Tf 50 700 Td ({word} page) Tj ET"));
    }
    fs::write(folder.path().join("a"), made.bytes()).expect("file");
    let documents = documents(Some(folder.path()), None);
    let words = async |pages: Option<PageRange>| {
        let bytes = documents.bytes("file:a", Rendition::ForUpload(pages)).await.expect("copy");
        assert_eq!(media_type(&bytes), "application/pdf");
        let reading = reader().read(&bytes).expect("readable");
        reading.pages.into_iter().map(|page| page.words[0].text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(words(None).await, ["First", "Second", "Third"]);
    assert_eq!(words(Some(PageRange { first: 1, count: 1 })).await, ["Second"]);
    let beyond = Rendition::ForUpload(Some(PageRange { first: 2, count: 2 }));
    assert!(matches!(documents.bytes("file:a", beyond).await, Err(DocumentError::Unsupported(_))));
}

#[tokio::test]
async fn what_avatax_does_not_take_is_refused_with_a_sentence() {
    for (bytes, word) in [(&b"PK\x03\x04"[..], "ZIP"), (b"hello", "PDF"), (b"%PDF-1.4 cut off", "PDF")] {
        let answer = upload(bytes).await;
        assert!(
            matches!(answer, Err(DocumentError::Unsupported(ref text)) if text.contains(word)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn without_its_component_a_copy_is_not_refused_but_not_to_be_had_now() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("a"), super::made::text(&[("A", 1, 1)])).expect("file");
    let config = DocumentsConfig { folder: Some(folder.path().to_path_buf()), attachments: false };
    let erp = ErpConfig { kind: ErpKind::Ofbiz, path: "x".into(), queries: None };
    let reader = Arc::new(DocumentReader::new(ReaderOptions::default()));
    let documents = open(&config, &erp, reader).expect("opens");
    let answer = documents.bytes("file:a", Rendition::ForUpload(None)).await;
    assert!(
        matches!(answer, Err(DocumentError::Unavailable(ref text)) if text.contains("cargo xtask component")),
        "{answer:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_nowhere_outside_whatever_they_are_made_of() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().expect("folder");
    let folder = place.path().join("certificates");
    fs::create_dir_all(folder.join("sub")).expect("folder");
    fs::create_dir(place.path().join("private")).expect("folder");
    fs::write(place.path().join("private/secret.pdf"), "%PDF-secret").expect("file");
    fs::write(folder.join("own.pdf"), "%PDF-own").expect("file");
    let absolute = place.path().join("private/secret.pdf");
    for (name, target) in [
        ("absolute.pdf", absolute.as_path()),
        ("climbing.pdf", Path::new("../private/secret.pdf")),
        ("winding.pdf", Path::new("sub/../../private/secret.pdf")),
        ("folder.pdf", Path::new("../private")),
        ("second.pdf", Path::new("climbing.pdf")),
        ("process.pdf", Path::new("/proc/self/environ")),
    ] {
        symlink(target, folder.join(name)).expect("link");
    }
    symlink("../private", folder.join("way")).expect("link");
    symlink("way/secret.pdf", folder.join("through.pdf")).expect("link");
    symlink("own.pdf", folder.join("inside.pdf")).expect("link");
    let status = std::process::Command::new("mkfifo").arg(folder.join("pipe.pdf")).status().expect("runs");
    assert!(status.success());

    let documents = documents(Some(&folder), None);
    let page = documents.list(None, 100).await.expect("page");
    assert_eq!(ids(&page), ["file:inside.pdf", "file:own.pdf"]);
    for id in ["absolute", "climbing", "winding", "folder", "second", "process", "through", "pipe"] {
        let answer = documents.bytes(&format!("file:{id}.pdf"), Rendition::Original).await;
        assert!(matches!(answer, Err(DocumentError::NotFound)), "{id}: {answer:?}");
    }
    for id in
        ["file:..", "file:.", "file:way/secret.pdf", "file:sub/../own.pdf", "file:../private/secret.pdf"]
    {
        let answer = documents.bytes(id, Rendition::Original).await;
        assert!(matches!(answer, Err(DocumentError::NotFound)), "{id}: {answer:?}");
    }
}

/// Somebody who may write into the folder changes a file for a link, again and again, while it is read.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_put_in_the_place_of_a_file_while_it_is_read_shows_nothing() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let place = tempfile::tempdir().expect("folder");
    let folder = place.path().join("certificates");
    fs::create_dir(&folder).expect("folder");
    let secret = place.path().join("secret.pdf");
    fs::write(&secret, "%PDF-secret").expect("file");
    let own = folder.join("a.pdf");
    fs::write(&own, "%PDF-own").expect("file");
    let documents = documents(Some(&folder), None);
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&stop);
    let swapping = std::thread::spawn(move || {
        while !done.load(Ordering::Relaxed) {
            let (link, file) = (folder.join(".link"), folder.join(".file"));
            std::os::unix::fs::symlink(&secret, &link).expect("link");
            fs::rename(&link, &own).expect("in place");
            fs::write(&file, "%PDF-own").expect("file");
            fs::rename(&file, &own).expect("in place");
        }
    });
    let known = [digest(b"%PDF-own"), digest(b"not read: a.pdf, 8 bytes")];
    let mut seen = (0, 0);
    // Looking first and opening then showed the secret once in some thousand readings.
    for round in 0..20_000 {
        match documents.bytes("file:a.pdf", Rendition::Original).await {
            Ok(bytes) => {
                assert_eq!(bytes.as_ref(), b"%PDF-own");
                seen.0 += 1;
            }
            Err(error) => {
                // Not readable, where the link came and went between two looks.
                assert!(
                    matches!(error, DocumentError::NotFound | DocumentError::Unavailable(_)),
                    "{error:?}"
                );
                seen.1 += 1;
            }
        }
        if round % 10 == 0 {
            for document in documents.list(None, 10).await.expect("page").documents {
                assert!(known.contains(&document.sha256) && document.size == 8, "{document:?}");
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().expect("the swapping thread");
    assert!(seen.0 > 0 && seen.1 > 0, "the readings met only one of the two: {seen:?}");
}
