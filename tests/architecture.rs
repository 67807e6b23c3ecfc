//! `ARCHITECTURE.md` and the sources agree: every file has its row, nobody imports upwards, and no two
//! files import from each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/tokens.rs"]
mod tokens;

use imports::{Files, circle};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the document can be read")
}

/// The lines below a heading, up to the next one.
fn section<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## ") && !line.starts_with("### "))
        .collect();
    assert!(!lines.is_empty(), "no section {heading}");
    lines.into_iter()
}

/// The sources of the core, and those of the crates beside it.
const CORE: &str = "src";
const CRATES: [&str; 3] = [CORE, "crates/testkit/src", "crates/availability/src"];

/// Every source file of a crate, by its path below the top; not those of tests, which need no row.
fn sources(top: &str) -> BTreeSet<String> {
    let top = root().join(top);
    let mut folders = vec![top.clone()];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(below(&top, &path));
            }
        }
    }
    assert!(found.contains("lib.rs"), "the sources are elsewhere");
    found
}

fn below(top: &Path, path: &Path) -> String {
    let path = path.strip_prefix(top).expect("it was found there");
    path.to_str().expect("names of sources are plain").replace('\\', "/")
}

/// The first cells of the code map: files, or folders as `folder/*`.
fn rows() -> Vec<String> {
    let text = document();
    section(&text, "## Code map")
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(row, _)| row.to_owned())
        .collect()
}

/// Tells whether a row stands for a file.
fn covers(row: &str, file: &str) -> bool {
    match row.strip_suffix('*') {
        Some(folder) => file.starts_with(folder),
        None => file == row,
    }
}

#[test]
fn every_source_file_has_one_row_in_the_code_map() {
    let rows = rows();
    for file in sources(CORE) {
        let count = rows.iter().filter(|row| covers(row, &file)).count();
        assert_eq!(count, 1, "rows of src/{file} in the code map of ARCHITECTURE.md");
    }
}

#[test]
fn every_row_of_the_code_map_stands_for_a_file() {
    let files = sources(CORE);
    for row in rows() {
        assert!(files.iter().any(|file| covers(&row, file)), "src has no {row}");
    }
}

/// The rooms, each with the number of its floor from the top.
fn floors() -> BTreeMap<String, usize> {
    plan_below("## Floors")
}

/// The first plan below a heading: its rooms, each with the number of its floor from the top.
fn plan_below(heading: &str) -> BTreeMap<String, usize> {
    let text = document();
    let mut floors = BTreeMap::new();
    let plan = section(&text, heading).skip_while(|line| !line.starts_with("```")).skip(1);
    for (floor, line) in plan.take_while(|line| !line.starts_with("```")).enumerate() {
        // Rooms stand close together, what they are for stands apart.
        let rooms = line.trim_start().split("    ").next().unwrap_or_default();
        for room in rooms.split_whitespace() {
            floors.insert(room.to_owned(), floor);
        }
    }
    floors
}

/// The code without comments, and without the tests at its end.
fn code(top: &str, file: &str) -> String {
    let text = fs::read_to_string(root().join(top).join(file)).expect("a source can be read");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of the paths in `a::b, c::{d, e}, f`.
fn first_names(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut path = String::new();
    for letter in list.chars().chain([',']) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let name: String = path
                    .trim_start()
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect();
                names.extend((!name.is_empty()).then_some(name));
                path.clear();
                continue;
            }
            _ => {}
        }
        path.push(letter);
    }
    names
}

/// Returns the text in braces at the beginning of a text, or its first word.
fn braced_or_word(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('{') else {
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        return &text[..end.unwrap_or(text.len())];
    };
    let mut depth = 1;
    let end = inner.find(|letter: char| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0
    });
    &inner[..end.expect("braces are closed")]
}

/// The names after each `crate::`.
fn imports(code: &str) -> BTreeSet<String> {
    let paths = code.split("crate::").skip(1).map(braced_or_word);
    paths.flat_map(first_names).collect()
}

/// The names that the root exports, with the rooms where they live.
fn exports() -> BTreeMap<String, String> {
    let code = code(CORE, "lib.rs");
    let mut exports = BTreeMap::new();
    for export in code.split("\npub use ").skip(1) {
        let (room, names) = export.split_once("::").expect("rooms export things");
        for name in first_names(braced_or_word(names)) {
            exports.insert(name, room.to_owned());
        }
    }
    exports
}

/// It shows every room.
const ROOT: &str = "lib";
/// No part of the house: it is compiled only with a compiler flag, and imports nothing.
const PLANTED: &str = "seeded_bug";

#[test]
fn every_room_imports_only_from_floors_below_it() {
    let (floors, exports) = (floors(), exports());
    let mut seen = 0;
    for file in sources(CORE) {
        let own = file.split(['/', '.']).next().unwrap_or_default();
        if [ROOT, PLANTED].contains(&own) {
            continue;
        }
        let floor = floors.get(own).unwrap_or_else(|| panic!("src/{file} stands on no floor"));
        for name in imports(&code(CORE, &file)) {
            if name == PLANTED {
                continue;
            }
            let room = exports.get(&name).unwrap_or(&name);
            let below = floors.get(room).unwrap_or_else(|| panic!("src/{file}: what is {name}?"));
            assert!(room == own || below > floor, "src/{file} imports from {room}");
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} imports were seen");
}

/// Every source file of a crate, with what it imports.
fn every_file(top: &str) -> Files {
    let mut files = Files::default();
    for file in sources(top) {
        files.add(&file, &code(top, &file));
    }
    files
}

#[test]
fn no_files_import_from_each_other_in_a_circle() {
    let mut count = 0;
    for top in CRATES {
        let files = every_file(top);
        let imports = files.imports();
        count += imports.values().map(BTreeSet::len).sum::<usize>();
        if let Some(circle) = circle(&imports) {
            panic!("a circle of imports in {top}: {}", circle.join(" -> "));
        }
    }
    assert!(count > 1_000, "only {count} imports between files were seen");
}

/// The folder of the core in which a file stands; `mod` is the face.
fn part_of_core(file: &str) -> Option<&str> {
    let part = file.strip_prefix("cluster/")?;
    Some(part.split_once('/').map_or("mod", |(part, _)| part))
}

#[test]
fn no_file_of_the_core_imports_upwards() {
    let floors = plan_below("### Inside the core");
    let files = every_file(CORE);
    let mut seen = 0;
    for (file, imported) in files.imports() {
        let Some(part) = part_of_core(file) else { continue };
        let floor = floors.get(part).unwrap_or_else(|| panic!("{part} has no floor"));
        for other in imported.iter().filter_map(|other| part_of_core(other)) {
            let below = floors.get(other).unwrap_or_else(|| panic!("{other} has no floor"));
            assert!(part == other || below > floor, "src/{file} imports from {other}");
            seen += 1;
        }
    }
    assert!(seen > 200, "only {seen} imports within the core were seen");
}

/// Nothing outside `ledger` could write to the state even if it named it: the fields are private there.
#[test]
fn only_the_ledger_can_write() {
    for (file, name) in [("mod.rs", "Ledger<'a>"), ("store.rs", "Store")] {
        let code = code(CORE, &format!("cluster/ledger/{file}"));
        let start = format!("pub(crate) struct {name} {{");
        let (_, fields) = code.split_once(&start).expect("the struct");
        let (fields, _) = fields.split_once("\n}").expect("the end of the struct");
        assert!(fields.contains("state: "), "the state is elsewhere");
        assert!(!fields.contains("pub"), "a field of {name} is not private");
    }
    for file in sources(CORE).into_iter().filter(|file| part_of_core(file) == Some("ledger")) {
        let code = code(CORE, &file);
        let lends = code.lines().find(|line| {
            line.contains("pub(crate)")
                && line.contains("-> ")
                && line.contains("&mut ")
                && line.rsplit("-> ").next().is_some_and(|result| result.contains("&mut"))
        });
        let lends = lends.filter(|line| !line.contains("index_mut"));
        assert!(lends.is_none(), "src/{file} lends what it should write itself: {lends:?}");
    }
}

/// The circle among files with these sources, if there is one.
fn circle_among(sources: &[(&str, &str)]) -> Option<String> {
    let mut files = Files::default();
    files.add("lib.rs", "mod room;");
    for (name, code) in sources {
        files.add(name, code);
    }
    circle(&files.imports()).map(|circle| circle.join(" "))
}

#[test]
fn a_circle_of_imports_is_seen() {
    let around = [
        ("room/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("room/a.rs", "use super::B; pub struct A(B);"),
        ("room/b.rs", "pub enum B {} fn f() -> Option<&'static crate::room::A> { None }"),
    ];
    assert_eq!(circle_among(&around).as_deref(), Some("room/a.rs room/b.rs room/a.rs"));
    let called = [
        ("room/mod.rs", "mod a; pub struct Top; fn f() { a::rule(&Top); }"),
        ("room/a.rs", "pub(super) fn rule(_: &super::Top) {}"),
    ];
    assert_eq!(circle_among(&called).as_deref(), Some("room/a.rs room/mod.rs room/a.rs"));
    let in_an_attribute = [
        ("room.rs", "mod a; #[serde(with = \"a::form\")] pub struct Top;"),
        ("room/a.rs", "use super::Top; pub(super) fn form(_: &Top) {}"),
    ];
    assert_eq!(circle_among(&in_an_attribute).as_deref(), Some("room.rs room/a.rs room.rs"));
}

#[test]
fn a_room_that_shows_what_it_holds_is_no_circle() {
    let shown = [
        ("room/mod.rs", "mod a; mod b; pub(crate) use a::{A, Other as C}; pub use b::*;"),
        (
            "room/a.rs",
            "// use super::B;\npub struct A; pub struct Other; const WORDS: &str = \"use super::B;\";",
        ),
        ("room/b.rs", "use super::{A, C}; pub struct B(A, C);"),
    ];
    assert_eq!(circle_among(&shown), None);
}
