//! What came of judging a policy.

use std::fmt;

use super::Law;

/// What became of each law that was asked of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    pub(super) verdicts: Vec<(Law, LawVerdict)>,
}

/// Whether a policy keeps a law.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LawVerdict {
    /// It does, in every case that was tried.
    Kept {
        /// In how many cases the law had something to say.
        cases: u32,
    },
    /// It does not.
    Broken(Counterexample),
    /// It cannot be told.
    Unjudged {
        /// Why, in words.
        reason: String,
    },
}

/// The smallest case that was found in which a law is broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Counterexample {
    /// The cluster, in words.
    pub cluster: String,
    /// What was asked and answered, with names.
    pub finding: String,
}

impl Report {
    /// Whether every law that was asked is kept.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict)| matches!(verdict, LawVerdict::Kept { .. }))
    }

    /// What became of each law, in the order of [`Law::ALL`].
    #[must_use]
    pub fn verdicts(&self) -> &[(Law, LawVerdict)] {
        &self.verdicts
    }

    /// What became of one law; `None` if it was not asked.
    #[must_use]
    pub fn verdict(&self, law: Law) -> Option<&LawVerdict> {
        self.verdicts.iter().find(|(own, _)| *own == law).map(|(_, verdict)| verdict)
    }

    /// The laws that are broken.
    pub fn broken(&self) -> impl Iterator<Item = Law> + '_ {
        let broken = |verdict: &LawVerdict| matches!(verdict, LawVerdict::Broken(_));
        self.verdicts.iter().filter(move |(_, verdict)| broken(verdict)).map(|(law, _)| *law)
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    {}", self.cluster, self.finding)
    }
}

/// One line for each law that is kept; for the others what they say, and why they are not.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (law, verdict)) in self.verdicts.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            match verdict {
                LawVerdict::Kept { cases } => write!(f, "kept      {law}, in {cases} cases")?,
                LawVerdict::Broken(found) => {
                    write!(f, "BROKEN    {law}: {}\n    {found}", law.title())?;
                }
                LawVerdict::Unjudged { reason } => write!(f, "UNJUDGED  {law}: {reason}")?,
            }
        }
        Ok(())
    }
}
