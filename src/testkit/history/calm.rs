//! After the storm: no more faults. Everything that can come online does, and then there is rest.

use crate::cluster::Reason;
use crate::machine::NodeState;
use crate::quorum::WitnessState;
use crate::settings::{Fencing, Interval, Retry};
use crate::state::{Exhaustion, Pause};
use crate::{Cluster, Command, GroupId, Input, NodeId};
use std::prelude::v1::*;

use crate::testkit::Invariant;
use crate::testkit::breach::{Breach, ensure};
use crate::testkit::history::run::Run;

/// Longest calm, in timers that go off.
const TIMERS: usize = 90;

impl Run {
    /// Every node joins, every operator resumes what they paused, everything that is asked for
    /// succeeds, and the timers go off.
    pub(crate) fn calm(&mut self) -> Result<(), Breach> {
        if self.now > u64::MAX / 4 {
            return Ok(());
        }
        self.note(|_| "calm".into());
        self.world.held.clear();
        self.feed(Input::WitnessChanged { witness: WitnessState::Up })?.ok();
        for timer in 0..2 * TIMERS {
            self.welcome_all()?;
            self.work_until_quiet()?;
            // A failback may be under way at any moment; what lasts is judged when it is over.
            if timer > TIMERS && self.is_at_rest().is_ok() {
                return Ok(());
            }
            let Some(deadline) = self.cluster.poll_timeout() else { break };
            // From time to time much later, for the long waits.
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
        self.is_at_rest()
    }

    fn welcome_all(&mut self) -> Result<(), Breach> {
        let nodes: Vec<NodeId> = self.cluster.spec().nodes().map(|(id, _)| id).collect();
        for node in nodes {
            self.welcome(node)?;
        }
        Ok(())
    }

    /// A node that is lost or down comes back; one that was taken out stays out.
    fn welcome(&mut self, node: NodeId) -> Result<(), Breach> {
        let name = self.node_name(node);
        let state = self.cluster.state().node_state(node);
        let machine = self.world.machine(&name);
        let is_well = machine.is_powered && machine.is_connected;
        let is_new = self.cluster.state().node(node).map(|of| of.incarnation().value())
            != Some(self.world.machine(&name).incarnation);
        if !state.is_member() || !is_well || is_new {
            if state == NodeState::Down && is_well {
                // It may have been fenced and only be known by its old life.
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
            let failback = crate::cluster::ResumeFailback::ByPolicy;
            let command = Command::ResumeNode { node, failback };
            let answer = self.feed(Input::Command(command))?;
            ensure!(L5, answer.is_ok(), "{name} cannot be resumed: {answer:?}");
        }
        Ok(())
    }

    /// Everything that is asked for succeeds, and asking comes to an end.
    fn work_until_quiet(&mut self) -> Result<(), Breach> {
        let size = self.cluster.spec().resources().len() + self.cluster.spec().groups().len();
        for _ in 0..(20 + 20 * size) {
            // Nobody sends answers to what has ended.
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

    /// Nothing is outstanding but what hung before the calm, and every group is as it is wanted or
    /// says what calm cannot mend.
    fn is_at_rest(&mut self) -> Result<(), Breach> {
        let left: Vec<_> = self.cluster.outstanding().collect();
        ensure!(L2, left.is_empty(), "in the calm {left:?} is outstanding");
        let groups: Vec<GroupId> = self.cluster.spec().groups().map(|(id, _)| id).collect();
        for group in groups {
            if let Some(reason) = self.cluster.why(group) {
                ensure!(L1, is_lasting(&self.cluster, reason), "in the calm {group} is not online: {reason}");
            }
        }
        Ok(())
    }
}

    /// Whether a reason stays though nothing fails any more.
pub(crate) fn is_lasting(cluster: &Cluster, reason: Reason) -> bool {
        let settings = cluster.spec().settings();
        match reason {
            // Their words are those of operators.
            Reason::NotStartedAutomatically | Reason::ResourceHeldOffline { .. } => true,
            Reason::NoCandidate | Reason::OwnerNotPossible { .. } => true,
            Reason::NotAdmitted { .. } => true,
            Reason::Failed { resource, cause, retry_at } => {
                let never = cluster
                    .spec()
                    .resource(resource)
                    .is_some_and(|of| of.settings().retry_period == Interval::Never);
                match cause {
                    Exhaustion::DontRestart | Exhaustion::Retries => retry_at.is_none(),
                    Exhaustion::Admission | Exhaustion::NoCandidate => true,
                    Exhaustion::Restarts | Exhaustion::Redundant | Exhaustion::Failovers => {
                        never
                            || retry_at.is_none()
                                && (settings.retry == Retry::FinalAttempt
                                    || settings.retry_cycles.is_some())
                    }
                }
            }
            Reason::InDoubt { .. } | Reason::WaitingForNodeOff { .. } => {
                settings.fencing == Fencing::Operator
            }
            // A resource of the group waits for one that has such a reason itself.
            Reason::WaitingForResource { on, .. } => {
                let record = cluster.state().resource(on);
                record.is_some_and(|of| {
                    matches!(of.recovery(), crate::state::Recovery::RetryAt { .. })
                        || cannot_run(cluster, on)
                })
            }
            _ => false,
        }
    }

fn cannot_run(cluster: &Cluster, resource: crate::ResourceId) -> bool {
        let spec = cluster.spec();
        spec.resource(resource).is_some_and(|of| {
            cluster.state().owner(of.group()).is_some_and(|node| !of.can_run_on(node))
        })
    }
