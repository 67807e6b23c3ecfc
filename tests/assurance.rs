//! The table of promises in `docs/assurance.md` is what the sources say, and no promise is without
//! a check, nor a check without proof that it can fail.
//!
//! What judges a promise names it: in the rooms of the judges as an identifier, in tests at the
//! beginning of a comment (`/// S31, S28: …`). `UPDATE=1 cargo test --test assurance` writes the
//! table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quorate::testkit::{Invariant, Scope};

/// Where promises are judged, and the word for it in the table.
const JUDGES: [(&str, &[&str]); 5] = [
    ("audit", &["src/testkit/audit"]),
    ("histories", &["src/testkit/history", "src/testkit/watch.rs", "src/testkit/liveness"]),
    ("simulator", &["src/sim"]),
    ("years", &["src/sim/availability"]),
    ("model", &["examples/model_check/model"]),
];

/// Where tests name what they are about.
const TESTS: [&str; 2] = ["tests", "src"];

/// Where it is shown that judges can say no.
const FORGERIES: [&str; 4] = [
    "src/testkit/audit/tests",
    "src/testkit/audit/tests.rs",
    "tests/liveness/forged.rs",
    "tests/availability/oracle.rs",
];

const HEADING: &str =
    "| promise | what is promised | judged by | and in | bugs planted to break it |";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
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

/// The rooms that judge each promise.
fn judges() -> Places {
    let mut places = Places::new();
    for (word, rooms) in JUDGES {
        for (file, text) in rooms.iter().flat_map(|room| sources(room)) {
            if is_test(&file) || word == "simulator" && file.starts_with("src/sim/availability") {
                continue;
            }
            code(&text).flat_map(named).for_each(|of| note(&mut places, of, word));
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
        text.lines().flat_map(named).for_each(|of| note(&mut places, of, &file));
    }
    places
}

/// The bugs that are planted to break each promise.
fn planted() -> Places {
    let mut places = Places::new();
    let (_, text) = sources("src/seeded_bug.rs").remove(0);
    let (_, list) = text.split_once("\nbugs! {").expect("the list of bugs");
    let (list, _) = list.split_once("\n}").expect("its end");
    for line in code(list) {
        let Some((bug, invariant)) = line.trim().trim_end_matches(',').split_once(": ") else {
            continue;
        };
        note(&mut places, invariant.parse().expect("a promise"), bug);
    }
    places
}

/// The table as the sources have it.
fn table() -> String {
    let (judges, tests, planted) = (judges(), tests(), planted());
    let list = |places: &Places, invariant| {
        places.get(&invariant).map_or_else(String::new, |of| of.join(", "))
    };
    let mut text = format!("{HEADING}\n| --- | --- | --- | --- | --- |\n");
    for invariant in Invariant::ALL {
        let judged = match invariant.scope() {
            Scope::Checked | Scope::Partly(_) => list(&judges, *invariant),
            Scope::BelongsTo(room) => format!("nobody yet: {room}"),
        };
        let missing =
            invariant.missing().map_or_else(String::new, |of| format!(" *Not judged: {of}.*"));
        let (tests, planted) = (list(&tests, *invariant), list(&planted, *invariant));
        let title = invariant.title();
        text += &format!("| {invariant} | {title}{missing} | {judged} | {tests} | {planted} |\n");
    }
    text
}

#[test]
fn the_table_of_promises_is_what_the_sources_say() {
    let path = root().join("docs/assurance.md");
    let text = fs::read_to_string(&path).expect("the document can be read");
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

#[test]
fn every_judge_is_shown_to_say_no() {
    let (judges, forgeries, planted) = (judges(), forgeries(), planted());
    let unproved: Vec<&Invariant> = judges
        .keys()
        .filter(|of| !forgeries.contains_key(of) && !planted.contains_key(of))
        .collect();
    assert!(unproved.is_empty(), "judges that may never say no: {unproved:?}");
}

/// What has no room yet is not claimed by anybody.
#[test]
fn what_belongs_to_rooms_that_do_not_exist_is_not_claimed() {
    let (judges, tests) = (judges(), tests());
    let claimed: Vec<&Invariant> = Invariant::ALL
        .iter()
        .filter(|of| !of.is_judged() && (judges.contains_key(of) || tests.contains_key(of)))
        .collect();
    assert!(claimed.is_empty(), "claimed and yet said not to be judged: {claimed:?}");
}
