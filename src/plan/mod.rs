//! Pure placement: it decides which node a group gets, and says why.
//!
//! One code makes the real decisions, answers questions and explains. It reads the spec, the state
//! and the policy and changes nothing.

mod choose;
mod eligibility;
mod explain;
pub(crate) mod joint;
mod verdict;

pub use choose::{Choice, assess, choose};
pub use eligibility::eligibility;
pub(crate) use eligibility::{LastResorts, room, tier_with_room};
pub use explain::{Candidate, CandidateVerdict, Difference, Explanation, explain};
pub use verdict::{Drawback, Eligibility, Rejection, Tier};

#[cfg(test)]
mod tests;
