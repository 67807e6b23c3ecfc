//! The real world: machines with agents. The cluster knows of it only what is reported.

mod book;
mod key;
mod op;

use quorate::cluster::Outcome;

use crate::Breach;
use crate::machine::{Manner, doubles};

pub(crate) use book::Book;
pub(crate) use key::Key;
pub(crate) use op::{Op, Strike};

/// A machine of the simulator.
pub(crate) type Machine = crate::machine::Machine<key::Keys>;

/// Everything that the cluster does not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Machines by key of the node.
    machines: Vec<Machine>,
    /// The number of times that each node was taken in or given up, by its key.
    sessions: Vec<u32>,
}

impl World {
    pub(crate) fn machine(&self, node: Key) -> Option<&Machine> {
        self.machines.get(node.index())
    }

    pub(crate) fn machine_mut(&mut self, node: Key) -> Option<&mut Machine> {
        self.machines.get_mut(node.index())
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = (Key, &Machine)> {
        self.machines.iter().enumerate().map(|(index, machine)| (Key::at(index), machine))
    }

    /// Adds machines until there is one for each node that ever had a name.
    pub(crate) fn make_room(&mut self, nodes: usize) {
        if self.machines.len() < nodes {
            self.machines.resize(nodes, Machine::default());
            self.sessions.resize(nodes, 0);
        }
    }

    /// Notes that a node is taken in or given up.
    pub(crate) fn begin_session(&mut self, node: Key) {
        if let Some(session) = self.sessions.get_mut(node.index()) {
            *session = session.saturating_add(1);
        }
    }

    /// Tells whether a node was taken in or given up an even number of times.
    pub(crate) fn is_even_session(&self, node: Key) -> bool {
        self.sessions.get(node.index()).copied().unwrap_or(0).is_multiple_of(2)
    }

    /// Removes the agents' knowledge of groups that are no longer declared.
    pub(crate) fn forget(&mut self, book: &Book) {
        for machine in &mut self.machines {
            machine.forget(
                |resource| book.resource_id(*resource).is_some(),
                |group| book.group_id(*group).is_some(),
            );
        }
    }

    /// Lets time pass: machines that lost contact stop everything when their time is over, and run
    /// nothing more until contact is back.
    pub(crate) fn tick(&mut self, now: u64) {
        for machine in &mut self.machines {
            if machine.is_out_of_time(now) {
                machine.halt();
            }
        }
    }

    /// Disowns the copies of a resource, which were taken to be off because the declaration says
    /// so.
    pub(crate) fn disown(&mut self, resource: Key) {
        self.machines.iter_mut().for_each(|machine| machine.disown(&resource));
    }

    /// Lets a fencing device act, and returns its answer.
    pub(crate) fn strike(&mut self, node: Key, strike: Strike) -> Outcome {
        let (struck, manner) = match strike {
            Strike::Well => (node, Manner::Well),
            Strike::Badly => (node, Manner::Badly),
            Strike::Dirty => (node, Manner::Dirty),
            Strike::Wrong(other) => (other, Manner::Well),
        };
        self.machine_mut(struck).map_or(Outcome::Failed, |machine| machine.strike(manner))
    }

    /// Returns the copies that run as asked for, each with its group and node.
    fn copies<'a>(&'a self, book: &'a Book) -> impl Iterator<Item = (Key, Key, Key)> + 'a {
        self.machines().flat_map(move |(node, machine)| {
            let asked = machine.asked();
            asked.filter_map(move |of| Some((book.group_of(*of)?, *of, node)))
        })
    }

    /// Returns the resources, with their nodes, of every group that runs in two places.
    pub(crate) fn doubles(&self, book: &Book) -> Vec<(Key, Key)> {
        let doubles = doubles::find(self.copies(book));
        let is_double = |group: Key| doubles.iter().any(|[(of, ..), _]| *of == group);
        let mut copies: Vec<(Key, Key, Key)> =
            self.copies(book).filter(|(group, ..)| is_double(*group)).collect();
        copies.sort_by_key(|(group, ..)| *group);
        copies.into_iter().map(|(_, resource, node)| (node, resource)).collect()
    }

    /// Judges the most important rule: nothing runs twice.
    pub(crate) fn judge(&self, book: &Book) -> Result<(), Breach> {
        doubles::judge(self.copies(book), |(group, resource, node)| {
            (book.group_name(group), book.resource_name(resource), book.node_name(node))
        })
    }
}
