//! Pure placement: which node a group gets, and why.
//!
//! The same code decides live, answers what-ifs and explains. It reads the spec, the state and the
//! policy and changes nothing.

mod choose;
mod eligibility;
mod explain;

pub use choose::{Choice, assess, choose};
pub(crate) use eligibility::room;
pub use eligibility::{Drawback, Eligibility, Rejection, Tier, eligibility};
pub use explain::{Candidate, Difference, Explanation, Verdict, explain};

#[cfg(test)]
mod tests;
