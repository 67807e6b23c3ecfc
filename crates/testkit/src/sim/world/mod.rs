//! The real world: machines with agents. The cluster knows of it only what is reported.

mod bits;
mod book;
mod key;
mod machine;
mod op;

use crate::{Breach, ensure};
use quorate::cluster::Outcome;

pub(crate) use bits::Bits;
pub(crate) use book::Book;
pub(crate) use key::Key;
pub(crate) use machine::Finished;
pub(crate) use machine::{Link, Machine, Taken};
pub(crate) use op::{Manner, Op, Strike};

/// Everything that the cluster does not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Machines by key of the node.
    machines: Vec<Machine>,
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
        }
    }

    /// Removes the agents' knowledge of groups that are no longer declared.
    pub(crate) fn forget(&mut self, book: &Book) {
        for machine in &mut self.machines {
            machine.forget(book);
        }
    }

    /// Lets time pass: machines that lost contact stop everything when their time is over, and run
    /// nothing more until contact is back.
    pub(crate) fn tick(&mut self, now: u64) {
        for machine in &mut self.machines {
            if machine.stops_at.is_some_and(|at| at <= now) {
                machine.halt();
            }
        }
    }

    /// Disowns the copies of a resource, which were taken to be off because the declaration says
    /// so.
    pub(crate) fn disown(&mut self, resource: Key) {
        self.machines.iter_mut().for_each(|machine| machine.disown(resource));
    }

    /// Lets a fencing device act, and returns its answer.
    pub(crate) fn strike(&mut self, node: Key, strike: Strike) -> Outcome {
        match strike {
            Strike::Well => {
                self.crash(node);
                Outcome::Succeeded
            }
            Strike::Badly => Outcome::Failed,
            Strike::Dirty => {
                self.crash(node);
                Outcome::Failed
            }
            Strike::Wrong(other) => {
                self.crash(other);
                Outcome::Succeeded
            }
        }
    }

    fn crash(&mut self, node: Key) {
        if let Some(machine) = self.machine_mut(node) {
            machine.crash();
        }
    }

    /// Returns the resources, with their nodes, of every group that runs in two places.
    pub(crate) fn doubles(&self, book: &Book) -> Vec<(Key, Key)> {
        let mut doubles = Vec::new();
        for (_, members) in book.groups() {
            let places = self.machines().filter(|(_, of)| !of.asked().both(members).is_empty());
            let places: Vec<(Key, Bits)> =
                places.map(|(node, of)| (node, of.asked().both(members))).collect();
            if places.len() > 1 {
                for (node, here) in places {
                    doubles.extend(here.iter().map(|resource| (node, resource)));
                }
            }
        }
        doubles
    }

    /// Judges the most important rule: at most one copy of each resource runs, and the running
    /// resources of a group are all on one machine.
    pub(crate) fn judge(&self, book: &Book) -> Result<(), Breach> {
        for (group, members) in book.groups() {
            let mut first: Option<(Key, Bits)> = None;
            for (node, machine) in self.machines() {
                let here = machine.asked().both(members);
                if here.is_empty() {
                    continue;
                }
                let Some((other, there)) = first.replace((node, here)) else { continue };
                let on = (book.node_name(other), book.node_name(node));
                if let Some(twice) = here.both(there).iter().next() {
                    let name = book.resource_name(twice);
                    ensure!(S1, false, "{name} runs on {} and {} at once", on.0, on.1);
                }
                let name = book.group_name(group);
                ensure!(S4, false, "group {name} runs on {} and {} at once", on.0, on.1);
            }
        }
        Ok(())
    }
}
