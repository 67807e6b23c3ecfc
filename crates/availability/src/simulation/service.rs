//! Groups that serve, stop and start.
//!
//! All operations that a group has in flight end together, as one wave. An outage of a given length
//! is divided into as many waves as its dependencies are deep.

use super::{Alarm, Cause, Simulation, part};
use crate::books::Entry;
use crate::truth::Asked;
use quorate::cluster::Effect;
use quorate::state::OperationKind;
use quorate::{GroupId, Input, NodeId, Outcome};
use quorate_testkit::Breach;

mod notes;
mod record;

pub(super) use record::Service;
use record::Wave;

impl Simulation {
    pub(super) fn service(&mut self, group: GroupId) -> Option<&mut Service> {
        self.services.get_mut(group.index())
    }

    /// Marks a group as down, or changes the cause of its downtime.
    pub(super) fn go_down(&mut self, group: GroupId, cause: Cause) {
        let now = self.now;
        let Some(service) = self.services.get_mut(group.index()) else { return };
        let (was_serving, is_measured) = (service.is_serving(), service.book.is_some());
        service.blame(now, cause);
        if was_serving && is_measured {
            if self.down_now == 0 {
                self.any_down_since = now;
            }
            self.down_now = self.down_now.saturating_add(1);
        }
    }

    /// Marks a group as serving again.
    fn come_up(&mut self, group: GroupId) {
        let now = self.now;
        let Some(service) = self.services.get_mut(group.index()) else { return };
        service.count(now);
        service.down = None;
        service.ends_at = None;
        service.wave = Wave::None;
        let moved = service.served_on.is_some() && service.served_on != service.host;
        service.entry.outages = service.entry.outages.saturating_add(1);
        service.entry.moves = service.entry.moves.saturating_add(u64::from(moved));
        service.served_on = service.host;
        if !service.returns || service.served_on == service.home {
            service.is_away_as_planned = false;
        }
        if service.book.is_some() {
            self.down_now = self.down_now.saturating_sub(1);
            if self.down_now == 0 && !self.is_forming {
                self.books.add_any_down(now.saturating_sub(self.any_down_since));
            }
        }
        if self.is_forming {
            // The time that the cluster takes to form is no downtime.
            if let Some(service) = self.service(group) {
                service.entry = Entry::default();
            }
            return;
        }
        self.book(group.index());
    }

    /// Carries out an operation that the core asks for, or lets it get lost with a dead node.
    pub(super) fn carry_out(&mut self, effect: &Effect) -> Result<(), Breach> {
        let asked = self.truth.ask(effect)?;
        let Some(resource) = effect.resource else {
            self.begin_fence(effect.node, effect.operation);
            return Ok(());
        };
        let Some(group) = self.cluster.spec().resource(resource).map(|of| of.group()) else {
            return Ok(());
        };
        match (effect.action, asked) {
            (OperationKind::Start, Asked::Unheard) => {
                // The group is lost with that node, which is not noticed yet.
                if let Some(service) = self.service(group) {
                    service.host = Some(effect.node);
                    service.ends_at = None;
                }
                return Ok(());
            }
            (_, Asked::Unheard) => return Ok(()),
            (OperationKind::Start, Asked::Begun) => self.begin_start(group, effect.node),
            (OperationKind::Stop | OperationKind::Terminate, Asked::Begun) => {
                self.begin_stop(group);
            }
            (_, Asked::Begun) => {}
        }
        if let Some(service) = self.service(group) {
            service.in_flight.push((effect.operation, resource));
        }
        self.plan_wave(group);
        Ok(())
    }

    /// Sets the end of a group's operations in flight: after their share of the remaining time.
    fn plan_wave(&mut self, group: GroupId) {
        let slot = self.slot_of(Alarm::Wave(group));
        if self.alarms.is_set(slot) {
            return;
        }
        let now = self.now;
        let Some(service) = self.services.get(group.index()) else { return };
        let end = match service.wave {
            Wave::None => now,
            Wave::Stops(end) => end,
            Wave::Starts => service.ends_at.unwrap_or(now),
        };
        let left = end.saturating_sub(now);
        let span = left.checked_div(service.waves_left).unwrap_or(0);
        self.alarms.set(slot, now.saturating_add(span));
    }

    fn begin_start(&mut self, group: GroupId, node: NodeId) {
        let now = self.now;
        let Some(service) = self.services.get_mut(group.index()) else { return };
        // At home or, if there is no home, on the node where the group was.
        let familiar = if service.returns { service.home } else { service.host };
        let is_familiar = familiar == Some(node);
        service.host = Some(node);
        if service.wave == Wave::Starts {
            return;
        }
        service.wave = Wave::Starts;
        service.waves_left = service.depth;
        if service.down == Some(Cause::Restart) && service.ends_at.is_some() {
            // Resources that do not depend on the failed one go on running.
            service.waves_left = self.truth.waves_to_start(group);
            return;
        }
        if service.ends_at.is_some_and(|end| end > now) {
            return;
        }
        let (mean, cause) = match (is_familiar, service.is_away_as_planned) {
            (true, true) => (self.means.planned_move, Cause::Planned),
            (true, false) => (self.means.planned_move, Cause::Failback),
            (false, _) => (self.means.failover, Cause::Failover),
        };
        let span = if self.is_forming { 0 } else { self.span(mean) };
        if let Some(service) = self.service(group) {
            service.ends_at = Some(now.saturating_add(span));
        }
        self.go_down(group, cause);
    }

    fn begin_stop(&mut self, group: GroupId) {
        let now = self.now;
        let Some(service) = self.services.get(group.index()) else { return };
        let (is_serving, leaves_for) = (service.is_serving(), service.leaves_for);
        if matches!(service.wave, Wave::Stops(_)) {
            return;
        }
        let mut stopped = now;
        if is_serving && self.truth.is_quorate() {
            let span = self.span(self.means.planned_move);
            stopped = now.saturating_add(part(span, self.means.stop_share));
            if let Some(service) = self.service(group) {
                service.ends_at = Some(now.saturating_add(span));
            }
            self.go_down(group, leaves_for);
        } else if is_serving {
            self.go_down(group, Cause::Waiting);
        }
        if let Some(service) = self.service(group) {
            service.wave = Wave::Stops(stopped);
            service.waves_left = service.depth;
        }
    }

    /// Ends the operations in flight of a group.
    pub(super) fn end_wave(&mut self, group: GroupId) -> Result<(), Breach> {
        let mut ended = core::mem::take(&mut self.ended);
        if let Some(service) = self.service(group) {
            core::mem::swap(&mut ended, &mut service.in_flight);
            service.waves_left = service.waves_left.saturating_sub(1);
        }
        for (operation, resource) in ended.drain(..) {
            // A superseded operation does not end.
            if self.truth.operation(resource) != Some(operation) {
                continue;
            }
            self.truth.finish(resource);
            let is_down = self.services.get(group.index()).is_some_and(|of| !of.is_serving());
            if is_down && self.truth.is_serving(group) {
                self.come_up(group);
            }
            self.feed(Input::operation_finished(operation, Outcome::Succeeded))?;
        }
        self.ended = ended;
        Ok(())
    }

    /// Takes down everything on a node that is lost. `ends_at` is the end of the outage, if it has
    /// been drawn.
    pub(super) fn lose_services(&mut self, node: NodeId, cause: Cause, ends_at: Option<u64>) {
        for index in 0..self.services.len() {
            let group = GroupId::from_index(index);
            if self.truth.active_on(group) != Some(node) {
                continue;
            }
            self.clear_alarm(Alarm::Wave(group));
            self.go_down(group, cause);
            if let Some(service) = self.service(group) {
                service.in_flight.clear();
                service.wave = Wave::None;
                service.ends_at = ends_at;
                // While its home is in maintenance the group is away for that reason, even if
                // something else happens to it.
                service.is_away_as_planned &= service.home != Some(node);
            }
        }
    }

    /// Returns the groups that are down with a node.
    fn down_with(&self, node: NodeId) -> impl Iterator<Item = GroupId> + use<> {
        let groups: Vec<GroupId> = self
            .services
            .iter()
            .enumerate()
            .filter(|(_, of)| of.host == Some(node) && !of.is_serving())
            .map(|(index, _)| GroupId::from_index(index))
            .filter(|group| self.truth.active_on(*group).is_none())
            .collect();
        groups.into_iter()
    }

    /// Continues the failover from a node, with a new end. Without quorum no failover goes on, and
    /// a group that starts when quorum returns begins anew.
    pub(super) fn resume_failover(&mut self, node: NodeId, ends_at: u64) {
        if !self.truth.is_quorate() {
            return;
        }
        for group in self.down_with(node) {
            self.go_down(group, Cause::Failover);
            if let Some(service) = self.service(group) {
                service.ends_at = Some(ends_at);
            }
        }
    }

    /// Changes the cause of downtime of the groups that are down with a node.
    pub(super) fn blame_host(&mut self, node: NodeId, from: Cause, to: Cause) {
        for group in self.down_with(node) {
            if self.services.get(group.index()).is_some_and(|of| of.down == Some(from)) {
                self.go_down(group, to);
            }
        }
    }

    /// Starts the groups of a node that returned before they moved: the end that was drawn for
    /// their failover is void.
    pub(super) fn restart_in_place(&mut self, node: NodeId) {
        for group in self.down_with(node) {
            if let Some(service) = self.service(group) {
                service.ends_at = None;
            }
        }
    }
}
