//! Failure, detection, fencing, repair and maintenance of nodes.

use super::{Alarm, Cause, Simulation, Told, part};
use quorate::cluster::{self, Command, ResumeFailback};
use quorate::settings::Fencing;
use quorate::state::{DrainMode, DrainStatus};
use quorate::{Input, NodeId, OpId, Outcome};
use quorate_testkit::Breach;

mod record;

pub(super) use record::{Drained, Machine};
use record::{Life, Loss, LossStep, Upkeep};

impl Simulation {
    fn machine(&mut self, node: NodeId) -> Option<&mut Machine> {
        self.machines.get_mut(node.index())
    }

    /// Boots a node and lets it join.
    pub(super) fn join(&mut self, node: NodeId, told: Told) -> Result<(), Breach> {
        let Some(machine) = self.machine(node) else { return Ok(()) };
        machine.life = Life::Up;
        machine.incarnation = machine.incarnation.next();
        machine.fence = None;
        let incarnation = machine.incarnation;
        self.truth.boot(node, incarnation, told);
        self.feed(Input::node_joined(node, incarnation, Vec::new()))
    }

    /// Sets the time at which a node that is up fails.
    pub(super) fn plan_life(&mut self, node: NodeId) {
        let span = self.draw.exponential(self.means.between_failures);
        self.set_alarm(Alarm::Life(node), self.now.saturating_add(span));
    }

    /// Sets the time at which the next maintenance of a node is due.
    pub(super) fn plan_maintenance(&mut self, node: NodeId) {
        if let Some(mean) = self.means.between_maintenances {
            let span = self.draw.exponential(mean);
            self.set_alarm(Alarm::Maintenance(node), self.now.saturating_add(span));
        }
    }

    pub(super) fn change_life(&mut self, node: NodeId) -> Result<(), Breach> {
        match self.machine(node).map(|machine| machine.life) {
            Some(Life::Up) => {
                self.fail(node);
                Ok(())
            }
            Some(Life::Failed) => self.repair(node),
            None => Ok(()),
        }
    }

    fn fail(&mut self, node: NodeId) {
        let length = self.span(self.means.failover);
        let is_covered =
            self.draw.happens(self.means.coverage) && self.fencing != Fencing::Operator;
        let repair = self.span(self.means.repair);
        let now = self.now;
        if let Some(machine) = self.machine(node) {
            machine.life = Life::Failed;
            machine.loss = Loss { next: LossStep::Notice, since: now, length, is_covered };
        }
        self.set_alarm(Alarm::Life(node), now.saturating_add(repair));
        let noticed = now.saturating_add(part(length, self.notice_share()));
        self.set_alarm(Alarm::Loss(node), noticed);
        self.lose_services(node, Cause::Failover, Some(now.saturating_add(length)));
        self.truth.crash(node);
    }

    /// Tells whether groups are leaving any node for maintenance.
    pub(super) fn is_draining(&self) -> bool {
        self.machines.iter().any(|machine| matches!(machine.service, Upkeep::Draining(_)))
    }

    /// Takes a node down with the whole site. The core runs there as well, so it is told nothing
    /// until the end. Then it is told that the node is back in a new life, and what was under way
    /// goes on.
    pub(super) fn lose_with_site(&mut self, node: NodeId, end: u64) {
        let span = end.saturating_sub(self.now);
        self.delay_alarm(Alarm::Loss(node), |at| at.saturating_add(span));
        let Some(machine) = self.machine(node) else { return };
        match (machine.service, machine.life) {
            (Upkeep::Off, _) => self.delay_alarm(Alarm::Maintenance(node), |at| at.max(end)),
            (Upkeep::None | Upkeep::Draining(_), Life::Failed) => {
                self.delay_alarm(Alarm::Life(node), |at| at.max(end));
            }
            (Upkeep::None | Upkeep::Draining(_), Life::Up) => {
                machine.life = Life::Failed;
                self.set_alarm(Alarm::Life(node), end);
                self.lose_services(node, Cause::Site, None);
                self.truth.crash(node);
            }
        }
    }

    /// Returns the part of a failover that passes until the core is told of the loss. A membership
    /// layer that vouches for a lost node reports it only when the node is certainly off.
    fn notice_share(&self) -> f64 {
        match self.fencing {
            Fencing::Trusted | Fencing::Lease { .. } => self.means.off_share,
            Fencing::Required | Fencing::Operator => self.means.detection_share,
        }
    }

    fn repair(&mut self, node: NodeId) -> Result<(), Breach> {
        self.clear_alarm(Alarm::Loss(node));
        self.plan_life(node);
        self.restart_in_place(node);
        self.join(node, Told::Member)
    }

    /// Performs the next step of the loss of a node.
    pub(super) fn advance_loss(&mut self, node: NodeId) -> Result<(), Breach> {
        let Some(loss) = self.machine(node).map(|machine| machine.loss) else { return Ok(()) };
        match (loss.next, self.fencing) {
            (LossStep::Notice, Fencing::Trusted | Fencing::Lease { .. }) => {
                if loss.is_covered {
                    self.vouch(node)
                } else {
                    self.leave_undetected(node)
                }
            }
            (LossStep::Notice, Fencing::Required | Fencing::Operator) => {
                if let Some(machine) = self.machine(node) {
                    machine.loss.next = LossStep::Off;
                }
                self.truth.tell(node, Told::Lost);
                let incarnation = self.life(node);
                self.feed(Input::node_lost(node, incarnation))?;
                if self.fencing == Fencing::Operator {
                    let off = loss.since.saturating_add(part(loss.length, self.means.off_share));
                    self.set_alarm(Alarm::Loss(node), off);
                }
                Ok(())
            }
            (LossStep::Off, _) if loss.is_covered => self.confirm_fence(node),
            (LossStep::Off, _) => self.leave_undetected(node),
            (LossStep::Help, fencing) => {
                let rest = loss.length.saturating_sub(part(loss.length, self.means.off_share));
                self.resume_failover(node, self.now.saturating_add(rest));
                match fencing {
                    Fencing::Trusted | Fencing::Lease { .. } => self.vouch(node),
                    Fencing::Required | Fencing::Operator => {
                        self.truth.tell(node, Told::Off);
                        self.feed(Input::node_confirmed_down(node, cluster::Life::Known))?;
                        self.note_homeless(node);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Returns the present or last life of a node.
    fn life(&mut self, node: NodeId) -> cluster::Life {
        self.machine(node).map_or(cluster::Life::Known, |machine| machine.incarnation.into())
    }

    /// Reports to the core that a node is gone and certainly off.
    fn vouch(&mut self, node: NodeId) -> Result<(), Breach> {
        self.truth.tell(node, Told::Off);
        let incarnation = self.life(node);
        self.feed(Input::node_lost(node, incarnation))?;
        self.note_homeless(node);
        Ok(())
    }

    fn leave_undetected(&mut self, node: NodeId) -> Result<(), Breach> {
        if let Some(machine) = self.machine(node) {
            machine.loss.next = LossStep::Help;
        }
        let span = self.span(self.means.manual);
        self.set_alarm(Alarm::Loss(node), self.now.saturating_add(span));
        self.blame_host(node, Cause::Failover, Cause::Undetected);
        Ok(())
    }

    fn confirm_fence(&mut self, node: NodeId) -> Result<(), Breach> {
        let Some(operation) = self.machine(node).and_then(|machine| machine.fence.take()) else {
            return Ok(());
        };
        self.truth.tell(node, Told::Off);
        self.feed(Input::operation_finished(operation, Outcome::Succeeded))?;
        self.note_homeless(node);
        Ok(())
    }

    /// Begins a fence that the core asks for. If it is asked for late, because there was no quorum,
    /// the failover begins only now.
    pub(super) fn begin_fence(&mut self, node: NodeId, operation: OpId) {
        let (now, detection, off) = (self.now, self.means.detection_share, self.means.off_share);
        let is_late = self.machines.get(node.index()).is_some_and(|machine| {
            let loss = machine.loss;
            loss.since.saturating_add(part(loss.length, detection)) < now
        });
        if is_late {
            let length = self.span(self.means.failover);
            self.resume_failover(node, now.saturating_add(length));
            if let Some(machine) = self.machine(node) {
                machine.loss.since = now;
                machine.loss.length = length;
            }
        }
        let Some(machine) = self.machine(node) else { return };
        machine.fence = Some(operation);
        machine.loss.next = LossStep::Off;
        let done = machine.loss.since.saturating_add(part(machine.loss.length, off));
        self.set_alarm(Alarm::Loss(node), done.max(now));
    }

    pub(super) fn change_maintenance(&mut self, node: NodeId) -> Result<(), Breach> {
        match self.machine(node).map(|machine| machine.service) {
            Some(Upkeep::None) if self.is_quiet() && self.truth.is_quorate_without(node) => {
                self.begin_maintenance(node)
            }
            Some(Upkeep::None) => {
                self.plan_maintenance(node);
                Ok(())
            }
            Some(Upkeep::Off) => self.end_maintenance(node),
            Some(Upkeep::Draining(_)) | None => Ok(()),
        }
    }

    /// Tells whether every node is up and every group is where it should be.
    fn is_quiet(&self) -> bool {
        let at_work =
            |machine: &Machine| machine.life == Life::Up && machine.service == Upkeep::None;
        self.machines.iter().all(at_work) && self.services.iter().all(|of| of.is_quiet())
    }

    fn begin_maintenance(&mut self, node: NodeId) -> Result<(), Breach> {
        let span = self.span(self.means.maintenance);
        let over = self.now.saturating_add(span);
        if let Some(machine) = self.machine(node) {
            machine.service = Upkeep::Draining(over);
        }
        // A node that is about to be switched off does not fail.
        self.clear_alarm(Alarm::Life(node));
        self.truth.tell(node, Told::Paused);
        let mode = if self.means.is_forced { DrainMode::Forced } else { DrainMode::Normal };
        self.feed(Command::drain_node(node).mode(mode).into())
    }

    pub(super) fn note_drain(&mut self, node: NodeId, status: DrainStatus) {
        match status {
            DrainStatus::Completed => self.drained.push((node, Drained::Empty)),
            DrainStatus::Failed => self.drained.push((node, Drained::Blocked)),
            DrainStatus::NotInitiated | DrainStatus::InProgress => {}
        }
    }

    /// Continues the maintenances whose drains have ended.
    pub(super) fn follow_drains(&mut self) -> Result<(), Breach> {
        while let Some((node, drained)) = self.drained.pop() {
            let Some(Upkeep::Draining(over)) = self.machine(node).map(|machine| machine.service)
            else {
                continue;
            };
            match drained {
                Drained::Empty => {
                    if let Some(machine) = self.machine(node) {
                        machine.service = Upkeep::Off;
                    }
                    self.truth.crash(node);
                    self.truth.tell(node, Told::Off);
                    self.set_alarm(Alarm::Maintenance(node), over.max(self.now));
                    let incarnation = self.life(node);
                    self.feed(Input::node_left(node, incarnation))?;
                }
                Drained::Blocked => {
                    self.truth.tell(node, Told::Member);
                    self.put_back(node)?;
                }
            }
        }
        Ok(())
    }

    fn end_maintenance(&mut self, node: NodeId) -> Result<(), Breach> {
        self.join(node, Told::Paused)?;
        self.truth.tell(node, Told::Member);
        self.put_back(node)
    }

    /// Puts a node that is up back into service.
    fn put_back(&mut self, node: NodeId) -> Result<(), Breach> {
        if let Some(machine) = self.machine(node) {
            machine.service = Upkeep::None;
        }
        self.plan_life(node);
        self.plan_maintenance(node);
        let failback = ResumeFailback::ByPolicy;
        self.feed(Command::resume_node(node).failback(failback).into())
    }
}
