//! Pure placement: it decides which node a group gets, and says why.
//!
//! One code makes the real decisions, answers questions and explains. It reads the spec, the state
//! and the policy and changes nothing.

mod choose;
mod eligibility;
mod explain;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the planner is to ask it; until then only its tests do")
)]
mod joint;

pub use choose::{Choice, assess, choose};
pub(crate) use eligibility::room;
pub use eligibility::{Drawback, Eligibility, Rejection, Tier, eligibility};
pub use explain::{Candidate, CandidateVerdict, Difference, Explanation, explain};

#[cfg(test)]
mod tests;
