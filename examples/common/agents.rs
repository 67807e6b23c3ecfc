//! The times that the agents of an Exchange cluster take. The numbers are invented, and plausible.

use std::time::Duration;

use quorate::state::OperationKind;

/// A piece of work of an agent.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    pub action: OperationKind,
    /// The resource; for a fence or an inventory, the node.
    pub target: &'a str,
    pub kind: &'a str,
    pub left_behind: LeftBehind,
}

/// The condition of a resource when it last stopped running.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LeftBehind {
    /// It was taken offline in good order.
    Clean,
    /// It crashed, or its node did.
    Dirty,
}

/// Returns the time of an agent. Agents are always equally fast, and slower only where they repair
/// something.
pub fn exchange(work: &Work<'_>) -> Duration {
    let is_dirty = work.left_behind == LeftBehind::Dirty;
    let (start, stop) = match work.kind {
        "Physical Disk" => (5, 2),
        "IP Address" => (1, 1),
        "Network Name" => (3, 1),
        "Exchange System Attendant" => (20, 10),
        // After a crash the store replays its logs.
        "Exchange Information Store" if is_dirty => (150, 30),
        "Exchange Information Store" => (60, 30),
        "Exchange MTA" | "Exchange MS Search" => (5, 5),
        "Exchange SMTP Virtual Server" => (10, 5),
        _ => (2, 2),
    };
    Duration::from_secs(match work.action {
        OperationKind::Start => start,
        OperationKind::Stop => stop,
        OperationKind::Terminate => 1,
        // The management board of the server cuts the power and reads back that it is off.
        OperationKind::Fence => 3,
        _ => 0,
    })
}
