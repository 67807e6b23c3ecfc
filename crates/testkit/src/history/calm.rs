//! The calm after the storm: without faults every group that can come online does, and then all is
//! at rest.

use quorate::cluster::Command;
use quorate::machine::NodeState;
use quorate::quorum::WitnessState;
use quorate::state::Pause;
use quorate::{Input, NodeId, Timestamp};

use crate::history::run::Run;
use crate::liveness::{self, Journal};
use crate::{Breach, Invariant, ensure};

/// Longest calm, as a number of timers.
const TIMERS: usize = 90;

impl Run {
    /// Plays the calm: every node joins, operators resume all paused nodes, every operation
    /// succeeds, and the timers go off.
    pub(crate) fn calm(&mut self) -> Result<(), Breach> {
        if self.now > u64::MAX / 4 {
            return Ok(());
        }
        self.note(|_| "calm".into());
        self.world.held.clear();
        self.world.lists.clear();
        self.feed(Input::witness_changed(WitnessState::Up))?.ok();
        let begun_at = Timestamp::from_millis(self.now);
        self.journal = Some(Journal::new());
        self.come_to_rest()?;
        let journal = self.journal.take().unwrap_or_default();
        liveness::stays_away(&self.cluster, &journal, begun_at)
    }

    fn come_to_rest(&mut self) -> Result<(), Breach> {
        for timer in 0..2 * TIMERS {
            self.welcome_all()?;
            self.work_until_quiet()?;
            // A failback may be under way at any moment; a lasting state is judged when it is over.
            if timer > TIMERS && liveness::at_rest(&self.cluster).is_ok() {
                return Ok(());
            }
            let Some(deadline) = self.cluster.poll_timeout() else { break };
            // Now and then the timer goes off much later, because of long waits.
            let late = if timer % 3 == 2 { 600_000 } else { 0 };
            let at = deadline.at.as_millis().max(self.now).saturating_add(late);
            if at - self.now > 86_400_000 {
                break;
            }
            self.now = at;
            self.world.tick(self.now);
            self.fire()?;
        }
        self.welcome_all()?;
        self.work_until_quiet()?;
        liveness::at_rest(&self.cluster)
    }

    fn welcome_all(&mut self) -> Result<(), Breach> {
        let nodes: Vec<NodeId> = self.cluster.spec().nodes().map(|(id, _)| id).collect();
        for node in nodes {
            self.welcome(node)?;
        }
        Ok(())
    }

    /// Brings back a node that is lost or down; a node that was taken out stays out.
    fn welcome(&mut self, node: NodeId) -> Result<(), Breach> {
        let name = self.node_name(node);
        let state = self.cluster.state().node_state(node);
        let machine = self.world.machine(&name);
        let is_well = machine.is_in_contact();
        let is_new = self.cluster.state().node(node).map(|of| of.incarnation().value())
            != Some(self.world.machine(&name).incarnation())
            || self.world.machine(&name).must_begin_a_life();
        if !state.is_member() || !is_well || is_new {
            if state == NodeState::Down && is_well {
                // The machine may have been fenced, and the cluster may know only its old life.
                self.world.machine(&name).crash();
            }
            if state.is_member() && is_well {
                self.world.machine(&name).crash();
            }
            self.join(node, &name)?;
            let is_in = self.cluster.state().node_state(node).is_member();
            ensure!(
                L5,
                is_in,
                "{name} cannot join, it is {}",
                self.cluster.state().node_state(node)
            );
        }
        if self.cluster.state().node(node).is_some_and(|of| of.pause() == Pause::Requested) {
            let failback = quorate::cluster::ResumeFailback::ByPolicy;
            let command = Command::resume_node(node).failback(failback).into();
            let answer = self.feed(Input::Command(command))?;
            ensure!(L5, answer.is_ok(), "{name} cannot be resumed: {answer:?}");
        }
        Ok(())
    }

    /// Answers every operation with success, until no new one is issued.
    fn work_until_quiet(&mut self) -> Result<(), Breach> {
        let size = self.cluster.spec().resources().len() + self.cluster.spec().groups().len();
        for _ in 0..(20 + 20 * size) {
            // No answers are sent to operations that have ended.
            let asked: Vec<u64> =
                self.cluster.outstanding().map(|effect| effect.operation.value()).collect();
            self.world.jobs.retain(|job| asked.contains(&job.effect.operation.value()));
            if self.world.jobs.is_empty() {
                return Ok(());
            }
            self.work_all()?;
        }
        Err(Breach::of(Invariant::L2, "operation follows operation though each succeeds".into()))
    }
}
