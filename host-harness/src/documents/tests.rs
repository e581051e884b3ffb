//! Documents in folders and databases, and forms made flat.

use std::{fs, path::Path, sync::Arc};

use lopdf::{Document, dictionary};

use super::{MAX_BYTES, digest, made::Made, media_type, open};
use crate::{
    config::{DocumentsConfig, ErpConfig, ErpKind},
    documents::Documents,
    model::documents::{DocumentError, DocumentPage, Rendition},
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

fn words(bytes: &[u8]) -> Vec<(String, i32, i32)> {
    let reading = reader().read(bytes).expect("readable");
    let all = reading.pages.into_iter().flat_map(|page| page.words);
    all.map(|word| (word.text, word.area.left.round() as i32, word.area.bottom.round() as i32)).collect()
}

#[tokio::test]
async fn a_filled_form_becomes_part_of_the_page() {
    let mut made = Made::new();
    let (value, on, off) =
        (made.drawing("Filled", 200, 20), made.drawing("X", 100, 10), made.drawing("no", 100, 10));
    let page = made.page("BT /Helv 10 Tf 100 700 Td (Label) Tj ET q", dictionary! {});
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("name"), "FT" => "Tx", "V" => lopdf::text_string("Filled"),
            "AP" => dictionary! { "N" => value },
        },
    );
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("box"), "FT" => "Btn", "V" => "Yes", "AS" => "Yes",
            "Rect" => vec![100.into(), 500.into(), 300.into(), 520.into()],
            "AP" => dictionary! { "N" => dictionary! { "Yes" => on, "Off" => off } },
        },
    );
    made.field(page, dictionary! { "T" => lopdf::text_string("empty"), "FT" => "Tx" });
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("hidden"), "FT" => "Tx", "V" => lopdf::text_string("secret"), "F" => 2,
            "AP" => dictionary! { "N" => value },
        },
    );
    let link = made.document.add_object(dictionary! {
        "Type" => "Annot", "Subtype" => "Link", "Rect" => vec![0.into(), 0.into(), 9.into(), 9.into()],
    });
    made.show(page, link);
    let original = made.bytes();
    assert_eq!(words(&original), [("Label".to_owned(), 100, 102)]);

    let flat = upload(&original).await.expect("flat");
    assert!(!flat.windows(9).any(|part| part == b"/AcroForm"));
    // The check mark's drawing is half as large as its field, so it is doubled: 2 points in become 4.
    let expected =
        [("Label", 100, 102), ("Filled", 102, 199), ("X", 104, 298)].map(|(w, x, y)| (w.to_owned(), x, y));
    assert_eq!(words(&flat), expected);
    let document = Document::load_mem(&flat).expect("valid");
    let page = document.page_iter().next().expect("page");
    let left = document.get_page_annotations(page).expect("annotations");
    assert_eq!(left.len(), 1);
    assert!(left[0].get(b"Subtype").and_then(lopdf::Object::as_name).is_ok_and(|name| name == b"Link"));
    assert_eq!(upload(&flat).await.expect("flat already"), flat);
}

#[tokio::test]
async fn a_value_without_a_drawing_is_refused_by_name() {
    let mut made = Made::new();
    let page = made.page("", dictionary! {});
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("permit"), "FT" => "Tx", "V" => lopdf::text_string("1"),
        },
    );
    let answer = upload(&made.bytes()).await;
    assert!(
        matches!(answer, Err(DocumentError::Unsupported(ref text)) if text.contains("\"permit\" on page 1")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_avatax_does_not_take_is_refused_and_pictures_stay_as_they_are() {
    assert_eq!(upload(b"\xFF\xD8\xFF\xE0").await.expect("picture").as_ref(), b"\xFF\xD8\xFF\xE0");
    let plain = super::made::text(&[("A", 1, 1)]);
    assert_eq!(upload(&plain).await.expect("plain").as_ref(), plain);
    for (bytes, word) in [(&b"PK\x03\x04"[..], "ZIP"), (b"hello", "neither"), (b"%PDF-1.4 cut off", "broken")]
    {
        let answer = upload(bytes).await;
        assert!(
            matches!(answer, Err(DocumentError::Unsupported(ref text)) if text.contains(word)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_encrypted_document_is_neither_uploaded_nor_read() {
    let mut document = Document::load_mem(&super::made::text(&[("A", 1, 1)])).expect("valid");
    document.trailer.set("ID", vec![lopdf::Object::string_literal("0123456789abcdef"); 2]);
    let version = lopdf::EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: lopdf::Permissions::all(),
    };
    let state = lopdf::EncryptionState::try_from(version).expect("state");
    document.encrypt(&state).expect("encrypted");
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("saved");
    let answer = upload(&bytes).await;
    assert!(
        matches!(answer, Err(DocumentError::Unsupported(ref text)) if text.contains("encrypted")),
        "{answer:?}"
    );
    let answer = reader().read(&bytes);
    assert!(format!("{answer:?}").contains("Unreadable(\"the PDF is encrypted"), "{answer:?}");
}
