//! The daemon of a machine: replica, guard, outbox and, where it leads, leader.

use std::collections::BTreeSet;

use quorate::OpId;
use quorate::replicate::{BeatError, Guard, Leader, Outbox, Replica};
use quorate::spec::SpecErrors;

use super::host::Host;
use super::scene::Scene;
use super::setup::Release;

mod agents;
mod apply;
mod lead;
mod life;
mod post;
mod task;

use task::{Leave, Task};

/// The process that decides on one machine.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    pub(super) replica: Replica,
    /// Missing until its first life begins, and on a witness.
    pub(super) guard: Option<Guard>,
    outbox: Option<Outbox>,
    pub(super) leader: Option<Leader>,
    tasks: Vec<Task>,
    /// Operations that were picked up in this life.
    picked: BTreeSet<OpId>,
    heeds_at: u64,
    looks_at: u64,
    looked_at_entry: u64,
    beats_at: u64,
    joins_at: u64,
    stores_at: u64,
    leave: Leave,
    had_lease: bool,
    /// Why the last beat did not count.
    refused: Option<BeatError>,
    /// The end of the lease that the keeper was told last.
    told_until: Option<quorate::replicate::Local>,
    release: Release,
}

/// The request of a daemon to its machine after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    GoOn,
    /// The machine has to be reset at once.
    Reset(&'static str),
    /// The daemon has left and ends.
    Exit,
}

impl Daemon {
    /// Returns the daemon that goes on from what the disk holds.
    pub(super) fn start(host: &Host, scene: &mut Scene) -> Result<Self, SpecErrors> {
        let release = host.disk.release;
        let fresh = scene.setup.replica(host.seat, release)?;
        let replica = match host.disk.snapshot.clone() {
            None => fresh,
            Some(snapshot) => {
                let genesis = scene.setup.genesis(release);
                Replica::restore(host.name, snapshot, genesis).unwrap_or_else(|error| {
                    scene.judge.fail_test(format!("a snapshot does not restore: {error}"));
                    fresh
                })
            }
        };
        scene.log.open(host.seat, scene.now);
        host.note(scene, &format!("daemon starts at entry {}", replica.applied()));
        Ok(Self {
            replica,
            guard: None,
            outbox: None,
            leader: None,
            tasks: Vec::new(),
            picked: BTreeSet::new(),
            heeds_at: 0,
            looks_at: 0,
            looked_at_entry: 0,
            beats_at: 0,
            joins_at: 0,
            stores_at: scene.now.saturating_add(scene.dice.between(200, 4_000)),
            leave: Leave::No,
            had_lease: false,
            refused: None,
            told_until: None,
            release,
        })
    }

    /// Does everything that is due in this millisecond.
    pub(super) fn step(&mut self, host: &mut Host, scene: &mut Scene) -> Act {
        self.read(host, scene);
        self.apply(host, scene);
        let act = self.live(host, scene);
        if act != Act::GoOn {
            return act;
        }
        let act = self.lead(host, scene);
        if act != Act::GoOn {
            return act;
        }
        self.work(host, scene);
        self.send(host, scene);
        Act::GoOn
    }

    /// Adds a report to the outbox. If there is no room the life ends.
    fn report(&mut self, host: &Host, scene: &mut Scene, body: quorate::replicate::Body) {
        let local = host.local(scene.now);
        if let (Some(outbox), Some(guard)) = (&mut self.outbox, &mut self.guard)
            && outbox.push(body).is_err()
        {
            host.note(scene, "the outbox is full");
            guard.leave(local);
        }
    }

    /// Hands in a wish of an operator at this machine.
    pub(super) fn wish(&mut self, host: &Host, scene: &mut Scene, body: quorate::replicate::Body) {
        self.report(host, scene, body);
    }
}
