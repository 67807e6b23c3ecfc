//! Plays every scenario of `tests/scenarios`. See [`quorate_testkit::scenario`] for the language.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use quorate_testkit::scenario::{Runner, diff};

#[test]
fn every_scenario_happens_as_told() {
    let otherwise = match env::var_os("UPDATE") {
        Some(_) => Otherwise::Write,
        None => Otherwise::Fail,
    };
    let failures: Vec<String> =
        files().iter().filter_map(|file| play(file, otherwise).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The way to treat a story that happens otherwise than told.
#[derive(Clone, Copy)]
enum Otherwise {
    Fail,
    Write,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios exists");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

fn play(file: &Path, otherwise: Otherwise) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let told = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let played = Runner.play(&told).map_err(|misspelt| format!("{name}: {misspelt}"))?;
    if !played.breaches.is_empty() {
        return Err(format!("{name}: {}", played.breaches.join("; ")));
    }
    if played.text == told {
        return Ok(());
    }
    match otherwise {
        Otherwise::Write => {
            fs::write(file, played.text).map_err(|error| format!("{name}: {error}"))
        }
        Otherwise::Fail => Err(format!(
            "{name} happens otherwise (- as told, + as it is):\n{}",
            diff(&told, &played.text)
        )),
    }
}

/// The table of rules next to the stories speaks only of stories that there are.
#[test]
fn every_story_of_the_table_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let table = fs::read_to_string(folder.join("README.md")).expect("the table can be read");
    let links: Vec<&str> = table
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .collect();
    assert!(links.len() > 100, "only {} links", links.len());
    for link in links {
        assert!(folder.join(link).exists(), "tests/scenarios/README.md leads to {link}");
    }
}

const STORY: &str = "\
cluster fencing=trusted
node a
start
----

join a
----
node a: down
";

#[test]
fn what_is_told_wrong_is_found_and_mended() {
    let played = Runner.play(STORY).expect("every line is understood");
    assert_ne!(played.text, STORY);
    assert!(played.text.contains("node a: up\n"), "{}", played.text);
    let again = Runner.play(&played.text).expect("the mended story is understood");
    assert_eq!(again.text, played.text);
}

#[test]
fn a_misspelt_line_is_named() {
    let misspelt = Runner.play("node a\nstart\n----\n\njion a\n").expect_err("no such command");
    assert_eq!(misspelt.line, 5);
}
