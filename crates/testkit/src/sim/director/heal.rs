//! The healing: there are no more faults. Everything that can come online does, and then nothing
//! more happens.

use std::time::Duration;

use crate::liveness::{self, Journal, Outside};
use crate::machine::{Link, Manner};
use crate::{Breach, ensure};
use quorate::cluster::{self, Command, ResumeFailback};
use quorate::machine::ResourceState;
use quorate::quorum::WitnessState;
use quorate::settings::Maintenance;
use quorate::state::{GroupRecord, OperationKind, Pause};
use quorate::{Input, NodeId, ResourceId, Timestamp};

use super::spell::Spell;
use super::{Director, Event};
use crate::sim::act::{Act, Word};
use crate::sim::stage::Done;
use crate::sim::world::{Key, Strike};

/// Number of timers that go off before rest is expected.
const TIMERS: u64 = 90;

impl Director {
    /// Ends the faults within a part of the nodes that can be quorate by itself; the others stay
    /// off. Every operation succeeds, and the timers go off.
    ///
    /// [`Done::No`] if the end of time is too near for that.
    pub(super) fn heal(&mut self) -> Result<Done, Breach> {
        if self.now() > u64::MAX / 4 {
            return Ok(Done::No);
        }
        self.swarm.calm();
        self.quieten();
        self.choose_who_is_well()?;
        self.act(Act::Say(Box::new(Input::witness_changed(WitnessState::Up))))?;
        self.take_up_what_hangs();
        self.stage.keep_journal();
        let begun_at = Timestamp::from_millis(self.now());
        self.come_to_rest(TIMERS)?;
        let journal = self.stage.take_journal();
        let noticed_at = last_loss(&journal).unwrap_or(begun_at);
        liveness::stays_away(self.stage.cluster(), &journal, noticed_at)?;
        Ok(Done::Yes)
    }

    /// Brings everything online that can be, without faults. At least this many timers go off, for
    /// events that may still come.
    pub(super) fn come_to_rest(&mut self, least: u64) -> Result<(), Breach> {
        self.healed_at = self.now();
        let mut calm_since = self.healed_at;
        let mut was_unnoticed = false;
        for timer in 0..2 * TIMERS {
            self.resume_all()?;
            self.work_until_quiet()?;
            let is_unnoticed = self.wait_for_checks(calm_since)?;
            if was_unnoticed || is_unnoticed {
                self.healed_at = self.now();
            }
            was_unnoticed = is_unnoticed;
            self.goes_well()?;
            if !self.paused().is_empty() {
                // The node came back just now, and is still paused.
                continue;
            }
            if timer > least && self.is_at_rest().is_ok() {
                return Ok(());
            }
            let Some(due) = self.next_timer() else { break };
            if !self.queue.is_empty() {
                // Checks follow each other without a break.
                self.step()?;
                continue;
            }
            // From time to time the timer is called much later, for the long waits. A late call
            // makes them longer.
            let late = if timer % 3 == 2 { 600_000 } else { 0 };
            self.healed_at = self.healed_at.saturating_add(late);
            calm_since = calm_since.saturating_add(late);
            let at = due.saturating_add(late);
            if at.saturating_sub(self.now()) > 86_400_000 {
                break;
            }
            self.act_at(at, Act::Timer)?;
        }
        self.work_until_quiet()?;
        self.is_at_rest()
    }

    /// Removes the coming faults, and makes coming operations end without fault or not at all.
    fn quieten(&mut self) {
        let queue = core::mem::take(&mut self.queue);
        for ((at, arrival), event) in queue {
            let event = match event {
                Event::Order(_)
                | Event::Answer(_, Word::Truth)
                | Event::Notice(_)
                | Event::PowerOn(_) => event,
                Event::Work(op, _) => Event::Work(op, Manner::Well),
                Event::Strike { op, .. } => struck_well(op),
                Event::Answer(..)
                | Event::AnswerAgain(..)
                | Event::OrderAgain(..)
                | Event::Progress(_)
                | Event::PowerOff(_)
                | Event::Thaw(_)
                | Event::Connect(..)
                | Event::Kill(..)
                | Event::DiesAtEdge(_)
                | Event::Say(_)
                | Event::Outside
                | Event::Waited(_)
                | Event::Original => continue,
            };
            self.queue.insert((at.min(self.now().saturating_add(5_000)), arrival), event);
        }
        self.gray.clear();
        self.waiting.clear();
        self.starved = Spell::default();
        self.stuck = Spell::default();
        for care in &mut self.care {
            care.slow = Spell::default();
            care.rogue_at_boot = None;
            care.rogue = None;
            care.frozen_until = 0;
        }
    }

    /// Sends again what is still asked for, lets it be done and answered.
    fn take_up_what_hangs(&mut self) {
        for op in self.stage.in_hands() {
            self.schedule(1, Event::Work(op, Manner::Well));
        }
        let ids = self.stage.cluster().outstanding().map(|effect| effect.operation);
        let all: Vec<usize> = ids.filter_map(|id| self.stage.op_at(id)).collect();
        for op in all {
            let is_fence =
                self.stage.ops.get(op).is_some_and(|op| op.action() == OperationKind::Fence);
            if is_fence {
                self.schedule(1, struck_well(op));
            } else {
                self.schedule(1, Event::Order(op));
                self.schedule(100, Event::Work(op, Manner::Well));
            }
            self.schedule(200, Event::Answer(op, Word::Truth));
        }
    }

    /// Chooses the nodes that take part: all of them in half of the runs, and in the other half all
    /// but some nodes that stay off for good.
    fn choose_who_is_well(&mut self) -> Result<(), Breach> {
        let left_out = self.left_out();
        for node in self.nodes() {
            if left_out.contains(&node) {
                self.care_mut(node, |care| care.is_left_out = true);
                self.act(Act::PowerOff(node))?;
            } else {
                self.act(Act::Thaw(node))?;
                self.act(Act::Connect(node, Link::Whole))?;
            }
        }
        self.queue.retain(|_, event| match event {
            Event::PowerOn(node) => !left_out.contains(node),
            _ => true,
        });
        self.look_after_machines();
        Ok(())
    }

    /// Draws nodes without which the others still have more than half of all votes.
    fn left_out(&mut self) -> Vec<Key> {
        if self.dice.chance(1, 2) {
            return Vec::new();
        }
        let spec = self.stage.cluster().spec();
        let mut nodes: Vec<(Key, u32)> =
            spec.nodes().map(|(id, node)| (self.stage.book.node(id), node.vote_weight())).collect();
        let total: u32 = nodes.iter().fold(0, |sum, (_, votes)| sum.saturating_add(*votes));
        let mut left = total;
        let mut out = Vec::new();
        for _ in 0..self.dice.index(nodes.len()) {
            let (node, votes) = nodes.swap_remove(self.dice.index(nodes.len()));
            let rest = left.saturating_sub(votes);
            if u64::from(rest).saturating_mul(2) > u64::from(total).saturating_add(1) {
                left = rest;
                out.push(node);
            }
        }
        out
    }

    /// Returns members that operators paused and did not resume.
    fn paused(&self) -> Vec<NodeId> {
        let cluster = self.stage.cluster();
        let is_paused = |node: NodeId| {
            cluster.state().node(node).is_some_and(|record| record.pause() == Pause::Requested)
        };
        cluster
            .spec()
            .nodes()
            .map(|(node, _)| node)
            .filter(|node| is_paused(*node) && cluster.state().node_state(*node).is_member())
            .collect()
    }

    /// Lets operators resume what they paused.
    fn resume_all(&mut self) -> Result<(), Breach> {
        for node in self.paused() {
            let command = Command::resume_node(node).failback(ResumeFailback::ByPolicy).into();
            let input = self.stage.cluster().spec().named(Input::Command(command));
            let done = self.act(Act::Say(Box::new(input)))?;
            ensure!(L11, done == Done::Yes, "{node} cannot be resumed");
        }
        Ok(())
    }

    /// Lets events happen until every operation is answered and no more are asked for. Health
    /// checks never end.
    fn work_until_quiet(&mut self) -> Result<(), Breach> {
        let spec = self.stage.cluster().spec();
        let size = spec.resources().len().saturating_add(spec.groups().len());
        let bound = size.saturating_add(1).saturating_mul(2_000);
        for _ in 0..bound {
            if !self.is_busy() {
                return self.finish_checks();
            }
            self.step()?;
        }
        ensure!(L2, false, "operation follows operation though each succeeds");
        Ok(())
    }

    /// Lets the checks under way end, if they do not follow each other without a break.
    fn finish_checks(&mut self) -> Result<(), Breach> {
        for _ in 0..1_000 {
            if self.queue.is_empty() {
                break;
            }
            self.step()?;
        }
        Ok(())
    }

    /// Tells whether anything but health checks is to come.
    fn is_busy(&self) -> bool {
        self.queue.values().any(|event| match event {
            Event::Order(op) | Event::Work(op, _) | Event::Answer(op, _) => {
                self.stage.ops.get(*op).is_some_and(|op| !op.action().is_check())
            }
            _ => true,
        })
    }

    /// Checks that nothing is outstanding, and that every group is as it is wanted or reports a
    /// lasting reason.
    pub(super) fn is_at_rest(&self) -> Result<(), Breach> {
        let cluster = self.stage.cluster();
        for node in self.nodes() {
            let is_well = self.care(node).is_left_out || self.stage.is_member(node);
            ensure!(L7, is_well, "{} does not join", self.stage.book.node_name(node));
        }
        let left = cluster.outstanding().find(|effect| !effect.action.is_check());
        ensure!(L2, left.is_none(), "in the calm {left:?} is outstanding");
        for (group, declared) in cluster.spec().groups() {
            let Some(reason) = cluster.why(group) else { continue };
            let is_lasting = liveness::is_lasting(cluster, reason);
            ensure!(L1, is_lasting, "in the calm {} is not online: {reason}", declared.name());
        }
        Ok(())
    }

    /// Tells whether there is a resource that failed before the healing without being noticed. Such
    /// a fault is still there, and its consequences are judged from when it is found. The next
    /// check has to find it.
    fn wait_for_checks(&self, calm_since: u64) -> Result<bool, Breach> {
        let now = self.now();
        // Timers go off only when there is nothing else to do.
        let is_behind = self.next_timer().is_some_and(|due| due <= now);
        let unnoticed = self.unnoticed(Timestamp::from_millis(calm_since));
        let cluster = self.stage.cluster();
        for (resource, due) in &unnoticed {
            let is_asked = cluster.outstanding().any(|effect| effect.resource == Some(*resource));
            let is_missed = now > due.as_millis() && !is_behind && !is_asked;
            let name = cluster.spec().resource(*resource).map_or("", |of| of.name());
            ensure!(L1, !is_missed, "{name} does not run, and no check has found it by {due}");
        }
        Ok(!unnoticed.is_empty())
    }

    /// Returns the resources that do not run although they are online to the cluster, with the time
    /// by which a check is certain to have begun.
    pub(super) fn unnoticed(&self, calm_since: Timestamp) -> Vec<(ResourceId, Timestamp)> {
        let cluster = self.stage.cluster();
        let (spec, state, book) = (cluster.spec(), cluster.state(), &self.stage.book);
        let runs = |resource: ResourceId| {
            let node = spec.resource(resource).and_then(|of| state.owner(of.group()));
            let machine = node.and_then(|node| self.stage.world.machine(book.node(node)));
            machine.is_some_and(|machine| machine.runs(&book.resource(resource)))
        };
        let mut unnoticed = Vec::new();
        for (id, declared) in spec.resources() {
            let Some(record) = state.resource(id) else { continue };
            let is_online =
                record.state() == ResourceState::Online && record.maintenance() == Maintenance::Off;
            let is_moving = |of: &GroupRecord| of.movement().is_some();
            // Nothing is checked without quorum, and no group that moves.
            let is_checked =
                state.is_quorate() && !state.group(declared.group()).is_some_and(is_moving);
            if is_online && is_checked && !runs(id) {
                // The failure of a resource without thorough checks may never be noticed.
                let Some(span) = declared.settings().is_alive_interval.span() else { continue };
                let check = record.known_alive_at().after(span);
                unnoticed.push((id, check.max(calm_since)));
            }
        }
        unnoticed
    }

    /// Checks what must hold at any time once the faults are over and timers go off.
    fn goes_well(&self) -> Result<(), Breach> {
        let cluster = self.stage.cluster();
        let outside = Outside {
            detection: Duration::from_millis(self.swarm.detection.saturating_mul(2)),
            agreement: Duration::from_secs(120),
        };
        liveness::online_in_time(cluster, Timestamp::from_millis(self.healed_at), outside)?;
        liveness::operations_end(cluster)?;
        liveness::not_stuck(cluster)?;
        liveness::fences_block_only_theirs(cluster)
    }
}

/// Returns when a member was last found to be gone. Before that, starts there failed in a life that
/// was over, which is still due to the faults.
fn last_loss(journal: &Journal) -> Option<Timestamp> {
    let is_loss = |event: &cluster::Event| match event {
        cluster::Event::NodeChanged { from, to, .. } => from.is_member() && !to.is_member(),
        _ => false,
    };
    let gone = journal.events(Timestamp::ZERO).filter(|(_, event)| is_loss(event));
    gone.map(|(at, _)| at).last()
}

fn struck_well(op: usize) -> Event {
    Event::Strike { op, strike: Strike::Well, answer_after: Some(1), fault: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invariant;
    use crate::sim::director::Taping;
    use crate::sim::draw::{Draw, Weather};
    use crate::sim::stage::{Flaw, Keep, Stage};
    use crate::watch::Storing;

    /// Before anything has happened no node has joined, and none is left out.
    #[test]
    fn who_does_not_join_is_named() {
        let Draw { declaration, policy, swarm, dice, .. } = Draw::new(1, Weather::Hostile);
        let spec = declaration.clone().build().expect("a valid declaration");
        let storing = Storing { every: 0, as_text_every: 0, renews_twin_every: 0 };
        let stage = Stage::new(spec, policy, storing, Flaw::None, Keep::Nothing);
        let mut director = Director::new(stage, swarm, dice, declaration, Taping::Off);
        let judge = |director: &Director| director.is_at_rest().err().and_then(|of| of.invariant);
        assert_eq!(judge(&director), Some(Invariant::L7));
        for node in director.nodes() {
            director.care_mut(node, |care| care.is_left_out = true);
        }
        assert_ne!(judge(&director), Some(Invariant::L7), "they are not to join");
    }
}
