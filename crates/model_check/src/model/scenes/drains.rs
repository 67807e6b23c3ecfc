//! Scenes in which operators drain and pause nodes.

use std::time::Duration;

use quorate::settings::{Failback, Priority};

use super::{BASE, SCENE, Scene};
use crate::model::Configuration;
use crate::model::configuration::Fault;
use crate::model::deed::Deed;

/// Possible owners, and requests of operators.
pub(super) const OWNERS: Configuration = Configuration {
    name: "owners",
    faults: 1,
    kinds: &[Fault::Crash],
    moves: 3,
    scene: Some(&Scene {
        about: "possible owners that differ; pause, drain, offline and online",
        declare: |declared| {
            let owners = |names: &[&str]| Some(names.iter().map(|name| (*name).into()).collect());
            if let [disk, db] = &mut declared.groups[0].resources[..] {
                disk.possible_owners = owners(&["a", "b"]);
                db.possible_owners = owners(&["a", "b", "c"]);
            }
        },
        deeds: &[
            Deed::Pause(1),
            Deed::Resume(1),
            Deed::Drain(0),
            Deed::Drain(1),
            Deed::Resume(0),
            Deed::Offline(0),
            Deed::Online(0),
            Deed::Early,
        ],
        ..SCENE
    }),
    ..BASE
};

/// A locked group on a node that is drained, while its home comes back.
pub(super) const LOCKS: Configuration = Configuration {
    name: "locks",
    faults: 1,
    kinds: &[Fault::Crash],
    moves: 1,
    scene: Some(&Scene {
        about: "a group that is locked and unlocked while nodes are drained and come back",
        declare: |declared| {
            for group in &mut declared.groups {
                group.failback = Some(Failback::Allow);
            }
        },
        deeds: &[Deed::Lock(0), Deed::Unlock(0), Deed::Drain(0), Deed::Resume(0)],
        ..SCENE
    }),
    ..BASE
};

/// Groups of two tiers on one node that is drained, lost and resumed.
pub(super) const TIERS: Configuration = Configuration {
    name: "tiers",
    faults: 1,
    kinds: &[Fault::Hang, Fault::Die, Fault::Crash],
    moves: 3,
    scene: Some(&Scene {
        about: "groups of two tiers on one node that is drained, lost and resumed",
        declare: |declared| {
            declared.priority_wait = Some(Duration::from_secs(5));
            let homes = declared.groups[0].preferred_owners.clone();
            for group in &mut declared.groups {
                group.preferred_owners.clone_from(&homes);
            }
            declared.groups[0].priority = Some(Priority::HIGH);
        },
        deeds: &[Deed::Drain(0), Deed::Resume(0), Deed::Pass(4)],
        ..SCENE
    }),
    ..BASE
};
