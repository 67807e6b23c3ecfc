//! Leases: grants, losses, and the words of operators.

use std::time::Duration;

use quorate::Input;
use quorate::cluster::{Command, Life};
use quorate::id::Names;
use quorate::replicate::{Body, NodeLife, Standing};
use quorate::settings::{Fencing, UnconfirmedStop};

use super::stage::{Cast, Stage, expect, settled};
use crate::replicated::log::Hold;
use crate::replicated::setup::{Holder, Setup, millis};
use crate::replicated::world::World;
use crate::{Breach, Invariant};

pub(super) fn entry_of_an_earlier_charge(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, owner, other }) = settled(stage, stage.plain())?;
    let half = world.detection().div_euclid(2);
    // The leader hears the owner no more, and another one takes over before the lease ends.
    world.scene.net.swallow(owner, leader);
    world.scene.log.hold(Hold::News(leader));
    world.play(half.saturating_add(100))?;
    world.scene.log.hold(Hold::Proposals(leader));
    world.elect(other);
    // The deposed leader decides that the owner is lost, and its proposal stalls.
    world.play(half.saturating_add(100))?;
    expect(world.scene.log.under_way(leader) > 0, Invariant::S9, "nothing was proposed")?;
    world.scene.net.pass(owner, leader);
    world.elect(leader);
    world.scene.log.release(Hold::News(leader));
    world.play(100)?;
    world.scene.log.release(Hold::Proposals(leader));
    world.play(3_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn beat_while_being_lost(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, other, .. }) = settled(stage, stage.plain())?;
    rejoin_unheard(world, leader, other)?;
    // The cluster starts a group there, and the node has no lease to do it.
    let to = world.name(other);
    world.ask_leader(Command::<Names>::move_group("g0").to(to).into());
    world.play_to(10_000, "the loss is due", |world| {
        longest_silence(world, leader).saturating_add(20) >= world.detection()
    })?;
    world.scene.log.hold(Hold::Proposals(leader));
    world.play(40)?;
    expect(world.scene.log.under_way(leader) > 0, Invariant::S9, "no loss was proposed")?;
    world.scene.net.pass(other, leader);
    world.play(400)?;
    // The node learns late what becomes of it.
    let last = world.scene.log.last();
    world.scene.log.limit(other, last);
    world.scene.log.release(Hold::Proposals(leader));
    world.play(3_000)
}

/// Returns the longest time for which a leader has not heard a member, in milliseconds.
fn longest_silence(world: &World, seat: usize) -> u64 {
    let Some(machine) = world.machines.get(seat) else { return 0 };
    let leader = machine.daemon.as_ref().and_then(|daemon| daemon.leader.as_ref());
    let now = machine.host.local(world.now());
    let silences = leader.into_iter().flat_map(|leader| leader.quiet(now));
    silences.map(|(_, silence)| millis(silence)).max().unwrap_or_default()
}

/// Has a node join in its next life, and then lets the leader hear nothing of it, nor answer it.
fn rejoin_unheard(world: &mut World, leader: usize, seat: usize) -> Result<(), Breach> {
    world.scene.log.hold(Hold::Answers(leader));
    world.kill_daemon(seat, 20);
    let name = world.name(seat);
    let is_member = |world: &World| {
        let life = world.machines.get(seat).map(|of| of.host.disk.incarnation);
        let life = NodeLife::new(name, life.unwrap_or_default());
        let daemon = world.machines.get(leader).and_then(|of| of.daemon.as_ref());
        life.incarnation.value() > 1
            && daemon.is_some_and(|of| of.replica.standing(&life) == Standing::Member)
    };
    world.play_to(1_000, "the node is a member", is_member)?;
    world.scene.net.swallow(seat, leader);
    world.scene.net.swallow(leader, seat);
    world.play(20)?;
    world.scene.log.release(Hold::Answers(leader));
    world.play(200)?;
    world.scene.net.pass(leader, seat);
    Ok(())
}

pub(super) fn late_affirmation(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { leader, owner, other }) = settled(stage, stage.plain())?;
    // A round that was affirmed is answered late; meanwhile another one leads, which does not hear
    // the owner.
    world.scene.log.hold(Hold::Answers(leader));
    world.play(150)?;
    world.scene.log.hold(Hold::News(leader));
    world.scene.net.swallow(owner, other);
    world.elect(other);
    // Nor does the owner learn soon what becomes of it.
    let last = world.scene.log.last();
    world.scene.log.limit(owner, last);
    let wait = world.lease().saturating_sub(300);
    world.play(wait)?;
    world.scene.log.release(Hold::Answers(leader));
    let rest = world.detection().saturating_add(1_000);
    world.play(rest)
}

pub(super) fn new_leader_knows_no_silence(stage: &mut Stage) -> Result<(), Breach> {
    let (world, Cast { owner, other, .. }) = settled(stage, stage.plain())?;
    world.elect(other);
    // The owner learns late what becomes of it.
    let last = world.scene.log.last();
    world.scene.log.limit(owner, last);
    world.play(1_000)?;
    world.scene.log.unlimit(owner);
    world.play(4_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn no_first_grant(stage: &mut Stage) -> Result<(), Breach> {
    let setup = Setup { holder: Holder::Daemon, ..stage.plain() };
    let (world, Cast { leader, other, .. }) = settled(stage, setup)?;
    world.scene.net.swallow(leader, other);
    world.kill_machine(other, 200);
    world.play(2_000)?;
    let to = world.name(other);
    world.ask_leader(Command::<Names>::move_group("g0").to(to).into());
    let rest = world.detection().saturating_mul(3);
    world.play(rest)?;
    world.scene.net.pass(leader, other);
    world.play(8_000)?;
    world.judge_whole(Invariant::L1)
}

pub(super) fn owner_cut_off(stage: &mut Stage) -> Result<(), Breach> {
    let setup = Setup { holder: Holder::Daemon, ..stage.plain() };
    let (world, Cast { owner, .. }) = settled(stage, setup)?;
    let until = world.now().saturating_add(8_000);
    world.isolate(owner, until);
    world.play(7_000)?;
    world.judge_groups(Invariant::L1, |_| true)?;
    world.play(8_000)?;
    world.judge_whole(Invariant::L7)
}

/// Cuts an owner off, has an operator speak as soon as it is lost, and waits. The detection is
/// shorter than the lease, as it may be where an operator gives the proof.
fn speak(stage: &mut Stage, word: impl Fn(&mut World, &'static str)) -> Result<(), Breach> {
    let mut setup = Setup { fencing: Fencing::Operator, ..stage.plain() };
    setup.timing.detection = Duration::from_millis(1_000);
    let (world, Cast { owner, .. }) = settled(stage, setup)?;
    let until = world.now().saturating_add(20_000);
    world.isolate(owner, until);
    world.play(1_300)?;
    let name = world.name(owner);
    word(world, name);
    world.play(15_000)?;
    world.judge_groups(Invariant::L16, |_| true)
}

pub(super) fn word_while_leased(stage: &mut Stage) -> Result<(), Breach> {
    speak(stage, |world, name| {
        world.ask_leader(Input::node_confirmed_down(name, quorate::Incarnation::new(1)));
    })
}

pub(super) fn word_without_a_life(stage: &mut Stage) -> Result<(), Breach> {
    speak(stage, |world, name| {
        let word: Input<Names> = Input::node_confirmed_down(name, Life::Known);
        let seat = world.scene.log.leader().unwrap_or_default();
        if let Some(machine) = world.machines.get_mut(seat)
            && let Some(daemon) = &mut machine.daemon
        {
            daemon.wish(&machine.host, &mut world.scene, Body::Input(word));
        }
    })
}

pub(super) fn laggard_wakes(stage: &mut Stage) -> Result<(), Breach> {
    // An operator vouches that whatever is given up does not happen later. The guard holds to it.
    let unconfirmed_stop = UnconfirmedStop::AssumeOff;
    let setup = Setup { unconfirmed_stop, ..stage.plain() };
    let (world, Cast { other, owner, .. }) = settled(stage, setup)?;
    let last = world.scene.log.last();
    world.scene.log.limit(other, last);
    let (to, back) = (world.name(other), world.name(owner));
    world.ask_leader(Command::<Names>::move_group("g0").to(to).into());
    world.play_to(2_000, "the group has left", |world| {
        world.machines.get(owner).is_some_and(|of| !of.host.runs("g0r0"))
    })?;
    world.play(100)?;
    let started = world.scene.log.last();
    // The start is given up, and the group goes back.
    let patience = world.lease().saturating_add(3_000);
    world.play(patience)?;
    world.ask_leader(Command::<Names>::move_group("g0").to(back).into());
    world.play_to(30_000, "the group runs elsewhere", |world| {
        world.machines.iter().any(|of| of.host.runs("g0r0"))
    })?;
    world.scene.log.limit(other, started);
    world.play(1_000)?;
    world.scene.log.unlimit(other);
    world.play(20_000)?;
    world.judge_whole(Invariant::L1)
}
