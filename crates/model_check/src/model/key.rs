//! The keys by which states are distinguished.
//!
//! Two states get one key if they differ only in names and diaries. For the cluster this is
//! [`Cluster::hash_likeness`], whose documentation gives the reasons. The world is hashed relative
//! to the cluster:
//!
//! - An order is identified by its operation and target, by whether the cluster still waits for it
//!   and its agent would refuse it, and by its rank in age and in epoch among the orders for its
//!   agent. Its number, epoch and life are compared with nothing else: a coming order is younger
//!   than all of them.
//! - An answer that the cluster waits for is identified by its operation and outcome. All other
//!   answers are alike: the cluster refuses them for ever, whatever they say.
//! - A report is identified by its resource, by whether it names its run, and by whether it is
//!   about the present life of its node and the present run; reports on earlier ones are alike and
//!   refused for ever.
//! - For a machine its state and what runs there count, and whether its agents know the run by the
//!   name that the cluster knows. The life, epochs and numbers that its agents know count only
//!   against orders under way, where they are included.
//! - The time that has passed since the last input counts as it is.
//! - The diary follows from the rest: in a cluster that keeps the rules its counters equal the logs
//!   of the budgets. The memory of a scene's audit follows from the rest as well.
//!
//! [`twin`](super::twin) compares the futures of states with one key; `tests/model.rs` does so for
//! small configurations.

use std::hash::Hasher;
use std::time::Duration;

use quorate::Cluster;
use quorate::cluster::Outcome;
use quorate::state::OperationKind;

use super::declare::group_of;
use super::machine::{Machine, Place};
use super::state::Core;
use super::world::{Letter, Order, World};

/// Returns a hash of everything that the future of the cluster depends on.
pub(crate) fn likeness(cluster: &Cluster, horizon: Duration) -> u64 {
    let mut hasher = Mixer::default();
    cluster.hash_likeness(horizon, &mut hasher);
    hasher.finish()
}

/// Returns the key of a state.
pub(crate) fn key(core: &Core, world: &World) -> u64 {
    let mut hasher = Mixer::default();
    hasher.write_u64(core.likeness);
    hasher.write_u64(world.idle << 16 | u64::from(world.faults) << 8 | u64::from(world.moves));
    for machine in &world.machines {
        let places = machine.places.iter().fold(0_u64, |bits, place| {
            bits << 3
                | match place {
                    Place::Off => 0,
                    Place::Starting => 1,
                    Place::Running => 2,
                    Place::Rogue => 3,
                    Place::Stopping => 4,
                    Place::RogueStopping => 5,
                }
        });
        let wires = u64::from(machine.is_powered) << 1 | u64::from(machine.is_connected);
        hasher.write_u64(places << 2 | wires);
        hasher.write_u64(runs_word(core, machine));
    }
    let mut words = [0_u64; 24];
    let orders = world.orders.as_slice();
    for (word, order) in words.iter_mut().zip(orders) {
        *word = order_word(core, world, order);
    }
    write_sorted(&mut words[..orders.len()], &mut hasher);
    let letters = world.letters.as_slice();
    for (word, letter) in words.iter_mut().zip(letters) {
        *word = letter_word(letter);
    }
    write_sorted(&mut words[..letters.len()], &mut hasher);
    hasher.finish()
}

/// Returns for each resource whether its run has a name, and whether the cluster knows it by that
/// name. A resource that does not run has none.
fn runs_word(core: &Core, machine: &Machine) -> u64 {
    machine.places.iter().enumerate().fold(0, |word, (resource, place)| {
        let sort = match (place, machine.run(resource)) {
            (Place::Off | Place::Rogue | Place::RogueStopping, _) => 0,
            (_, 0) => 1,
            (_, run) if core.run(resource) == Some(run) => 2,
            (_, _) => 3,
        };
        word << 2 | sort
    })
}

fn write_sorted(words: &mut [u64], hasher: &mut Mixer) {
    words.sort_unstable();
    hasher.write_u64(u64::try_from(words.len()).expect("few"));
    for word in words {
        hasher.write_u64(*word);
    }
}

pub(crate) fn order_word(core: &Core, world: &World, order: &Order) -> u64 {
    let base = target_word(order) | u64::from(core.is_live(order.id)) << 32;
    if order.is_fence() || order.is_question() {
        return base;
    }
    // The number of orders below each determines their relative order.
    let (mut older, mut earlier) = (0_u64, 0_u64);
    for other in world.orders.as_slice() {
        if other.is_fence() || other.is_question() || other.node != order.node {
            continue;
        }
        older += u64::from(other.resource == order.resource && other.id < order.id);
        let is_of_group = group_of(other.resource.into()) == group_of(order.resource.into());
        earlier += u64::from(is_of_group && other.epoch < order.epoch);
    }
    base | older << 34 | earlier << 40
}

pub(crate) fn letter_word(letter: &Letter) -> u64 {
    match letter {
        Letter::Answer { order, outcome } => {
            let outcome = match outcome {
                Outcome::Succeeded => 0,
                Outcome::Failed => 1,
                Outcome::Running => 2,
                Outcome::NotRunning => 3,
                _ => 4,
            };
            target_word(order) | outcome << 32
        }
        Letter::Listed { order, running } => {
            2 << 40 | u64::from(*running) << 32 | target_word(order)
        }
        Letter::Failed { node, resource, run, .. } => {
            let is_named = u64::from(*run != 0);
            1 << 40 | is_named << 16 | u64::from(*node) << 8 | u64::from(*resource)
        }
    }
}

fn target_word(order: &Order) -> u64 {
    let kind = match order.kind {
        OperationKind::Start => 0,
        OperationKind::Stop => 1,
        OperationKind::Terminate => 2,
        OperationKind::CheckLooksAlive => 3,
        OperationKind::CheckIsAlive => 4,
        OperationKind::Probe => 5,
        OperationKind::Fence => 6,
        OperationKind::Inventory => 7,
        other => unimplemented!("{other:?}"),
    };
    u64::from(order.node) << 16 | u64::from(order.resource) << 8 | kind
}

/// A fast hasher for numbers: one multiplication of double width and one fold for each.
#[derive(Clone, Copy, Debug)]
struct Mixer(u64);

impl Default for Mixer {
    fn default() -> Self {
        Self(0x2436_a2d1_9f2c_4b63)
    }
}

impl Mixer {
    fn mix(&mut self, number: u64) {
        let wide = u128::from(self.0 ^ number) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        let folded = (wide as u64) ^ ((wide >> 64) as u64);
        self.0 = folded.rotate_left(23).wrapping_add(number);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.mix(0xd6e8_feb8_6659_fd93);
        last.mix(0x2545_f491_4f6c_dd1d);
        last.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.mix(number as u64);
    }
}
