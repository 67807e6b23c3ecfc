//! The keeper: a small process that owns everything that runs on a node.
//!
//! The daemon may freeze or die. The keeper is told each new end of the lease through a pipe, and
//! kills everything when this moment comes, when the pipe closes and when it is told to. It
//! outlives the daemon, and tells the other nodes that the life is off, so that they need not wait for the
//! silence of a node whose daemon was killed.
//!
//! A process belongs to a run of a resource if it holds the lock file of the run open: every
//! process that the run begins inherits it. So "off" is a fact of the kernel, also for children
//! that forked twice.

use quorate::OpId;
use quorate::replicate::{Local, NodeLife};
use serde::{Deserialize, Serialize};

mod hand;
mod process;
mod runs;

pub use hand::Hand;
pub use process::run;
pub use runs::clear_runs;

/// An order of the daemon, one line of JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A life is to begin.
    Begin { life: NodeLife },
    /// The lease of a life ends at this moment.
    Extend { life: NodeLife, until: Local },
    /// A resource is to run.
    Start { life: NodeLife, operation: OpId, run: RunPlan },
    /// A resource is to stop in good order.
    Stop { operation: OpId, resource: String },
    /// A resource is to stop by force; also one that is being started.
    Kill { operation: Option<OpId>, resource: String },
    /// Everything is to stop by force.
    StopEverything,
}

/// The work of a resource, from the parameters of its declaration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RunPlan {
    /// The resource.
    pub resource: String,
    /// A command line for a shell.
    pub command: Option<String>,
    /// A file that only one run may lock.
    pub lock: Option<String>,
    /// An address on which a page is served.
    pub address: Option<String>,
}

/// A word of the keeper, one line of JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The life began: everything of all earlier ones is off.
    Begun { life: NodeLife },
    /// An operation ended, well or not.
    Ended { operation: OpId, resource: String, success: bool },
    /// A run ended by itself.
    Died { run: OpId, resource: String },
    /// Everything of this life is off.
    Off { life: NodeLife },
}
