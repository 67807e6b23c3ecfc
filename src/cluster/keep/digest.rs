//! A number by which replicas compare their states.

use core::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

use crate::cluster::keep::BEHAVIOUR;
use crate::spec::ClusterSpec;
use crate::state::ClusterState;

/// Returns the digest of a cluster: of its behaviour, its policy, its name and its ground state.
///
/// It is equal on every platform for equal states of one version of this crate. The declaration
/// itself is left out, because hashing it costs more than all the rest: the number of the
/// configuration stands for it, which is equal in replicas that accept equal inputs. Everything
/// derived from the ground state is left out as well.
pub(crate) fn digest(spec: &ClusterSpec, state: &ClusterState, policy: &str) -> u64 {
    // The fields are named one by one, so that one that is added cannot be forgotten here.
    let ClusterState {
        now,
        inputs,
        next_operation,
        configuration,
        last_declared,
        witness,
        wall_clock,
        quorate_since,
        formed_at,
        resumed_at,
        nodes,
        groups,
        resources,
        orphans,
        occupancy: _,
    } = state;
    let mut hasher = PortableHasher::default();
    (BEHAVIOUR, policy).hash(&mut hasher);
    spec.name().hash(&mut hasher);
    (now, inputs, next_operation, configuration, last_declared, witness).hash(&mut hasher);
    (wall_clock, quorate_since, formed_at, resumed_at).hash(&mut hasher);
    (nodes, groups, resources, orphans).hash(&mut hasher);
    hasher.finish()
}

/// A hasher with equal results on every platform: integers are fed in little endian order, and sizes
/// as 64 bits. Two programs that keep a hash of what their replicas put out can compare it.
///
/// A slice of bare integers bypasses this, for the standard library feeds it as it lies in memory;
/// the ground state has no such slice.
#[derive(Clone, Debug)]
pub struct PortableHasher(SipHasher13);

impl Default for PortableHasher {
    fn default() -> Self {
        Self(SipHasher13::new())
    }
}

impl Hasher for PortableHasher {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.write(&[number]);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn write_i8(&mut self, number: i8) {
        self.write(&number.to_le_bytes());
    }

    fn write_i16(&mut self, number: i16) {
        self.write(&number.to_le_bytes());
    }

    fn write_i32(&mut self, number: i32) {
        self.write(&number.to_le_bytes());
    }

    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }

    fn write_i128(&mut self, number: i128) {
        self.write(&number.to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(i64::try_from(number).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests;
