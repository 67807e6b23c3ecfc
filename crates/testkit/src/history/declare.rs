//! Random declarations, all of them valid.

use std::time::Duration;

use quorate::kind::{KindDeclaration, ResourceOverrides};
use quorate::settings::{
    Admission, AntiAffinityPlacement, ColdStart, DependencyChange, DesiredState, Failback,
    FailbackWindow, FailoverLimit, Fencing, Interval, Maintenance, NoQuorum, OnUnfixable, Priority,
    QuorumRule, RedundantProvider, RestartAction, Retry, UnconfirmedStop,
};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, NodeDeclaration, Profile, ResourceDeclaration,
};

use crate::history::tape::Tape;

const SPANS: [u64; 5] = [1_000, 100, 5_000, 30_000, 600_000];

/// Returns a valid declaration with 1 to 5 nodes, 1 to 5 groups and 0 to 6 resources in each group.
pub(crate) fn declaration(tape: &mut Tape<'_>) -> ClusterDeclaration {
    let nodes = [2, 3, 1, 4, 5, 3, 3][tape.below(7)];
    let groups = [1, 2, 3, 4, 5][tape.below(5)];
    declaration_of(nodes, groups, tape)
}

/// Returns a valid declaration with this number of nodes and groups, and 0 to 6 resources in each
/// group.
pub(crate) fn declaration_of(
    nodes: usize,
    groups: usize,
    tape: &mut Tape<'_>,
) -> ClusterDeclaration {
    let profile = tape.pick(&[Profile::Modern, Profile::Mscs2003]);
    let mut cluster = ClusterDeclaration::new("c").profile(profile);
    settle(&mut cluster, tape);
    cluster = cluster.kind(KindDeclaration { name: "Thing".into(), ..KindDeclaration::default() });
    for index in 0..nodes {
        cluster = cluster.node(node(index, tape));
    }
    for index in 0..groups {
        cluster = cluster.group(group(index, nodes, tape));
    }
    cluster
}

fn settle(cluster: &mut ClusterDeclaration, tape: &mut Tape<'_>) {
    cluster.quorum = Some(tape.pick(&[
        QuorumRule::NodeMajority,
        QuorumRule::MajorityWithWitness,
        QuorumRule::DiskOnly,
    ]));
    cluster.fencing = Some(fencing(tape));
    cluster.no_quorum = Some(tape.pick(&[NoQuorum::Stop, NoQuorum::Freeze]));
    cluster.anti_affinity =
        Some(tape.pick(&[AntiAffinityPlacement::Soft, AntiAffinityPlacement::Hard]));
    cluster.admission = match tape.below(4) {
        0 => Some(Admission::Open),
        1 => Some(Admission::SameClassOnline),
        _ => None,
    };
    cluster.failover_limit = match tape.below(4) {
        0 => Some(FailoverLimit::ResourceStays),
        1 => Some(FailoverLimit::GroupOffline),
        _ => None,
    };
    cluster.retry = match tape.below(4) {
        0 => Some(Retry::NewSeries),
        1 => Some(Retry::FinalAttempt),
        _ => None,
    };
    cluster.retry_cycles = tape.pick(&[None, Some(0), Some(1), Some(3)]);
    cluster.redundant_provider =
        Some(tape.pick(&[RedundantProvider::Suppress, RedundantProvider::Escalate]));
    // Follows from another choice, so that the tape is read as before.
    cluster.dependency_change = match cluster.redundant_provider {
        Some(RedundantProvider::Escalate) => Some(DependencyChange::Offline),
        Some(RedundantProvider::Suppress) | None => Some(DependencyChange::Online),
    };
    cluster.group_wait_delay = Some(millis(tape.pick(&[0, 5_000, 120_000])));
    cluster.fence_timeout = Some(span(tape));
    cluster.fence_retry_delay = Some(span(tape));
    cluster.fence_threshold = Some(tape.pick(&[10, 1, 2]));
    cluster.fence_period = Some(span(tape));
    cluster.probe_interval = Some(Interval::Every(span(tape)));
}

fn fencing(tape: &mut Tape<'_>) -> Fencing {
    match tape.below(4) {
        0 => Fencing::Required,
        1 => Fencing::Trusted,
        2 => Fencing::Lease { duration: span(tape), margin: millis(tape.pick(&[0, 1, 500])) },
        _ => Fencing::Operator,
    }
}

fn node(index: usize, tape: &mut Tape<'_>) -> NodeDeclaration {
    let mut node = NodeDeclaration::new(format!("n{index}"));
    if tape.chance(20) {
        // The first node keeps a vote, because at least one node must have one.
        node.vote_weight = Some(if index == 0 { 2 } else { tape.pick(&[0, 2, 3]) });
    }
    if tape.chance(30) {
        node = node.capacity(spelled("mb", index / 2), tape.pick(&[10, 5, 0, 30]));
    }
    node
}

fn group(index: usize, nodes: usize, tape: &mut Tape<'_>) -> GroupDeclaration {
    let mut group = GroupDeclaration::new(format!("g{index}"));
    let preferred = tape.below(nodes + 1);
    let first = tape.below(nodes);
    group.preferred_owners =
        (0..preferred).map(|step| format!("n{}", (first + step) % nodes)).collect();
    for class in ["red", "blue"] {
        if tape.chance(35) {
            group.anti_affinity_classes.push(spelled(class, index));
        }
    }
    if tape.chance(30) {
        group = group.demand(spelled("mb", index), tape.pick(&[1, 5, 6, 11]));
    }
    settle_group(&mut group, tape);
    let resources = [1, 2, 3, 0, 4, 5, 6, 3][tape.below(8)];
    for position in 0..resources {
        group = group.resource(resource(index, position, nodes, tape));
    }
    group
}

fn settle_group(group: &mut GroupDeclaration, tape: &mut Tape<'_>) {
    group.desired = tape.chance(10).then_some(DesiredState::Offline);
    group.failover_threshold = tape.pick(&[None, Some(1), Some(0), Some(3)]);
    group.failover_period = Some(millis(tape.pick(&[21_600_000, 0, 10_000, 60_000])));
    if tape.chance(50) {
        group.failback = Some(Failback::Allow);
        group.failback_hold_down = Some(millis(tape.pick(&[0, 1_000, 60_000])));
        if tape.chance(40) {
            let start_hour = tape.pick(&[0_u8, 8, 22, 23]);
            let hours = tape.pick(&[1_u8, 4, 12, 23]);
            let end_hour = (start_hour + hours) % 24;
            group.failback_window = Some(FailbackWindow { start_hour, end_hour });
        }
    }
    if tape.chance(40) {
        group.priority = Some(tape.pick(&[
            Priority::MEDIUM,
            Priority::HIGH,
            Priority::LOW,
            Priority::NO_AUTO_START,
            Priority::new(7),
        ]));
    }
    group.cold_start = tape.chance(8).then_some(ColdStart::DontStart);
    if tape.chance(20) {
        group.start_delay = Some(span(tape));
    }
}

pub(crate) fn resource(
    group: usize,
    position: usize,
    nodes: usize,
    tape: &mut Tape<'_>,
) -> ResourceDeclaration {
    let mut resource = ResourceDeclaration::new(format!("r{group}.{position}"), "Thing");
    let mut clauses: Vec<Vec<String>> = Vec::new();
    for provider in 0..position {
        let name = format!("[r{group}.{provider}]");
        match tape.below(4) {
            0 | 3 => {}
            1 => clauses.push(vec![name]),
            _ => match clauses.last_mut() {
                Some(clause) => clause.push(name),
                None => clauses.push(vec![name]),
            },
        }
    }
    if !clauses.is_empty() {
        let clauses: Vec<String> =
            clauses.iter().map(|clause| format!("({})", clause.join(" or "))).collect();
        resource = resource.needs(clauses.join(" and "));
    }
    if tape.chance(20) {
        let first = tape.below(nodes);
        let count = 1 + tape.below(nodes);
        resource =
            resource.possible_owners((0..count).map(|step| format!("n{}", (first + step) % nodes)));
    }
    let settings = overrides(tape);
    resource.settings(settings)
}

fn overrides(tape: &mut Tape<'_>) -> ResourceOverrides {
    let declared = drawn(tape);
    // Follows from another choice, so that the tapes of old histories keep their meaning.
    let start_threshold = match declared
        .is_alive_interval
        .and_then(|every| every.span())
        .map(|span| span.as_secs())
    {
        Some(1) => Some(2),
        Some(10) => Some(0),
        Some(_) | None => None,
    };
    let spans = (declared.deadlock_timeout, declared.restart_delay);
    let is_left = spans == (Some(millis(1_000)), Some(millis(5_000)));
    let on_unfixable = is_left.then_some(OnUnfixable::Block);
    ResourceOverrides { start_threshold, on_unfixable, ..declared }
}

fn drawn(tape: &mut Tape<'_>) -> ResourceOverrides {
    ResourceOverrides {
        desired: tape.pick(&[
            None,
            None,
            None,
            None,
            None,
            None,
            Some(DesiredState::Online),
            Some(DesiredState::Offline),
        ]),
        restart_action: Some(tape.pick(&[
            RestartAction::RestartNotify,
            RestartAction::RestartNotify,
            RestartAction::RestartNoNotify,
            RestartAction::DontRestart,
        ])),
        restart_threshold: Some(tape.pick(&[0, 1, 2, 3])),
        start_threshold: None,
        restart_period: Some(millis(tape.pick(&[900_000, 1_000, 60_000, 0]))),
        restart_delay: Some(millis(tape.pick(&[0, 500, 5_000]))),
        retry_period: Some(tape.pick(&[
            Interval::Every(millis(60_000)),
            Interval::Every(millis(3_600_000)),
            Interval::Never,
        ])),
        pending_timeout: Some(span(tape)),
        start_pending_timeout: tape.chance(20).then_some(millis(20_000)),
        start_deadline: Some(millis(tape.pick(&[3_600_000, 2_000, 10_000]))),
        stop_deadline: Some(millis(tape.pick(&[3_600_000, 2_000, 10_000]))),
        deadlock_timeout: Some(millis(tape.pick(&[1_000, 5_000, 300_000]))),
        looks_alive_interval: Some(tape.pick(&[
            Interval::Never,
            Interval::Every(millis(5_000)),
            Interval::Every(millis(500)),
        ])),
        is_alive_interval: Some(Interval::Every(millis(tape.pick(&[60_000, 1_000, 10_000])))),
        monitor: None,
        maintenance: tape.chance(5).then_some(Maintenance::On),
        on_unfixable: None,
        unconfirmed_stop: Some(tape.pick(&[
            UnconfirmedStop::BlockGroup,
            UnconfirmedStop::FenceNode,
            UnconfirmedStop::BlockGroup,
            UnconfirmedStop::FenceNode,
            UnconfirmedStop::AssumeOff,
        ])),
    }
}

/// Returns the name, in capitals at every other use: names do not depend on case.
fn spelled(name: &str, index: usize) -> String {
    if index.is_multiple_of(2) { name.to_owned() } else { name.to_uppercase() }
}

fn span(tape: &mut Tape<'_>) -> Duration {
    millis(tape.pick(&SPANS))
}

const fn millis(span: u64) -> Duration {
    Duration::from_millis(span)
}
