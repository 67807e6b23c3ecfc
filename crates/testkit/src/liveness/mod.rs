//! Rules about what must happen in the end, once the faults are over.
//!
//! Safety is judged after every step, by [`audit`](super::audit). Liveness needs a time by which
//! something has to have happened. That time is not a constant: it adds up from the settings of the
//! cluster ([`time_to_online`]). A simulator ends all faults in its world, records the steps from
//! then on in a [`Journal`], and then calls these functions.
//!
//! | promise | judged by |
//! |---|---|
//! | L1, L13 | [`online_in_time`] |
//! | L2 | [`at_rest`], [`stays_at_rest`] |
//! | L3 | [`no_ping_pong`], and [`stays_away`] where nothing fails anew |
//! | L4 | [`operations_end`], and an audit after every step |
//! | L5 | [`not_stuck`], and an audit after every step |
//! | L10 | [`rolling_reboot`], or [`off_only_while_moving`] and [`moves_at_most_twice`] for one group |
//! | L11 | [`drain_ends`] |
//! | L14 | [`same_course`] |
//! | L16 | [`fences_block_only_theirs`] |
//! | L17 | [`online_in_time`] and [`no_fence_loop`] |
//! | L18 | [`idle`] |
//!
//! Each function states its assumptions. L9 and L15 are judged by scenarios in the tests of the
//! crate.

mod bounds;
mod course;
mod journal;
mod rest;

pub use bounds::{Outside, fence_time, start_time, stop_time, time_to_online};
pub use course::{
    drain_ends, moves_at_most_twice, no_fence_loop, no_ping_pong, off_only_while_moving,
    rolling_reboot, same_course, stays_away,
};
pub use journal::{Entry, Journal, Spark};
pub use rest::{
    at_rest, fences_block_only_theirs, idle, online_in_time, operations_end, stays_at_rest,
};

pub use super::audit::{is_lasting, not_stuck};
