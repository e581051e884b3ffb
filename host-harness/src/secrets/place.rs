//! Taking a secret from where it is kept.
//!
//! A file may be a pipe and a command may wait for something, so both are read by a thread of their own, which is given a
//! bounded time and a bounded number of bytes. A command is run without a shell, in a process group of its own: when its time
//! is up, whatever it has started ends with it. It gets no standard input; what it says on standard error is for the person
//! in front of the terminal.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};

use super::{SecretError, SecretSource};

/// Longest credential file or command output. A license key has some tens of bytes, a bearer token a few thousand.
const MAX_BYTES: u64 = 16 * 1024;
/// How long a file or a command may take. A vault that is far away takes a few seconds.
const TIME: Duration = Duration::from_secs(30);
/// Between two looks whether a command has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// The secret itself. Editors and programs end what they write with a line feed, which is not part of it.
pub(super) fn secret(source: &SecretSource) -> Result<SecretString, SecretError> {
    let text = match source {
        SecretSource::Env(name) => return variable(name),
        SecretSource::File(path) => read_file(path, TIME)?,
        SecretSource::Command(line) => run(line, TIME)?,
    };
    Ok(text.expose_secret().lines().next().unwrap_or_default().trim().into())
}

/// The value of an environment variable.
pub(super) fn variable(name: &str) -> Result<SecretString, SecretError> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().into()),
        _ => Err(SecretError::Variable(name.to_owned())),
    }
}

fn read_file(path: &Path, time: Duration) -> Result<SecretString, SecretError> {
    let failed = |reason: String| SecretError::File { path: path.to_owned(), reason };
    let owned = path.to_owned();
    let read = move || std::fs::File::open(owned).map_err(|error| error.to_string()).and_then(bounded);
    in_time(time, read)
        .unwrap_or_else(|| Err(format!("nobody has written it within {} seconds", time.as_secs())))
        .map_err(failed)
}

fn run(line: &[String], time: Duration) -> Result<SecretString, SecretError> {
    let (program, arguments) = line.split_first().ok_or_else(|| SecretError::Command {
        command: String::new(),
        reason: "no program is named".to_owned(),
    })?;
    let failed = |reason: String| SecretError::Command { command: program.clone(), reason };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let output = match child.stdout.take() {
        Some(stdout) => in_time(time, move || bounded(stdout)),
        None => Some(Err("it has no output".to_owned())),
    };
    // Once there is too much of it, nothing that it could still say matters.
    let status = match &output {
        Some(Ok(_)) => end(&mut child, time.saturating_sub(begun.elapsed())),
        _ => None,
    };
    if status.is_none() {
        kill(&mut child);
    }
    match (output, status) {
        (Some(Err(reason)), _) => Err(failed(reason)),
        (Some(Ok(output)), Some(Ok(status))) if status.success() => Ok(output),
        (Some(Ok(_)), Some(Ok(status))) => Err(failed(format!("it ended with {status}"))),
        (Some(Ok(_)), Some(Err(error))) => Err(failed(error.to_string())),
        (None, _) | (Some(Ok(_)), None) => Err(failed(format!(
            "it did not end within {} seconds and was stopped; it cannot ask for anything here, so unlock beforehand what it \
             needs",
            time.as_secs()
        ))),
    }
}

/// What `work` gives; none if that takes longer. It goes on in its thread then, and nobody waits for it.
fn in_time<T: Send + 'static>(time: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(time).ok()
}

/// How a process ended; none if it is still at work after that time.
fn end(child: &mut Child, time: Duration) -> Option<std::io::Result<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(ended) = child.try_wait().transpose() {
            return Some(ended);
        }
        if begun.elapsed() >= time {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

/// Ends a process and all that it has started.
fn kill(child: &mut Child) {
    // It may have ended in the meantime, and then there is nothing to do.
    #[cfg(unix)]
    let _ended = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    let _ended = child.kill();
    let _ended = child.wait();
}

fn bounded(source: impl Read) -> Result<SecretString, String> {
    let mut text = String::new();
    source.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let text = SecretString::from(text);
    if text.expose_secret().len() as u64 > MAX_BYTES {
        return Err(format!("it holds more than {MAX_BYTES} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn error(words: &[&str], time: Duration) -> String {
        run(&command(words), time).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_command_is_run_without_a_shell() {
        let text = secret(&SecretSource::Command(command(&["printf", "%s", "$HOME"]))).unwrap();
        assert_eq!(text.expose_secret(), "$HOME");
    }

    #[test]
    fn a_command_that_fails_is_named_with_how_it_ended() {
        assert_eq!(
            error(&["false"], TIME),
            "The credential command `false` did not give a credential: it ended with exit status: 1."
        );
    }

    #[test]
    fn a_command_that_prints_without_end_is_stopped_also_when_it_does_not_mind_a_closed_pipe() {
        let deaf = "trap '' PIPE; while :; do echo x; done 2>/dev/null";
        for words in [&["yes"][..], &["sh", "-c", deaf]] {
            let begun = Instant::now();
            let text = error(words, TIME);
            assert!(text.contains("more than 16384 bytes"), "{text}");
            assert!(begun.elapsed() < TIME);
        }
    }

    #[test]
    fn a_command_that_hangs_is_stopped_whether_it_has_closed_its_output_or_not() {
        for script in ["sleep 600", "echo KEY; exec >&-; sleep 600", "echo KEY; sleep 600 & exit 0"] {
            let text = error(&["sh", "-c", script], Duration::from_secs(1));
            assert!(text.contains("did not end within 1 seconds and was stopped"), "{script}: {text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_command_has_started_is_stopped_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let script = "sleep 600 & echo $! > \"$0\"; wait";
        error(&["sh", "-c", script, file.to_str().unwrap()], Duration::from_secs(1));
        let pid = std::fs::read_to_string(&file).unwrap();
        // Gone, or dead and not yet taken note of by whoever inherited it.
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        let begun = Instant::now();
        while !is_gone() && begun.elapsed() < Duration::from_secs(20) {
            thread::sleep(PAUSE);
        }
        assert!(is_gone(), "process {pid} is still there");
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for_without_end() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("key");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let text = read_file(&pipe, Duration::from_millis(50)).unwrap_err().to_string();
        assert!(text.contains("nobody has written it"), "{text}");
    }
}
