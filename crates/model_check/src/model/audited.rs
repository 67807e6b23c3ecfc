//! Steps and states of a scene, judged by the audit of the testkit.

use std::sync::Arc;

use quorate::Timestamp;
use quorate::cluster::{Event, Input, InputError, Output, Reason};
use quorate::settings::NoQuorum;
use quorate_testkit::audit::Audit;
use quorate_testkit::reference::{Order, Picture};
use quorate_testkit::{Breach, Invariant, liveness};

use super::declare::{GROUPS, NODES, RESOURCES};
use super::rule::ensure;
use super::state::{Core, State, Stimulus};
use super::world::{self, World};

/// Tells the cluster something. Returns the cluster after it, unless it refused.
pub(crate) fn tell(
    before: &Core,
    audit: &Audit,
    world: &mut World,
    stimulus: Stimulus,
) -> (Option<Arc<Core>>, Option<Breach>) {
    let mut cluster = before.cluster.clone();
    let mut audit = audit.clone();
    let now = before.now(world);
    let at = if stimulus.is_early() { Timestamp::from_millis(now.as_millis() - 1) } else { now };
    let answer = match stimulus.input(&cluster) {
        Some(input) => audit.handle(&mut cluster, at, input),
        None => {
            let at = before.next_timer().unwrap_or(now);
            audit.handle_timeout(&mut cluster, at).map(Ok)
        }
    };
    let outputs = match answer {
        Err(breach) => return (None, Some(breach)),
        Ok(Err(error)) => return (None, refused(before, stimulus, &error).err()),
        Ok(Ok(outputs)) => outputs,
    };
    for output in &outputs {
        match output {
            Output::Effect(effect) => world.take(world::Order::of(effect)),
            Output::Event(Event::InventoryTaken { node, floor, .. }) => {
                world.machines[node.index()].set_floor(*floor);
            }
            Output::Event(Event::TakenOver { node, resource, .. }) => {
                world.take_over(node.index(), resource.index());
            }
            Output::Event(_) => {}
            other => unimplemented!("{other:?}"),
        }
    }
    world.idle = 0;
    (Some(Arc::new(Core::new(cluster, before.reach, Some(audit)))), None)
}

/// Checks that it was right to refuse an input. That nothing has changed was judged before.
fn refused(before: &Core, stimulus: Stimulus, error: &InputError) -> Result<(), Breach> {
    let is_true = match (stimulus, stimulus.input(&before.cluster)) {
        (Stimulus::Answered { order, .. } | Stimulus::Listed { order, .. }, _) => {
            before.is_live(order)
        }
        (Stimulus::Joined { .. } | Stimulus::Lost { .. }, Some(input)) => knows(before, &input),
        _ => false,
    };
    ensure!(!is_true, S22, "{stimulus:?} was refused: {error}");
    Ok(())
}

/// Tells whether the node of an input and all resources that it lists are declared.
fn knows(before: &Core, input: &Input) -> bool {
    let spec = before.cluster.spec();
    match input {
        Input::NodeLost { node, .. } => spec.node(*node).is_some(),
        Input::NodeJoined { node, running, .. } => {
            spec.node(*node).is_some()
                && running.iter().all(|of| spec.resource(of.resource).is_some())
        }
        _ => false,
    }
}

impl State {
    /// Judges a scene in which nothing is going to happen by itself: every group is as it is wanted
    /// or waits for something from outside, and nothing runs without quorum.
    pub(crate) fn judge_rest_of_scene(&self) -> Result<(), Breach> {
        let cluster = &self.core.cluster;
        let live = self.core.live.as_slice();
        ensure!(live.is_empty(), L5, "{live:?} is outstanding, and no timer runs");
        let must_stop = cluster.spec().settings().no_quorum == NoQuorum::Stop;
        if !cluster.state().is_quorate() && must_stop {
            for resource in 0..RESOURCES {
                let is_left = |node: &usize| self.core.node_state(*node).is_member();
                let left = self.world.copies(resource).find(is_left);
                ensure!(left.is_none(), S25, "r{resource} runs on n{left:?}, without quorum");
            }
        }
        let forgotten = Picture::of(cluster).forgotten(&[Order::Ring { seed: None }]);
        ensure!(forgotten.is_empty(), L1, "forgotten where they could run: {forgotten:?}");
        for (group, _) in cluster.spec().groups() {
            let Some(reason) = cluster.why(group) else { continue };
            let words = || format!("{group} waits, and nothing goes on: {reason}");
            match reason {
                // The group that it waits for is at rest as well.
                Reason::WaitingForPriority { .. } => {
                    return Err(Breach::of(Invariant::L13, words()));
                }
                Reason::NoQuorum | Reason::OwnerPaused { .. } => {}
                Reason::WaitingForNodeOff { node, .. } => {
                    let is_lost = !self.world.machines[node.index()].is_reachable();
                    ensure!(is_lost, L16, "{}", words());
                }
                _ => ensure!(liveness::is_lasting(cluster, reason), L5, "{}", words()),
            }
        }
        Ok(())
    }

    /// Judges the end of the calm: everything is online that can be.
    pub(crate) fn judge_end_of_calm(&self) -> Result<(), Breach> {
        liveness::at_rest(&self.core.cluster)
    }
}

// Bits of orphans and machines are counted by these numbers.
const _: () = assert!(NODES * RESOURCES <= 16 && GROUPS * 2 == RESOURCES);
