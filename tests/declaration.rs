//! `docs/declaration.md` says what a declaration may hold: every field with its type, its bounds
//! and its default is tried, and every cluster on the page is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use quorate::kind::standard;
use quorate::settings::Interval;
use quorate::spec::{ClusterDeclaration, ClusterSpec, Limits, Problem, SpecErrors};
use serde::Deserialize;
use toml::{Table, Value};

#[path = "../examples/check/report.rs"]
mod report;

use report::Report;

/// Each table of fields: the heading that it stands below, and where in a declaration its fields
/// go.
const SECTIONS: [(&str, &[&str]); 9] = [
    ("## Cluster", &[]),
    ("### Fencing", &["fencing", "lease"]),
    ("## Nodes", &["nodes", "0"]),
    ("## Groups", &["groups", "0"]),
    ("### Failback window", &["groups", "0", "failback_window"]),
    ("## Resources", &["groups", "0", "resources", "0"]),
    ("## Settings", &["groups", "0", "resources", "0", "settings"]),
    ("## Kinds", &["kinds", "0"]),
    ("### Requirements", REQUIREMENT),
];

/// A table with one of its fields, not with all of them.
const REQUIREMENT: &[&str] = &["kinds", "0", "requires", "0"];

/// A cluster in which each of those tables stands.
const CLUSTER: &str = r#"
    name = "test"
    fencing = { lease = { duration = "30s", margin = "5s" } }
    nodes = [{ name = "a" }, { name = "b" }, { name = "c" }]
    kinds = [{ name = "k", requires = [{ kind = "IP Address" }] }]
    [[groups]]
    name = "g"
    failback_window = { start_hour = 22, end_hour = 6 }
    resources = [{ name = "r", kind = "Generic Service", settings = {} }]
"#;

const PROFILES: [&str; 2] = ["modern", "mscs2003"];

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/declaration.md");
    fs::read_to_string(path).expect("the page can be read")
}

/// The rows of the table below a heading whose head begins like this, without the head.
fn rows(heading: &str, head: &str) -> Vec<Vec<String>> {
    let text = page();
    let lines = text.lines().skip_while(|line| *line != heading).skip(1);
    let table: Vec<Vec<String>> = lines
        .take_while(|line| !line.starts_with('#'))
        .skip_while(|line| !line.starts_with(head))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!table.is_empty(), "docs/declaration.md has no table {head} below {heading}");
    table
}

/// Returns the text between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// One field as the page tells it.
struct Field {
    name: String,
    kind: String,
    default: String,
}

fn fields(heading: &str) -> Vec<Field> {
    let field = |row: Vec<String>| {
        let [name, kind, default, meaning] = row.as_slice() else {
            panic!("{heading}: {row:?} has not four cells")
        };
        assert!(!meaning.is_empty(), "{heading}: {name} has no meaning");
        let name = quoted(name).first().copied().unwrap_or_default().to_owned();
        Field { name, kind: kind.clone(), default: default.clone() }
    };
    rows(heading, "| field").into_iter().map(field).collect()
}

fn literal(text: &str) -> Value {
    let table: Table = toml::from_str(&format!("value = {text}")).expect("a value in TOML");
    table["value"].clone()
}

/// The cluster of the tests, to be changed in one place.
#[derive(Clone)]
struct Draft(Table);

impl Draft {
    fn new() -> Self {
        Self(toml::from_str(CLUSTER).expect("it is TOML"))
    }

    fn table(&mut self, place: &[&str]) -> &mut Table {
        let Some((first, rest)) = place.split_first() else { return &mut self.0 };
        let mut value = self.0.get_mut(*first).expect("the table is there");
        for step in rest {
            value = match step.parse::<usize>() {
                Ok(index) => &mut value[index],
                Err(_) => &mut value[*step],
            };
        }
        value.as_table_mut().expect("it is a table")
    }

    fn with(mut self, place: &[&str], field: &str, value: Value) -> Self {
        let table = self.table(place);
        if place == REQUIREMENT {
            table.clear();
        }
        table.insert(field.to_owned(), value);
        self
    }

    fn without(mut self, place: &[&str], field: &str) -> Self {
        self.table(place).remove(field);
        self
    }

    fn read(self) -> Result<ClusterDeclaration, String> {
        ClusterDeclaration::deserialize(self.0).map_err(|error| error.message().to_owned())
    }

    fn build(self) -> Result<ClusterSpec, SpecErrors> {
        self.read().expect("it is a declaration").build()
    }
}

#[test]
fn the_page_has_every_field_and_no_other() {
    for (heading, place) in SECTIONS {
        let mut draft = Draft::new();
        draft.table(place).clear();
        let draft = draft.with(place, "no such field", Value::Integer(1));
        let error = draft.read().expect_err("there is no such field");
        let (_, expected) = error.split_once("expected ").expect("it says what is expected");
        let known: BTreeSet<&str> = quoted(expected).into_iter().collect();
        let fields = fields(heading);
        let told: BTreeSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(told, known, "the fields below {heading}");
        assert_eq!(told.len(), fields.len(), "{heading} tells a field twice");
    }
}

/// Returns the sort of value that a field takes, by the first word of its cell or by the error of a text that
/// is none of them.
fn sort_told(cell: &str) -> String {
    if cell.starts_with('`') {
        let mut values: Vec<&str> =
            quoted(cell).into_iter().map(|word| word.trim_matches('"')).collect();
        values.extend(cell.contains("or a number").then_some("number"));
        values.sort_unstable();
        return values.join(", ");
    }
    if cell.starts_with("duration or `\"never\"`") {
        return "interval".to_owned();
    }
    cell.split([' ', ',']).next().unwrap_or_default().to_owned()
}

fn sort_known(draft: Draft) -> String {
    let Err(error) = draft.read() else { return "text".to_owned() };
    let (problem, expected) = error.split_once("expected ").expect("it says what is expected");
    let values: Vec<&str> = match expected.strip_prefix('"') {
        Some(_) => expected.split('"').skip(1).step_by(2).chain(["number"]).collect(),
        None => quoted(expected),
    };
    let is_one_of = problem.contains("unknown variant") || expected.starts_with('"');
    match expected.trim() {
        _ if is_one_of => {
            let sorted: BTreeSet<&str> = values.into_iter().collect();
            sorted.into_iter().collect::<Vec<_>>().join(", ")
        }
        words if words.contains("\"never\"") => "interval".to_owned(),
        words if words.starts_with("a duration") => "duration".to_owned(),
        words if words.starts_with("a sequence") => "list".to_owned(),
        words if words.starts_with(['u']) => "number".to_owned(),
        words if words.starts_with("struct") || words.ends_with(" by name") => "table".to_owned(),
        words => panic!("what is {words}?"),
    }
}

#[test]
fn every_field_has_the_type_of_the_page() {
    for (heading, place) in SECTIONS {
        for Field { name, kind, .. } in fields(heading) {
            let odd = Value::String("no such value".to_owned());
            let known = sort_known(Draft::new().with(place, &name, odd));
            assert_eq!(sort_told(&kind), known, "{heading}: {name} is {kind}");
        }
    }
}

/// Returns the problems of the cluster if this field has this value.
fn problems(place: &[&str], field: &str, value: Value) -> Vec<Problem> {
    match Draft::new().with(place, field, value).build() {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.problem.clone()).collect(),
    }
}

#[test]
fn every_bound_is_that_of_the_page() {
    let bound = |cell: &str, word: &str| {
        let (_, rest) = cell.split_once(word)?;
        let value = literal(quoted(rest).first()?);
        Interval::deserialize(value).expect("a duration").span()
    };
    for (heading, place) in SECTIONS {
        for Field { name, kind, .. } in fields(heading) {
            if kind.starts_with("duration") {
                let found = |text: &str| {
                    let problems = problems(place, &name, Value::String(text.to_owned()));
                    problems.into_iter().find_map(|problem| match problem {
                        Problem::OutOfRange { least, most, .. } => Some((least, most)),
                        _ => None,
                    })
                };
                let least = found("0s").map(|(least, _)| least);
                let most = found("18446744073709551615ms").map(|(_, most)| most);
                assert_eq!(bound(&kind, "at least"), least, "{heading}: least {name}");
                assert_eq!(bound(&kind, "at most"), most, "{heading}: most {name}");
            } else if kind.starts_with("number") {
                let is_zero_refused = !problems(place, &name, Value::Integer(0)).is_empty();
                let is_hour = !problems(place, &name, Value::Integer(24)).is_empty();
                assert_eq!(kind.contains("at least 1"), is_zero_refused, "{heading}: {name}");
                assert_eq!(kind.contains("0 to 23"), is_hour, "{heading}: {name}");
            }
        }
    }
}

/// The parts of the cell of a default: that of each profile.
fn by_profile(cell: &str) -> [&str; 2] {
    let (modern, old) = cell.split_once("; `mscs2003`: ").unwrap_or((cell, cell));
    [modern, old]
}

#[test]
fn every_default_is_that_of_the_page() {
    for (heading, place) in SECTIONS {
        for Field { name, default, .. } in fields(heading) {
            for (profile, told) in PROFILES.into_iter().zip(by_profile(&default)) {
                let draft = Draft::new();
                let draft = match name.as_str() {
                    "profile" => draft,
                    _ => draft.with(&[], "profile", Value::String(profile.to_owned())),
                };
                assert_default(heading, place, &name, told, &draft);
            }
        }
    }
}

fn assert_default(heading: &str, place: &[&str], name: &str, told: &str, draft: &Draft) {
    let what = format!("{heading}: {name} is {told} where it is not declared");
    if place == REQUIREMENT {
        assert_eq!(told, "none", "{what}");
        return;
    }
    let bare = draft.clone().without(place, name);
    if told == "required" {
        let error = bare.read().expect_err("it is required");
        assert!(error.contains(&format!("missing field `{name}`")), "{what}: {error}");
        return;
    }
    let same = |given: Draft, bare: Draft| given.build().ok() == bare.build().ok();
    if let Some(other) = told.strip_prefix("the value of ") {
        let other = other.trim_matches('`');
        let (seven, eight) = match other {
            "restart_threshold" => (literal("7"), literal("8")),
            _ => (literal("\"7s\""), literal("\"8s\"")),
        };
        let bare = bare.with(place, other, seven.clone());
        assert!(same(bare.clone().with(place, name, seven), bare.clone()), "{what}");
        assert!(!same(bare.clone().with(place, name, eight), bare), "{what}");
    } else if let Some(value) = quoted(told).first() {
        let given = bare.clone().with(place, name, literal(value));
        assert!(bare.clone().build().is_ok(), "{what}");
        assert!(same(given, bare), "{what}");
    } else {
        let settled = settled(place, bare);
        assert!(settled.contains(&format!("{name}: None")), "{what}: {settled}");
    }
}

/// Returns the value at this place, with the names of its fields.
fn settled(place: &[&str], draft: Draft) -> String {
    let declaration = draft.read().expect("it is a declaration");
    let spec = declaration.clone().build().expect("it is valid");
    let (_, group) = spec.groups().next().expect("there is a group");
    let (_, resource) = spec.resources().next().expect("there is a resource");
    match place {
        [] => format!("{:?}", spec.settings()),
        ["nodes", ..] => format!("{:?}", declaration.nodes[0]),
        ["kinds", ..] => format!("{:?}", declaration.kinds[0]),
        [.., "settings"] => format!("{:?}", resource.settings()),
        [.., "resources", "0"] => format!("{:?}", declaration.groups[0].resources[0]),
        _ => format!("{:?}", group.settings()),
    }
}

#[test]
fn the_table_of_profiles_is_all_that_differs() {
    let told: BTreeMap<String, [String; 2]> = rows("## Profiles", "| field")
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), [row[2].clone(), row[3].clone()]))
        .collect();
    let all = SECTIONS.iter().flat_map(|(heading, _)| fields(heading));
    let differing: BTreeMap<String, [String; 2]> = all
        .filter(|field| field.default.contains("`mscs2003`"))
        .map(|field| (field.name.clone(), by_profile(&field.default).map(ToOwned::to_owned)))
        .collect();
    assert_eq!(told, differing);
}

#[test]
fn the_page_has_every_limit_and_every_standard_kind() {
    let limits: Vec<String> = rows("## Limits", "| field")
        .iter()
        .map(|row| format!("{}: {}", row[0].trim_matches('`'), row[1]))
        .collect();
    let known = format!("{:?}", Limits::default());
    assert_eq!(format!("Limits {{ {} }}", limits.join(", ")), known);

    let told: Vec<(String, String)> = rows("### Standard kinds", "| kind")
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()))
        .collect();
    let known = standard::standard();
    let class = |of| format!("{of:?}").to_lowercase();
    let known: Vec<_> = known.iter().map(|of| (of.name.clone(), class(of.class))).collect();
    assert_eq!(told, known);
}

/// A cluster on the page: what is said beside its fence, itself, and the text that follows it.
fn blocks() -> Vec<(String, String, String)> {
    let text = page();
    let mut fences = text.split("\n```").skip(1).step_by(2).peekable();
    let mut blocks = Vec::new();
    while let Some(fence) = fences.next() {
        let (language, body) = fence.split_once('\n').unwrap_or_default();
        let Some(word) = language.strip_prefix("toml") else { continue };
        let answer = fences.peek().and_then(|next| next.strip_prefix("text\n")).unwrap_or_default();
        blocks.push((word.trim().to_owned(), body.to_owned(), answer.to_owned()));
    }
    blocks
}

#[test]
fn every_cluster_on_the_page_is_what_it_is_said_to_be() {
    let blocks = blocks();
    assert!(blocks.len() > 10, "only {} clusters are on the page", blocks.len());
    for (word, text, answer) in blocks {
        let report = Report::of(&text);
        let said = report.to_string();
        if word.is_empty() {
            assert!(report.is_valid() && said.lines().count() == 1, "{text}\n{said}");
            continue;
        }
        assert_eq!(said.trim_end(), answer, "{text}");
        assert_eq!(report.is_valid(), word == "warnings", "{text}");
        let json = report.to_json();
        let remarks = json[word.as_str()].as_array().map_or(0, Vec::len);
        assert_eq!(remarks, answer.lines().filter(|line| !line.starts_with("valid")).count());
    }
}
