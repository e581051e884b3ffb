//! The `avatax-sim` program: what it prints, how it ends.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

#[test]
fn it_says_where_it_listens_and_stops_on_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_avatax-sim"))
        .args(["--seed", "3", "--state-file"])
        .arg(&state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://127.0.0.1:").unwrap();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{address}")).unwrap();
    let request = "GET /api/v2/utilities/ping HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"authenticated\":false"), "{answer}");
    let interrupt = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert!(program.wait().unwrap().success());
    assert!(std::fs::read_to_string(&state).unwrap().contains("\"seed\":3"));
}

#[test]
fn it_refuses_what_it_cannot_do_with_a_sentence() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_avatax-sim")).args(args).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&["--listen", "0.0.0.0:0"]).contains("--allow-remote"));
    assert!(run(&["--fault", "cut:rate=7"]).contains("between 0 and 1"));
}

#[test]
fn the_help_lists_the_kinds_of_fault_one_by_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_avatax-sim")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for kind in ["429", "slow-down", "cut-after", "hang-after", "partial", "expired", "shift", "taken"] {
        let listed = |line: &str| line.trim_start().starts_with(&format!("{kind} "));
        assert!(help.lines().any(listed), "{kind} has no line of its own:\n{help}");
    }
}
