//! Histories in which something is down, the rest goes on, and everything comes back by itself.

use std::time::Duration;

use quorate::Input;
use quorate::cluster::Command;
use quorate::id::Names;
use quorate::settings::Fencing;

use super::stage::{Cast, Stage, expect, quiet, settled};
use crate::replicated::log::Hold;
use crate::replicated::setup::{Setup, Witness};
use crate::{Breach, Invariant};

pub(super) fn deaf_leader(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, .. }) = settled(stage, stage.plain())?;
    world.play(8_000)?;
    world.scene.log.release(Hold::Elections);
    let until = world.now().saturating_add(10_000);
    world.deafen(leader, until);
    world.play(8_000)?;
    world.judge_groups(Invariant::L12, |_| true)?;
    world.play(12_000)?;
    world.judge_whole(Invariant::L7)
}

pub(super) fn leader_behind(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, .. }) = settled(stage, stage.plain())?;
    world.play(8_000)?;
    world.scene.log.release(Hold::Elections);
    let last = world.scene.log.last();
    world.scene.log.limit(leader, last);
    // A checkpoint follows within ten seconds, at which the others can no longer be compared.
    world.play(18_000)?;
    world.judge_groups(Invariant::L12, |_| true)?;
    world.scene.log.unlimit(leader);
    world.play(8_000)?;
    world.judge_whole(Invariant::L7)
}

pub(super) fn dead_leader(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, .. }) = settled(stage, stage.plain())?;
    world.play(8_000)?;
    world.scene.log.release(Hold::Elections);
    world.kill_machine(leader, 10_000);
    world.play(8_000)?;
    world.judge_groups(Invariant::L12, |_| true)?;
    world.play(12_000)?;
    world.judge_whole(Invariant::L7)
}

pub(super) fn everybody_silent(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, .. }) = settled(stage, stage.plain())?;
    let until = world.now().saturating_add(world.detection()).saturating_add(500);
    world.isolate(leader, until);
    world.play_until(until)?;
    world.scene.log.release(Hold::Elections);
    world.play(8_000)?;
    world.judge_groups(Invariant::L12, |_| true)?;
    world.play(5_000)?;
    world.judge_whole(Invariant::L7)
}

pub(super) fn short_gap(stage: &mut Stage) -> Result<(), Breach> {
    let mut setup = Setup { fencing: Fencing::Required, ..stage.plain() };
    setup.timing.detection = Duration::from_millis(1_000);
    let (world, Cast { leader, other, .. }) = settled(stage, setup)?;
    for (from, to) in [(leader, other), (other, leader), (leader, other), (other, leader)] {
        let until = world.now().saturating_add(1_300);
        world.isolate(from, until);
        world.play_until(until)?;
        world.elect(to);
        world.play(5_000)?;
    }
    expect(world.scene.judge.checks.fences == 0, Invariant::L12, "a node was fenced needlessly")?;
    world.judge_whole(Invariant::L12)
}

pub(super) fn node_that_hears_nobody(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { owner, .. }) = settled(stage, stage.plain())?;
    let until = world.now().saturating_add(30_000);
    world.deafen(owner, until);
    world.play(25_000)?;
    world.judge_groups(Invariant::L12, |_| true)?;
    world.play(15_000)?;
    world.judge_whole(Invariant::L7)
}

pub(super) fn idle_log(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, owner, other }) = settled(stage, stage.plain())?;
    let (begin, stamp) = (world.now(), log_time(world));
    for seat in [other, owner, leader, other, owner, leader] {
        world.elect(seat);
        world.play(14_000)?;
    }
    let real = world.now().saturating_sub(begin);
    let passed = log_time(world).saturating_sub(stamp);
    // Time stands still from the last entry of a leader to the charge of the next one.
    let words = format!("{passed} ms of the log passed in {real} ms");
    expect(passed.saturating_mul(2) > real, Invariant::S29, &words)?;
    world.judge_whole(Invariant::L1)
}

fn log_time(world: &crate::replicated::world::World) -> u64 {
    world.in_charge().map_or(0, |daemon| daemon.replica.stamp().as_millis())
}

pub(super) fn witness_wins(stage: &mut Stage) -> Result<(), Breach> {
    let setup =
        Setup { nodes: 2, witness: Witness::Votes, fencing: Fencing::Required, ..stage.plain() };
    let world = quiet(stage, setup);
    world.scene.log.release(Hold::Elections);
    world.play(8_000)?;
    world.judge_whole(Invariant::L1)?;
    world.elect(2);
    world.play(3_000)?;
    world.judge_whole(Invariant::L1)?;
    // A fence is asked for, and the witness wins again before anybody has carried it out.
    let Some(leader) = world.scene.log.leader() else { return Ok(()) };
    let victim = 1_usize.saturating_sub(leader);
    let to = world.name(victim);
    world.ask_leader(Command::<Names>::move_group("g1").to(to).into());
    world.play(2_000)?;
    world.judge_whole(Invariant::L1)?;
    world.scene.habits.agent_delay = (100, 100);
    let until = world.now().saturating_add(20_000);
    world.isolate(victim, until);
    world.play_to(10_000, "a fence is asked for", |world| {
        world.in_charge().is_some_and(|of| of.replica.cluster().outstanding_fences().count() > 0)
    })?;
    world.elect(2);
    world.play(8_000)?;
    expect(world.scene.judge.checks.fences > 0, Invariant::L16, "nobody carried the fence out")?;
    world.judge_groups(Invariant::L1, |_| true)
}

pub(super) fn power_lost_everywhere(stage: &mut Stage) -> Result<(), Breach> {
    for fencing in [Fencing::Trusted, Fencing::Required, Fencing::Operator] {
        let (world, _) = settled(stage, Setup { fencing, ..stage.plain() })?;
        world.scene.log.release(Hold::Elections);
        world.kill_all(1_000);
        world.play(12_000)?;
        world.judge_whole(Invariant::L17)?;
    }
    Ok(())
}

pub(super) fn fence_without_answer(stage: &mut Stage) -> Result<(), Breach> {
    let setup = Setup { fencing: Fencing::Required, groups: 2, ..stage.plain() };
    let (world, Cast { owner, other, .. }) = settled(stage, setup)?;
    let to = world.name(other);
    world.ask_leader(Command::<Names>::move_group("g1").to(to).into());
    world.play(2_000)?;
    world.judge_whole(Invariant::L1)?;
    world.dead_switches.push((owner, 100_000));
    world.kill_machine(owner, 100_000);
    world.play(12_000)?;
    world.judge_groups(Invariant::L16, |group| group == 1)?;
    let is_waiting = world.judge_groups(Invariant::L16, |group| group == 0).is_err();
    expect(is_waiting, Invariant::S9, "a group was taken over without proof")?;
    let name = world.name(owner);
    world.ask_leader(Input::node_confirmed_down(name, quorate::Incarnation::new(1)));
    world.play(8_000)?;
    world.judge_groups(Invariant::L16, |_| true)
}

pub(super) fn gaps_between_links(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, .. }) = settled(stage, Setup { nodes: 5, ..stage.plain() })?;
    world.scene.log.release(Hold::Elections);
    for one in 0..5 {
        for other in (0..5).filter(|other| *other != one && *other != leader && one != leader) {
            world.scene.net.cut(one, other, 100_000);
        }
    }
    world.play(10_000)?;
    expect(world.scene.log.leader() == Some(leader), Invariant::L12, "the leader was deposed")?;
    world.judge_whole(Invariant::L12)
}
