//! Programs that are watched, stopped and started in unusual surroundings while they run, and what they leave behind.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test whose ground is missing has to fail"
)]

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use crate::{
    ACCOUNT_VARIABLE, APPROVER, KEY_VARIABLE, Ran, Stage, component_file, onboard_program, workspace,
};

/// A program that runs `onboard`, itself or another that starts it, with both streams kept.
pub fn command(stage: &Stage, program: &Path, before: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(before)
        .args(arguments)
        .arg("--component")
        .arg(component_file())
        .current_dir(stage.dir())
        .env(ACCOUNT_VARIABLE, &stage.account)
        .env(KEY_VARIABLE, &stage.key)
        .env("USER", APPROVER)
        .env("XDG_CACHE_HOME", workspace().join("target").join("test-cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts `onboard` and keeps what it prints.
pub fn start(stage: &Stage, arguments: &[&str]) -> Child {
    command(stage, &onboard_program(), &[], arguments).spawn().unwrap()
}

/// Runs `onboard` by way of a shell script, which gets it as `"$@"` and one more word as `$0`.
pub fn by_shell(stage: &Stage, launcher: &[&str], script: &str, word: &str, arguments: &[&str]) -> Ran {
    let program = onboard_program();
    let mut before = launcher[1..].to_vec();
    before.extend(["-c", script, word, program.to_str().unwrap()]);
    ran(command(stage, Path::new(launcher[0]), &before, arguments).output().unwrap())
}

/// What a run that has ended printed.
pub fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Presses Ctrl-C.
pub fn interrupt(running: &Child) {
    let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until the run has written that much more to AvaTax.
pub fn until_written(stage: &Stage, running: &mut Child, before: usize, more: usize) {
    let begun = Instant::now();
    while stage.sim().writes() < before + more {
        assert_eq!(running.try_wait().unwrap(), None, "the run ended before it was stopped");
        assert!(begun.elapsed() < Duration::from_secs(60), "the run writes nothing");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Writes that the journal announces: operation and what it is about.
fn announced(stage: &Stage) -> BTreeSet<(String, String)> {
    let journal = Connection::open_with_flags(
        stage.data_dir().join("journal.sqlite"),
        OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let mut intents = journal.prepare("SELECT operation, key FROM entry WHERE kind = 'intent'").unwrap();
    let rows = intents.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Fails when AvaTax holds a customer, certificate or invitation that the journal does not announce.
pub fn everything_is_recorded(stage: &Stage) {
    let announced = announced(stage);
    for effect in stage.sim().effects() {
        let (operation, key) = match effect.kind.as_str() {
            "customer-created" => ("create-customer", effect.customer.unwrap()),
            "invitation-created" => ("send-invitation", effect.customer.unwrap()),
            "certificate-created" => {
                ("create-certificate", effect.detail["filename"].as_str().unwrap().to_owned())
            }
            _ => continue,
        };
        let intent = (operation.to_owned(), key);
        assert!(announced.contains(&intent), "AvaTax was sent what the journal does not hold: {intent:?}");
    }
}

/// What a plan would write, and its digest.
pub fn preview(stage: &Stage, command: &[&str]) -> (u64, String) {
    let shown = stage.json(&[command, &["--preview"]].concat(), 0);
    let plan = &shown["result"]["preview"]["plan"];
    (plan["writes"].as_u64().unwrap(), plan["digest"].as_str().unwrap().to_owned())
}

/// Many customers in few slow calls, so that there is a safe point to stop at in the middle.
pub fn slow_stage() -> Stage {
    let stage = Stage::build()
        .customers(2_500)
        .without_certificates()
        .setting("batch-size = 100")
        .setting("window = 4")
        .start();
    stage.sim().set_faults(&["slow:ms=250"]);
    stage
}
