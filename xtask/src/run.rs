//! Running other programs: each step is announced, each failure names the command.
//!
//! Standard output belongs to the programs that are run (the demo may print JSON), so everything said here goes to
//! standard error.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::error::TaskError;

/// Writes a line for the person in front of the screen; if nobody listens, nothing is lost.
pub(crate) fn say(line: &str) {
    let _unheard = writeln!(std::io::stderr(), "{line}");
}

/// Announces a step.
pub(crate) fn step(what: &str) {
    say(&format!("==> {what}"));
}

/// The cargo that runs us, in the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    command
}

/// Runs a command to its end and passes its output on.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let status = command.status().map_err(|source| cannot_start(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(TaskError::Failed { command: line(command), status: status.to_string() })
}

/// Runs a command and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, TaskError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|source| cannot_start(command, source))?;
    if !output.status.success() {
        return Err(TaskError::Failed { command: line(command), status: output.status.to_string() });
    }
    String::from_utf8(output.stdout).map_err(|_| TaskError::OddCompiler { command: line(command) })
}

/// Whether a command can be started and ends well; its output is dropped.
pub(crate) fn succeeds(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// SQLite, TLS and every build script need one; asking first beats a page of compiler errors.
pub(crate) fn require_c_compiler() -> Result<(), TaskError> {
    let compiler = env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
    if succeeds(&compiler, &["--version"]) {
        return Ok(());
    }
    Err(TaskError::NoCCompiler { compiler: compiler.to_string_lossy().into_owned() })
}

fn cannot_start(command: &Command, source: std::io::Error) -> TaskError {
    TaskError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_its_arguments() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("`sh -c exit 3`") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(error.contains("`no-such-program-here` could not be started"), "{error}");
        assert!(!succeeds("no-such-program-here", &[]));
    }
}
