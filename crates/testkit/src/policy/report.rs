//! The result of judging a policy.

use std::fmt;

use super::Law;

/// The verdict on each law that was tried on a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    pub(super) verdicts: Vec<(Law, LawVerdict)>,
}

/// The verdict on a law.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LawVerdict {
    /// The policy keeps the law in every case that was tried.
    Kept {
        /// The number of cases to which the law applies.
        cases: u32,
    },
    /// The policy breaks the law.
    Broken(Counterexample),
    /// The law cannot be judged.
    Unjudged {
        /// The reason, in words.
        reason: String,
    },
}

/// The smallest case that was found in which a law is broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Counterexample {
    /// The cluster, in words.
    pub cluster: String,
    /// The question and the answer, with names.
    pub finding: String,
}

impl Report {
    /// Tells whether every law that was tried is kept.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict)| matches!(verdict, LawVerdict::Kept { .. }))
    }

    /// Returns the verdict on each law, in the order of [`Law::ALL`].
    #[must_use]
    pub fn verdicts(&self) -> &[(Law, LawVerdict)] {
        &self.verdicts
    }

    /// Returns the verdict on one law; `None` if it was not tried.
    #[must_use]
    pub fn verdict(&self, law: Law) -> Option<&LawVerdict> {
        self.verdicts.iter().find(|(own, _)| *own == law).map(|(_, verdict)| verdict)
    }

    /// Returns the laws that are broken.
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

/// Writes one line for each law that is kept; for the others, their text and the reason why they
/// are not.
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
