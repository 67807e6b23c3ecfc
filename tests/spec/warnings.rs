use std::time::Duration;

use quorate::kind::{KindDeclaration, ResourceOverrides};
use quorate::settings::{
    AntiAffinityPlacement, Failback, FailbackWindow, Interval, OnUnfixable, Priority, QuorumRule,
    UnconfirmedStop,
};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, NodeDeclaration, Profile, ResourceDeclaration,
};

use super::{cluster, group, service, warnings_of};

#[test]
fn a_sound_cluster_has_no_warnings() {
    let declaration = cluster().group(group("g").preferred_owners(["a"]).resource(service("r")));
    assert_eq!(warnings_of(declaration), [""; 0]);
}

#[test]
fn owners_that_cannot_be_met() {
    let declaration = cluster()
        .group(
            group("apart")
                .preferred_owners(["c"])
                .resource(service("r").possible_owners(["a"]))
                .resource(service("s").possible_owners(["b"])),
        )
        .group(
            group("picky")
                .preferred_owners(["c", "a"])
                .resource(service("t").possible_owners(["a", "b"])),
        );
    assert_eq!(
        warnings_of(declaration),
        [
            "groups.apart.resources: no node can run all that must run of it, so it is never wholly \
             online",
            "groups.picky.preferred_owners: node \"c\" is preferred but cannot run all that must run",
        ]
    );
}

/// 60 for a minute, 180 for three, are milliseconds.
#[test]
fn spans_that_may_be_in_another_unit() {
    let ms = |millis| Some(Duration::from_millis(millis));
    let mut slow = group("g");
    slow.failover_period = ms(6);
    slow.failure_memory = ms(15);
    slow.start_delay = ms(30);
    let mut declaration =
        cluster().group(slow.resource(service("r").settings(ResourceOverrides {
            restart_delay: ms(180),
            pending_timeout: ms(500),
            looks_alive_interval: Some(Interval::Every(Duration::from_millis(60))),
            is_alive_interval: ms(200).map(Interval::Every),
            ..ResourceOverrides::default()
        })));
    declaration.fence_timeout = ms(60);
    declaration.priority_wait = ms(300);
    let short = |path: &str, span: &str| {
        format!("{path}: is {span}, which is very short; a number without a unit is milliseconds")
    };
    assert_eq!(
        warnings_of(declaration),
        [
            short("priority_wait", "300ms"),
            short("fence_timeout", "60ms"),
            short("groups.g.failover_period", "6ms"),
            short("groups.g.failure_memory", "15ms"),
            short("groups.g.start_delay", "30ms"),
            short("groups.g.resources.r.settings.restart_delay", "180ms"),
            short("groups.g.resources.r.settings.pending_timeout", "500ms"),
            short("groups.g.resources.r.settings.looks_alive_interval", "60ms"),
        ]
    );
}

#[test]
fn settings_without_effect() {
    let mut mail = group("mail").anti_affinity_classes(["exchange"]);
    mail.priority = Some(Priority::new(5));
    mail.failback_window = Some(FailbackWindow { start_hour: 22, end_hour: 6 });
    let mut declaration = cluster().group(mail).group(group("web"));
    declaration.witness_weight = Some(2);
    assert_eq!(
        warnings_of(declaration),
        [
            "witness_weight: has no effect, because only \"majority_with_witness\" counts the \
             witness",
            "groups.mail.anti_affinity_classes: class \"exchange\" has no other group, so it keeps \
             nothing apart",
            "groups.mail.failback_window: has no effect, because failback is not \"allow\"",
            "groups.mail.priority: 5 is none of the tiers with a name, which other groups use: \
             no_auto_start is 0, low 1000, medium 2000, high 3000",
        ]
    );
    let mut own = group("own");
    own.priority = Some(Priority::new(5));
    assert_eq!(warnings_of(cluster().group(own)), [""; 0]);
}

#[test]
fn failover_settings_that_do_nothing() {
    let with = |name, threshold| {
        let mut group = group(name);
        group.failover_threshold = Some(threshold);
        group
    };
    let mut failback = group("home");
    failback.failback = Some(Failback::Allow);
    let declaration = cluster()
        .group(with("never", 0))
        .group(with("once", 3))
        .group(with("round", 4))
        .group(failback);
    assert_eq!(
        warnings_of(declaration),
        [
            "groups.never.failover_threshold: 0 means that no failed resource moves the group",
            "groups.round.failover_threshold: 4 failovers on 3 nodes visit failed nodes again",
            "groups.home.failback: has no effect without preferred owners",
        ]
    );
}

#[test]
fn risky_resource_settings_are_told_where_they_are_declared() {
    let risky = ResourceOverrides {
        retry_period: Some(Interval::Every(Duration::from_secs(60))),
        restart_threshold: Some(0),
        unconfirmed_stop: Some(UnconfirmedStop::AssumeOff),
        on_unfixable: Some(OnUnfixable::Block),
        ..ResourceOverrides::default()
    };
    let kind = KindDeclaration {
        name: "Mine".into(),
        settings: risky.clone(),
        ..KindDeclaration::default()
    };
    let of_kind = |name: &str| ResourceDeclaration::new(name, "mine");
    let declaration = cluster().kind(kind).group(
        group("g")
            .resource(of_kind("inherits"))
            .resource(of_kind("also inherits"))
            .resource(service("own").settings(risky)),
    );
    let expected: Vec<String> = ["kinds.Mine", "groups.g.resources.own"]
        .into_iter()
        .flat_map(|place| {
            [
                format!(
                    "{place}.settings.retry_period: 1m is shorter than the restart period of 15m"
                ),
                format!(
                    "{place}.settings.restart_threshold: 0 means that no failure leads to a restart"
                ),
                format!(
                    "{place}.settings.unconfirmed_stop: a resource that could not be stopped \
                     may then run twice"
                ),
                format!(
                    "{place}.settings.on_unfixable: what failed is left for an operator, but if its \
                     stop is not confirmed its unconfirmed_stop goes before that"
                ),
            ]
        })
        .collect();
    assert_eq!(warnings_of(declaration), expected);
}

#[test]
fn a_class_larger_than_the_cluster() {
    let declaration = |count: usize| {
        (0..count).fold(cluster(), |cluster, index| {
            cluster.group(group(&format!("g{index}")).anti_affinity_classes(["apart"]))
        })
    };
    let hard = |count| {
        let mut declaration = declaration(count);
        declaration.anti_affinity = Some(AntiAffinityPlacement::Hard);
        declaration
    };
    let warning = "anti_affinity: class \"apart\" keeps 4 groups apart on 3 nodes; not all of them can be online";
    assert_eq!(warnings_of(declaration(4)), [""; 0]);
    assert_eq!(warnings_of(hard(3)), [""; 0]);
    assert_eq!(warnings_of(hard(4)), [warning]);
    assert_eq!(warnings_of(declaration(4).profile(Profile::Mscs2003)), [warning]);
}

#[test]
fn demands_that_no_node_can_carry_or_limit() {
    let declaration = ClusterDeclaration::new("test")
        .node(NodeDeclaration::new("a").capacity("mb", 10))
        .node(NodeDeclaration::new("b").capacity("mb", 20))
        .node(NodeDeclaration::new("c").capacity("mb", 5))
        .group(group("fits").demand("mb", 20))
        .group(group("never").demand("mb", 21).demand("seats", 1))
        .group(group("pinned").demand("mb", 11).resource(service("r").possible_owners(["a", "c"])));
    assert_eq!(
        warnings_of(declaration.clone()),
        [
            "groups.never.demands: 21 of \"mb\" exceed the capacity of every possible owner, \
             at most 20",
            "groups.pinned.demands: 11 of \"mb\" exceed the capacity of every possible owner, \
             at most 10",
            "groups.never.demands: no node has a capacity in \"seats\", so nothing limits it",
        ]
    );
    // A node without a limit has room for everything.
    assert_eq!(warnings_of(declaration.node("d")).len(), 2);
}

#[test]
fn a_return_without_a_memory() {
    let returning = |memory| {
        let mut group = group("g").preferred_owners(["a"]).failback(Failback::Allow);
        group.failure_memory = memory;
        ClusterDeclaration::new("test").node("a").node("b").node("c").group(group)
    };
    let warning = "groups.g.failure_memory: 0 means that the group returns by itself to a node on \
                   which it keeps failing";
    assert_eq!(warnings_of(returning(Some(Duration::ZERO))), [warning]);
    assert_eq!(warnings_of(returning(None)), [""; 0]);
    // In 2003 that was so.
    assert_eq!(warnings_of(returning(None).profile(Profile::Mscs2003)), [""; 0]);
}

#[test]
fn demands_that_fit_one_by_one_but_not_together() {
    let nodes = || {
        ClusterDeclaration::new("test")
            .node(NodeDeclaration::new("fast").capacity("cpu", 8).capacity("mb", 4))
            .node(NodeDeclaration::new("large").capacity("cpu", 2).capacity("mb", 64))
            .node(NodeDeclaration::new("even").capacity("cpu", 4).capacity("mb", 16))
    };
    let both = |cpu, mb| group("g").demand("cpu", cpu).demand("mb", mb);
    let warning = "groups.g.demands: no possible owner has the capacity for all of them together";
    assert_eq!(warnings_of(nodes().group(both(4, 16))), [""; 0]);
    assert_eq!(warnings_of(nodes().group(both(5, 16))), [warning]);
    assert_eq!(warnings_of(nodes().group(both(4, 17))), [warning]);
    // Only possible owners count, and a node without a limit has room for everything.
    let pinned = both(4, 16).resource(service("r").possible_owners(["fast", "large"]));
    assert_eq!(warnings_of(nodes().group(pinned)), [warning]);
    assert_eq!(warnings_of(nodes().node("free").group(both(5, 16))), [""; 0]);
    // Where one demand alone fits nowhere, that is what is said.
    assert_eq!(
        warnings_of(nodes().group(both(9, 1))),
        ["groups.g.demands: 9 of \"cpu\" exceed the capacity of every possible owner, at most 8"]
    );
}

#[test]
fn a_class_whose_groups_have_too_few_nodes() {
    let pinned = |name: &str, owners: &[&str]| {
        let resource = service(&format!("{name} r")).possible_owners(owners.iter().copied());
        group(name).anti_affinity_classes(["apart"]).resource(resource)
    };
    let hard = |groups: Vec<GroupDeclaration>| {
        let mut declaration = groups.into_iter().fold(cluster(), ClusterDeclaration::group);
        declaration.anti_affinity = Some(AntiAffinityPlacement::Hard);
        declaration
    };
    let warning = |groups, nodes, group| {
        format!(
            "anti_affinity: class \"apart\" keeps {groups} groups apart that only {nodes} of the \
             nodes can own, \"{group}\" among them; not all of them can be online"
        )
    };
    // Together they have three nodes, but two of them have only one.
    let crowded = || vec![pinned("x", &["a", "b", "c"]), pinned("y", &["a"]), pinned("z", &["a"])];
    assert_eq!(warnings_of(hard(crowded())), [warning(2, 1, "z")]);
    let mut soft = hard(crowded());
    soft.anti_affinity = None;
    assert_eq!(warnings_of(soft.clone()), [""; 0]);
    // The 2003 profile refuses admission beside a group of the class, which comes to the same.
    assert_eq!(warnings_of(soft.profile(Profile::Mscs2003)), [warning(2, 1, "z")]);
    // The first come have to make room for the last one: only the matching finds that.
    let chain = [pinned("x", &["a", "b"]), pinned("y", &["b", "c"]), pinned("z", &["a"])];
    assert_eq!(warnings_of(hard(chain.to_vec())), [""; 0]);
    let swapped = [pinned("x", &["a", "b"]), pinned("y", &["a", "c"]), pinned("z", &["a"])];
    assert_eq!(warnings_of(hard(swapped.to_vec())), [""; 0]);
    // Where more groups than nodes are the matter, that is said.
    let many: Vec<_> = ["w", "x", "y", "z"].map(|name| pinned(name, &["a"])).to_vec();
    assert_eq!(
        warnings_of(hard(many)),
        [
            "anti_affinity: class \"apart\" keeps 4 groups apart on 3 nodes; not all of them can be online"
        ]
    );
}

#[test]
fn a_node_without_room_for_a_group_is_none_for_its_class() {
    let mut declaration = ClusterDeclaration::new("test")
        .node(NodeDeclaration::new("a").capacity("mb", 10))
        .node(NodeDeclaration::new("b").capacity("mb", 5))
        .node(NodeDeclaration::new("c").capacity("mb", 5))
        .group(group("x").anti_affinity_classes(["apart"]).demand("mb", 10))
        .group(group("y").anti_affinity_classes(["apart"]).demand("mb", 6));
    declaration.anti_affinity = Some(AntiAffinityPlacement::Hard);
    assert_eq!(
        warnings_of(declaration.clone()),
        ["anti_affinity: class \"apart\" keeps 2 groups apart that only 1 of the nodes can own, \
          \"y\" among them; not all of them can be online"]
    );
    declaration.groups[1].demands.insert("mb".into(), 5);
    assert_eq!(warnings_of(declaration.clone()), [""; 0]);
    // A group that no node can own is told of by itself, not through its class.
    declaration.groups[1].demands.insert("mb".into(), 11);
    assert_eq!(
        warnings_of(declaration),
        ["groups.y.demands: 11 of \"mb\" exceed the capacity of every possible owner, at most 10"]
    );
}

#[test]
fn two_nodes_with_a_majority_of_nodes() {
    let two = || ClusterDeclaration::new("test").node("a").node("b");
    let warning = "quorum: the loss of any node takes the quorum away; add a witness";
    assert_eq!(warnings_of(two()), [warning]);
    assert_eq!(warnings_of(two().quorum(QuorumRule::MajorityWithWitness)), [""; 0]);
    assert_eq!(warnings_of(two().node("c")), [""; 0]);
    assert_eq!(warnings_of(ClusterDeclaration::new("test").node("a")), [""; 0]);
    let mut uneven = two();
    uneven.nodes[0].vote_weight = Some(2);
    assert_eq!(warnings_of(uneven), [""; 0]);
}

#[test]
fn what_just_suffices_is_no_reason_to_warn() {
    let settings = ResourceOverrides {
        retry_period: Some(Interval::Every(Duration::from_secs(900))),
        restart_period: Some(Duration::from_secs(900)),
        ..ResourceOverrides::default()
    };
    let declaration = ["a", "b", "c"]
        .into_iter()
        .map(|name| NodeDeclaration::new(name).capacity("memory", 8))
        .fold(ClusterDeclaration::new("mill"), ClusterDeclaration::node)
        .group(group("g").demand("memory", 8).resource(service("r").settings(settings)));
    assert_eq!(warnings_of(declaration), [""; 0]);
}

#[test]
fn only_what_does_not_suffice_is_a_reason_to_warn() {
    let node = |name| NodeDeclaration::new(name).capacity("memory", 8).capacity("disks", 1);
    let declaration = ["a", "b", "c"]
        .into_iter()
        .map(node)
        .fold(ClusterDeclaration::new("mill"), ClusterDeclaration::node)
        .group(group("g").demand("memory", 8).demand("disks", 2).resource(service("r")));
    let warnings = warnings_of(declaration);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("disks"), "{warnings:?}");
}
