//! The second engine: the command line of Tesseract, for those who have it and do not want the networks.
//!
//! A page goes to the program's standard input as a grey PGM picture and comes back as a table of words, so nothing is
//! written to disk. The program has a time limit and its output a bound, after which it is ended.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    model::{Grey, Recogniser, Rectangle, Seen},
    recognise::picture,
};

/// Bytes of the program's answer at most; a page full of words has a hundredth of it.
const MAX_OUTPUT: u64 = 8 * 1024 * 1024;
/// Bytes of its complaints that are kept.
const MAX_COMPLAINT: u64 = 4 * 1024;
/// How long the program may take to tell its version.
const VERSION_TIME: Duration = Duration::from_secs(10);
/// How often is looked whether the program has ended.
const POLL: Duration = Duration::from_millis(5);
/// `-` twice: from standard input, to standard output. Mode 11 finds words in no particular order, which suits forms.
const ARGUMENTS: [&str; 5] = ["-", "-", "--psm", "11", "tsv"];

/// Tesseract as a program.
#[derive(Debug, Clone)]
pub struct Tesseract {
    program: PathBuf,
    version: String,
    time: Duration,
}

/// Why Tesseract did not give an answer.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(
        "`{}` cannot be started ({source}); install it (on Debian: `apt-get install tesseract-ocr`) or name it in \
         the configuration", program.display()
    )]
    Start { program: PathBuf, source: io::Error },
    #[error("`{}` took longer than {} seconds and was ended; the page may be too large for it", program.display(), time.as_secs())]
    Slow { program: PathBuf, time: Duration },
    #[error("`{}` wrote more than {MAX_OUTPUT} bytes, which is more than a page of words can need", program.display())]
    Flood { program: PathBuf },
    #[error("`{}` failed ({status}): {complaint}", program.display())]
    Failed { program: PathBuf, status: String, complaint: String },
}

impl Tesseract {
    /// Asks the program, by name or path, for its version, so that a missing one is told at once. `time` is how long a
    /// page may take. A failure is a sentence.
    pub fn find(program: impl AsRef<Path>, time: Duration) -> Result<Self, String> {
        let program = program.as_ref().to_path_buf();
        let output =
            run(&program, &["--version"], Vec::new(), VERSION_TIME).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.lines().next().unwrap_or_default().trim().to_owned();
        Ok(Self { program, version, time })
    }
}

impl Recogniser for Tesseract {
    fn name(&self) -> String {
        if self.version.is_empty() { "tesseract".to_owned() } else { self.version.clone() }
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        if !picture::is_sound(picture) {
            return Err(format!(
                "{picture:?} has another number of pixels than its size says, so it cannot be read"
            ));
        }
        let mut input = format!("P5\n{} {}\n255\n", picture.width, picture.height).into_bytes();
        input.extend_from_slice(&picture.pixels);
        let output = run(&self.program, &ARGUMENTS, input, self.time).map_err(|error| error.to_string())?;
        Ok(words(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// Runs a program to its end, within bounds.
fn run(program: &Path, arguments: &[&str], input: Vec<u8>, time: Duration) -> Result<Output, RunError> {
    let deadline = Instant::now() + time;
    let start = |source| RunError::Start { program: program.to_path_buf(), source };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(start)?;
    if let Some(stdin) = child.stdin.take() {
        thread::spawn(move || feed(stdin, &input));
    }
    let stdout = child.stdout.take().map(|pipe| collect(pipe, MAX_OUTPUT));
    let stderr = child.stderr.take().map(|pipe| collect(pipe, MAX_COMPLAINT));

    // The threads are not waited for: something that the program left behind may hold the pipes open for ever.
    let left = || deadline.saturating_duration_since(Instant::now());
    let gather = |pipe: Option<mpsc::Receiver<Vec<u8>>>, time| match pipe {
        Some(pipe) => pipe.recv_timeout(time).ok(),
        None => Some(Vec::new()),
    };
    let slow = || RunError::Slow { program: program.to_path_buf(), time };
    let Some(stdout) = gather(stdout, left()) else {
        end(&mut child);
        return Err(slow());
    };
    if stdout.len() as u64 >= MAX_OUTPUT {
        end(&mut child);
        return Err(RunError::Flood { program: program.to_path_buf() });
    }
    let status = loop {
        match child.try_wait().map_err(start)? {
            Some(status) => break status,
            None if left().is_zero() => {
                end(&mut child);
                return Err(slow());
            }
            None => thread::sleep(POLL),
        }
    };
    // What it complained of is only wanted for a message, so it is not worth a long wait.
    let stderr = gather(stderr, POLL * 20).unwrap_or_default();
    if !status.success() {
        let complaint =
            String::from_utf8_lossy(&stderr).lines().next_back().unwrap_or_default().trim().to_owned();
        return Err(RunError::Failed {
            program: program.to_path_buf(),
            status: status.to_string(),
            complaint,
        });
    }
    Ok(Output { status, stdout, stderr })
}

/// Hands a page over. A program that does not want all of it says so by its status.
fn feed(mut pipe: ChildStdin, input: &[u8]) {
    let _unwanted = pipe.write_all(input);
}

/// Collects what comes out of a pipe, up to a bound.
fn collect(pipe: impl Read + Send + 'static, bound: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _what_came_counts = pipe.take(bound).read_to_end(&mut bytes);
        let _nobody_waits_any_more = sender.send(bytes);
    });
    receiver
}

fn end(child: &mut Child) {
    let _already_gone = child.kill();
    let _already_gone = child.wait();
}

/// Words of the table: twelve columns, words are level 5, confidence in percent.
fn words(table: &str) -> Vec<Seen> {
    table.lines().filter_map(word).collect()
}

fn word(line: &str) -> Option<Seen> {
    let mut columns = line.splitn(12, '\t');
    if columns.next()? != "5" {
        return None;
    }
    let mut number =
        |skip: usize| columns.nth(skip)?.trim().parse::<f32>().ok().filter(|number| number.is_finite());
    let (left, top, width, height) = (number(5)?, number(0)?, number(0)?, number(0)?);
    let percent = number(0)?;
    let text: String = columns.next()?.split_whitespace().collect();
    let area = Rectangle { left, top, right: left + width, bottom: top + height };
    let confidence = (percent / 100.0).clamp(0.0, 1.0);
    (!text.is_empty()).then_some(Seen { text, area, confidence })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn page() -> Grey {
        Grey { width: 4, height: 2, pixels: vec![7; 8] }
    }

    /// A program that tells a version, and does what is given for a page.
    fn program(folder: &Path, page: &str) -> PathBuf {
        let path = folder.join("tesseract");
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'tesseract 9.9.9'; exit 0; fi\n{page}\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn outcome(page_script: &str, time: Duration) -> Result<Vec<Seen>, String> {
        let folder = tempfile::tempdir().unwrap();
        let found = Tesseract::find(program(folder.path(), page_script), time).unwrap();
        assert_eq!(found.name(), "tesseract 9.9.9");
        found.recognise(&page())
    }

    #[test]
    fn a_page_goes_in_as_a_picture_and_words_come_out() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let arguments = folder.path().join("arguments");
        let script = format!(
            "echo \"$@\" > {}\ncat > {}\nprintf 'level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n'\n\
             printf '4\\t1\\t1\\t1\\t1\\t0\\t10\\t20\\t300\\t40\\t-1\\t\\n5\\t1\\t1\\t1\\t1\\t1\\t10\\t20\\t30\\t40\\t96.5\\tIllinois\\n5\\t1\\t1\\t1\\t1\\t2\\t50\\t20\\t3\\t40\\t95\\t \\n'",
            arguments.display(),
            seen.display()
        );
        let found = Tesseract::find(program(folder.path(), &script), Duration::from_secs(20)).unwrap();
        let words = found.recognise(&page()).unwrap();
        let area = Rectangle { left: 10.0, top: 20.0, right: 40.0, bottom: 60.0 };
        assert_eq!(words, [Seen { text: "Illinois".to_owned(), area, confidence: 0.965 }]);
        assert_eq!(fs::read(seen).unwrap(), b"P5\n4 2\n255\n\x07\x07\x07\x07\x07\x07\x07\x07");
        assert_eq!(fs::read_to_string(arguments).unwrap(), "- - --psm 11 tsv\n");
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let error = outcome("echo 'no language data' >&2; exit 3", Duration::from_secs(20)).unwrap_err();
        assert!(error.contains("no language data") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let begun = Instant::now();
        let error = outcome("sleep 30", Duration::from_millis(300)).unwrap_err();
        assert!(error.contains("took longer"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_that_writes_without_end_is_ended() {
        let error = outcome("yes", Duration::from_secs(60)).unwrap_err();
        assert!(error.contains("wrote more"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_told_at_once() {
        let error = Tesseract::find("no-such-program-here", Duration::from_secs(1)).unwrap_err();
        assert!(error.contains("no-such-program-here") && error.contains("apt-get install"), "{error}");
    }

    #[test]
    fn odd_tables_give_no_words() {
        for table in [
            "",
            "5",
            "5\t1\t1",
            "5\t1\t1\t1\t1\t1\tx\t20\t30\t40\t96\tIllinois",
            "5\t1\t1\t1\t1\t1\tNaN\t2\t3\t4\t9\ta",
        ] {
            assert_eq!(words(table), [], "{table:?}");
        }
    }
}
