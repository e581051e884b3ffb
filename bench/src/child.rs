//! Parts that need a process of their own: this program again, with the name of a part and its question as JSON.
//!
//! Memory can only be told apart by process, a second start is one only in a new process, and a server in the same
//! process would be counted in with its client. A child answers with one line of JSON on its standard output.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::Outcome;

/// First argument of a child.
pub(crate) const PART: &str = "--part";

/// A child that goes on until its input ends.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a part.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub(crate) fn start(part: &str, question: &impl Serialize) -> Outcome<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([PART, part, &serde_json::to_string(question)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("a child has no output")?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    /// Its next line.
    ///
    /// # Errors
    /// When it ended, or wrote something else.
    pub(crate) fn answer<T: DeserializeOwned>(&mut self) -> Outcome<T> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() {
            return Err(format!("a part ended without an answer: {}", self.child.wait()?).into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Ends its input and waits for its last line.
    ///
    /// # Errors
    /// When it ended otherwise.
    pub(crate) fn end<T: DeserializeOwned>(mut self) -> Outcome<T> {
        drop(self.input.take());
        let answer = self.answer()?;
        self.child.wait()?;
        Ok(answer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input; what it says by then is nobody's business any more.
        let _ = self.child.wait();
    }
}

/// Runs a part that has one answer.
///
/// # Errors
/// When it fails.
pub(crate) fn ask<T: DeserializeOwned>(part: &str, question: &impl Serialize) -> Outcome<T> {
    Running::start(part, question)?.end()
}

/// Inside a child: says a line.
///
/// # Errors
/// When nobody listens.
pub(crate) fn say(answer: &impl Serialize) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(answer)?)?;
    Ok(out.flush()?)
}

/// Inside a child: waits until the parent has enough.
///
/// # Errors
/// When the input cannot be read.
pub(crate) fn wait() -> Outcome<()> {
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
