//! Servers on this machine that answer as a test wants, byte by byte, which no library for servers would let through.
//!
//! Everything received is kept, raw, so that a test sees what really left the host and what did not. A server ends with
//! its test: its threads wait for nobody but the host's client.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// An answer that there is nothing wrong with.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a server does when a request has come in.
pub(crate) enum Reply {
    /// Writes these bytes and waits for the next request.
    Bytes(Vec<u8>),
    /// Writes these bytes and closes.
    Last(Vec<u8>),
    /// Writes the first bytes, and then the second again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Writes the bytes at once, and then the single one again and again, with pauses.
    Slowly(Vec<u8>, u8),
    /// Writes these bytes, possibly none, and then nothing until the client goes away.
    Silence(Vec<u8>),
}

/// A server, and what it saw.
pub(crate) struct Server {
    authority: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// A server that gives each request the same bytes.
pub(crate) fn answering(answer: &str) -> Server {
    let answer = answer.as_bytes().to_vec();
    serving(move |_, _| Reply::Bytes(answer.clone()))
}

/// A server that decides by the number of the request, counted from 0 over all connections, and by its text.
pub(crate) fn serving(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server { authority: listener.local_addr().unwrap().to_string(), seen: Arc::default() };
    let (seen, reply) = (Arc::clone(&server.seen), Arc::new(reply));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
            seen.connections.fetch_add(1, Ordering::Relaxed);
            // A client that goes away is part of the game.
            thread::spawn(move || serve(stream, &seen, &*reply).ok());
        }
    });
    server
}

/// A server that reads the beginning of what comes and no more.
pub(crate) struct Deaf {
    base: String,
    connections: mpsc::Receiver<TcpStream>,
}

/// Starts one; it answers all the same.
pub(crate) fn deaf(answer: &'static str) -> Deaf {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (sender, connections) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let begun = stream.read(&mut [0; 1024]).is_ok() && stream.write_all(answer.as_bytes()).is_ok();
            if !begun || sender.send(stream).is_err() {
                return;
            }
        }
    });
    Deaf { base, connections }
}

impl Deaf {
    /// The base URL.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether the other side of the first connection goes away without having been read from.
    pub(crate) fn was_left(&self) -> bool {
        let mut stream = self.connections.recv().unwrap();
        // Who is gone takes nothing, and says so from the second time on.
        (0..200).any(|_| {
            thread::sleep(Duration::from_millis(25));
            stream.write_all(b"x").is_err()
        })
    }
}

impl Server {
    /// `host:port`.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The base URL.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// All requests so far, head and body as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Seen,
    reply: &(dyn Fn(usize, &str) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut received = Vec::new();
    while let Some(request) = request(&mut stream, &mut received)? {
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        match reply(number, &request) {
            Reply::Bytes(bytes) => stream.write_all(&bytes)?,
            Reply::Last(bytes) => return stream.write_all(&bytes),
            Reply::Endless(first, again) => {
                stream.write_all(&first)?;
                loop {
                    stream.write_all(&again)?;
                }
            }
            Reply::Slowly(bytes, again) => {
                stream.write_all(&bytes)?;
                loop {
                    thread::sleep(Duration::from_millis(20));
                    stream.write_all(&[again])?;
                }
            }
            Reply::Silence(bytes) => {
                stream.write_all(&bytes)?;
                while stream.read(&mut [0; 1024])? > 0 {}
            }
        }
    }
    Ok(())
}

/// The next request, or what there is of it when the client goes away; nothing when there is nothing.
fn request(stream: &mut TcpStream, received: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(length) = complete(received) {
            let rest = received.split_off(length);
            let request = std::mem::replace(received, rest);
            return Ok(Some(String::from_utf8_lossy(&request).into_owned()));
        }
        let size = stream.read(&mut chunk).unwrap_or(0);
        if size == 0 {
            let rest = std::mem::take(received);
            return Ok((!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned()));
        }
        received.extend_from_slice(chunk.get(..size).unwrap_or_default());
    }
}

/// Length of the first request in these bytes, if it is there in full.
fn complete(bytes: &[u8]) -> Option<usize> {
    let find = |what: &[u8], from: usize| {
        bytes.get(from..)?.windows(what.len()).position(|part| part == what).map(|at| from + at)
    };
    let body = find(b"\r\n\r\n", 0)? + 4;
    let head = String::from_utf8_lossy(bytes.get(..body)?).to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding: chunked\r\n") {
        // The last chunk; the bodies of these tests do not hold its sign.
        return find(b"0\r\n\r\n", body).map(|at| at + 5);
    }
    let declared = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = body + declared.map_or(0, |length| length.parse().unwrap_or(0));
    (bytes.len() >= length).then_some(length)
}
