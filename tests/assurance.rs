//! The table of promises in `docs/assurance.md` is what the sources say, and no promise is without
//! a check, nor a check without proof that it can fail.
//!
//! Code that judges a promise names it: in the rooms of the judges as an identifier, in tests at the
//! beginning of a comment (`/// S31, S28: …`). What a judge that is shared by rooms names counts for
//! the rooms that call it (`liveness::at_rest(…)`), and for no other. `UPDATE=1 cargo test --test
//! assurance` writes the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quorate_testkit::{Invariant, Scope};

/// Where promises are judged, and the word for it in the table.
const JUDGES: [(&str, &[&str]); 7] = [
    ("audit", &["crates/testkit/src/audit"]),
    (
        "reference",
        &[
            "crates/testkit/src/reference/differential.rs",
            "crates/testkit/src/reference/differential",
        ],
    ),
    ("histories", &["crates/testkit/src/history"]),
    ("simulator", &["crates/testkit/src/sim", "crates/testkit/src/watch.rs"]),
    ("replicas", &["crates/testkit/src/replicated"]),
    ("years", &["crates/availability/src"]),
    ("model", &["crates/model_check/src/model"]),
];

/// Functions that judge for every caller, and the module as which they are called.
const SHARED: [(&str, &str); 4] = [
    ("doubles", "crates/testkit/src/machine/doubles.rs"),
    ("liveness", "crates/testkit/src/liveness"),
    ("liveness", "crates/testkit/src/audit/stuck.rs"),
    ("twin", "crates/testkit/src/twin.rs"),
];

/// Where tests name what they are about.
const TESTS: [&str; 3] = ["tests", "src", "crates"];

/// Where it is shown that judges can say no.
const FORGERIES: [&str; 9] = [
    "crates/testkit/src/audit/tests",
    "crates/testkit/src/audit/tests.rs",
    "crates/testkit/src/liveness/rest.rs",
    "crates/testkit/src/reference/tests.rs",
    "crates/testkit/src/replicated/tests.rs",
    "crates/testkit/src/sim/director/epilogue.rs",
    "crates/testkit/src/sim/director/heal.rs",
    "tests/liveness/forged.rs",
    "crates/availability/tests/availability/oracle.rs",
];

/// The text before a promise that a test shows to be reported as broken.
const SHOWN: [&str; 2] = ["Some(Invariant::", "breaks(\""];

const HEADING: &str =
    "| promise | what is promised | judged by | and in | bugs planted to break it |";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source in a folder or its folders; or the one file that is named.
fn sources(place: &str) -> Vec<(String, String)> {
    let mut pending = vec![root().join(place)];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a readable folder");
            pending.extend(entries.map(|entry| entry.expect("a readable entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source can be read");
            found.push((below(&path), text));
        }
    }
    assert!(!found.is_empty(), "nothing in {place}");
    found.sort();
    found
}

fn below(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("it was found there");
    path.to_str().expect("names of sources are plain").replace('\\', "/")
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.starts_with("tests/")
}

/// The code without comments, and without the tests at its end.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The promises that a piece of text names.
fn named(text: &str) -> impl Iterator<Item = Invariant> {
    text.split(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)))
        .filter_map(|word| word.parse().ok())
}

type Places = BTreeMap<Invariant, Vec<String>>;

fn note(places: &mut Places, invariant: Invariant, place: &str) {
    let of = places.entry(invariant).or_default();
    if !of.iter().any(|known| known == place) {
        of.push(place.to_owned());
    }
}

/// The functions of a source that stand by themselves, each as whether others can call it, its
/// name, and its text.
fn functions(text: &str) -> Vec<(bool, &str, String)> {
    let mut functions: Vec<(bool, &str, String)> = Vec::new();
    for line in code(text).filter(|line| !line.is_empty()) {
        let head = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        match head.trim_start_matches("const ").strip_prefix("fn ") {
            Some(rest) => {
                let name = rest.split(['(', '<']).next().expect("something");
                functions.push((head != line, name, String::new()));
            }
            None => functions.iter_mut().last().into_iter().for_each(|of| of.2 += line),
        }
    }
    functions
}

/// The promises that a function judges, or what it calls of its own source.
fn judged_by(function: usize, functions: &[(bool, &str, String)]) -> Vec<Invariant> {
    let mut pending = vec![function];
    let mut done: Vec<usize> = Vec::new();
    let mut judged = Vec::new();
    while let Some(at) = pending.pop() {
        if done.contains(&at) {
            continue;
        }
        done.push(at);
        let (_, _, body) = &functions[at];
        judged.extend(named(body));
        let calls = |name: &str| {
            let mut before = body.split(&format!("{name}(")).collect::<Vec<_>>();
            before.pop();
            before.iter().any(|text| text.ends_with([' ', '(', '!', '|']))
        };
        pending.extend((0..functions.len()).filter(|other| calls(functions[*other].1)));
    }
    judged
}

/// The name of a shared judge, and the promises that it judges.
fn shared() -> Vec<(String, Vec<Invariant>)> {
    let mut judges = Vec::new();
    for (module, place) in SHARED {
        for (_, text) in sources(place) {
            let functions = functions(&text);
            for (at, (_, name, _)) in functions.iter().enumerate().filter(|(_, of)| of.0) {
                judges.push((format!("{module}::{name}("), judged_by(at, &functions)));
            }
        }
    }
    judges
}

/// The rooms that judge each promise.
fn judges() -> Places {
    let mut places = Places::new();
    let shared = shared();
    for (word, rooms) in JUDGES {
        for (file, text) in rooms.iter().flat_map(|room| sources(room)) {
            if is_test(&file) || word == "simulator" && file.starts_with("crates/availability/src")
            {
                continue;
            }
            for line in code(&text) {
                // Code that reads which promise was broken has not judged it.
                let own = named(line).filter(|_| !line.contains("Some(Invariant::"));
                own.for_each(|of| note(&mut places, of, word));
                let called = shared.iter().filter(|(call, _)| line.contains(call.as_str()));
                called.flat_map(|(_, of)| of).for_each(|of| note(&mut places, *of, word));
            }
        }
    }
    places
}

/// The tests that say which promise they are about.
fn tests() -> Places {
    let mut places = Places::new();
    for (file, text) in TESTS.iter().flat_map(|place| sources(place)) {
        for line in text.lines() {
            let comment =
                line.trim_start().strip_prefix("//").map(|of| of.trim_start_matches(['/', '!']));
            let Some((list, _)) = comment.and_then(|of| of.split_once(':')) else { continue };
            let words: Vec<&str> = list.split([',', ' ']).filter(|word| !word.is_empty()).collect();
            let listed: Vec<Invariant> =
                words.iter().filter_map(|word| word.parse().ok()).collect();
            if listed.len() == words.len() {
                listed.into_iter().for_each(|of| note(&mut places, of, &format!("`{file}`")));
            }
        }
    }
    places
}

/// The tests in which somebody is shown to say no, by promise.
fn forgeries() -> Places {
    let mut places = Places::new();
    for (file, text) in FORGERIES.iter().flat_map(|place| sources(place)) {
        for shown in SHOWN.iter().flat_map(|before| text.split(before).skip(1)) {
            named(shown).take(1).for_each(|of| note(&mut places, of, &file));
        }
    }
    places
}

/// The bugs that are planted to break each promise.
fn planted() -> Vec<(Invariant, String)> {
    let (_, text) = sources("src/seeded_bug.rs").remove(0);
    let (_, list) = text.split_once("\nbugs! {").expect("the list of bugs");
    let (list, _) = list.split_once("\n}").expect("its end");
    let bugs = code(list).filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    bugs.map(|(bug, of)| (of.parse().expect("a promise"), bug.to_owned())).collect()
}

/// The promises that somebody saw broken by each planted bug, as it was measured.
fn seen() -> BTreeMap<String, Vec<Invariant>> {
    let text = document();
    let (_, list) = text.split_once("| bug | meant to break |").expect("the table of bugs");
    let (list, _) = list.split_once("\n\n").expect("its end");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, bug, _, tools @ ..] = cells.as_slice() else { return None };
        let mut by = tools.iter().flat_map(|cell| named(cell).take(1)).collect::<Vec<_>>();
        by.dedup();
        Some(((*bug).to_owned(), by))
    };
    list.lines().skip(2).filter_map(row).collect()
}

fn document() -> String {
    fs::read_to_string(root().join("docs/assurance.md")).expect("the document can be read")
}

/// A bug, and as what it is seen if nobody sees it as what it is meant to break.
fn bug_in_words(
    (meant, bug): &(Invariant, String),
    seen: &BTreeMap<String, Vec<Invariant>>,
) -> String {
    match seen.get(bug) {
        None => format!("{bug} (not measured yet)"),
        Some(by) if by.is_empty() => format!("{bug} (not seen)"),
        Some(by) if by.contains(meant) => bug.clone(),
        Some(by) => {
            let by: Vec<String> = by.iter().map(Invariant::to_string).collect();
            format!("{bug} (seen as {})", by.join(" and "))
        }
    }
}

/// The table as the sources have it.
fn table() -> String {
    let (judges, tests, planted, seen) = (judges(), tests(), planted(), seen());
    let list = |places: &Places, invariant| {
        places.get(&invariant).map_or_else(String::new, |of| of.join(", "))
    };
    let mut text = format!("{HEADING}\n| --- | --- | --- | --- | --- |\n");
    for invariant in Invariant::ALL {
        let judged = match invariant.scope() {
            Scope::Checked | Scope::Narrowed | Scope::Partly(_) => list(&judges, *invariant),
            Scope::BelongsTo(room) => format!("nobody yet: {room}"),
        };
        let word = match invariant.scope() {
            Scope::Checked | Scope::Partly(_) | Scope::BelongsTo(_) => "Not judged",
            Scope::Narrowed => "Left out",
        };
        let missing =
            invariant.missing().map_or_else(String::new, |of| format!(" *{word}: {of}.*"));
        let bugs = planted.iter().filter(|(meant, _)| meant == invariant);
        let planted = bugs.map(|bug| bug_in_words(bug, &seen)).collect::<Vec<_>>().join(", ");
        let tests = list(&tests, *invariant);
        let title = invariant.title();
        text += &format!("| {invariant} | {title}{missing} | {judged} | {tests} | {planted} |\n");
    }
    text
}

#[test]
fn the_table_of_promises_is_what_the_sources_say() {
    let (path, text) = (root().join("docs/assurance.md"), document());
    let begin = text.find(HEADING).expect("the table is there");
    let length = text[begin..].find("\n\n").map_or(text.len() - begin, |end| end + 1);
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        let mut new = text.clone();
        new.replace_range(begin..begin + length, &table);
        fs::write(&path, new).expect("the document can be written");
        return;
    }
    assert_eq!(&text[begin..begin + length], table, "UPDATE=1 writes what the sources say");
}

#[test]
fn every_promise_has_a_check() {
    let (judges, tests) = (judges(), tests());
    let unchecked: Vec<&Invariant> = Invariant::ALL
        .iter()
        .filter(|of| of.is_judged() && !judges.contains_key(of) && !tests.contains_key(of))
        .collect();
    assert!(unchecked.is_empty(), "promises without a check: {unchecked:?}");
}

/// By a forgery, or by a planted bug that was seen as this promise, whatever it was meant for. What
/// only stories ask for counts as well.
#[test]
fn every_judge_is_shown_to_say_no() {
    let (judges, shared, forgeries, seen) = (judges(), shared(), forgeries(), seen());
    let is_seen = |of: &Invariant| seen.values().any(|by| by.contains(of));
    let judged = judges.keys().chain(shared.iter().flat_map(|(_, of)| of));
    let unproved: Vec<&Invariant> =
        judged.filter(|of| !forgeries.contains_key(of) && !is_seen(of)).collect();
    assert!(unproved.is_empty(), "judges that may never say no: {unproved:?}");
}

/// A promise without a room is not claimed by anybody.
#[test]
fn what_belongs_to_rooms_that_do_not_exist_is_not_claimed() {
    let (judges, tests) = (judges(), tests());
    let claimed: Vec<&Invariant> = Invariant::ALL
        .iter()
        .filter(|of| !of.is_judged() && (judges.contains_key(of) || tests.contains_key(of)))
        .collect();
    assert!(claimed.is_empty(), "claimed and yet said not to be judged: {claimed:?}");
}
