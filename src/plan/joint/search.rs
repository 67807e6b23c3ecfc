//! The search for an assignment: branch and bound over the kinds of groups.
//!
//! The kind with the fewest nodes left is placed first, and every placement strikes nodes from the
//! choices of the kinds that no longer fit. A node that was tried in vain is struck for the whole
//! kind, and with it the nodes that are alike.

use alloc::vec::Vec;

use super::bound::Bounds;
use super::field::Field;
use super::kind::Kind;
use super::loss::{Goal, Limit};
use super::open::Open;
use super::rooms::{Rooms, fits};
use crate::id::NodeId;
use crate::spec::NodeSet;

/// Groups of one kind that are to be placed.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    pub(super) count: usize,
    /// The nodes to be tried first.
    pub(super) hint: NodeSet,
}

/// The end of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// An assignment reaches the goal: kinds with their nodes; what is missing is left out.
    Found(Vec<(usize, NodeId)>),
    /// None does.
    Refuted,
    /// The budget ended before this was known.
    Spent,
}

/// A search that is under way.
#[derive(Clone, Debug)]
pub(super) struct Search<'a> {
    rooms: Rooms,
    opens: Vec<Open<'a>>,
    bounds: Bounds,
    goal: Goal,
    /// Which node was struck from which open kind, in order.
    trail: Vec<(usize, NodeId)>,
    frames: Vec<Frame>,
}

/// One decision of the search.
#[derive(Clone, Debug)]
struct Frame {
    /// The open kind that it is about.
    open: usize,
    /// The length of the trail before it.
    start: usize,
    /// The length of the trail before its present option.
    mark: usize,
    option: Choice,
}

/// The option of a decision that is in force.
#[derive(Clone, Copy, Debug)]
enum Choice {
    None,
    /// One group is on a node.
    On(NodeId),
    /// So many groups, all that are left, are left out.
    Out(usize),
}

/// The next thing to do.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    /// Everything is placed or left out.
    Complete,
    /// The goal is out of reach.
    Dead,
    /// Decide about this open kind.
    Decide(usize),
}

/// The steps that one decision about so many kinds takes: one, or more if it takes much longer than
/// others.
fn cost(kinds: usize) -> u64 {
    u64::try_from(kinds >> 10).unwrap_or(u64::MAX).saturating_add(1)
}

impl<'a> Search<'a> {
    /// A search that places parties, by the numbers of their kinds, ascending, in rooms that hold
    /// everything else; none of them on a node that is barred for its kind.
    pub(super) fn new(
        field: &'a Field,
        rooms: Rooms,
        parties: impl IntoIterator<Item = (usize, Party)>,
        barred: &[NodeSet],
        limits: Vec<Limit>,
    ) -> Self {
        let opens: Vec<Open<'a>> = parties
            .into_iter()
            .filter_map(|(number, party)| {
                let kind = field.kind(number)?;
                let mut domain = rooms.unclaimed(kind, &kind.able);
                if let Some(barred) = barred.get(number) {
                    domain = domain.difference(barred);
                }
                domain = domain.iter().filter(|node| rooms.holds(kind, *node)).collect();
                let (choices, left, hint) = (domain.len(), party.count, party.hint);
                let (tier, size) = (kind.tier, kind.size);
                Some(Open { number, kind, tier, size, left, domain, choices, hint })
            })
            .collect();
        let bounds = Bounds::new(&opens, &rooms, field.tiers());
        let goal = Goal::new(field, limits);
        Self { rooms, opens, bounds, goal, trail: Vec::new(), frames: Vec::new() }
    }

    /// Returns the least number of groups of a tier, up to a number, without which the rest is not
    /// out of reach at first sight. It is found by halves: where less is in reach, more is too.
    pub(super) fn least_out(mut self, tier: usize, most: usize) -> usize {
        let (mut least, mut most) = (0_usize, most);
        while least < most {
            let middle = least.saturating_add(most.saturating_sub(least) >> 1);
            self.goal.set_limit(tier, Limit::groups(middle));
            if matches!(self.assess(), Verdict::Dead) {
                least = middle.saturating_add(1);
            } else {
                most = middle;
            }
        }
        least
    }

    /// Searches until it is known whether the goal can be reached, or the steps are used up.
    pub(super) fn run(mut self, steps: &mut u64) -> Outcome {
        let cost = cost(self.opens.len());
        let begin = u64::try_from(self.opens.len() >> 3).unwrap_or(u64::MAX);
        *steps = steps.saturating_sub(begin);
        loop {
            let Some(rest) = steps.checked_sub(cost) else { return Outcome::Spent };
            *steps = rest;
            match self.assess() {
                Verdict::Complete => return Outcome::Found(self.placements()),
                Verdict::Dead => {}
                Verdict::Decide(open) => {
                    let start = self.trail.len();
                    self.frames.push(Frame { open, start, mark: start, option: Choice::None });
                }
            }
            if !self.advance() {
                return Outcome::Refuted;
            }
        }
    }

    fn placements(&self) -> Vec<(usize, NodeId)> {
        let placed = self.frames.iter().filter_map(|frame| match frame.option {
            Choice::On(node) => Some((self.opens.get(frame.open)?.number, node)),
            Choice::None | Choice::Out(_) => None,
        });
        placed.collect()
    }

    fn assess(&self) -> Verdict {
        let spares = self.goal.spares();
        let mut best: Option<(usize, u64, usize)> = None;
        for (position, open) in self.opens.iter().enumerate() {
            if open.left == 0 {
                continue;
            }
            let spare = spares.get(open.tier).copied().unwrap_or(0);
            if open.choices == 0 && open.left > spare {
                return Verdict::Dead;
            }
            let options = open.choices.saturating_add(usize::from(spare > 0));
            if best.is_none_or(|(least, size, _)| {
                options < least || options == least && open.size > size
            }) {
                best = Some((options, open.size, position));
            }
        }
        let Some((_, _, open)) = best else { return Verdict::Complete };
        if self.bounds.refute(&self.opens, &self.goal) {
            Verdict::Dead
        } else {
            Verdict::Decide(open)
        }
    }

    /// Goes on with the next option of the last decision that has one.
    fn advance(&mut self) -> bool {
        while let Some(mut frame) = self.frames.pop() {
            if self.next_option(&mut frame) {
                self.frames.push(frame);
                return true;
            }
            self.undo(frame.start);
        }
        false
    }

    /// Replaces the option of a decision by the next one. Tells whether there is one.
    fn next_option(&mut self, frame: &mut Frame) -> bool {
        let Some(kind) = self.opens.get(frame.open).map(|open| open.kind) else { return false };
        match frame.option {
            Choice::None => {}
            Choice::On(node) => {
                self.undo(frame.mark);
                self.lift(frame.open, kind, node);
                self.bar(frame.open, node);
                frame.mark = self.trail.len();
            }
            Choice::Out(count) => {
                self.take_back(frame.open, kind, count);
                return false;
            }
        }
        if let Some(node) = self.best_node(frame.open) {
            frame.option = Choice::On(node);
            self.put(frame.open, kind, node);
            self.strike_rivals(kind, node);
            return true;
        }
        let left = self.opens.get(frame.open).map_or(0, |open| open.left);
        frame.option = Choice::Out(left);
        let is_good = self.leave_out(frame.open, kind, left);
        if !is_good {
            self.take_back(frame.open, kind, left);
        }
        is_good
    }

    /// Puts one group of an open kind on a node.
    fn put(&mut self, position: usize, kind: &Kind, node: NodeId) {
        self.rooms.enter(kind, node);
        self.bounds.enter(position, kind, node, &self.rooms);
        let Some(open) = self.opens.get_mut(position) else { return };
        open.left = open.left.saturating_sub(1);
        if open.left == 0 {
            for node in open.domain.iter() {
                self.bounds.disuse(node, &self.rooms);
            }
        }
    }

    /// Takes it off the node again.
    fn lift(&mut self, position: usize, kind: &Kind, node: NodeId) {
        let Some(open) = self.opens.get_mut(position) else { return };
        if open.left == 0 {
            for node in open.domain.iter() {
                self.bounds.reuse(node, &self.rooms);
            }
        }
        open.left = open.left.saturating_add(1);
        self.bounds.leave(position, kind, node, &self.rooms);
        self.rooms.leave(kind, node);
    }

    /// Leaves out all that is left of an open kind, for which there is no node. Tells whether the
    /// goal can still be reached.
    fn leave_out(&mut self, position: usize, kind: &Kind, count: usize) -> bool {
        if let Some(open) = self.opens.get_mut(position) {
            open.left = open.left.saturating_sub(count);
        }
        self.bounds.leave_out(position, kind, count);
        self.goal.leave_out(kind, count)
    }

    /// Takes back what was left out.
    fn take_back(&mut self, position: usize, kind: &Kind, count: usize) {
        if let Some(open) = self.opens.get_mut(position) {
            open.left = open.left.saturating_add(count);
        }
        self.bounds.take_back(position, kind, count);
        self.goal.take_back(kind, count);
    }

    /// The node that is tried next: one of the hint, or else the one that is filled most.
    fn best_node(&self, position: usize) -> Option<NodeId> {
        let open = self.opens.get(position)?;
        let fullest = |nodes: &NodeSet| {
            nodes.iter().min_by_key(|node| (self.rooms.slack(open.kind, *node), *node))
        };
        fullest(&open.domain.intersection(&open.hint)).or_else(|| fullest(&open.domain))
    }

    /// Strikes a node from the choices of every kind that does not fit there any more.
    fn strike_rivals(&mut self, kind: &Kind, node: NodeId) {
        let free = self.rooms.all_free(node);
        for (position, open) in self.opens.iter_mut().enumerate() {
            if open.left == 0 || !open.domain.contains(node) {
                continue;
            }
            let is_rival = || open.kind.classes.iter().any(|class| kind.classes.contains(class));
            if (!fits(&open.kind.demands, free) || is_rival()) && open.strike(node) {
                self.bounds.disuse(node, &self.rooms);
                self.trail.push((position, node));
            }
        }
    }

    /// Strikes a node that was tried in vain, and those that are alike.
    fn bar(&mut self, position: usize, node: NodeId) {
        let Some(open) = self.opens.get(position) else { return };
        let alike: Vec<NodeId> =
            open.domain.iter().filter(|other| self.is_alike(position, node, *other)).collect();
        for node in alike {
            if self.opens.get_mut(position).is_some_and(|open| open.strike(node)) {
                self.bounds.disuse(node, &self.rooms);
                self.trail.push((position, node));
            }
        }
    }

    /// Tells whether the rest of the search stays as it is if two nodes are exchanged.
    fn is_alike(&self, position: usize, node: NodeId, other: NodeId) -> bool {
        node == other
            || self.rooms.all_free(node) == self.rooms.all_free(other)
                && self.opens.iter().enumerate().all(|(at, open)| {
                    at == position
                        || open.left == 0
                        || open.domain.contains(node) == open.domain.contains(other)
                })
    }

    /// Takes back what was struck since the trail had this length, the last first.
    fn undo(&mut self, length: usize) {
        while self.trail.len() > length {
            let Some((position, node)) = self.trail.pop() else { return };
            if let Some(open) = self.opens.get_mut(position) {
                open.restore(node);
                self.bounds.reuse(node, &self.rooms);
            }
        }
    }
}
