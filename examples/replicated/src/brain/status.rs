//! The status of a node, for operators and for the judge.

use openraft::ServerState;
use quorate::replicate::{Local, NodeLife};
use serde::Serialize;

use super::{Brain, Metrics, Stage, leader_name};

/// The status of a node.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// The name of the node.
    pub node: String,
    /// Its life, and whether that has begun.
    pub life: Option<NodeLife>,
    /// The life has begun and is not over.
    pub is_living: bool,
    /// The rest of the lease, in milliseconds.
    pub lease_left_ms: u64,
    /// The leader, by the knowledge of the engine.
    pub leader: Option<String>,
    /// This node leads, and is in charge.
    pub is_in_charge: bool,
    /// It leads and keeps silent, because it hears nobody.
    pub is_silent: bool,
    /// The term of the engine.
    pub term: u64,
    /// The names of the voters.
    pub voters: Vec<String>,
    /// The number of this node in the engine.
    pub engine: u64,
    /// The last entry of the log that was applied.
    pub applied: u64,
    /// Reports that have not counted yet.
    pub pending_reports: bool,
    /// Members that the leader has not heard for a while, with milliseconds.
    pub quiet: Vec<(String, u64)>,
    /// The resources that run here.
    pub running: Vec<String>,
    /// The other nodes to which there is a connection.
    pub connected: Vec<String>,
}

impl Brain {
    /// Publishes the present status.
    pub(super) fn publish(&self, now: Local, metrics: &Metrics) {
        let millis =
            |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let membership = &metrics.membership_config;
        let voters: Vec<u64> = membership.membership().voter_ids().collect();
        let names = membership.nodes().filter(|(id, _)| voters.contains(id));
        let quiet = self.leader.as_ref().map(|leader| {
            let silent = leader.quiet(now);
            silent.map(|(life, span)| (life.node.clone(), millis(span))).collect()
        });
        let connected = self.parts.links.names().filter(|(_, is_open)| *is_open);
        let status = Status {
            node: self.parts.file.name.clone(),
            life: Some(self.guard.life().clone()),
            is_living: self.stage == Stage::Living && !self.guard.is_over(now),
            lease_left_ms: millis(self.guard.lease_left(now)),
            leader: leader_name(metrics).map(str::to_owned),
            is_in_charge: self.leader.is_some() && metrics.state == ServerState::Leader,
            is_silent: self.parts.mute.is_on(),
            term: metrics.current_term,
            voters: names.map(|(_, node)| node.addr.clone()).collect(),
            engine: metrics.id,
            applied: self.parts.shared.lock().replica.applied(),
            pending_reports: !self.outbox.is_empty(),
            quiet: quiet.unwrap_or_default(),
            running: self.running.keys().cloned().collect(),
            connected: connected.map(|(name, _)| name.to_owned()).collect(),
        };
        self.parts.status.send_replace(status);
    }
}
