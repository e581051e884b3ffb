//! The gate against servers with a certificate that proves nothing: one that nobody trusts, one for another name, one that
//! has expired. The server decrypts whatever it gets, and a server with a good certificate shows that it would.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use super::*;
use crate::http::{secured, system};

/// What came over the one connection that was served.
struct Seen {
    /// As it came.
    raw: Vec<u8>,
    /// What was said under the protection of the certificate.
    decrypted: String,
}

impl Seen {
    /// That somebody came, began as TLS begins, and left without a word.
    fn nothing_but_a_greeting(&self) {
        assert_eq!(self.raw.first(), Some(&0x16), "{:?}", self.raw);
        assert_eq!(self.decrypted, "");
    }
}

/// A stream that keeps what is read from it.
struct Kept {
    stream: TcpStream,
    raw: Vec<u8>,
}

impl Read for Kept {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let size = self.stream.read(into)?;
        self.raw.extend_from_slice(&into[..size]);
        Ok(size)
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// A certificate for a name or address, signed by itself.
fn certificate(name: &str, last_year: i32) -> (CertificateDer<'static>, ServerConfig) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(last_year, 12, 31);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (certificate, config)
}

/// Serves one connection with that certificate.
fn server(config: ServerConfig) -> (String, thread::JoinHandle<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut kept = Kept { stream: listener.accept().unwrap().0, raw: Vec::new() };
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut connection, &mut kept);
        let mut decrypted = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(size @ 1..) = stream.read(&mut chunk) {
            decrypted.extend_from_slice(&chunk[..size]);
            if decrypted.ends_with(b"\r\n\r\n") {
                stream.write_all(OK.as_bytes()).unwrap();
                break;
            }
        }
        Seen { raw: kept.raw, decrypted: String::from_utf8_lossy(&decrypted).to_ascii_lowercase() }
    });
    (base, served)
}

/// Asks a server with that certificate, as a host that trusts it or as one that has only the usual authorities.
async fn asked(name: &str, last_year: i32, trusted: bool) -> (Result<Response<WasiBody>, Error>, Seen) {
    let (certificate, config) = certificate(name, last_year);
    let (base, served) = server(config);
    let mut tls = secured().unwrap();
    if trusted {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        tls = ClientConfig::builder_with_provider(Arc::clone(tls.crypto_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    }
    let limits = Limits::default();
    let mut gate = gate(&base, limits);
    gate.client = HttpClient::with(&limits, &system(), &tls);
    let answer = send(&mut gate, get(&format!("{base}/api/v2/utilities/ping"))).await;
    (answer, served.join().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_nobody_trusts_is_told_nothing() {
    let (answer, seen) = asked("127.0.0.1", 2100, false).await;
    assert!(matches!(answer, Err(Error::TlsCertificateError)), "{:?}", answer.err());
    seen.nothing_but_a_greeting();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_certificate_of_another_name_or_an_expired_one_is_worth_nothing() {
    for (name, last_year) in [("service.example.com", 2100), ("127.0.0.2", 2100), ("127.0.0.1", 2001)] {
        let (answer, seen) = asked(name, last_year, true).await;
        assert!(matches!(answer, Err(Error::TlsCertificateError)), "{name}: {:?}", answer.err());
        seen.nothing_but_a_greeting();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_is_trusted_for_its_name_is_spoken_to_and_hears_it_encrypted_only() {
    let (answer, seen) = asked("127.0.0.1", 2100, true).await;
    assert_eq!(answer.unwrap().status(), 200);
    assert!(seen.decrypted.contains("\r\nauthorization: basic mjawmdplrvk=\r\n"), "{}", seen.decrypted);
    let raw = String::from_utf8_lossy(&seen.raw).to_ascii_lowercase();
    assert!(!raw.contains("authorization") && !raw.contains("utilities/ping"));
}
