//! L1 to L18 as stories, those that are promised by what exists.

use std::time::Duration;

use crate::play::{Play, group};
use quorate::cluster::{Command, Life, ResumeFailback};
use quorate::policy::{FirstPreferred, LeastGroups, Ring};
use quorate::settings::{Failback, FailbackWindow, Fencing, Priority};
use quorate::spec::{ClusterDeclaration, GroupDeclaration};
use quorate::state::DrainStatus;
use quorate::{Input, NodeId, Reason, WallClock};
use quorate_testkit::liveness::{
    Outside, at_rest, drain_ends, fence_time, fences_block_only_theirs, idle, no_fence_loop,
    no_ping_pong, not_stuck, online_in_time, operations_end, rolling_reboot, same_course,
    start_time, stays_at_rest, stop_time, time_to_online,
};

const HOUR: Duration = Duration::from_secs(3_600);
const NOWHERE: Outside = Outside { detection: Duration::ZERO, agreement: Duration::ZERO };

fn farm(nodes: usize, groups: usize, fencing: Fencing) -> ClusterDeclaration {
    let names: Vec<String> = (0..nodes).map(|node| format!("n{node}")).collect();
    let cluster = names
        .iter()
        .fold(ClusterDeclaration::new("farm"), |cluster, name| cluster.node(name.as_str()));
    (0..groups).fold(cluster.fencing(fencing), |cluster, number| {
        let home = names[number % nodes].clone();
        cluster.group(group(&format!("g{number}")).preferred_owners([home]))
    })
}

fn node(number: usize) -> NodeId {
    NodeId::from_index(number)
}

/// Everything that holds of a cluster at rest.
fn rests(play: &Play, since: quorate::Timestamp) {
    at_rest(&play.cluster).expect("at rest");
    not_stuck(&play.cluster).expect("not stuck");
    operations_end(&play.cluster).expect("operations end");
    idle(&play.cluster).expect("idle");
    fences_block_only_theirs(&play.cluster).expect("no fence blocks anything");
    stays_at_rest(&play.journal, since).expect("stays at rest");
}

/// The formula, added up by hand: two levels and a third, the defaults of the modern profile.
#[test]
fn the_time_to_online_is_the_sum_of_the_settings() {
    let play = Play::new(farm(3, 2, Fencing::Required), Ring::new());
    let (spec, g0) = (play.cluster.spec(), play.group("g0"));
    let pending = Duration::from_secs(180);
    assert_eq!(start_time(spec, g0), pending * 3);
    assert_eq!(stop_time(spec, g0), pending * 3 * 2);
    // Ten attempts an hour are used up, and the last one is answered at the last moment.
    let fence = HOUR + Duration::from_secs(120);
    assert_eq!(fence_time(spec), Some(fence));
    let (retry, probe, hang) = (HOUR, Duration::from_secs(60), Duration::from_secs(300));
    let tier = retry + probe + hang + pending * 12 + pending * 3;
    let outside = Outside { detection: Duration::from_secs(5), agreement: Duration::from_secs(7) };
    let wait_for_home = Duration::from_secs(120);
    let sum = outside.detection + outside.agreement + fence + wait_for_home + tier;
    assert_eq!(time_to_online(&play.cluster, g0, outside), Some(sum));

    let mut declaration = farm(3, 2, Fencing::Operator);
    assert_eq!(fence_time(&declaration.clone().build().expect("valid")), None);
    let lease = Fencing::Lease { duration: HOUR, margin: pending };
    declaration.fencing = Some(lease);
    declaration.groups[0].priority = Some(Priority::HIGH);
    let play = Play::new(declaration, Ring::new());
    let first = time_to_online(&play.cluster, play.group("g0"), NOWHERE).expect("bounded");
    let second = time_to_online(&play.cluster, play.group("g1"), NOWHERE).expect("bounded");
    assert_eq!(first, HOUR + pending + wait_for_home + tier);
    assert_eq!(second, first + tier, "it waits for the higher tier");
}

/// L1, L2, L5, L18: after a crash everything is online within its time, and then there is rest.
#[test]
fn after_a_crash_everything_comes_online_and_rests() {
    for fencing in [Fencing::Required, Fencing::Trusted] {
        let mut play = Play::new(farm(4, 4, fencing), Ring::new()).up();
        play.run(HOUR);
        play.lose(node(1));
        let lost_at = play.now;
        play.run(HOUR);
        online_in_time(&play.cluster, lost_at, NOWHERE).expect("online in time");
        assert!(play.is_online("g1"), "{:?}", play.cluster.why(play.group("g1")));
        let quiet_from = play.now;
        play.run(HOUR * 2);
        rests(&play, quiet_from);
    }
}

/// L3: a group that fails wherever it starts visits other nodes as often as its budget allows, and
/// stays where it came to its end.
#[test]
fn a_group_that_fails_everywhere_comes_to_rest() {
    for first in [true, false] {
        let declaration = farm(4, 1, Fencing::Trusted);
        let mut play = if first {
            Play::new(declaration, FirstPreferred).up()
        } else {
            Play::new(declaration, Ring::new()).up()
        };
        play.grey = play.nodes().into_iter().collect();
        let begun = play.now;
        for _ in 0..3 {
            play.crash("g0 service");
            play.run(Duration::from_secs(1_800));
        }
        no_ping_pong(&play.cluster, &play.journal, begun).expect("no ping-pong");
        not_stuck(&play.cluster).expect("not stuck");
    }
}

/// L9: the group goes home in the first hours in which it may, and no sooner, whether the clock is
/// left alone, put forward or put back while it waits, or the home is not stable yet when the
/// window opens.
#[test]
fn a_group_goes_home_in_the_first_window() {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let noon = |utc_offset_minutes| WallClock { utc_millis_of_day: 43_200_000, utc_offset_minutes };
    // Minutes by which the clock is put forward, the hold-down, and when the group may go: the
    // window opens ten hours after noon.
    let cases = [(0, 30, 600), (60, 30, 540), (-60, 30, 660), (0, 690, 690), (60, 620, 620)];
    for (forward, hold_down, expected) in cases {
        let mut declaration = farm(3, 1, Fencing::Trusted);
        let home = &mut declaration.groups[0];
        home.failback = Some(Failback::Allow);
        home.failback_window = Some(FailbackWindow { start_hour: 22, end_hour: 2 });
        home.failback_hold_down = Some(minutes(hold_down));
        let mut play = Play::new(declaration, Ring::new()).up();
        play.lose(node(0));
        assert_ne!(play.owner("g0"), Some(node(0)));
        play.feed(Input::wall_clock_read(noon(0)));
        play.boot(node(0));
        play.run(minutes(60));
        let one_hour_later = WallClock { utc_millis_of_day: 46_800_000, ..noon(forward) };
        play.feed(Input::wall_clock_read(one_hour_later));
        play.settle();
        play.run(minutes(expected - 60) - Duration::from_millis(1));
        assert_ne!(play.owner("g0"), Some(node(0)), "too soon: {forward} {hold_down}");
        play.run(Duration::from_millis(1));
        assert_eq!(play.owner("g0"), Some(node(0)), "too late: {forward} {hold_down}");
        play.run(time_to_online(&play.cluster, play.group("g0"), NOWHERE).expect("bounded"));
        assert!(play.is_online("g0"));
        let quiet_from = play.now;
        play.run(HOUR);
        rests(&play, quiet_from);
    }
}

/// L10: every node is emptied and rebooted in turn.
#[test]
fn a_rolling_reboot_moves_each_group_at_most_twice() {
    let mut play = Play::new(farm(4, 3, Fencing::Trusted), Ring::new()).up();
    play.run(HOUR);
    for round in 0..2 {
        let begun_at = play.now;
        for which in play.nodes() {
            play.order(Command::drain_node(which).into());
            let status = play.cluster.state().node(which).expect("declared").drain().status;
            assert_eq!(status, DrainStatus::Completed);
            play.feed(Input::node_left(which, Life::Known));
            play.settle();
            play.run(Duration::from_secs(300));
            play.boot(which);
            let failback = ResumeFailback::Immediate;
            play.order(Command::resume_node(which).failback(failback).into());
            play.run(Duration::from_secs(300));
        }
        let verdict = rolling_reboot(&play.cluster, &play.journal, begun_at);
        assert_eq!(verdict, Ok(()), "round {round}");
        assert!((0..3).all(|number| play.is_online(&format!("g{number}"))));
    }
}

/// L11: a drain ends although one group cannot leave, and says which.
#[test]
fn a_drain_ends_with_a_reason() {
    let mut declaration = farm(3, 2, Fencing::Trusted);
    for resource in &mut declaration.groups[0].resources {
        resource.possible_owners = Some(vec!["n0".into()]);
    }
    declaration.groups[1].preferred_owners = vec!["n0".into()];
    let mut play = Play::new(declaration, Ring::new()).up();
    play.run(HOUR);
    let begun_at = play.now;
    play.order(Command::drain_node(node(0)).into());
    play.run(HOUR);
    drain_ends(&play.cluster, &play.journal, node(0), begun_at).expect("it ends");
    assert_eq!(play.owner("g0"), Some(node(0)));
    assert_ne!(play.owner("g1"), Some(node(0)));
    assert!(play.is_online("g0") && play.is_online("g1"));
}

/// L13: low priorities come online after high ones, and not never.
#[test]
fn low_priorities_are_served_in_their_turn() {
    let mut declaration = farm(3, 6, Fencing::Trusted);
    for (number, group) in declaration.groups.iter_mut().enumerate() {
        group.priority = Some(Priority::new(10 * (1 + u32::try_from(number).expect("few"))));
    }
    let mut play = Play::new(declaration, LeastGroups);
    // Every second group starts only after a while.
    let begun_at = play.now;
    play.silent.insert(node(0));
    play = play.up();
    play.run(HOUR);
    play.silent.clear();
    play.settle();
    let healed_at = play.now;
    play.run(HOUR * 12);
    online_in_time(&play.cluster, healed_at, NOWHERE).expect("served");
    assert!((0..6).all(|number| play.is_online(&format!("g{number}"))), "since {begun_at}");
}

/// L14: the agents of one node never answer; the groups of other nodes go through what they would
/// have gone through without that.
#[test]
fn a_silent_node_delays_nobody_else() {
    let mut well = Play::new(farm(4, 4, Fencing::Trusted), Ring::new()).up();
    well.run(HOUR);
    let mut ill = well.clone();
    ill.silent.insert(node(3));
    let begun_at = well.now;
    for play in [&mut well, &mut ill] {
        play.crash("g3 service");
        play.run(Duration::from_secs(60));
        play.crash("g1 service");
        play.lose(node(0));
        play.run(HOUR);
        let group = play.group("g2");
        play.order(Command::take_group_offline(group).into());
        play.run(HOUR);
    }
    for name in ["g0", "g1", "g2"] {
        let group = well.group(name);
        same_course(group, &well.journal, &ill.journal, begun_at).expect("the same course");
    }
    assert!(!ill.is_online("g3"));
    not_stuck(&ill.cluster).expect("not stuck");
}

/// L15: everything fails on one node that is in touch. Its groups leave it and do not come back
/// for as long as it stays up.
#[test]
fn a_grey_node_loses_its_groups() {
    let mut declaration = farm(3, 3, Fencing::Trusted);
    for group in &mut declaration.groups {
        group.failback = Some(Failback::Allow);
    }
    let mut play = Play::new(declaration, Ring::new()).up();
    play.run(HOUR);
    let begun_at = play.now;
    play.grey.insert(node(0));
    play.crash("g0 service");
    play.run(HOUR * 24);
    assert_ne!(play.owner("g0"), Some(node(0)));
    assert!(play.is_online("g0"));
    no_ping_pong(&play.cluster, &play.journal, begun_at).expect("it stays away");
    rests(&play, play.now);
}

/// L16: the fencing device is dead. What the lost node owned waits and says so; everything else
/// runs; an operator's word ends the waiting at once.
#[test]
fn a_dead_fencing_device_blocks_what_needs_it() {
    let mut play = Play::new(farm(4, 4, Fencing::Required), Ring::new()).up();
    play.run(HOUR);
    play.fences_answer = false;
    play.lose(node(2));
    play.crash("g1 service");
    for _ in 0..20 {
        play.run(HOUR);
        fences_block_only_theirs(&play.cluster).expect("only its own wait");
        not_stuck(&play.cluster).expect("not stuck");
    }
    let why = play.cluster.why(play.group("g2"));
    assert!(matches!(why, Some(Reason::WaitingForNodeOff { .. })), "{why:?}");
    assert!(["g0", "g1", "g3"].iter().all(|name| play.is_online(name)));
    play.feed(Input::node_confirmed_down(node(2), Life::Known));
    play.settle();
    fences_block_only_theirs(&play.cluster).expect("nobody waits");
    assert!(play.is_online("g2"));
}

/// L17: power is lost everywhere and comes back, in every order of two nodes being first.
#[test]
fn after_power_comes_back_everything_comes_online() {
    for fencing in [Fencing::Required, Fencing::Trusted] {
        for first in 0..3 {
            let mut play = Play::new(farm(3, 3, fencing), Ring::new()).up();
            play.run(HOUR);
            for which in 0..3 {
                play.lose(node((first + which) % 3));
            }
            play.run(Duration::from_secs(600));
            for which in 0..3 {
                play.boot(node((first + which) % 3));
                play.run(Duration::from_secs(30));
            }
            let all_up_at = play.now;
            let longest = (0..3).filter_map(|number| {
                let group = play.group(&format!("g{number}"));
                time_to_online(&play.cluster, group, NOWHERE)
            });
            let longest = longest.max().expect("bounded");
            play.run(longest);
            online_in_time(&play.cluster, all_up_at, NOWHERE).expect("online in time");
            no_fence_loop(&play.journal, all_up_at).expect("no fence");
            rests(&play, all_up_at.after(longest));
        }
    }
}

/// A group that has nowhere to go is no breach, and says why.
#[test]
fn what_cannot_be_online_is_told() {
    let lonely: GroupDeclaration = group("lonely").preferred_owners(["n0"]);
    let mut declaration = farm(2, 0, Fencing::Trusted).group(lonely);
    declaration.quorum = Some(quorate::settings::QuorumRule::DiskOnly);
    for resource in &mut declaration.groups[0].resources {
        resource.possible_owners = Some(vec!["n0".into()]);
    }
    let mut play = Play::new(declaration, Ring::new());
    play.feed(Input::witness_changed(quorate::quorum::WitnessState::Up));
    play.boot(node(1));
    let begun_at = play.now;
    play.run(HOUR * 24);
    online_in_time(&play.cluster, begun_at, NOWHERE).expect("no time mends that");
    assert_eq!(play.cluster.why(play.group("lonely")), Some(Reason::NoCandidate));
    rests(&play, begun_at);
}
