//! The bridge does what `docs/bridge.md` says.
//!
//! In the document, fenced blocks hold conversations (`>` is a line to the bridge, `<` its answer),
//! inputs, outputs, or one line for each variant of what is only ever written. All conversations
//! together are one, from the top. `UPDATE=1` writes the true answers and lines into the document.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use quorate::cluster::{Command, Deadline, Event, Forecast, Input, Outcome, Output, Reason};
use quorate::id::Names;
use serde_json::Value;

#[path = "bridge/samples.rs"]
mod samples;
#[path = "../examples/bridge/session/mod.rs"]
mod session;

use session::Session;

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bridge.md")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_conversation_goes_as_written() {
    let written = read(&document());
    let mut session = Session::default();
    let mut lines = Vec::new();
    let mut samples = samples::blocks();
    let mut is_sample = false;
    for line in written.lines() {
        is_sample = is_sample && line != "```";
        if is_sample {
            continue;
        }
        let language = line.strip_prefix("```").unwrap_or_default();
        if let Some(at) = samples.iter().position(|block| block.language == language) {
            lines.push(line.to_owned());
            lines.extend(samples.swap_remove(at).lines);
            is_sample = true;
            continue;
        }
        match (line.strip_prefix("> "), line.starts_with("< ")) {
            (Some(request), _) if request.starts_with('{') => {
                lines.push(line.to_owned());
                lines.push(format!("< {}", session.answer(request.as_bytes())));
            }
            (_, true) => {}
            _ => lines.push(line.to_owned()),
        }
    }
    let missing: Vec<&str> = samples.iter().map(|block| block.language).collect();
    assert!(missing.is_empty(), "docs/bridge.md has no block of {}", missing.join(", "));
    let spoken = lines.join("\n") + "\n";
    if env::var_os("UPDATE").is_some() {
        // Renamed, because the other tests read the document at the same time.
        let written = document().with_extension("new");
        fs::write(&written, spoken).expect("the document can be written");
        fs::rename(&written, document()).expect("the document can be replaced");
        return;
    }
    for (number, (told, true_one)) in written.lines().zip(spoken.lines()).enumerate() {
        assert_eq!(told, true_one, "line {} of docs/bridge.md", number + 1);
    }
    assert_eq!(written.lines().count(), spoken.lines().count());
}

/// Lines of the blocks that are fenced as this language.
fn fenced(language: &str) -> Vec<String> {
    let text = read(&document());
    let fence = format!("```{language}");
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match inside {
            false => inside = line == fence,
            true if line == "```" => inside = false,
            true => lines.push(line.to_owned()),
        }
    }
    lines
}

/// The value with the fields that it needs not say.
fn assert_read_back<T>(line: &str)
where
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    let value: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let again: Value = serde_json::to_value(value).expect("plain data");
    let told: Value = serde_json::from_str(line).expect("it was just read");
    assert!(holds(&again, &told), "{line}\nis read as\n{again}");
}

/// Tells whether `whole` holds everything that `part` says.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|whole| holds(whole, value)))
        }
        _ => whole == part,
    }
}

#[test]
fn every_input_is_read() {
    let lines = fenced("json inputs");
    assert!(!lines.is_empty());
    lines.iter().for_each(|line| assert_read_back::<Input<Names>>(line));
}

#[test]
fn every_output_is_read() {
    let lines = fenced("json outputs");
    assert!(!lines.is_empty());
    lines.iter().for_each(|line| assert_read_back::<Output<Names>>(line));
}

#[test]
fn every_answer_but_an_explanation_is_read() {
    fenced("json deadlines").iter().for_each(|line| assert_read_back::<Deadline<Names>>(line));
    fenced("json reasons").iter().for_each(|line| assert_read_back::<Reason<Names>>(line));
    fenced("json plans").iter().for_each(|line| assert_read_back::<Forecast>(line));
}

/// The names of all variants, as serde tells them to those who ask for one that does not exist.
fn variants<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
    let error = match serde_json::from_str::<T>(r#"{"no such variant": null}"#) {
        Ok(_) => panic!("every variant is read"),
        Err(error) => error.to_string(),
    };
    let (_, expected) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    let names: BTreeSet<String> =
        expected.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
    assert!(names.len() > 1, "{error}");
    names
}

/// Fields of a variant: `{"variant": {"field": …}}`.
fn fields(value: &Value, variant: &str) -> Option<BTreeSet<String>> {
    Some(value.get(variant)?.as_object()?.keys().cloned().collect())
}

/// Every variant has a line, and at least one line of each has all its fields.
fn assert_whole<T>(lines: &[Value])
where
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    for variant in variants::<T>() {
        let is_whole = lines.iter().any(|line| {
            let told = fields(line, &variant);
            let read = serde_json::from_value::<T>(line.clone());
            let again = read.map(serde_json::to_value).ok().and_then(Result::ok);
            told.is_some() && told == again.and_then(|again| fields(&again, &variant))
        });
        assert!(is_whole, "docs/bridge.md has no line of {variant} with all its fields");
    }
}

#[test]
fn every_input_command_and_event_is_shown_with_all_its_fields() {
    let read = |line: String| -> Value { serde_json::from_str(&line).expect("it is JSON") };
    let within = |lines: &[Value], key: &str| -> Vec<Value> {
        lines.iter().filter_map(|line| line.get(key).cloned()).collect()
    };
    let inputs: Vec<Value> = fenced("json inputs").into_iter().map(read).collect();
    let commands = within(&inputs, "command");
    let outputs: Vec<Value> = fenced("json outputs").into_iter().map(read).collect();
    assert_whole::<Command<Names>>(&commands);
    assert_whole::<Event<Names>>(&within(&outputs, "event"));
    assert_whole::<Output<Names>>(&outputs);
    let shown: BTreeSet<String> = inputs
        .iter()
        .flat_map(|line| match line {
            Value::String(name) => vec![name.clone()],
            line => line.as_object().into_iter().flat_map(|line| line.keys().cloned()).collect(),
        })
        .collect();
    assert_eq!(shown, variants::<Input<Names>>());
    let text = self::read(&document());
    for outcome in variants::<Outcome>() {
        assert!(text.contains(&format!("`{outcome}`")), "{outcome}");
    }
}

/// All words of a value: texts and names of fields.
fn words(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| {
            found.insert(field.clone());
            words(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| words(value, found)),
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The samples are what the document shows, so a variant without a sample is one that the document
/// does not show.
#[test]
fn there_is_a_sample_of_every_variant() {
    for block in samples::blocks() {
        let mut shown = BTreeSet::new();
        for line in &block.lines {
            words(&serde_json::from_str(line).expect("it is JSON"), &mut shown);
        }
        for (file, item) in block.items {
            let missing: Vec<String> = words_of(file, item).difference(&shown).cloned().collect();
            assert!(missing.is_empty(), "no sample of {item}: {}", missing.join(", "));
        }
    }
}

/// Names of variants or fields in a source file, as they are written in JSON.
fn words_of(file: &str, item: &str) -> BTreeSet<String> {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file));
    let mut lines = text.lines().skip_while(|line| !line.starts_with(item));
    lines.next().unwrap_or_else(|| panic!("{file} has no {item}"));
    lines
        .take_while(|line| *line != "}")
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            let end = line.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let (name, rest) = line.split_at(end.unwrap_or(line.len()));
            let is_name = name.starts_with(|letter: char| letter.is_alphabetic());
            let is_declared = rest.starts_with([':', ',', '{', '(']) || rest.starts_with(" {");
            (is_name && is_declared).then(|| snake(name))
        })
        .collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[test]
fn nothing_is_left_out() {
    let items = [
        ("src/cluster/words/input.rs", "pub enum Input<"),
        ("src/cluster/words/command.rs", "pub enum Command<"),
        ("src/state/operation.rs", "pub enum Outcome "),
        ("src/state/group.rs", "pub enum LockHandling "),
        ("src/cluster/words/command.rs", "pub enum WhenRefused "),
        ("src/cluster/words/command.rs", "pub enum ResumeFailback "),
        ("src/cluster/words/output.rs", "pub struct Effect<"),
        ("src/cluster/words/output.rs", "pub enum Event<"),
        ("src/cluster/words/error.rs", "pub enum InputError<"),
        ("src/cluster/words/reason.rs", "pub enum Reason<"),
        ("src/cluster/words/deadline.rs", "deadline_reasons! {"),
        ("src/cluster/questions/forecast.rs", "pub enum Fate "),
        ("src/cluster/questions/forecast.rs", "pub enum ForecastEnd "),
        ("src/plan/explain.rs", "pub enum CandidateVerdict<"),
        ("src/plan/explain.rs", "pub enum Difference "),
        ("src/cluster/questions/forecast.rs", "pub enum ForecastEnd "),
        ("src/quorum.rs", "pub enum QuorumVerdict "),
        ("src/quorum.rs", "pub enum WitnessState "),
        ("src/plan/verdict.rs", "pub enum Rejection<"),
        ("src/plan/verdict.rs", "pub enum Drawback<"),
        ("src/policy/mod.rs", "pub enum Trigger "),
        ("src/state/operation.rs", "pub enum OperationKind "),
        ("src/state/recovery.rs", "pub enum NoRestartCause "),
        ("src/state/recovery.rs", "pub enum Recovery "),
        ("src/state/orphan.rs", "pub enum OrphanState "),
        ("examples/bridge/session/view.rs", "pub(crate) struct StateView "),
        ("examples/bridge/session/view.rs", "struct NodeView "),
        ("examples/bridge/session/view.rs", "struct DrainView "),
        ("examples/bridge/session/view.rs", "struct GroupView "),
        ("examples/bridge/session/view.rs", "struct ResourceView "),
        ("examples/bridge/session/view.rs", "struct OrphanView "),
        ("src/state/group.rs", "pub enum MovementCause "),
        ("src/state/group.rs", "pub enum MoveFailure "),
        ("src/state/group.rs", "pub enum Lock "),
        ("src/state/node.rs", "pub enum DownProof "),
        ("src/state/node.rs", "pub enum DrainStatus "),
        ("src/state/node.rs", "pub enum DrainMode "),
        ("src/machine/node.rs", "pub enum NodeState "),
        ("src/machine/resource.rs", "pub enum ResourceState "),
        ("src/machine/group.rs", "pub enum GroupState "),
        ("src/spec/declaration.rs", "pub struct ClusterDeclaration "),
        ("src/spec/declaration.rs", "pub struct NodeDeclaration "),
        ("src/spec/declaration.rs", "pub struct GroupDeclaration "),
        ("src/spec/declaration.rs", "pub struct ResourceDeclaration "),
        ("src/kind/mod.rs", "pub struct KindDeclaration "),
        ("src/kind/mod.rs", "pub struct ResourceOverrides "),
    ];
    let text = read(&document());
    let missing: Vec<String> = items
        .iter()
        .flat_map(|(file, item)| {
            words_of(file, item).into_iter().map(move |word| format!("{item}: {word}"))
        })
        .filter(|entry| {
            let (_, word) = entry.rsplit_once(' ').expect("item and word");
            !text.contains(&format!("`{word}`")) && !text.contains(&format!("\"{word}\""))
        })
        .collect();
    assert!(missing.is_empty(), "docs/bridge.md does not name {}", missing.join(", "));
}

fn kind_of(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    answer["error"]["kind"].as_str().unwrap_or_default().to_owned()
}

const PAIR: &[u8] = br#"{"spec": {"name": "pair", "nodes": [{"name": "a"}]}, "policy": "ring"}"#;

#[test]
fn hostile_lines_are_answered_and_change_nothing() {
    let mut session = Session::default();
    let deep = "[".repeat(100_000);
    let deep_query = format!("{{\"query\": {deep}");
    let lines: [&[u8]; 12] = [
        b"",
        b"\xff\xfe\x00",
        b"{\"query\": \"\xc3\x28\"}",
        b"null",
        b"[]",
        b"{",
        b"{}",
        b"{\"at\": -1, \"timeout\": true}",
        b"{\"at\": 1, \"timeout\": false}",
        b"{\"at\": 1, \"timeout\": true, \"query\": \"state\"}",
        deep.as_bytes(),
        deep_query.as_bytes(),
    ];
    let refused = |session: &mut Session| {
        for line in lines {
            let answer = session.answer(line);
            assert_eq!(kind_of(&answer), "malformed", "{}", String::from_utf8_lossy(line));
            assert!(!answer.contains('\n'));
        }
    };
    refused(&mut session);
    assert_eq!(kind_of(&session.answer(b"{\"query\": \"state\"}")), "no_cluster");
    assert_eq!(kind_of(&session.answer(PAIR)), "");
    let before = session.answer(b"{\"query\": \"digest\"}");
    refused(&mut session);
    assert_eq!(session.answer(b"{\"query\": \"digest\"}"), before);
}

#[test]
fn a_second_declaration_replaces_the_cluster_only_if_it_is_valid() {
    let mut session = Session::default();
    session.answer(PAIR);
    let nodeless = br#"{"spec": {"name": "none", "nodes": []}, "policy": "ring"}"#;
    assert_eq!(kind_of(&session.answer(nodeless)), "declaration");
    assert!(session.answer(br#"{"query": "state"}"#).contains(r#""name":"a""#));
    session.answer(br#"{"spec": {"name": "two", "nodes": [{"name": "b"}]}, "policy": "ring"}"#);
    assert!(session.answer(br#"{"query": "state"}"#).contains(r#""name":"b""#));
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    let mut session = Session::default();
    session.answer(PAIR);
    session.answer(br#"{"at": 5, "input": {"node_joined": {"node": "a", "incarnation": 1}}}"#);
    let ask = |session: &mut Session, query: &str| -> Value {
        let line = format!("{{\"query\": \"{query}\"}}");
        let answer: Value = serde_json::from_str(&session.answer(line.as_bytes())).unwrap();
        answer["answer"].clone()
    };
    let digest = ask(&mut session, "digest");
    assert!(digest.is_string());
    let snapshot = ask(&mut session, "snapshot");
    let mut other = Session::default();
    let restore = serde_json::json!({ "restore": snapshot, "policy": "ring" }).to_string();
    assert_eq!(other.answer(restore.as_bytes()), r#"{"ok":true}"#);
    assert_eq!(ask(&mut other, "digest"), digest);
}
