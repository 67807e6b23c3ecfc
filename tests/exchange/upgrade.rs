//! Rolling upgrades: every node is emptied, leaves, and comes back, the spare ones first.
//!
//! Each server has to leave its node once, which takes four moves at least, and eight if every
//! one is to return home.

use quorate::cluster::{Command, Life};
use quorate::machine::NodeState;
use quorate::settings::QuorumRule;
use quorate::{Event, Input};

use super::drive::{Drive, evs, fixture_7, node};

const ACTIVE: [usize; 4] = [1, 2, 3, 4];
const SPARE: [usize; 3] = [5, 6, 7];

/// The fate of a server whose node is upgraded.
#[derive(Clone, Copy)]
enum Afterwards {
    GoesHome,
    Stays,
}

/// Hands in an input and lets the agents answer; gives how many groups changed their owner.
fn moves(drive: &mut Drive, input: Input) -> usize {
    drive.input(input);
    moves_of_what_follows(drive)
}

fn moves_of_what_follows(drive: &mut Drive) -> usize {
    let mut moves = 0;
    loop {
        let (effects, events) = drive.take();
        moves += events.iter().filter(|event| matches!(event, Event::OwnerChanged { .. })).count();
        if effects.is_empty() {
            return moves;
        }
        for effect in effects {
            drive.succeed(&effect);
            assert!(drive.online() >= 3, "more than one server is down");
            assert!(free_nodes(drive) >= 2, "fewer than two nodes are free");
        }
    }
}

fn free_nodes(drive: &Drive) -> usize {
    let state = drive.cluster.state();
    let is_free = |k: &usize| {
        state.node_state(node(*k)) == NodeState::Up
            && ACTIVE.iter().all(|server| state.owner(evs(*server)) != Some(node(*k)))
    };
    (1..=7).filter(is_free).count()
}

fn command(command: Command) -> Input {
    Input::Command(command)
}

/// Empties a node, to the target if there is one, and lets it leave and come back.
fn upgrade(drive: &mut Drive, k: usize, target: Option<usize>) -> usize {
    let drain = Command::drain_node(node(k)).maybe_to(target.map(node)).into();
    let resume = Command::resume_node(node(k)).into();
    let mut moved = moves(drive, command(drain));
    moved += moves(drive, Input::node_left(node(k), Life::Known));
    drive.join(k);
    moved += moves_of_what_follows(drive);
    moved + moves(drive, command(resume))
}

fn rolling_upgrade(drive: &mut Drive, afterwards: Afterwards) -> usize {
    let mut moved: usize = SPARE.iter().map(|k| upgrade(drive, *k, None)).sum();
    let mut free = SPARE[0];
    for k in ACTIVE {
        moved += upgrade(drive, k, Some(free));
        match afterwards {
            Afterwards::Stays => free = k,
            Afterwards::GoesHome => {
                let home = Command::move_group(evs(k)).to(node(k)).return_on_failure().into();
                moved += moves(drive, command(home));
            }
        }
    }
    moved
}

#[test]
fn eight_moves_bring_every_server_home() {
    let mut drive = Drive::start(fixture_7(QuorumRule::DiskOnly));
    assert_eq!(rolling_upgrade(&mut drive, Afterwards::GoesHome), 8);
    assert_eq!(drive.places(), [Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn four_moves_are_enough_if_servers_stay() {
    let mut drive = Drive::start(fixture_7(QuorumRule::DiskOnly));
    assert_eq!(rolling_upgrade(&mut drive, Afterwards::Stays), 4);
    assert_eq!(drive.places(), [Some(5), Some(1), Some(2), Some(3)]);
}
