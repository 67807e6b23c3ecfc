use std::time::Duration;

use quorate::graph::Expression;
use quorate::kind::{KindDeclaration, RequiredProvider};
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, NodeDeclaration, Problem, ResourceDeclaration, Subject};

use super::{cluster, disk, errors_of, group, read, service};

#[test]
fn names_are_checked() {
    let (long, cut) = ("x".repeat(256), "x".repeat(60));
    let mut declaration = cluster()
        .node("")
        .node("A")
        .node(long.as_str())
        .group(group("g").resource(service("r")).resource(service("")))
        .group(group("G").resource(service("R")).resource(service(" padded")))
        .kind(KindDeclaration { name: "Mine".into(), ..KindDeclaration::default() })
        .kind(KindDeclaration { name: "mine".into(), ..KindDeclaration::default() })
        .kind(KindDeclaration::default());
    declaration.groups[0].anti_affinity_classes.push(String::new());
    assert_eq!(
        errors_of(declaration),
        [
            "kinds: entry 3 has an empty name".to_string(),
            "kinds.mine.name: the name is taken by kinds.Mine".into(),
            "nodes: entry 4 has an empty name".into(),
            format!("nodes.\"{cut}…\".name: a name of 256 bytes, at most 255 are allowed"),
            "nodes.A.name: the name is taken by nodes.a".into(),
            "groups.g.resources: entry 2 has an empty name".into(),
            "groups.g.anti_affinity_classes: entry 1 has an empty name".into(),
            "groups.G.resources.\" padded\".name: the name begins or ends with white space".into(),
            "groups.G.name: the name is taken by groups.g".into(),
            "groups.G.resources.R.name: the name is taken by groups.g.resources.r".into(),
        ]
    );
}

#[test]
fn two_spellings_of_a_dimension_are_one() {
    let mut declaration = cluster()
        .node(NodeDeclaration::new("d").capacity("mb", 1).capacity("MB", 2))
        .group(group("g").demand("Straße", 1).demand("STRAẞE", 1).demand("strasse", 1))
        .kind(KindDeclaration { name: "Mine".into(), ..KindDeclaration::default() });
    declaration.kinds[0].at_most_per_node = [("mb".into(), 1), ("Mb".into(), 1)].into();
    assert_eq!(
        errors_of(declaration),
        [
            "kinds.Mine.at_most_per_node: \"mb\" stands twice: case does not matter",
            "nodes.d.capacity: \"mb\" stands twice: case does not matter",
            "groups.g.demands: \"Straße\" stands twice: case does not matter",
        ]
    );
}

#[test]
fn two_spellings_of_a_class_are_one() {
    let in_class = |name: &str, class: &str| {
        let spellings = [class.to_owned(), class.to_uppercase()];
        group(name).demand(class, 1).anti_affinity_classes(spellings)
    };
    let spec = cluster()
        .node(NodeDeclaration::new("d").capacity("DÉPÔT", 1))
        .group(in_class("g", "dépôt"))
        .group(in_class("h", "Dépôt"))
        .build()
        .expect("it is legal");
    assert_eq!(spec.classes().collect::<Vec<_>>(), ["DÉPÔT"]);
    assert_eq!(spec.dimensions().collect::<Vec<_>>(), ["DÉPÔT"]);
    for (_, group) in spec.groups() {
        assert_eq!(group.anti_affinity_classes().len(), 1);
        assert_eq!(group.demands(), [(spec.dimension_id("dépÔt").expect("declared"), 1)]);
    }
}

#[test]
fn a_name_at_the_limit_is_legal() {
    assert!(cluster().node("x".repeat(255)).build().is_ok());
    let mut declaration = cluster();
    declaration.name = "x".repeat(256);
    assert_eq!(errors_of(declaration), ["name: a name of 256 bytes, at most 255 are allowed"]);
}

/// A text that a screen shows as another name, or as two lines of a log, is no name.
#[test]
fn names_hold_no_hidden_characters() {
    for (character, code) in [
        ('\u{7}', "0007"),
        ('\n', "000A"),
        ('\u{7f}', "007F"),
        ('\u{85}', "0085"),
        ('\u{61c}', "061C"),
        ('\u{200f}', "200F"),
        ('\u{2028}', "2028"),
        ('\u{202e}', "202E"),
        ('\u{2066}', "2066"),
        ('\u{2069}', "2069"),
    ] {
        let name = format!("x{character}y");
        let mut declaration = cluster().node(
            NodeDeclaration { site: Some(name.clone()), ..NodeDeclaration::new(&*name) }
                .capacity(&*name, 1),
        );
        declaration.name = name.clone();
        let declaration = declaration.group(
            group(&name).anti_affinity_classes([&*name]).demand(&*name, 1).resource(service(&name)),
        );
        let errors = errors_of(declaration);
        let found = format!("holds the character U+{code}; ");
        assert_eq!(errors.len(), 8, "{errors:?}");
        for error in errors {
            assert!(error.contains(&found), "{error}");
            assert!(!error.contains(character), "{error}");
        }
    }
    let letters = ["Ωmega", "日本", "naïve", "שלום", "a\u{301}", "👍"];
    for name in letters {
        assert_eq!(cluster().group(group(name)).build().map(drop), Ok(()), "{name}");
    }
}

#[test]
fn the_longest_duration_is_too_long() {
    let mut declaration = cluster();
    declaration.fence_timeout = Some(Duration::MAX);
    let errors = errors_of(declaration);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("which is too long: must be at most 213503982334d"), "{errors:?}");
}

#[test]
fn a_cluster_needs_nodes_and_votes() {
    assert_eq!(
        errors_of(ClusterDeclaration::new("empty")),
        ["nodes: a cluster needs at least one node"]
    );
    let voting =
        |weight| NodeDeclaration { vote_weight: Some(weight), ..NodeDeclaration::new("a") };
    let with = |weight| ClusterDeclaration::new("votes").node(voting(weight));
    assert_eq!(errors_of(with(0)), ["nodes: no node has a vote, so there is never a quorum"]);
    assert_eq!(
        errors_of(with(u32::MAX).node("b")),
        ["nodes: the votes add up to more than 4294967295"]
    );
    assert_eq!(
        errors_of(with(u32::MAX).quorum(QuorumRule::MajorityWithWitness)),
        ["nodes: the votes add up to more than 4294967295"]
    );
    let mut without = with(1).quorum(QuorumRule::MajorityWithWitness);
    without.witness_weight = Some(0);
    assert_eq!(errors_of(without), ["witness_weight: must be at least 1"]);
    let mut disk_only = with(0).quorum(QuorumRule::DiskOnly);
    disk_only.witness_weight = Some(0);
    assert!(disk_only.build().is_ok());
}

#[test]
fn owners_are_checked() {
    let declaration = cluster().group(
        group("g")
            .preferred_owners(["a", "node-x", "A"])
            .resource(service("r").possible_owners(["B", "b"]))
            .resource(service("s").possible_owners([] as [&str; 0])),
    );
    assert_eq!(
        errors_of(declaration),
        [
            "groups.g.resources.r.possible_owners: node \"b\" is listed twice",
            "groups.g.resources.s.possible_owners: names no node; \
             leave it out if every node is possible",
            "groups.g.preferred_owners: no node is named \"node-x\"",
            "groups.g.preferred_owners: node \"A\" is listed twice",
        ]
    );
}

#[test]
fn a_wrong_list_of_owners_is_reported_for_each_resource() {
    let wrong = |name| service(name).possible_owners(["node 2"]);
    let declaration = ClusterDeclaration::new("test")
        .node("node 1")
        .group(group("g").resource(wrong("r")).resource(wrong("s")));
    assert_eq!(
        errors_of(declaration),
        [
            "groups.g.resources.r.possible_owners: no node is named \"node 2\"; \
             did you mean \"node 1\"?",
            "groups.g.resources.s.possible_owners: no node is named \"node 2\"; \
             did you mean \"node 1\"?",
        ]
    );
}

#[test]
fn unknown_kinds_are_reported_with_the_nearest() {
    let mut declaration = cluster().group(
        group("g")
            .resource(ResourceDeclaration::new("d", "Fysical Disk"))
            .resource(ResourceDeclaration::new("e", "Toaster")),
    );
    declaration.kinds.push(KindDeclaration {
        name: "Mine".into(),
        requires: vec![RequiredProvider::Kind("IP Adress".into())],
        ..KindDeclaration::default()
    });
    assert_eq!(
        errors_of(declaration),
        [
            "kinds.Mine.requires: no kind is named \"IP Adress\"; did you mean \"IP Address\"?",
            "groups.g.resources.d.kind: no kind is named \"Fysical Disk\"; \
             did you mean \"Physical Disk\"?",
            "groups.g.resources.e.kind: no kind is named \"Toaster\"; the kinds are \"Physical Disk\", \
             \"IP Address\", \"Network Name\", \"File Share\", \"Print Spooler\", \"Generic Service\", \
             \"Generic Application\", \"Generic Script\", \"Exchange System Attendant\", \"Exchange \
             Information Store\", \"Exchange MTA\", \"Exchange Routing\", \"Exchange SMTP Virtual \
             Server\", \"Exchange HTTP Virtual Server\", \"Exchange IMAP4 Virtual Server\", \"Exchange \
             POP3 Virtual Server\", \"Exchange MS Search\", \"Mine\"",
        ]
    );
}

#[test]
fn dependencies_are_checked() {
    let declaration = cluster()
        .group(
            group("g")
                .resource(disk("Disk F:"))
                .resource(service("itself").needs("[ITSELF]"))
                .resource(service("twice").needs("[Disk F:] and ([disk f:] or [itself])"))
                .resource(service("near").needs("[Disk G:]"))
                .resource(service("nothing").needs("[nowhere at all]"))
                .resource(service("far").needs("[OTHER]"))
                .resource(service("hollow").needs(Expression::new().and_any_of([] as [&str; 0])))
                .resource(service("text").needs("[near] and")),
        )
        .group(group("elsewhere").resource(service("other")));
    assert_eq!(
        errors_of(declaration),
        [
            "groups.g.resources.itself.depends_on: a resource cannot depend on itself",
            "groups.g.resources.twice.depends_on: \"Disk F:\" occurs twice in the expression",
            "groups.g.resources.near.depends_on: no resource is named \"Disk G:\"; \
             did you mean \"Disk F:\"?",
            "groups.g.resources.nothing.depends_on: no resource is named \"nowhere at all\"",
            "groups.g.resources.far.depends_on: \"OTHER\" is in group \"elsewhere\", \
             and dependencies stay within a group",
            "groups.g.resources.hollow.depends_on: a clause of the expression has no members",
            "groups.g.resources.text.depends_on: expected a resource such as \
             `[name]`, or `(` at byte 10",
        ]
    );
}

#[test]
fn a_cycle_is_told_as_a_whole() {
    let declaration = cluster().group(
        group("g")
            .resource(service("x"))
            .resource(service("a").needs("[b]"))
            .resource(service("b").needs("[x] and [c]"))
            .resource(service("c").needs("[a]")),
    );
    assert_eq!(
        errors_of(declaration),
        ["groups.g.resources.a.depends_on: the dependencies form a cycle: \
          \"a\" -> \"b\" -> \"c\" -> \"a\""]
    );
}

#[test]
fn amounts_that_do_not_fit_are_refused() {
    let declaration = cluster()
        .node(NodeDeclaration::new("d").capacity("mb", u64::MAX))
        .node(NodeDeclaration::new("e").capacity("mb", 1))
        .group(group("g").demand("mb", 1))
        .group(group("h").demand("mb", u64::MAX));
    assert_eq!(
        errors_of(declaration),
        [
            "nodes.e.capacity: the amounts of \"mb\" add up to more than 18446744073709551615",
            "groups.h.demands: the amounts of \"mb\" add up to more than 18446744073709551615",
        ]
    );
}

#[test]
fn required_providers_are_asked_for() {
    let name = |name: &str| ResourceDeclaration::new(name, "Network Name");
    let spooler = |name: &str| ResourceDeclaration::new(name, "Print Spooler");
    let declaration = cluster().group(
        group("g")
            .resource(disk("disk"))
            .resource(ResourceDeclaration::new("ip", "ip address"))
            .resource(name("bare"))
            .resource(name("named").needs("[ip]"))
            .resource(spooler("spool").needs("[disk]"))
            .resource(spooler("good").needs("[disk] and [named]"))
            .resource(spooler("silent").needs("[gone]")),
    );
    assert_eq!(
        errors_of(declaration),
        [
            "groups.g.resources.silent.depends_on: no resource is named \"gone\"",
            "groups.g.resources.bare.depends_on: its kind must depend on \
             a resource of kind \"IP Address\"",
            "groups.g.resources.spool.depends_on: its kind must depend on \
             a resource of kind \"Network Name\"",
        ]
    );
}

#[test]
fn everything_is_reported_at_once_and_in_types() {
    let text = r#"
        name = "test"
        fence_threshold = 0
        nodes = [{ name = "a" }, { name = "A" }]
        [[groups]]
        name = "g"
        preferred_owners = ["z"]
        start_delay = "1h"
        [[groups.resources]]
        name = "r"
        kind = "Nothing"
        depends_on = "[s]"
        [[groups.resources]]
        name = "s"
        kind = "Generic Script"
        depends_on = "[r]"
        possible_owners = []
    "#;
    let errors = read(text).build().expect_err("everything is wrong");
    let paths: Vec<String> = errors.iter().map(|error| error.path.to_string()).collect();
    assert_eq!(
        paths,
        [
            "fence_threshold",
            "nodes.A.name",
            "groups.g.start_delay",
            "groups.g.resources.r.kind",
            "groups.g.resources.s.possible_owners",
            "groups.g.preferred_owners",
            "groups.g.resources.r.depends_on",
        ]
    );
    let last = errors.iter().last().expect("there are errors");
    assert_eq!(last.path.field(), Some("depends_on"));
    assert_eq!(last.path.subject(), &Subject::Resource { group: "g".into(), resource: "r".into() });
    assert_eq!(last.problem, Problem::Cycle { resources: vec!["r".into(), "s".into()] });
}
