//! Configurations that are taken and configurations that are refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, ConfigError, ErpKind, ReaderConfig, ReaderMode, RecognitionEngine};
use crate::limits::Limits;
use crate::model::tenant::{CodeSource, Delivery, Scope, Term};
use crate::secrets::{AccountSource, CredentialSource, SecretSource};

const SMALL: &str = r#"
[tenants.acme]
base-url = "https://sandbox-rest.avatax.com"
company-code = "DEFAULT"
[tenants.acme.credentials]
account-env = "AVATAX_ACCOUNT"
license-key-env = "AVATAX_LICENSE_KEY"
[tenants.acme.erp]
kind = "sqlite"
path = "erp.sqlite"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("conf/onboard.toml"))
}

fn refusal(text: &str) -> String {
    parse(text).expect_err("refused").to_string()
}

#[test]
fn a_small_file_gets_the_documented_defaults() {
    let config = parse(SMALL).expect("valid");
    let tenant = config.tenant(None).expect("the only one");
    assert_eq!(tenant.name, "acme");
    assert_eq!(tenant.base_url, "https://sandbox-rest.avatax.com");
    assert_eq!(
        (tenant.page_size, tenant.batch_size, tenant.window, tenant.patience_seconds),
        (500, 25, 16, 180)
    );
    assert_eq!(tenant.cover_letter, "STANDARD_REQUEST");
    assert_eq!(tenant.data_dir, PathBuf::from("conf/onboarding-data/acme"));
    assert_eq!(tenant.erp.path, PathBuf::from("conf/erp.sqlite"));
    assert_eq!(tenant.erp.kind, ErpKind::Sqlite);
    assert!(tenant.documents.attachments && tenant.documents.folder.is_none() && !tenant.allow_loopback);
    let settings = tenant.settings(jiff::civil::date(2026, 11, 22));
    assert_eq!(settings.today, "2026-11-22");
    assert_eq!(settings.code_source, CodeSource::TaxEngineCode);
    assert_eq!(settings.scope, Scope::All);
    assert_eq!(settings.delivery, Delivery::Email);
}

#[test]
fn every_way_to_name_credentials_is_understood() {
    let with = |lines: &str| {
        let text = SMALL
            .replace("account-env = \"AVATAX_ACCOUNT\"\nlicense-key-env = \"AVATAX_LICENSE_KEY\"", lines);
        parse(&text).map(|config| config.tenant(None).expect("one").credentials.clone())
    };
    assert_eq!(
        with("account = \"123\"\nlicense-key-command = [\"pass\", \"show\", \"avatax\"]").expect("command"),
        CredentialSource::Basic {
            account: AccountSource::Literal("123".into()),
            license_key: SecretSource::Command(vec!["pass".into(), "show".into(), "avatax".into()]),
        }
    );
    assert_eq!(
        with("token-file = \"token.txt\"").expect("file"),
        CredentialSource::Bearer(SecretSource::File("conf/token.txt".into()))
    );
    for broken in [
        "",
        "account = \"123\"",
        "account = \"1\"\naccount-env = \"A\"\nlicense-key-env = \"B\"",
        "license-key-env = \"B\"\ntoken-env = \"C\"\naccount = \"1\"",
        "account = \"1\"\nlicense-key-env = \"B\"\nlicense-key-file = \"C\"",
        "account = 1\nlicense-key-env = \"B\"",
    ] {
        assert!(matches!(with(broken), Err(ConfigError::Invalid { .. })), "{broken}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_without_repeating_it() {
    for line in [
        "license-key = \"S3CRET\"",
        "token = \"S3CRET\"",
        "license-key-command = \"S3CRET\"",
        "S3CRET = true",
        "license-key-env = [\"S3CRET\"]",
    ] {
        let text = SMALL.replace("license-key-env = \"AVATAX_LICENSE_KEY\"", line);
        let message = refusal(&text);
        assert!(!message.contains("S3CRET"), "{message}");
        assert!(message.contains("line 5"), "{message}");
    }
    assert!(refusal(&SMALL.replace("license-key-env", "license-key")).contains("license-key-env"));
}

#[test]
fn unknown_keys_and_broken_text_name_file_and_line() {
    let message = refusal(&SMALL.replace("company-code", "compny-code"));
    assert!(message.starts_with("conf/onboard.toml, line 4: unknown field `compny-code`"), "{message}");
    let message = refusal("[tenants.acme\n");
    assert!(message.starts_with("conf/onboard.toml, line 1: "), "{message}");
}

#[test]
fn values_outside_their_range_are_refused() {
    for (line, key) in [
        ("page-size = 1001", "page-size"),
        ("page-size = 0", "page-size"),
        ("batch-size = 101", "batch-size"),
        ("window = 65", "window"),
        ("patience-seconds = 0", "patience-seconds"),
        ("company-id = 0", "company-id"),
        ("cover-letter = \" \"", "cover-letter"),
    ] {
        let message =
            refusal(&SMALL.replace("company-code = \"DEFAULT\"", &format!("company-code = \"D\"\n{line}")));
        assert!(message.contains("line 5") && message.contains(key), "{message}");
    }
}

#[test]
fn the_base_url_is_https_unless_a_stand_in_is_allowed() {
    let with = |url: &str, more: &str| {
        parse(&SMALL.replace("\"https://sandbox-rest.avatax.com\"", &format!("\"{url}\"\n{more}")))
            .map(|config| config.tenant(None).expect("one").base_url.clone())
    };
    assert_eq!(with("https://rest.avatax.com/", "").expect("https"), "https://rest.avatax.com");
    assert_eq!(
        with("http://127.0.0.1:8080", "allow-loopback = true").expect("loopback"),
        "http://127.0.0.1:8080"
    );
    assert_eq!(with("http://[::1]:80", "allow-loopback = true").expect("loopback"), "http://[::1]");
    for (url, more) in [
        ("http://rest.avatax.com", ""),
        ("http://rest.avatax.com", "allow-loopback = true"),
        ("http://127.0.0.1:8080", ""),
        ("https://localhost", ""),
        ("https://rest.avatax.com/api", ""),
        ("https://user:word@rest.avatax.com", ""),
        ("rest.avatax.com", ""),
        ("https://rest.av`tax.com", ""),
        ("ftp://rest.avatax.com", ""),
    ] {
        assert!(with(url, more).is_err(), "{url} {more}");
    }
}

#[test]
fn a_tenant_is_chosen_by_name_or_because_it_is_the_only_one() {
    let two = format!("{SMALL}{}", SMALL.replace("acme", "beta"));
    let config = parse(&two).expect("two tenants");
    assert_eq!(config.tenant(Some("beta")).expect("named").name, "beta");
    assert!(config.tenant(None).expect_err("which").to_string().contains("acme, beta"));
    let message = config.tenant(Some("gamma")).expect_err("unknown").to_string();
    assert!(message.contains("gamma") && message.contains("acme, beta"), "{message}");
    assert!(matches!(parse("").expect("empty").tenant(None), Err(ConfigError::NoTenant { .. })));
    assert!(parse(&SMALL.replace("tenants.acme", "tenants.\"../up\"")).is_err());
}

#[test]
fn what_belongs_to_sqlite_is_refused_for_other_kinds() {
    let ofbiz = SMALL.replace("\"sqlite\"", "\"ofbiz\"");
    assert!(!parse(&ofbiz).expect("plain").tenant(None).expect("one").documents.attachments);
    assert!(refusal(&format!("{ofbiz}queries = \"pack.toml\"\n")).contains("queries"));
    assert!(
        refusal(&format!("{ofbiz}[tenants.acme.documents]\nattachments = true\n")).contains("attachments")
    );
}

#[test]
fn a_missing_file_says_how_to_name_another() {
    let message = Config::load("no/such/onboard.toml").expect_err("missing").to_string();
    assert!(message.contains("no/such/onboard.toml") && message.contains("--config"), "{message}");
}

#[test]
fn without_a_table_reading_is_locked_up_and_uses_the_networks() {
    let reader = parse(SMALL).expect("valid").reader;
    assert_eq!(reader, ReaderConfig::default());
    assert_eq!((reader.mode, reader.engine), (ReaderMode::Sandboxed, RecognitionEngine::Networks));
}

#[test]
fn the_reader_is_described_once_for_the_host() {
    let table = "[reader]\nmode = \"native\"\nengine = \"tesseract\"\nmodels = \"networks\"\nthreads = 2\n\
                 deadline-seconds = 5\ncomponent = \"reader.wasm\"\n";
    let with = |line: &str| parse(&format!("{table}{line}{SMALL}")).map(|config| config.reader);
    let reader = with("").expect("valid");
    assert_eq!((reader.mode, reader.engine), (ReaderMode::Native, RecognitionEngine::Tesseract));
    assert_eq!(reader.models, Some(PathBuf::from("conf/networks")));
    assert_eq!(reader.component, Some(PathBuf::from("conf/reader.wasm")));
    assert_eq!((reader.threads, reader.deadline.as_secs()), (Some(2), 5));
    assert_eq!(reader.tesseract, PathBuf::from("tesseract"));
    assert_eq!(with("tesseract = \"tess5\"\n").expect("name").tesseract, PathBuf::from("tess5"));
    assert_eq!(with("tesseract = \"bin/tess5\"\n").expect("path").tesseract, PathBuf::from("conf/bin/tess5"));
}

#[test]
fn values_of_the_reader_outside_their_range_are_refused_with_their_line() {
    for (line, key) in [
        ("threads = 0", "threads"),
        ("threads = 65", "threads"),
        ("deadline-seconds = 0", "deadline-seconds"),
        ("tesseract = \" \"", "tesseract"),
        ("mode = \"open\"", "open"),
        ("sandbox = true", "sandbox"),
    ] {
        let message = refusal(&format!("[reader]\n{line}\n{SMALL}"));
        assert!(message.contains("line 2") && message.contains(key), "{message}");
    }
}

#[test]
fn seller_names_and_terms_reach_the_settings() {
    let text = SMALL.replace(
        "company-code = \"DEFAULT\"",
        "company-code = \"D\"\nseller-names = [\"Example Supply Inc.\", \" Example Trading \"]\n\
         terms = [{ state = \"GA\", reason = \"G\", months = 36 }, { months = 48 }]",
    );
    let settings =
        parse(&text).expect("valid").tenant(None).expect("one").settings(jiff::civil::date(2026, 11, 22));
    assert_eq!(settings.seller_names, ["Example Supply Inc.", "Example Trading"]);
    let term = |region: &str, use_code: &str, months| Term {
        region: region.to_owned(),
        use_code: use_code.to_owned(),
        months,
    };
    assert_eq!(settings.terms, [term("GA", "G", 36), term("", "", 48)]);
}

#[test]
fn terms_and_names_that_cannot_be_meant_are_refused_with_their_line() {
    let many_names = format!("seller-names = [{}]", "\"A\", ".repeat(21));
    let many_terms = format!(
        "terms = [{}]",
        (1..=201).map(|n| format!("{{ reason = \"R{n}\", months = 1 }}, ")).collect::<String>()
    );
    for (line, words) in [
        ("seller-names = [\"\"]", "seller-names"),
        (many_names.as_str(), "at most 20"),
        (many_terms.as_str(), "at most 200"),
        ("terms = [{ state = \"Georgia\", months = 3 }]", "two capital letters"),
        ("terms = [{ reason = \"resale, mostly\", months = 3 }]", "entity/use code"),
        ("terms = [{ months = 0 }]", "from 1 to 600"),
        ("terms = [{ state = \"GA\" }]", "months"),
        ("terms = [{ months = 3 }, { months = 4 }]", "twice"),
    ] {
        let message =
            refusal(&SMALL.replace("company-code = \"DEFAULT\"", &format!("company-code = \"D\"\n{line}")));
        assert!(message.contains("line 5") && message.contains(words), "{message}");
    }
}

#[test]
fn the_host_sets_a_ceiling_and_a_tenant_stays_below_it() {
    let with = |host: &str, tenant: &str| {
        parse(&format!("[limits]\n{host}\n{SMALL}[tenants.acme.limits]\n{tenant}\n")).expect("valid")
    };
    let config = with("deadline-seconds = 600\nmemory-bytes = 100_000_000", "memory-bytes = 50_000_000");
    let tenant = config.tenant(None).expect("one").limits;
    assert_eq!((config.ceiling.memory_bytes, tenant.memory_bytes), (100_000_000, 50_000_000));
    assert_eq!(
        (config.ceiling.deadline, tenant.deadline),
        (Duration::from_secs(600), Duration::from_secs(600))
    );
    assert_eq!(tenant.handles, Limits::default().handles);
    let config = with("", "requests-in-flight = 1_000");
    assert_eq!(config.tenant(None).expect("one").limits, Limits::default());
}

#[test]
fn limits_that_cannot_be_meant_are_refused_with_their_line() {
    for (text, place) in [
        (
            "[limits]\nmemory = 5",
            "line 2, table `limits`: there is no limit `memory`; there are memory-bytes, ",
        ),
        (
            "[limits]\nmemory-bytes = 0",
            "line 2, table `limits`: `memory-bytes` has to be a whole number from 1",
        ),
        ("[limits]\nmemory-bytes = \"64 MiB\"", "line 2, table `limits`: `memory-bytes` has to be a whole"),
    ] {
        let shown = refusal(text);
        assert!(shown.contains(place), "{shown}");
    }
    let shown = refusal(&format!("{SMALL}[tenants.acme.limits]\nhandles = -1\n"));
    assert!(shown.contains("line 12, tenant `acme`: `handles` has to be a whole number from 1"), "{shown}");
}

#[test]
fn rules_beside_those_of_onboarding_are_taken_as_a_denial_prints_them() {
    let with =
        |rules: &str| parse(&SMALL.replace("company-code", &format!("allow = [{rules}]\ncompany-code")));
    let rule = "GET https://proxy.example.com:443/status";
    let config = with(&format!("\"{rule}\"")).expect("valid");
    let rules = &config.tenant(None).expect("one").allow;
    assert_eq!(rules.iter().map(ToString::to_string).collect::<Vec<_>>(), [rule]);
    for wrong in ["GET proxy.example.com/status", "GET https://proxy.example.com/a%2Fb", "GET"] {
        let shown = with(&format!("\"{rule}\", \"{wrong}\"")).expect_err("refused").to_string();
        assert!(shown.contains("line 4, tenant `acme`: `allow` holds no rule here"), "{shown}");
    }
}

#[test]
fn two_tenants_do_not_share_a_journal() {
    let other = SMALL
        .replace("acme", "second")
        .replace("company-code", "data-dir = \"onboarding-data/acme\"\ncompany-code");
    let shown = refusal(&format!("{SMALL}{other}"));
    assert!(shown.contains("tenant `second`: `data-dir` is that of tenant `acme`"), "{shown}");
}
