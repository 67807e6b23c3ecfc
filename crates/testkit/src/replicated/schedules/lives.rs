//! Lives: how they end, and how the next one begins.

use std::time::Duration;

use quorate::Incarnation;
use quorate::cluster::Command;
use quorate::id::Names;
use quorate::settings::Fencing;

use super::stage::{Cast, Stage, expect, settled};
use crate::replicated::scene::Habits;
use crate::replicated::setup::{Holder, Setup};
use crate::{Breach, Invariant};

pub(super) fn restart_while_something_dies(stage: &mut Stage) -> Result<(), Breach> {
    let mut setup = Setup { fencing: Fencing::Operator, ..stage.plain() };
    setup.timing.detection = Duration::from_millis(600);
    let (world, Cast { owner, .. }) = settled(stage, setup)?;
    // The owner is lost, and its groups wait for a proof. Then its daemon is restarted, and the link
    // is back, while what it ran obeys no signal: the watchdog has to end it.
    let until = world.now().saturating_add(750);
    world.isolate(owner, until);
    world.play(700)?;
    world.scene.habits = Habits { stubborn: 1_000, ..Habits::GOOD };
    world.kill_daemon(owner, 20);
    world.play(100)?;
    world.scene.habits = Habits::GOOD;
    let ran = world.machines.get(owner).is_some_and(|of| of.host.runs("g0r0"));
    expect(ran, Invariant::S1, "what should not die is dead")?;
    world.play(12_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn nobody_to_reset(stage: &mut Stage) -> Result<(), Breach> {
    for holder in [Holder::Keeper, Holder::Daemon] {
        let (world, Cast { owner, .. }) = settled(stage, Setup { holder, ..stage.plain() })?;
        world.scene.habits = Habits { stubborn: 1_000, ..Habits::GOOD };
        world.freeze_daemon(owner, 12_000);
        world.play(9_000)?;
        world.scene.habits = Habits::GOOD;
        expect(world.scene.tally.watchdog_resets > 0, Invariant::S25, "nobody reset the machine")?;
        world.play(12_000)?;
        world.judge_whole(Invariant::L1)?;
    }
    Ok(())
}

pub(super) fn leaving_node(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { owner, other, .. }) = settled(stage, stage.plain())?;
    let to = world.name(other);
    world.ask_leader(Command::<Names>::move_group("g0").to(to).into());
    world.play(25)?;
    world.leave(other);
    world.leave(owner);
    world.play(20_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn keeper_is_first(stage: &mut Stage) -> Result<(), Breach> {
    // A grant that is under way at the end of the lease comes a little too late, or just in time.
    for early in 0..6_u64 {
        let (world, Cast { leader, owner, .. }) = settled(stage, stage.plain())?;
        world.scene.net.swallow(leader, owner);
        let wait = world.lease().saturating_sub(early.saturating_mul(20));
        world.play(wait)?;
        world.scene.net.pass(leader, owner);
        world.play(12_000)?;
        world.judge_whole(Invariant::L1)?;
    }
    Ok(())
}

pub(super) fn number_lost(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { other, .. }) = settled(stage, stage.plain())?;
    for _ in 0..3 {
        world.kill_daemon(other, 20);
        world.play(1_000)?;
    }
    world.kill_machine(other, 200);
    if let Some(machine) = world.machines.get_mut(other) {
        machine.host.disk.incarnation = Incarnation::default();
        machine.host.disk.snapshot = None;
    }
    world.play(10_000)?;
    world.judge_whole(Invariant::L7)
}
