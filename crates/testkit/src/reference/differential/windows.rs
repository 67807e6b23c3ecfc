//! Restarts and failovers, counted again from the events.

use std::time::Duration;

use super::{Differential, Step, agree};
use crate::Breach;
use crate::reference::budget::{TimesOnline, Uses};
use crate::reference::picture::Picture;
use quorate::cluster::{Command, Event};
use quorate::id::Names;
use quorate::machine::{NodeState, ResourceState};
use quorate::settings::{RestartWindow, Retry};
use quorate::spec::ClusterSpec;
use quorate::state::{FailedWhile, MovementCause, NoRestartCause, Recovery};
use quorate::{Cluster, Input, Timestamp};

impl Differential {
    /// Takes over the memory of a cluster in the middle of its life.
    pub(super) fn remember(&mut self, cluster: &Cluster) {
        let (spec, state) = (cluster.spec(), cluster.state());
        for (id, declared) in spec.resources() {
            let log = state.resource(id).map(|record| record.restarts().entries().to_vec());
            let uses = Uses::from_iter(log.unwrap_or_default());
            self.restarts.insert(declared.name().to_owned(), uses);
            let times = state.resource(id).map(TimesOnline::of).unwrap_or_default();
            self.online.insert(declared.name().to_owned(), times);
        }
        for (id, declared) in spec.groups() {
            let log = state.group(id).map(|record| record.failovers().entries().to_vec());
            let uses = Uses::from_iter(log.unwrap_or_default());
            self.failovers.insert(declared.name().to_owned(), uses);
        }
    }

    /// Judges that a restart is scheduled only while one is left, and that a report of used-up
    /// restarts is right. Exceptions are a paused owner, which starts nothing, and the last attempt
    /// of the 2003 profile.
    pub(super) fn restart(
        &mut self,
        cluster: &Cluster,
        step: &Step<'_>,
        picture: &Picture,
        event: &Event<Names>,
    ) -> Result<(), Breach> {
        let (name, is_restart) = match event {
            Event::RestartScheduled { resource, .. } => (resource, true),
            Event::RestartsExhausted {
                resource,
                cause: NoRestartCause::Restarts | NoRestartCause::Redundant,
                ..
            } => (resource, false),
            _ => return Ok(()),
        };
        if let Event::RestartsExhausted { cause, .. } = event
            && step.moment.is_told_again(name, *cause)
        {
            return Ok(());
        }
        let spec = cluster.spec();
        let declared = spec.resource_id(name).and_then(|id| spec.resource(id));
        let Some(settings) = declared.map(quorate::spec::ResourceSpec::settings) else {
            return Ok(());
        };
        let window = spec.settings().restart_window;
        let threshold = match self.failed_from.get(name) {
            Some(ResourceState::OnlinePending) => settings.start_threshold,
            Some(_) | None => settings.restart_threshold,
        };
        let allowed = (threshold, settings.restart_period);
        let left = self.restarts_left(name, allowed, (window, step.moment.now));
        let of = |group: &&crate::reference::Group| group.resource(name).is_some();
        let owner = picture.groups.iter().find(of).and_then(|group| group.owner.as_deref());
        let is_up = owner.is_some_and(|owner| picture.node_state(owner) == NodeState::Up);
        let may_be_last = spec.settings().retry == Retry::FinalAttempt;
        let is_true = match is_restart {
            true => left > 0,
            false => left == 0 || !is_up || may_be_last,
        };
        agree!(self, S15, is_true, "{left} restarts are left: {event:?}");
        Ok(())
    }

    /// Returns how many restarts a resource has left, by the clock or by its time online.
    fn restarts_left(
        &self,
        name: &str,
        (threshold, period): (u32, Duration),
        (window, now): (RestartWindow, Timestamp),
    ) -> u32 {
        let Some(uses) = self.restarts.get(name) else { return threshold };
        match (window, self.online.get(name)) {
            (RestartWindow::Online, Some(online)) => uses.left_by(online, now, threshold, period),
            (RestartWindow::Online, None) | (RestartWindow::Clock, _) => {
                uses.left(now, threshold, period)
            }
        }
    }

    /// Counts the reported restarts and failovers.
    pub(super) fn count(
        &mut self,
        spec: &ClusterSpec,
        step: &Step<'_>,
        picture: &Picture,
        event: &Event<Names>,
    ) {
        let now = step.moment.now;
        match event {
            Event::ResourceChanged { resource, from, to, .. } => {
                let has_failed = matches!(to, ResourceState::Terminating | ResourceState::InDoubt);
                let was_up = matches!(from, ResourceState::Online | ResourceState::OnlinePending);
                if has_failed && was_up {
                    self.failed_from.insert(resource.clone(), *from);
                }
                let is_online = *to == ResourceState::Online;
                self.online.entry(resource.clone()).or_default().turn(is_online, now);
            }
            Event::RestartScheduled { resource, .. } => {
                let id = spec.resource_id(resource).expect("a declared resource");
                let period = spec.resource(id).expect("declared").settings().restart_period;
                let uses = self.restarts.entry(resource.clone()).or_default();
                match (spec.settings().restart_window, self.online.get(resource)) {
                    (RestartWindow::Online, Some(online)) => uses.add_by(online, now, period),
                    (RestartWindow::Online, None) | (RestartWindow::Clock, _) => {
                        uses.add_within(now, period);
                    }
                }
            }
            Event::MoveStarted { group, cause: MovementCause::ResourceFailure, .. } => {
                // A move that finds another destination is still one failover.
                let going = picture.group(group).and_then(|known| known.going.clone());
                if going.is_none_or(|(_, cause)| cause != MovementCause::ResourceFailure) {
                    let id = spec.group_id(group).expect("a declared group");
                    let period = spec.group(id).expect("declared").settings().failover_period;
                    self.failovers.entry(group.clone()).or_default().add_within(now, period);
                }
            }
            // A resource that was left for an operator has all its restarts again when an operator
            // or a configuration moves its group.
            Event::MoveStarted {
                group,
                cause: MovementCause::Operator | MovementCause::Configuration,
                ..
            } => {
                let known = picture.group(group).expect("a declared group");
                for resource in known.resources.iter().filter(|resource| resource.is_left) {
                    self.restarts.remove(&resource.name);
                }
            }
            // A new owner has not restarted any of its resources yet (KB 947712).
            Event::OwnerChanged { group, .. } => {
                let known = picture.group(group).expect("a declared group");
                for resource in &known.resources {
                    self.restarts.remove(&resource.name);
                    self.online.remove(&resource.name);
                }
            }
            _ => {}
        }
    }

    /// Forgets what an operator or the end of a retry period makes a cluster forget, before
    /// anything else happens in a step.
    pub(super) fn forget_what_is_over(&mut self, step: &Step<'_>) {
        // The time in which no core decided does not count: every wait is longer by that time.
        let now = match step.moment.input() {
            Some(Input::CoreResumed) => step.before.now,
            _ => step.moment.now,
        };
        for group in &step.before.groups {
            let owner = group.owner.as_deref();
            // On a node that is lost in this step nothing is tried again.
            let is_unclean = |picture: &Picture| {
                owner.is_some_and(|owner| picture.node_state(owner) == NodeState::Unclean)
            };
            let is_on_lost = !is_unclean(&step.before) && is_unclean(&step.after);
            let is_on_paused =
                owner.is_some_and(|owner| step.after.node_state(owner) == NodeState::Paused);
            for resource in &group.resources {
                let is_over = match resource.recovery {
                    Recovery::RetryAt { at: Some(at), .. } => at <= now,
                    Recovery::RetryAt { at: None, .. }
                    | Recovery::None
                    | Recovery::RestartAt(_)
                    | Recovery::Failover => false,
                };
                // A resource that was refused is tried again as soon as the place is free.
                let was_refused = matches!(
                    resource.recovery,
                    Recovery::RetryAt { cause: NoRestartCause::Admission, .. }
                );
                let later =
                    step.after.group(&group.name).and_then(|of| of.resource(&resource.name));
                // A resource in doubt waits on after its time is over, until it is known to be off.
                // It may be given up once more meanwhile, for another cause.
                let is_noticed = later.is_some_and(|later| {
                    !is_on_lost && later.recovery != resource.recovery && !is_going_off(later.state)
                });
                // On a paused node nothing is tried again: the resource leaves, or is given up once
                // more.
                let is_put_off = is_on_paused
                    && later.is_some_and(|later| match later.recovery {
                        Recovery::Failover | Recovery::RetryAt { .. } => true,
                        Recovery::None | Recovery::RestartAt(_) => false,
                    });
                // A command of an operator is about a resource that was left as it is.
                let is_released = resource.is_left
                    && step.moment.command().is_some()
                    && later.is_some_and(|later| !later.is_left);
                if (is_over || was_refused) && is_noticed && !is_put_off || is_released {
                    self.restarts.remove(&resource.name);
                }
            }
        }
        self.forget_on_command(step);
    }

    fn forget_on_command(&mut self, step: &Step<'_>) {
        let spec = step.moment.before.spec();
        let group_named =
            |id| spec.group(id).map(|of: &quorate::spec::GroupSpec| of.name().to_owned());
        let resource_named =
            |id| spec.resource(id).map(|of: &quorate::spec::ResourceSpec| of.name().to_owned());
        match step.moment.command() {
            Some(Command::ClearGroupFailures { group, node: None, .. }) => {
                let Some(name) = group_named(*group) else { return };
                self.failovers.remove(&name);
                for resource in step.before.group(&name).into_iter().flat_map(|of| &of.resources) {
                    self.restarts.remove(&resource.name);
                }
            }
            Some(Command::ClearResourceFailure { resource, .. }) => {
                self.restarts.remove(&resource_named(*resource).unwrap_or_default());
            }
            Some(Command::BringGroupOnline { group, .. }) => {
                let Some(name) = group_named(*group) else { return };
                self.begin_anew(step, &name, |_| true);
            }
            Some(Command::BringResourceOnline { resource, .. }) => {
                let Some(name) = resource_named(*resource) else { return };
                let of = |group: &&crate::reference::Group| group.resource(&name).is_some();
                let Some(group) = step.before.groups.iter().find(of) else { return };
                let mut needed = vec![name.clone()];
                let mut at = 0;
                while let Some(next) = needed.get(at).cloned() {
                    at += 1;
                    let resource = group.resource(&next);
                    for provider in resource.into_iter().flat_map(|of| of.needs.iter().flatten()) {
                        if !needed.contains(provider) {
                            needed.push(provider.clone());
                        }
                    }
                }
                self.begin_anew(step, &group.name, |name| needed.contains(&name.to_owned()));
            }
            _ => {}
        }
    }

    /// Gives resources that have failed or are in doubt all their restarts again, because an operator
    /// brings them online.
    fn begin_anew(&mut self, step: &Step<'_>, group: &str, is_meant: impl Fn(&str) -> bool) {
        for resource in step.before.group(group).into_iter().flat_map(|of| &of.resources) {
            let has_failed = match resource.state {
                ResourceState::Online | ResourceState::OnlinePending => false,
                ResourceState::Terminating | ResourceState::Failed | ResourceState::InDoubt => true,
                ResourceState::Initializing
                | ResourceState::Offline
                | ResourceState::OfflinePending => resource.recovery != Recovery::None,
            };
            if has_failed && is_meant(&resource.name) {
                self.restarts.remove(&resource.name);
            }
        }
    }

    /// Compares the rest of every budget.
    pub(super) fn windows(&mut self, cluster: &Cluster, step: &Step<'_>) -> Result<(), Breach> {
        let now = step.after.now;
        if step.moment.is_reconfiguration() {
            // Another configuration may declare another resource with an equal name.
            (self.restarts, self.failovers, self.online) = Default::default();
            self.remember(cluster);
        }
        let up = step.after.nodes.iter().filter(|node| node.state == NodeState::Up).count();
        let others = u32::try_from(up.saturating_sub(1)).unwrap_or(u32::MAX);
        for (id, declared) in cluster.spec().groups() {
            let settings = declared.settings();
            let threshold = settings.failover_threshold.unwrap_or(others);
            let uses = self.failovers.entry(declared.name().to_owned()).or_default();
            let own = uses.left(now, threshold, settings.failover_period);
            let told = cluster.failover_budget(id, now).map(|budget| budget.remaining);
            let name = declared.name();
            agree!(self, S14, told == Some(own), "{own} failovers left of {name}, not {told:?}");
        }
        for (id, declared) in cluster.spec().resources() {
            let settings = declared.settings();
            let window = cluster.spec().settings().restart_window;
            let has_failed_to_start = cluster
                .state()
                .resource(id)
                .is_some_and(|record| record.failed_while() == FailedWhile::Starting);
            let threshold = if has_failed_to_start {
                settings.start_threshold
            } else {
                settings.restart_threshold
            };
            let allowed = (threshold, settings.restart_period);
            let own = self.restarts_left(declared.name(), allowed, (window, now));
            let told = cluster.restart_budget(id, now).map(|budget| budget.remaining);
            let name = declared.name();
            agree!(self, S15, told == Some(own), "{own} restarts left of {name}, not {told:?}");
        }
        Ok(())
    }
}

/// Tells whether a resource may still run and is being stopped, or is in doubt.
const fn is_going_off(state: ResourceState) -> bool {
    match state {
        ResourceState::OfflinePending | ResourceState::Terminating | ResourceState::InDoubt => true,
        ResourceState::Initializing
        | ResourceState::Offline
        | ResourceState::OnlinePending
        | ResourceState::Online
        | ResourceState::Failed => false,
    }
}
