//! What was checked and how it came out, in the order of the work: for the report, and for the end of the program.

use serde::Serialize;

use crate::failure::{Exit, Failure, Fault};

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Outcome {
    /// As it should be.
    Fine {
        /// What was seen.
        seen: String,
    },
    /// It works, but not as one might think.
    Warning {
        /// What was seen, and what to do.
        faults: Vec<Fault>,
    },
    /// It cannot work.
    Failed {
        /// The code that the program ends with if this is the first failure.
        code: u8,
        /// What is wrong, and what to do.
        faults: Vec<Fault>,
    },
    /// Not looked at.
    Skipped {
        /// Why.
        why: String,
    },
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// How it came out.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All checks, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checks(Vec<Check>);

impl Checks {
    /// Notes what is as it should be.
    pub fn fine(&mut self, check: &'static str, seen: impl Into<String>) {
        self.note(check, Outcome::Fine { seen: seen.into() });
    }

    /// Notes what works, but not as one might think.
    pub fn warn(&mut self, check: &'static str, faults: Vec<Fault>) {
        self.note(check, Outcome::Warning { faults });
    }

    /// Notes what was not looked at.
    pub fn skip(&mut self, check: &'static str, why: impl Into<String>) {
        self.note(check, Outcome::Skipped { why: why.into() });
    }

    /// Notes a failure.
    pub fn fail(&mut self, check: &'static str, failure: Failure) {
        self.note(check, Outcome::Failed { code: failure.code(), faults: failure.faults });
    }

    fn note(&mut self, check: &'static str, outcome: Outcome) {
        self.0.push(Check { check, outcome });
    }

    /// Adds those of another part of the work.
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// All of them.
    pub fn all(&self) -> &[Check] {
        &self.0
    }

    /// The warnings, each with what to do.
    pub fn warnings(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter().flat_map(|check| match &check.outcome {
            Outcome::Warning { faults } => faults.as_slice(),
            _ => &[],
        })
    }

    /// All failures as one, with the code of the first; none when nothing failed.
    pub fn failure(&self) -> Option<Failure> {
        let mut failed = self.0.iter().filter_map(|check| match &check.outcome {
            Outcome::Failed { code, faults } => Some((*code, faults)),
            _ => None,
        });
        let (code, first) = failed.next()?;
        let faults = first.iter().chain(failed.flat_map(|(_, faults)| faults)).cloned().collect();
        Some(Failure { exit: Exit::of(code), faults })
    }
}
