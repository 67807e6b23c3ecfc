//! The record of reports, snapshots, and rules in which releases differ.

use super::stage::{Cast, Stage, settled};
use crate::replicated::fault::Fault;
use crate::replicated::log::Hold;
use crate::replicated::setup::Release;
use crate::{Breach, Invariant};

pub(super) fn entry_lands_twice(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { owner, .. }) = settled(stage, stage.plain())?;
    for _ in 0..40 {
        let last = world.scene.log.last();
        let _ = world.strike(Fault::CrashResource);
        world
            .play_to(3_000, "an entry lands", |world| world.scene.log.last() > last)
            .or_else(|breach| if breach.invariant.is_none() { Ok(()) } else { Err(breach) })?;
        world.scene.log.repeat_last();
        world.play(50)?;
    }
    world.play(5_000)?;
    let _ = owner;
    world.judge_whole(Invariant::L1)
}

pub(super) fn lost_report(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, owner, .. }) = settled(stage, stage.plain())?;
    // A report is taken, and then lost with its proposal.
    world.scene.log.hold(Hold::Proposals(leader));
    world.scene.judge.checks.starts = 0;
    for resource in ["g0r0", "g1r0"] {
        if let Some(machine) = world.machines.get_mut(owner) {
            machine.host.processes.retain(|process| process.resource != resource);
            let at = world.scene.now.saturating_add(10);
            machine.host.died.push((resource.to_owned(), at));
        }
    }
    world.play(300)?;
    world.scene.log.forget(leader);
    world.scene.log.release(Hold::Proposals(leader));
    // Others follow closely for longer than a detection.
    for _ in 0..30 {
        if let Some(machine) = world.machines.get_mut(owner)
            && let Some(daemon) = &mut machine.daemon
        {
            let wish = quorate::cluster::Command::bring_group_online("g0");
            let body = quorate::replicate::Body::Input(wish.into());
            daemon.wish(&machine.host, &mut world.scene, body);
        }
        world.play(400)?;
    }
    world.judge_whole(Invariant::L1)
}

pub(super) fn snapshot_for_a_laggard(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { other, .. }) = settled(stage, stage.plain())?;
    let last = world.scene.log.last();
    world.scene.log.limit(other, last);
    for _ in 0..3 {
        let _ = world.strike(Fault::CrashResource);
        world.play(400)?;
    }
    world.compact();
    world.scene.log.unlimit(other);
    world.play(22_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn other_rules(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { other, .. }) = settled(stage, stage.plain())?;
    world.scene.log.release(Hold::Elections);
    if let Some(machine) = world.machines.get_mut(other) {
        machine.host.disk.snapshot =
            machine.daemon.as_ref().map(|daemon| daemon.replica.snapshot());
        machine.host.disk.release = Release::New;
    }
    world.kill_daemon(other, 50);
    world.play(9_000)?;
    world.judge_groups(Invariant::L1, |_| true)?;
    // All change in turn, and then everybody is a member again.
    world.upgrades = Some(world.scene.now);
    world.play(35_000)?;
    world.judge_whole(Invariant::L7)
}
