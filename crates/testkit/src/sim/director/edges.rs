//! Faults at the very edge of the window in which failures count, or of the life of a node.

use crate::Breach;
use quorate::{ResourceId, Timestamp};

use super::outside::Struck;
use super::{Director, Event};
use crate::sim::act::{Act, News, Report};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::Key;

impl Director {
    /// Reports a join in a life that is over, mostly in one that has just ended.
    pub(super) fn join_again(&mut self) -> Struck {
        let nodes = self.nodes();
        let ended: Vec<Key> =
            nodes.iter().copied().filter(|node| self.stage.is_ended(*node)).collect();
        let (among, lives_ago) = match !ended.is_empty() && self.dice.chance(3, 4) {
            true => (ended, 0),
            false => (nodes, self.dice.below(4)),
        };
        let Some(node) = self.dice.one_of(&among) else { return Ok(Done::No) };
        self.act(Act::StaleJoin(node, lives_ago))
    }

    /// Delivers a report on one of the last lives of a node.
    pub(super) fn late_news(&mut self) -> Struck {
        let nodes = self.nodes();
        let Some(node) = self.dice.one_of(&nodes) else { return Ok(Done::No) };
        let news = self.dice.pick(&News::ALL);
        let lives_ago = self.dice.between(1, 3);
        self.act(Act::LateNews(node, news, lives_ago))
    }

    /// Lets resources that failed die again when the next few of their earlier failures leave their
    /// windows. A fault is counted when it happens.
    pub(super) fn die_at_edge(&mut self) -> Struck {
        let mut edges = self.edges();
        edges.sort_by_key(|(_, at)| *at);
        for (resource, renews_at) in edges.into_iter().take(4) {
            // These are the last moment at which the failure counts, the first at which it does
            // not, and those beside them.
            let at = renews_at.saturating_sub(2).saturating_add(self.dice.pick(&[1, 1, 2, 0, 3]));
            if at > self.now() {
                self.schedule_at(at, Event::DiesAtEdge(resource));
            }
        }
        Ok(Done::No)
    }

    /// Returns resources with the times at which one of their failures, or a failover of their
    /// group, leaves its window.
    fn edges(&self) -> Vec<(Key, u64)> {
        let cluster = self.stage.cluster();
        let now = Timestamp::from_millis(self.now());
        let mut edges = Vec::new();
        for index in 0..cluster.spec().resources().len() {
            let id = ResourceId::from_index(index);
            let Some(declared) = cluster.spec().resource(id) else { continue };
            let budgets =
                [cluster.restart_budget(id, now), cluster.failover_budget(declared.group(), now)];
            let renewals = budgets.into_iter().flatten().filter_map(|budget| budget.renews_at);
            let resource = self.stage.book.resource(id);
            edges.extend(renewals.map(|at| (resource, at.as_millis())));
        }
        edges
    }

    pub(super) fn dies_at_edge(&mut self, resource: Key) -> Result<(), Breach> {
        let Some(node) = self.owner_of(resource) else { return Ok(()) };
        if self.act(Act::Kill(node, resource))? == Done::No {
            return Ok(());
        }
        self.atlas.fired(Fault::DiesAtEdge);
        let is_heard = self.stage.world.machine(node).is_some_and(|machine| machine.is_heard());
        if is_heard {
            let about = self.about();
            let report = Report { node, resource, is_alive: false, lives_ago: 0, about };
            self.act(Act::Report(report))?;
        }
        Ok(())
    }
}
