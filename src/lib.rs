//! quorate: a failover-clustering core without any I/O.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(test, feature = "shared"))]
extern crate std;

pub mod catalog;
pub mod cluster;
pub mod graph;
pub mod id;
pub mod kind;
pub mod machine;
pub mod plan;
pub mod policy;
pub mod quorum;
pub mod settings;
#[cfg(feature = "shared")]
mod shared;
pub mod spec;
pub mod state;
pub mod time;

pub use cluster::{
    Cluster, Command, Deadline, Effect, Event, Input, InputError, Outcome, Output, Reason, Snapshot,
};
pub use id::{Epoch, GroupId, Incarnation, NodeId, OpId, ResourceId};
#[cfg(feature = "shared")]
pub use shared::SharedCluster;
pub use time::{Timestamp, WallClock};
