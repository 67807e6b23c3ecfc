//! The phase after the healing, which a cluster must endure without any fault.
//!
//! All nodes are rebooted in turn, or power is lost everywhere and comes back; at last the agents
//! of one node fall silent. The promises about this need a spare node, quorum or room; a cluster
//! without them is skipped.

use std::time::Duration;

use crate::audit::is_missing;
use crate::liveness::{self, Journal};
use crate::{Breach, ensure};
use quorate::cluster::{Command, Life, ResumeFailback};
use quorate::machine::{GroupState, NodeState};
use quorate::plan::{Tier, assess};
use quorate::policy::{PlacementRequest, Trigger};
use quorate::settings::{Admission, Failback, Priority, RestartAction};
use quorate::spec::{ClusterSpec, GroupSpec};
use quorate::state::{DrainStatus, Lock, OperationKind};
use quorate::{GroupId, Input, NodeId, Reason, ResourceId, Timestamp};

use super::{Director, Event};
use crate::sim::act::{Act, Report};
use crate::sim::draw::Epilogue;
use crate::sim::stage::{Done, Flaw};
use crate::sim::world::Key;

/// Number of events after which the director stops waiting.
const PATIENCE: u64 = 600;

impl Director {
    /// Ends the faults, and then plays the last phase.
    pub(crate) fn end(&mut self) -> Result<(), Breach> {
        if self.heal()? == Done::No {
            return Ok(());
        }
        // A resource that died and is not found yet is a fault that is still there.
        let now = Timestamp::from_millis(self.now());
        if !self.unnoticed(now).is_empty() || self.is_checked_without_pause() {
            return Ok(());
        }
        match self.epilogue {
            Epilogue::Nothing => {}
            Epilogue::RollingReboot => self.reboot_in_turn()?,
            Epilogue::PowerLoss => self.lose_power()?,
        }
        // Few clusters have groups that do not depend on a node, so all clusters take part.
        self.silence_one()
    }

    /// Tells whether health checks leave no room for anything else.
    fn is_checked_without_pause(&self) -> bool {
        self.stage.cluster().spec().resources().any(|(_, declared)| {
            let settings = declared.settings();
            let looks = settings.looks_alive_interval.span().unwrap_or(Duration::MAX);
            looks.min(settings.is_alive_interval.span().unwrap_or(Duration::MAX))
                < Duration::from_secs(30)
        })
    }

    /// Drains, reboots and resumes every node. An online group may be off only while it moves. A
    /// group that could return each time and had no better place to go moves twice (L10).
    fn reboot_in_turn(&mut self) -> Result<(), Breach> {
        let begun_at = Timestamp::from_millis(self.now());
        // A group that starts only when an operator asks stays off after its move.
        let starts = |group: &GroupId| {
            let declared = self.stage.cluster().spec().group(*group);
            declared.is_some_and(|of| of.settings().priority != Priority::NO_AUTO_START)
        };
        let online: Vec<GroupId> = self.online().into_iter().filter(starts).collect();
        let mut steady: Vec<GroupId> =
            online.iter().copied().filter(|group| self.is_at_home(*group)).collect();
        self.stage.keep_journal();
        for node in self.nodes() {
            let Some(id) = self.stage.book.node_id(node) else { continue };
            if !self.could_spare(node, id) {
                continue;
            }
            let stood: Vec<GroupId> =
                online.iter().copied().filter(|group| self.owner(*group) == Some(id)).collect();
            if self.reboot(node, id)? == Done::No {
                return self.come_to_rest(0);
            }
            if !self.until(|of| of.is_at_rest().is_ok())? {
                self.come_to_rest(0)?;
            }
            for group in stood.into_iter().filter(|group| self.owner(*group) != Some(id)) {
                let may_return = self.may_return(group, id);
                ensure!(L10, !may_return, "{group} was to return to {id}, and may, and does not");
                steady.retain(|other| *other != group);
            }
        }
        self.come_to_rest(0)?;
        let journal = self.stage.take_journal();
        for group in online.into_iter().filter(|group| !self.has_orphan(*group)) {
            liveness::off_only_while_moving(group, &journal, begun_at)?;
        }
        for group in steady {
            liveness::moves_at_most_twice(group, &journal, begun_at)?;
        }
        Ok(())
    }

    /// Drains a node, reboots it if that went well, and resumes it; [`Done::No`] if that takes too
    /// long.
    fn reboot(&mut self, node: Key, id: NodeId) -> Result<Done, Breach> {
        if self.stage.flaw() != Flaw::NotEmptied {
            self.order(Command::drain_node(id).override_lock().into())?;
            self.until(|of| {
                of.drain_of(id) != Some(DrainStatus::InProgress) && of.is_at_rest().is_ok()
            })?;
        }
        let is_empty = self.stage.flaw() == Flaw::NotEmptied
            || self.drain_of(id) == Some(DrainStatus::Completed);
        if is_empty {
            self.act(Act::Left(node))?;
            self.act(Act::PowerOff(node))?;
            let is_back = self.until(|of| {
                of.state_is(node, NodeState::Up) || of.state_is(node, NodeState::Paused)
            })?;
            if !is_back {
                return Ok(Done::No);
            }
        }
        self.order(Command::resume_node(id).failback(ResumeFailback::Immediate).into())?;
        Ok(Done::Yes)
    }

    /// Takes power away everywhere and restores it, on some nodes sooner than on others. Everything
    /// must come online without help, and once all nodes are there none may be fenced (L17).
    fn lose_power(&mut self) -> Result<(), Breach> {
        self.stage.keep_journal();
        for node in self.well() {
            self.act(Act::PowerOff(node))?;
        }
        let all_up = |of: &Self| {
            of.well().into_iter().all(|node| of.is_there(node)) && !of.is_fence_under_way()
        };
        if !self.until(all_up)? {
            return self.come_to_rest(0);
        }
        let all_up_at = Timestamp::from_millis(self.now()).after(Duration::from_millis(1));
        if self.stage.flaw() == Flaw::PowerFlickers {
            self.well().first().map(|node| self.act(Act::PowerOff(*node))).transpose()?;
        }
        self.come_to_rest(0)?;
        let journal = self.stage.take_journal();
        liveness::no_fence_loop(&journal, all_up_at)?;
        let cluster = self.stage.cluster();
        for (group, declared) in cluster.spec().groups() {
            let node = match cluster.why(group) {
                Some(
                    Reason::InDoubt { node, .. }
                    | Reason::OrphanRunning { node, .. }
                    | Reason::WaitingForInventory { node, .. }
                    | Reason::WaitingForNodeOff { node, .. },
                ) => node,
                _ => continue,
            };
            let is_well = !self.care(self.stage.book.node(node)).is_left_out;
            ensure!(L17, !is_well, "{} needs help with {node}, which was off", declared.name());
        }
        Ok(())
    }

    /// Silences the agents of one node. Groups that do not depend on it must have the course that
    /// they would have had otherwise, to the millisecond (L14).
    fn silence_one(&mut self) -> Result<(), Breach> {
        let nodes: Vec<(Key, NodeId)> = self
            .well()
            .into_iter()
            .filter_map(|node| Some((node, self.stage.book.node_id(node)?)))
            .filter(|(_, id)| self.online().iter().any(|group| self.owner(*group) == Some(*id)))
            .filter(|(_, id)| !self.apart_from(*id).is_empty() && self.keeps_quorum_without(*id))
            .collect();
        let Some((node, id)) = self.dice.one_of(&nodes) else { return Ok(()) };
        let apart = self.apart_from(id);
        self.swarm.keep_time();
        let begun_at = Timestamp::from_millis(self.now());
        let mut twin = self.clone();
        twin.tape = None;
        self.silent = Some(node);
        let end = self.go_through_failures(u64::MAX)?;
        let end = end.min(twin.go_through_failures(end)?);
        let end = Timestamp::from_millis(end);
        let journals = [self, &mut twin].map(|of| of.stage.take_journal().before(end));
        let [ill, well]: &[Journal; 2] = &journals;
        for group in apart {
            liveness::same_course(group, well, ill, begun_at)?;
        }
        Ok(())
    }

    /// Lets a resource of every online group die and be reported, and plays what follows until this
    /// time, or as long as patience lasts. Returns the time up to which the course is complete.
    fn go_through_failures(&mut self, end: u64) -> Result<u64, Breach> {
        self.stage.keep_journal();
        for group in self.online() {
            let Some(resource) = self.restartable(group) else { continue };
            let Some(node) = self.owner(group).map(|node| self.stage.book.node(node)) else {
                continue;
            };
            let resource = self.stage.book.resource(resource);
            self.act(Act::Kill(node, resource))?;
            let about = self.about();
            let report = Report { node, resource, is_alive: false, lives_ago: 0, about };
            self.act(Act::Report(report))?;
        }
        for _ in 0..PATIENCE {
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = next.into_iter().chain(self.next_timer()).min() else { break };
            if next > end || self.step()? == Done::No {
                return Ok(end);
            }
        }
        Ok(self.now())
    }

    /// Tells whether no agent of a node answers.
    pub(super) fn is_silent(&self, node: Key) -> bool {
        self.silent
            .is_some_and(|silent| silent == node || self.stage.flaw() == Flaw::SilenceSpreads)
    }

    /// Returns the groups that do not depend on a node: they are on other nodes with everything
    /// that they need, are not about to move, and wait only for groups that do not depend on it
    /// either.
    fn apart_from(&self, node: NodeId) -> Vec<GroupId> {
        let cluster = self.stage.cluster();
        let spec = cluster.spec();
        let mut apart: Vec<GroupId> = self
            .online()
            .into_iter()
            .filter(|group| self.owner(*group) != Some(node) && self.is_at_home(*group))
            .collect();
        loop {
            // A group that stays off delays no other group.
            let others: Vec<&GroupSpec> = spec
                .groups()
                .filter(|(group, _)| {
                    let is_off = cluster.state().group_state(spec, *group) == GroupState::Offline;
                    let counts = !is_off || is_missing(cluster, *group);
                    counts && !apart.contains(group)
                })
                .map(|(_, declared)| declared)
                .collect();
            let before = apart.len();
            apart.retain(|group| {
                spec.group(*group)
                    .is_some_and(|own| !others.iter().any(|of| may_hold_up(spec, own, of)))
            });
            if apart.len() == before {
                return apart;
            }
        }
    }

    /// Returns a resource of a group for which one failure does not move the group.
    fn restartable(&self, group: GroupId) -> Option<ResourceId> {
        let cluster = self.stage.cluster();
        let now = cluster.state().now();
        cluster.spec().group(group)?.resources().find(|resource| {
            let is_notified = cluster.spec().resource(*resource).is_some_and(|declared| {
                declared.settings().restart_action == RestartAction::RestartNotify
            });
            let budget = cluster.restart_budget(*resource, now);
            let retries = cluster.state().resource(*resource).map_or(0, |of| of.retries());
            is_notified && retries == 0 && budget.is_some_and(|budget| budget.remaining > 0)
        })
    }

    /// Tells whether something of a group still runs in the wrong place, so that its start waits.
    fn has_orphan(&self, group: GroupId) -> bool {
        let cluster = self.stage.cluster();
        let is_of_group =
            |resource| cluster.spec().resource(resource).is_some_and(|of| of.group() == group);
        cluster.state().orphans().any(|(_, resource, _)| is_of_group(resource))
    }

    /// Tells whether a group has no reason to move if nodes come up: there is no better node, and
    /// no operator has sent it to a node that is not there yet.
    fn is_at_home(&self, group: GroupId) -> bool {
        let cluster = self.stage.cluster();
        let is_sent = cluster.state().group(group).is_some_and(|of| of.queued().is_some());
        let first = |declared: &GroupSpec| declared.preferred_owners().first().copied();
        !is_sent
            && cluster.spec().group(group).is_some_and(|declared| {
                let settings = declared.settings();
                settings.failback == Failback::Prevent
                    || first(declared).is_none()
                    || settings.failback_window.is_none() && first(declared) == self.owner(group)
            })
    }

    /// Tells whether a group may go to a node that it has left.
    fn may_return(&self, group: GroupId, node: NodeId) -> bool {
        let cluster = self.stage.cluster();
        let trigger = Trigger::BestPossible;
        let is_locked =
            cluster.state().group(group).is_some_and(|record| record.lock() == Lock::Locked);
        // A locked group does not move, and no group returns by itself to a node where it failed.
        let stays = is_locked || cluster.state().failed_on(group, node).is_some();
        let placement = PlacementRequest::new(cluster.spec(), cluster.state(), group, trigger);
        !stays
            && placement.is_some_and(|placement| {
                assess(&placement, cluster.policy(), node) == Ok(Tier::Eligible)
            })
    }

    /// Returns the groups that are online.
    fn online(&self) -> Vec<GroupId> {
        let cluster = self.stage.cluster();
        let groups = cluster.spec().groups().map(|(group, _)| group);
        let state = |group| cluster.state().group_state(cluster.spec(), group);
        groups.filter(|group| state(*group) == GroupState::Online).collect()
    }

    fn owner(&self, group: GroupId) -> Option<NodeId> {
        self.stage.cluster().state().owner(group)
    }

    /// Returns the nodes that take part.
    fn well(&self) -> Vec<Key> {
        self.nodes().into_iter().filter(|node| !self.care(*node).is_left_out).collect()
    }

    /// Tells whether a node is up and the others are enough without it.
    fn could_spare(&self, node: Key, id: NodeId) -> bool {
        self.state_is(node, NodeState::Up) && self.keeps_quorum_without(id)
    }

    fn keeps_quorum_without(&self, node: NodeId) -> bool {
        let mut copy = self.stage.cluster().clone();
        let is_told = copy.handle(copy.state().now(), Input::node_left(node, Life::Known)).is_ok();
        is_told && copy.state().is_quorate()
    }

    fn state_is(&self, node: Key, state: NodeState) -> bool {
        self.stage.state_of(node) == Some(state)
    }

    /// Tells whether a node is a member in its present life.
    fn is_there(&self, node: Key) -> bool {
        let is_powered = self.stage.world.machine(node).is_some_and(|of| of.is_powered);
        is_powered && self.stage.is_member(node) && self.stage.is_known_life(node)
    }

    fn is_fence_under_way(&self) -> bool {
        let mut asked = self.stage.cluster().outstanding();
        let is_to_strike = |event: &Event| matches!(event, Event::Strike { .. });
        asked.any(|effect| effect.action == OperationKind::Fence)
            || self.queue.values().any(is_to_strike)
    }

    fn drain_of(&self, node: NodeId) -> Option<DrainStatus> {
        self.stage.cluster().state().node(node).map(|record| record.drain().status)
    }

    fn order(&mut self, command: Command) -> Result<(), Breach> {
        let input = self.stage.cluster().spec().named(Input::Command(command));
        self.act(Act::Say(Box::new(input))).map(drop)
    }

    /// Lets events happen until a condition holds or patience is at its end. Tells whether it
    /// holds.
    fn until(&mut self, is_so: impl Fn(&Self) -> bool) -> Result<bool, Breach> {
        for _ in 0..PATIENCE {
            if is_so(self) {
                return Ok(true);
            }
            if self.step()? == Done::No {
                break;
            }
        }
        Ok(is_so(self))
    }
}

/// Tells whether a group may have to wait for another: one that has a higher priority, or is of its
/// class and may come to its node where only one of them is admitted.
fn may_hold_up(spec: &ClusterSpec, group: &GroupSpec, other: &GroupSpec) -> bool {
    let classes = group.anti_affinity_classes();
    let shares = other.anti_affinity_classes().iter().any(|class| classes.contains(class));
    let is_refused = shares && spec.settings().admission != Admission::Open;
    is_refused || other.settings().priority > group.settings().priority
}

#[cfg(test)]
mod tests;
