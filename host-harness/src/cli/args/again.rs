//! How a command line is written again, for sentences that tell a person what to run: with everything that says what the
//! command is about, without consent, and so that a shell takes it as it stands.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{
    CertificatesArgs, Cli, Command, DEFAULT_CONFIG, DeliveryArg, JournalArgs, JournalCommand, ResumeArgs,
    RunAllWhat, Way,
};

/// Commands that sentences name, each with the flags that say which configuration and tenant it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// The command itself, without consent: what makes the plan.
    pub again: String,
    /// What goes on with a confirmed plan.
    pub resume: String,
    /// What asks AvaTax to set up certificate management.
    pub setup: String,
    /// What lists every customer.
    pub report: String,
}

impl Commands {
    /// Where one command does everything.
    #[must_use]
    pub fn all(command: &str) -> Self {
        let command = || command.to_owned();
        Self { again: command(), resume: command(), setup: command(), report: command() }
    }
}

impl Cli {
    /// The commands that sentences about this one name.
    #[must_use]
    pub fn commands(&self) -> Commands {
        Commands {
            again: self.again(),
            resume: self.resume(),
            setup: self.naming(&["sync", "--request-setup"]),
            report: self.naming(&["report"]),
        }
    }

    /// The same command without flags about consent, written so that a shell takes it: for sentences that tell a
    /// person what to run.
    #[must_use]
    pub fn again(&self) -> String {
        let mut words = vec![self.command.name().to_owned()];
        match &self.command {
            Command::Certificates(args) => {
                words.push(value_name(&args.way));
                words.extend(documents_words(args.from.as_ref(), args.delivery));
            }
            Command::Resume(args) => words.extend(documents_words(args.from.as_ref(), args.delivery)),
            Command::Review(args) => words.extend(args.again()),
            Command::RunAll(args) => match &args.what {
                RunAllWhat::Analyze => words.push("analyze".to_owned()),
                RunAllWhat::Sync(_) => words.push("sync".to_owned()),
                RunAllWhat::Certificates { way, .. } => {
                    words.extend(["certificates".to_owned(), value_name(way)]);
                }
            },
            Command::Journal(JournalArgs { what: JournalCommand::Verify(_) }) => {
                words.push("verify".to_owned());
            }
            Command::Journal(JournalArgs { what: JournalCommand::Show(_) }) => words.push("show".to_owned()),
            _ => {}
        }
        self.written(words)
    }

    /// The command that goes on with what this one leaves unfinished.
    #[must_use]
    pub fn resume(&self) -> String {
        let mut words = vec!["resume".to_owned()];
        match &self.command {
            Command::Certificates(CertificatesArgs { from, delivery, .. })
            | Command::Resume(ResumeArgs { from, delivery }) => {
                words.extend(documents_words(from.as_ref(), *delivery));
            }
            _ => {}
        }
        self.written(words)
    }

    /// The command that makes the plans which `resume` goes on with.
    #[must_use]
    pub fn planning(&self, way: Option<Way>) -> String {
        let Some(way) = way else { return self.naming(&["sync"]) };
        let mut words = vec!["certificates".to_owned(), value_name(&way)];
        if let Command::Resume(args) = &self.command {
            words.extend(documents_words(args.from.as_ref(), args.delivery));
        }
        self.written(words)
    }

    /// The command that does the step of this one for all its tenants; none where `run-all` has no such step.
    #[must_use]
    pub fn for_all(&self) -> Option<String> {
        match &self.command {
            Command::Analyze => Some(self.naming(&["run-all", "analyze"])),
            Command::Sync(_) => Some(self.naming(&["run-all", "sync"])),
            Command::Certificates(args) => {
                Some(self.naming(&["run-all", "certificates", &value_name(&args.way)]))
            }
            _ => None,
        }
    }

    /// Another command about the same configuration and tenant. Its words are taken as they are.
    #[must_use]
    pub fn naming(&self, command: &[&str]) -> String {
        self.written(command.iter().copied().map(str::to_owned).collect())
    }

    /// A command with the flags that every command takes.
    fn written(&self, command: Vec<String>) -> String {
        let mut words = vec!["onboard".to_owned()];
        words.extend(command);
        if self.shared.config.as_os_str() != DEFAULT_CONFIG {
            words.extend(["--config".to_owned(), quoted(&self.shared.config.to_string_lossy())]);
        }
        for tenant in &self.shared.tenant {
            words.extend(["--tenant".to_owned(), quoted(tenant)]);
        }
        if let Some(component) = &self.shared.component {
            words.extend(["--component".to_owned(), quoted(&component.to_string_lossy())]);
        }
        if let Some(reader) = &self.shared.reader {
            words.extend(["--reader".to_owned(), value_name(reader)]);
        }
        if self.shared.json {
            words.push("--json".to_owned());
        }
        words.join(" ")
    }
}

fn documents_words(from: Option<&PathBuf>, delivery: Option<DeliveryArg>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(from) = from {
        words.extend(["--from".to_owned(), quoted(&from.to_string_lossy())]);
    }
    if let Some(delivery) = delivery {
        words.extend(["--delivery".to_owned(), value_name(&delivery)]);
    }
    words
}

fn value_name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Puts single quotes around what a shell would not take as one plain word.
pub(in crate::cli) fn quoted(word: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '=' | ',' | '+' | '@')
    };
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn the_command_to_run_again_keeps_what_identifies_the_run_and_survives_a_shell() {
        let cli = Cli::try_parse_from([
            "onboard",
            "certificates",
            "both",
            "--from",
            "my certs",
            "--delivery",
            "link",
            "--config",
            "it's.toml",
            "--reader",
            "native",
            "--yes",
        ])
        .expect("parses");
        assert_eq!(
            cli.again(),
            r"onboard certificates both --from 'my certs' --delivery link --config 'it'\''s.toml' --reader native"
        );
        assert_eq!(
            cli.resume(),
            r"onboard resume --from 'my certs' --delivery link --config 'it'\''s.toml' --reader native"
        );
        let resume =
            Cli::try_parse_from(["onboard", "resume", "--from", "x", "--tenant", "north"]).expect("parses");
        assert_eq!(resume.again(), "onboard resume --from x --tenant north");
        assert_eq!(resume.planning(None), "onboard sync --tenant north");
        assert_eq!(resume.for_all(), None);
        assert_eq!(
            cli.for_all().expect("a step of run-all"),
            r"onboard run-all certificates both --config 'it'\''s.toml' --reader native"
        );
        assert_eq!(resume.naming(&["review", "show", "ID"]), "onboard review show ID --tenant north");
        let commands = resume.commands();
        assert_eq!(commands.setup, "onboard sync --request-setup --tenant north");
        assert_eq!(commands.report, "onboard report --tenant north");
        assert_eq!(resume.planning(Some(Way::Upload)), "onboard certificates upload --from x --tenant north");
    }
}
