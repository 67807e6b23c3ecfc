//! Smaller parts of declarations and of what is built from them.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate::catalog::exchange::{Version, VirtualServer};
use quorate::kind::{KindDeclaration, RequiredProvider, ResourceClass, SpareNode};
use quorate::spec::{GroupDeclaration, ResourceDeclaration, SpecError};
use quorate::time::Interval;

use super::{built, cluster, disk, errors_of, group, read, service, warnings_of};

/// The graph of a group is drawn with the names that people gave.
#[test]
fn graphs_are_drawn_with_names() {
    let spec =
        built(cluster().group(
            group("sql").resource(disk("Disk F:")).resource(service("db").needs("[Disk F:]")),
        ));
    let sql = spec.group_id("sql").expect("a declared group");
    let dot = spec.to_dot(sql).expect("a declared group");
    let mermaid = spec.to_mermaid(sql).expect("a declared group");
    for text in [&dot, &mermaid] {
        assert!(text.contains("Disk F:") && text.contains("db"), "{text}");
    }
    assert!(dot.contains("sql") && dot.contains("->"), "{dot}");
    let other = built(cluster());
    assert_eq!((other.to_dot(sql), other.to_mermaid(sql)), (None, None));
}

/// Errors are looked at one by one, in the order in which they are printed.
#[test]
fn errors_are_counted_off() {
    let errors = cluster().node("").node("A").build().expect_err("two names are wrong");
    let mut told = Vec::new();
    for error in &errors {
        told.push(error.to_string());
    }
    let printed: Vec<String> = errors.iter().map(SpecError::to_string).collect();
    assert_eq!(told, printed);
    assert_eq!(told.join("\n"), errors.to_string());
    assert_eq!(told.len(), 2);
}

/// A name that TOML would not take as a bare key stands in quotes.
#[test]
fn odd_names_are_quoted_in_paths() {
    let declaration =
        cluster().group(group("say \"hi\" \\").resource(service("r").needs("[gone]")));
    assert_eq!(
        errors_of(declaration),
        ["groups.\"say \\\"hi\\\" \\\\\".resources.r.depends_on: \
          no resource is named \"gone\""]
    );
}

/// Letters, digits, underscores and hyphens need no quotes.
#[test]
fn plain_names_are_bare_in_paths() {
    let declaration = cluster().group(group("sql_1-b").resource(service("r").needs("[gone]")));
    assert_eq!(
        errors_of(declaration),
        ["groups.sql_1-b.resources.r.depends_on: no resource is named \"gone\""]
    );
}

/// The requirements of a kind are told in the words of an operator.
#[test]
fn required_providers_are_described() {
    let needs = |name: &str, requires: RequiredProvider| KindDeclaration {
        name: name.into(),
        requires: vec![requires],
        ..KindDeclaration::default()
    };
    let kinds = vec!["IP Address".into(), "Network Name".into()];
    let declaration = cluster()
        .kind(needs("n", RequiredProvider::Class(ResourceClass::Network)))
        .kind(needs("u", RequiredProvider::Class(ResourceClass::User)))
        .kind(needs("s", RequiredProvider::EveryOfClass(ResourceClass::Storage)))
        .kind(needs("any", RequiredProvider::AnyKind(kinds)))
        .group(
            group("g")
                .resource(disk("disk"))
                .resource(ResourceDeclaration::new("a", "n"))
                .resource(ResourceDeclaration::new("b", "u"))
                .resource(ResourceDeclaration::new("c", "s"))
                .resource(ResourceDeclaration::new("d", "any")),
        );
    let start =
        |name: &str| format!("groups.g.resources.{name}.depends_on: its kind must depend on ");
    assert_eq!(
        errors_of(declaration),
        [
            start("a") + "a network resource",
            start("b") + "a user resource",
            start("d") + "a resource of one of the kinds \"IP Address\", \"Network Name\"",
            start("c") + "every storage resource of the group, also on \"disk\"",
        ]
    );
}

/// The two largest demands of a kind decide, in whatever order the groups are declared; groups
/// without a node in common never meet.
#[test]
fn the_two_largest_of_a_kind_must_fit_together() {
    let kind = || KindDeclaration {
        name: "store".into(),
        at_most_per_node: BTreeMap::from([("db".into(), 10)]),
        ..KindDeclaration::default()
    };
    let holding = |name: &str, demand: u64| {
        let resource = ResourceDeclaration::new(format!("r {name}"), "store");
        group(name).demand("db", demand).resource(resource)
    };
    let errors = |demands: &[u64]| {
        let names = ["g", "h", "i"];
        let groups = names.iter().zip(demands).map(|(name, demand)| holding(name, *demand));
        let declaration = groups.fold(cluster().kind(kind()), |all, group| all.group(group));
        match declaration.build() {
            Ok(_) => 0,
            Err(errors) => errors.iter().count(),
        }
    };
    for fits in [[5, 5, 5], [1, 9, 1], [1, 1, 9], [9, 1, 1], [4, 5, 5]] {
        assert_eq!(errors(&fits), 0, "{fits:?}");
    }
    for heavy in [[5, 6, 1], [6, 5, 1], [1, 5, 6], [1, 6, 5], [5, 1, 6], [6, 1, 5]] {
        assert_eq!(errors(&heavy), 1, "{heavy:?}");
    }
    assert_eq!(errors(&[11, 1, 1]).min(1), 1, "one alone is too much");
    let apart = |first: [&str; 1], second: [&str; 1]| {
        let on = |name: &str, nodes: [&str; 1]| {
            let mut group = holding(name, 6);
            let resource = group.resources.pop().expect("there is one");
            group.resource(resource.possible_owners(nodes))
        };
        cluster().kind(kind()).group(on("g", first)).group(on("h", second)).build().is_ok()
    };
    assert!(apart(["a"], ["b"]), "they never meet");
    assert!(!apart(["a"], ["a"]), "they meet");
}

/// A group that may go anywhere meets each that can run somewhere, and none that can run nowhere.
#[test]
fn who_may_go_anywhere_meets_whoever_can_run_somewhere() {
    let kind = KindDeclaration {
        name: "store".into(),
        at_most_per_node: BTreeMap::from([("db".into(), 10)]),
        ..KindDeclaration::default()
    };
    let store = |name: &str| ResourceDeclaration::new(name, "store");
    let holding = |name: &str, store| group(name).demand("db", 6).resource(store);
    let anywhere = holding("g", store("r"));
    let pinned = holding("h", store("s").possible_owners(["a"]));
    let nowhere = pinned.clone().resource(service("t").possible_owners(["b"]));
    let fits = |first: &GroupDeclaration, second: &GroupDeclaration| {
        let all = cluster().kind(kind.clone()).group(first.clone()).group(second.clone());
        all.build().is_ok()
    };
    // The order of declaration does not matter.
    assert!(!fits(&anywhere, &pinned) && !fits(&pinned, &anywhere), "they meet");
    assert!(fits(&anywhere, &nowhere) && fits(&nowhere, &anywhere), "they never meet");
}

/// With three nodes, a kind that needs a node to spare allows two groups, without any other limit.
#[test]
fn a_kind_may_need_a_node_to_spare_and_nothing_else() {
    let kind = KindDeclaration {
        name: "store".into(),
        spare_node: SpareNode::FromThreeNodesOn,
        ..KindDeclaration::default()
    };
    let holding =
        |name: &str| group(name).resource(ResourceDeclaration::new(format!("r {name}"), "store"));
    let two = cluster().kind(kind).group(holding("g")).group(holding("h"));
    assert!(two.clone().build().is_ok());
    assert!(two.group(holding("i")).build().is_err());
}

/// A group that fills a node to the brim fits there.
#[test]
fn a_demand_of_the_whole_capacity_is_no_caution() {
    let warnings = |demand| {
        let mut declaration =
            cluster().group(group("g").demand("mb", demand).resource(service("r")));
        for node in &mut declaration.nodes {
            node.capacity.insert("mb".into(), 20);
        }
        warnings_of(declaration)
    };
    assert_eq!(warnings(20), Vec::<String>::new());
    assert_eq!(warnings(21).len(), 1);
}

/// Durations and intervals are text or a number of milliseconds; null is as good as nothing.
#[test]
fn durations_are_text_or_milliseconds() {
    let declaration = read(
        "name = \"c\"\nnodes = [{ name = \"a\" }]\n\
         [[groups]]\nname = \"g\"\n\
         [[groups.resources]]\nname = \"r\"\nkind = \"Generic Service\"\n\
         settings = { looks_alive_interval = 700, is_alive_interval = \"1m\" }\n",
    );
    let spec = built(declaration);
    let (_, resource) = spec.resources().next().expect("the only one");
    let every = Interval::Every(Duration::from_millis(700));
    assert_eq!(resource.settings().looks_alive_interval, every);
    assert_eq!(resource.settings().is_alive_interval, Interval::Every(Duration::from_secs(60)));

    let json = |delay: &str| {
        let text = format!(
            "{{\"name\":\"r\",\"kind\":\"Generic Service\",\
             \"settings\":{{\"restart_delay\":{delay}}}}}"
        );
        serde_json::from_str::<ResourceDeclaration>(&text)
    };
    let delay = |text| json(text).expect("a resource").settings.and_then(|of| of.restart_delay);
    assert_eq!(delay("null"), None);
    assert_eq!(delay("250"), Some(Duration::from_millis(250)));
    assert_eq!(delay("\"250ms\""), Some(Duration::from_millis(250)));
    let error = json("true").expect_err("no duration").to_string();
    assert!(error.contains("duration"), "{error}");
    let error = json("-1").expect_err("no duration").to_string();
    assert!(!error.is_empty());
}

/// A virtual server is a group declaration as well.
#[test]
fn a_virtual_server_becomes_a_group() {
    let server = || VirtualServer::new(Version::Exchange2003, "EVS1").disks(["F:"]);
    assert_eq!(GroupDeclaration::from(server()), server().build());
}

/// A name that is nearly right is suggested, as long as the search is cheap: up to 64 letters, and
/// up to a thousand candidates.
#[test]
fn near_names_are_suggested_within_bounds() {
    let is_suggested = |length: usize, candidates: usize| {
        let (right, wrong) = ("x".repeat(length), "x".repeat(length - 1) + "y");
        let others = (1..candidates).map(|number| service(&format!("other {number}")));
        let asking = service("asking").needs(format!("[{wrong}]"));
        let all = others.chain([service(&right), asking]);
        let group = all.fold(group("g"), |group, resource| group.resource(resource));
        let errors = errors_of(cluster().group(group));
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].contains("did you mean")
    };
    assert!(is_suggested(64, 1));
    assert!(!is_suggested(65, 1));
    assert!(is_suggested(10, 999), "with the one that asks these are a thousand");
    assert!(!is_suggested(10, 1_000));
    assert!(!is_suggested(2, 1), "two letters are near to everything");
}
