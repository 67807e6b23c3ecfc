//! Every limit: what is legal at it, and what is said one past it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use quorate::graph::Expression;
use quorate::kind::{KindDeclaration, RequiredProvider, ResourceClass};
use quorate::settings::AntiAffinityPlacement;
use quorate::spec::{
    ClusterDeclaration, Limit, Limits, NodeDeclaration, Problem, ResourceDeclaration,
};

use super::{cluster, disk, errors_of, group, service};

/// As many names as asked for.
fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("n{index}"))
}

fn nodes(count: usize) -> ClusterDeclaration {
    names(count).fold(ClusterDeclaration::new("test"), ClusterDeclaration::node)
}

/// Builds at the limit; one past it gives this one error.
fn assert_limit(most: usize, declare: impl Fn(usize) -> ClusterDeclaration, error: &str) {
    let at = declare(most).build();
    assert!(at.is_ok(), "{error}: {}", at.expect_err("just seen"));
    assert_eq!(errors_of(declare(most + 1)), [error]);
    assert!(declare(most + 1).build_within(&Limits::unlimited()).is_ok(), "{error}");
}

fn kind(name: &str) -> KindDeclaration {
    KindDeclaration { name: name.into(), ..KindDeclaration::default() }
}

#[test]
fn nodes_groups_resources_and_kinds() {
    assert_limit(64, nodes, "nodes: 65 nodes, at most 64 are allowed");
    assert_limit(
        4_096,
        |count| names(count).fold(cluster(), |cluster, name| cluster.group(group(&name))),
        "groups: 4097 groups, at most 4096 are allowed",
    );
    assert_limit(
        65_536,
        |count| {
            let mut groups: Vec<_> = names(128).map(|name| group(&name)).collect();
            for (index, name) in names(count).enumerate() {
                groups[index % 128].resources.push(service(&name));
            }
            ClusterDeclaration { groups, ..cluster() }
        },
        "resources: 65537 resources in all groups, at most 65536 are allowed",
    );
    assert_limit(
        1_024,
        |count| names(count).fold(cluster(), |cluster, name| cluster.kind(kind(&name))),
        "kinds: 1025 kinds, at most 1024 are allowed",
    );
}

#[test]
fn what_one_group_lists() {
    assert_limit(
        1_024,
        |count| {
            let with = names(count).fold(group("g"), |group, name| group.resource(service(&name)));
            cluster().group(with)
        },
        "groups.g.resources: 1025 resources in one group, at most 1024 are allowed",
    );
    assert_limit(
        64,
        |count| cluster().group(group("g").anti_affinity_classes(names(count))),
        "groups.g.anti_affinity_classes: 65 anti-affinity classes, at most 64 are allowed",
    );
}

/// With more nodes than are allowed by default, as no list can name a node twice.
#[test]
fn lists_of_owners() {
    let mut many = Limits::default();
    many.nodes = 65;
    let said = |declaration: ClusterDeclaration| {
        declaration.build_within(&many).map(|_| ()).map_err(|errors| errors.to_string())
    };
    let preferred = |count| said(nodes(65).group(group("g").preferred_owners(names(count))));
    assert_eq!(preferred(64), Ok(()));
    let error = "groups.g.preferred_owners: 65 preferred owners, at most 64 are allowed";
    assert_eq!(preferred(65), Err(error.into()));
    let possible = |count| {
        said(nodes(65).group(group("g").resource(service("r").possible_owners(names(count)))))
    };
    assert_eq!(possible(64), Ok(()));
    let error = "groups.g.resources.r.possible_owners: 65 possible owners, at most 64 are allowed";
    assert_eq!(possible(65), Err(error.into()));
}

#[test]
fn classes_and_dimensions_of_the_whole_cluster() {
    assert_limit(
        4_096,
        |count| {
            let mut groups: Vec<_> = names(128).map(|name| group(&name)).collect();
            for (index, name) in names(count).enumerate() {
                groups[index % 128].anti_affinity_classes.push(name);
            }
            ClusterDeclaration { groups, ..cluster() }
        },
        "cluster: 4097 anti-affinity classes in all groups, at most 4096 are allowed",
    );
    // Half of them are offered, half demanded, and one is both.
    let dimensions = |count: usize| {
        let mut node = NodeDeclaration::new("d").capacity("both", 1);
        let mut with = group("g").demand("both", 1);
        for (index, name) in names(count - 1).enumerate() {
            if index % 2 == 0 {
                node = node.capacity(name, 1);
            } else {
                with = with.demand(name, 1);
            }
        }
        cluster().node(node).group(with)
    };
    assert_limit(64, dimensions, "cluster: 65 dimensions, at most 64 are allowed");
}

#[test]
fn what_one_kind_lists() {
    let requires = |count: usize| {
        // A choice counts with every name, and an empty one counts as well.
        let choice = RequiredProvider::AnyKind(vec!["Physical Disk".into(); count - 2]);
        let mut kind = kind("Mine");
        kind.requires =
            vec![choice, RequiredProvider::AnyKind(vec![]), RequiredProvider::Kind("Mine".into())];
        cluster().kind(kind)
    };
    let error = "kinds.Mine.requires: 65 required providers, at most 64 are allowed";
    assert_limit(64, requires, error);
    let limits = |count| {
        let mut kind = kind("Mine");
        kind.at_most_per_node = names(count).map(|name| (name, 1)).collect::<BTreeMap<_, _>>();
        cluster().kind(kind)
    };
    let error = "kinds.Mine.at_most_per_node: 65 dimensions, at most 64 are allowed";
    assert_limit(64, limits, error);
}

#[test]
fn depth_and_number_of_dependencies() {
    let chain = |length: usize| {
        let mut chain = group("g").resource(service("n0"));
        for (below, name) in names(length).skip(1).enumerate() {
            chain = chain.resource(service(&name).needs(format!("[n{below}]").as_str()));
        }
        cluster().group(chain)
    };
    let error = "groups.g.resources: the dependencies are 101 deep, at most 100 are allowed";
    assert_limit(100, chain, error);
    let wide = |count| {
        let group = names(count).fold(group("g"), |group, name| group.resource(service(&name)));
        cluster().group(group.resource(service("all").needs(Expression::all_of(names(count)))))
    };
    let error = "groups.g.resources.all.depends_on: 65 dependencies, at most 64 are allowed";
    assert_limit(64, wide, error);
}

#[test]
fn lengths_of_names() {
    let named = |place: fn(&mut ClusterDeclaration, String)| {
        move |bytes: usize| {
            let resource = ResourceDeclaration::new("r", "Generic Service");
            let mut declaration = cluster().kind(kind("k")).group(group("g").resource(resource));
            place(&mut declaration, "x".repeat(bytes));
            declaration
        }
    };
    let cut = "x".repeat(60);
    let long = "a name of 256 bytes, at most 255 are allowed";
    let check = |path: &str, place: fn(&mut ClusterDeclaration, String)| {
        assert_limit(255, named(place), &format!("{path}: {long}"));
    };
    check("name", |it, name| it.name = name);
    check(&format!("nodes.\"{cut}…\".name"), |it, name| it.nodes[0].name = name);
    check("nodes.a.site", |it, name| it.nodes[0].site = Some(name));
    check("nodes.a.capacity", |it, name| it.nodes[0].capacity = [(name, 1)].into());
    check(&format!("kinds.\"{cut}…\".name"), |it, name| it.kinds[0].name = name);
    check("kinds.k.at_most_per_node", |it, name| {
        it.kinds[0].at_most_per_node = [(name, 1)].into();
    });
    check(&format!("groups.\"{cut}…\".name"), |it, name| it.groups[0].name = name);
    check("groups.g.anti_affinity_classes", |it, name| {
        it.groups[0].anti_affinity_classes.push(name);
    });
    check(&format!("groups.g.resources.\"{cut}…\".name"), |it, name| {
        it.groups[0].resources[0].name = name;
    });
    // A dimension that nobody offers is legal and warned of.
    let demand = |bytes: usize| cluster().group(group("g").demand("x".repeat(bytes), 1));
    assert_limit(255, demand, &format!("groups.g.demands: {long}"));
}

#[test]
fn parameters() {
    let many = |count| {
        let it = names(count).fold(group("g"), |group, name| group.parameter(name, ""));
        cluster().group(it)
    };
    assert_limit(64, many, "groups.g.parameters: 65 parameters, at most 64 are allowed");
    let long = |bytes: usize| {
        let text = "x".repeat(bytes / 2);
        let rest = "x".repeat(bytes - bytes / 2);
        cluster().group(group("g").resource(disk("d").parameter("a", text).parameter("b", rest)))
    };
    let error =
        "groups.g.resources.d.parameters: 4097 bytes in parameters, at most 4096 are allowed";
    assert_limit(4_096, long, error);
    let nameless = ClusterDeclaration::new("c").node(NodeDeclaration::new("a").parameter("", "x"));
    assert_eq!(errors_of(nameless), ["nodes.a.parameters: entry 1 has an empty name"]);
}

#[test]
fn problems_are_listed_up_to_a_limit_and_then_counted() {
    let wrong = |count| {
        let unknown = |name: String| ResourceDeclaration::new(name, "Nothing of the kind");
        let with = names(count).fold(group("g"), |group, name| group.resource(unknown(name)));
        cluster().group(with)
    };
    assert_eq!(errors_of(wrong(1_000)).len(), 1_000);
    let errors = errors_of(wrong(1_003));
    assert_eq!(errors.len(), 1_001);
    assert_eq!(errors[1_000], "cluster: 3 more problems are not listed");
    let mut none = Limits::default();
    none.problems = 0;
    let errors = wrong(2).build_within(&none).expect_err("it is wrong, whatever is listed");
    assert_eq!(errors.errors()[1].problem, Problem::MoreProblems { omitted: 1 });
}

#[test]
fn missing_providers_are_named_up_to_a_limit_and_then_counted() {
    let lonely = |count| {
        let kind = KindDeclaration {
            requires: vec![RequiredProvider::EveryOfClass(ResourceClass::Storage)],
            ..kind("Mine")
        };
        let with = names(count).fold(group("g"), |group, name| group.resource(disk(&name)));
        cluster().kind(kind).group(with.resource(ResourceDeclaration::new("r", "Mine")))
    };
    let named = "groups.g.resources.r.depends_on: its kind must depend on every storage resource \
                 of the group, also on \"n0\", \"n1\", \"n2\", \"n3\", \"n4\", \"n5\", \"n6\", \
                 \"n7\"";
    assert_eq!(errors_of(lonely(8)), [named.to_string()]);
    assert_eq!(errors_of(lonely(9)), [format!("{named} and 1 more")]);
}

/// A kind that limits what its groups demand of a node, and groups with it that can never meet
/// though each demands more than half: every pair has to be looked at.
fn strangers(count: usize) -> ClusterDeclaration {
    let kind = KindDeclaration { at_most_per_node: [("seats".into(), 3)].into(), ..kind("Mine") };
    let pinned = |name: String| {
        let resource = ResourceDeclaration::new(name.clone(), "Mine").possible_owners([&name]);
        group(&name).demand("seats", 2).resource(resource)
    };
    names(count).map(pinned).fold(nodes(count).kind(kind), ClusterDeclaration::group)
}

#[test]
fn comparisons_are_limited() {
    let within = |comparisons| {
        let mut limits = Limits::default();
        limits.comparisons = comparisons;
        limits
    };
    // Four groups are six pairs.
    assert!(strangers(4).build_within(&within(6)).is_ok());
    let errors = strangers(4).build_within(&within(5)).expect_err("one step is missing");
    assert_eq!(errors.errors()[0].problem, Problem::TooManyComparisons { limit: 5 });
    assert_eq!(
        errors.to_string(),
        "kinds.Mine.at_most_per_node: the groups with the kind differ too much in their possible \
         owners and anti-affinity classes to compare them all within 5 steps"
    );
}

#[test]
fn sizes_are_limited_before_anything_else() {
    let mut small = Limits::default();
    (small.nodes, small.groups, small.resources) = (2, 1, 1);
    let large = cluster()
        .group(group("g").resource(service("r")))
        .group(group("h").resource(service("s").needs("[nowhere]")));
    let errors = large.build_within(&small).expect_err("it exceeds every limit");
    assert_eq!(
        errors.to_string(),
        "nodes: 3 nodes, at most 2 are allowed\n\
         groups: 2 groups, at most 1 are allowed\n\
         resources: 2 resources in all groups, at most 1 are allowed"
    );
    let first = &errors.errors()[0];
    assert_eq!(first.problem, Problem::TooMany { limit: Limit::Nodes, found: 3, most: 2 });
}

/// The largest declaration that is legal by default, made to be hard: every group in 64 classes
/// with hard anti-affinity, pinned and demanding in every dimension.
fn hostile() -> ClusterDeclaration {
    let dimensions: Vec<String> = names(64).collect();
    let mut declaration = ClusterDeclaration::new("test");
    for name in names(64) {
        let mut node = NodeDeclaration::new(name);
        node.capacity = dimensions.iter().map(|name| (name.clone(), 4_096)).collect();
        declaration.nodes.push(node);
    }
    for index in 0..4_096_usize {
        let mut hard = group(&format!("g{index}"));
        hard.demands = dimensions.iter().map(|name| (name.clone(), 1)).collect();
        hard.anti_affinity_classes =
            (0..64).map(|class| format!("c{}", (index / 64) * 64 + class)).collect();
        let owners: Vec<String> = names(64).skip(index % 64).collect();
        for resource in 0..16 {
            let resource = service(&format!("r{index}.{resource}"));
            hard = hard.resource(resource.possible_owners(owners.clone()));
        }
        declaration.groups.push(hard);
    }
    declaration.anti_affinity = Some(AntiAffinityPlacement::Hard);
    declaration
}

/// The bound is generous, because machines differ; what it guards against is quadratic work, which
/// would take minutes.
#[test]
fn a_hostile_declaration_within_the_limits_is_checked_soon() {
    let declaration = hostile();
    let begin = Instant::now();
    let spec = declaration.build().expect("it is legal");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    // Each class has 64 groups, and the matching finds a node for each of them.
    assert!(spec.warnings().is_empty(), "{}", spec.warnings()[0]);
}
