//! The comparison of the model with the engine, step by step.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::{TimesOnline, Uses};
use super::exposure::named;
use super::order::Order;
use super::picture::Picture;
use crate::Breach;
use crate::audit::{Moment, Stimulus};
use quorate::cluster::{Command, Effect, Event, Output};
use quorate::id::Names;
use quorate::machine::ResourceState;
use quorate::plan::Explanation;
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Input};

mod answers;
mod decisions;
mod failures;
mod operations;
mod windows;

/// Accompanies one cluster and compares its decisions and answers with the model.
///
/// Report each step before it is made ([`Moment::before`](super::super::audit::Moment::before)) and
/// after it ([`after`](Self::after)). Every accepted step has to be reported.
#[derive(Clone, Debug)]
pub struct Differential {
    /// The policy of the cluster; `None` if the model does not know it. Then answers that depend on
    /// the policy are not compared.
    orders: Option<Vec<Order>>,
    /// The orders of the policies on offer, by name.
    offered: BTreeMap<String, Option<Vec<Order>>>,
    /// Restarts by resource and failovers by group, as the events report them.
    restarts: BTreeMap<String, Uses>,
    /// The state of each resource when it last failed.
    failed_from: BTreeMap<String, ResourceState>,
    /// The times when each resource was online, since its count was last cleared.
    online: BTreeMap<String, TimesOnline>,
    failovers: BTreeMap<String, Uses>,
    compared: Compared,
    /// The cluster after the last step.
    last: Picture,
    /// The answers of the engine then, if all of them agreed with the model.
    agreed: Vec<Explanation>,
}

/// The amount that has been compared with the model.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Compared {
    /// Accepted inputs and timers.
    pub steps: u64,
    /// Answers and decisions.
    pub answers: u64,
}

/// One step, by name.
struct Step<'a> {
    moment: &'a Moment<'a>,
    before: Picture,
    after: Picture,
    /// Resources that were taken over on the first owner of their group.
    taken_over: BTreeSet<String>,
}

impl Differential {
    /// Starts with a cluster as it stands. `orders` is its policy, if that is made of built-in
    /// ones; `None` if it is another policy.
    #[must_use]
    pub fn new(cluster: &Cluster, orders: Option<Vec<Order>>) -> Self {
        let mut differential = Self {
            orders,
            offered: BTreeMap::new(),
            restarts: BTreeMap::new(),
            failed_from: BTreeMap::new(),
            online: BTreeMap::new(),
            failovers: BTreeMap::new(),
            compared: Compared::default(),
            last: Picture::of(cluster),
            agreed: Vec::new(),
        };
        differential.remember(cluster);
        differential
    }

    /// Makes known the policies to which the cluster may change, by their names. A policy that is
    /// not known here, or has no orders, is treated as one that the model does not know.
    #[must_use]
    pub fn offered(
        mut self,
        policies: impl IntoIterator<Item = (String, Option<Vec<Order>>)>,
    ) -> Self {
        self.offered.extend(policies);
        self
    }

    /// Returns how much has been compared.
    #[must_use]
    pub const fn compared(&self) -> Compared {
        self.compared
    }

    /// Compares a step that was accepted. `outputs` has to hold all outputs of the step.
    ///
    /// # Errors
    ///
    /// The first difference, as a breach of the promise that it is about.
    pub fn after(
        &mut self,
        cluster: &Cluster,
        moment: &Moment<'_>,
        outputs: &[Output],
    ) -> Result<(), Breach> {
        self.compared.steps += 1;
        if let Stimulus::Input(Input::Command(Command::ChangePolicy { policy, .. })) =
            moment.stimulus
        {
            self.orders = self.offered.get(policy).cloned().flatten();
            self.agreed.clear();
        }
        let after = Picture::of(cluster);
        let before = core::mem::replace(&mut self.last, after.clone());
        let spec = cluster.spec();
        let taken_over = outputs.iter().filter_map(|output| match output {
            Output::Event(Event::TakenOver { resource, .. }) => {
                Some(spec.resource(*resource)?.name().to_owned())
            }
            Output::Event(_) | Output::Effect(_) => None,
            other => unimplemented!("{other:?}"),
        });
        let step = Step { moment, before, after, taken_over: taken_over.collect() };
        self.in_the_course(cluster, &step, outputs)?;
        self.operations_in_the_end(&step)?;
        self.nobody_is_forgotten(&step)?;
        self.windows(cluster, &step)?;
        self.answers(cluster, &step)
    }

    /// Judges each output at the moment of its output.
    fn in_the_course(
        &mut self,
        cluster: &Cluster,
        step: &Step<'_>,
        outputs: &[Output],
    ) -> Result<(), Breach> {
        let mut spec: &ClusterSpec = moment_spec(step);
        let mut picture = step.before.clone();
        // The time, the commands and the time at which the cluster formed are those after the step,
        // because no output reports them.
        picture.now = step.after.now;
        picture.forming = step.after.forming;
        if !step.moment.is_reconfiguration() {
            picture.take_in_orders(&step.after);
            picture.settle_room();
        }
        self.forget_what_is_over(step);
        picture.forget_failed_nodes(step);
        for output in outputs {
            match output {
                Output::Effect(effect) => {
                    let effect: Effect<Names> = spec.named(*effect);
                    self.effect(step, &picture, &effect)?;
                }
                Output::Event(Event::ConfigurationChanged { .. }) => {
                    spec = cluster.spec();
                    picture.reconfigure(&step.after);
                }
                Output::Event(event) => {
                    let event = named(spec, event);
                    self.decision(step, &picture, &event)?;
                    self.restart(cluster, step, &picture, &event)?;
                    self.count(spec, step, &picture, &event);
                    picture.learn(&event);
                }
                other => unimplemented!("{other:?}"),
            }
        }
        self.failed_nodes(&picture, &step.after)
    }
}

fn moment_spec<'a>(step: &'a Step<'_>) -> &'a ClusterSpec {
    step.moment.before.spec()
}

impl Picture {
    /// Records the effects of commands that no output reports.
    fn take_in_orders(&mut self, after: &Self) {
        for group in &mut self.groups {
            let Some(later) = after.group(&group.name) else { continue };
            group.is_ordered |= later.is_ordered;
            for resource in &mut group.resources {
                if let Some(later) = later.resource(&resource.name) {
                    resource.desired = later.desired;
                    resource.is_kept_off = later.is_kept_off;
                    resource.is_vouched = later.is_vouched;
                }
            }
        }
        for node in &mut self.nodes {
            if let Some(later) = after.node(&node.name) {
                node.drain = later.drain;
                node.listed_in = later.listed_in;
                node.drain_target.clone_from(&later.drain_target);
            }
        }
    }

    /// Takes the declared values from the picture after the step, and keeps the known ones, by
    /// name.
    fn reconfigure(&mut self, after: &Self) {
        let before = core::mem::replace(self, after.clone());
        self.is_quorate = before.is_quorate;
        for node in &mut self.nodes {
            node.state = before.node_state(&node.name);
        }
        let names: Vec<String> = self.nodes.iter().map(|node| node.name.clone()).collect();
        let is_declared = |node: &String| names.contains(node);
        for group in &mut self.groups {
            let Some(old) = before.group(&group.name) else {
                (group.owner, group.going, group.epoch) = (None, None, 0);
                continue;
            };
            group.owner = old.owner.clone().filter(is_declared);
            // A group has lost an owner that is no longer declared.
            let is_lost = group.owner.is_none() && old.owner.is_some();
            group.failed_on = old.failed_on.clone();
            group.failed_on.retain(|(node, _)| is_declared(node));
            group.epoch = old.epoch + u64::from(is_lost);
            group.going = old.going.clone().filter(|(to, _)| to.as_ref().is_none_or(is_declared));
            for resource in &mut group.resources {
                if let Some(old) = old.resource(&resource.name) {
                    resource.state = old.state;
                    resource.recovery = old.recovery;
                }
            }
        }
        self.orphans = before.orphans;
    }
}

/// Returns a breach of an invariant unless the two agree.
macro_rules! agree {
    ($self:ident, $invariant:ident, $holds:expr, $($message:tt)+) => {
        $self.compared.answers += 1;
        if !$holds {
            return Err($crate::Breach::of(
                $crate::Invariant::$invariant,
                format!("reference model: {}", format!($($message)+)),
            ));
        }
    };
}
use agree;
