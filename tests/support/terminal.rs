//! A person at a terminal: a pseudo-terminal that the program takes for a real one, because it is one.
//!
//! Input and error stream of the program are the terminal, as they are where somebody types; its output goes to a pipe.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing has to fail")]

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    fs::OFlags,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use crate::Ran;

/// Runs a program at a terminal and types each answer once the words before it are on the screen. What the screen
/// showed is the `stderr` of the result.
pub fn converse(mut command: Command, answers: &[(&str, &str)]) -> Ran {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    // It must not become the terminal of the test itself.
    let flags = OFlags::NOCTTY.bits().cast_signed();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).unwrap();
    command.stdin(theirs.try_clone().unwrap()).stderr(theirs).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // The command holds our copies of the program's end; only without them the terminal ends with the program.
    drop(command);
    let mut typing = File::from(ours);
    let mut reading = typing.try_clone().unwrap();
    let (words, screen) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(read @ 1..) = reading.read(&mut part) {
            let _gone = words.send(part.get(..read).unwrap_or_default().to_vec());
        }
    });
    let mut shown = Vec::new();
    let begun = Instant::now();
    for (prompt, answer) in answers {
        while !String::from_utf8_lossy(&shown).contains(prompt) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no `{prompt}` on the screen");
            match screen.recv_timeout(Duration::from_secs(1)) {
                Ok(part) => shown.extend(part),
                Err(_) => assert_eq!(running.try_wait().unwrap(), None, "it ended before `{prompt}`"),
            }
        }
        typing.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let mut stdout = String::new();
    running.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let code = running.wait().unwrap().code().unwrap_or(-1);
    shown.extend(screen.into_iter().flatten());
    Ran { code, stdout, stderr: String::from_utf8_lossy(&shown).into_owned() }
}
