//! The state machines as tables. People read them, and they never change by accident.
//!
//! `UPDATE=1 cargo test --lib machine` writes the files anew.

use std::fmt::Display;
use std::format;
use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;

/// Compares with a file, or writes it.
fn compare(name: &str, found: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/machine/golden");
    let path = folder.join(name).with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).expect("the golden files can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == known, "{name} has changed; it would be\n{found}");
}

/// A table with one column per state.
fn table<S: Display>(states: &[S], rows: &[(String, Vec<String>)]) -> String {
    let first = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let widths: Vec<usize> = states
        .iter()
        .enumerate()
        .map(|(column, state)| {
            let cells = rows.iter().filter_map(|(_, cells)| cells.get(column));
            cells.map(String::len).chain([state.to_string().len()]).max().unwrap_or(0)
        })
        .collect();
    let line = |name: &str, cells: &[String]| {
        let mut line = format!("{name:<first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            line += &format!("  {cell:<width$}");
        }
        String::from(line.trim_end()) + "\n"
    };
    let heads: Vec<String> = states.iter().map(ToString::to_string).collect();
    let mut text = line("", &heads);
    for (name, cells) in rows {
        text += &line(name, cells);
    }
    text
}

fn cell<S: Display>(transition: Transition<S>) -> String {
    match transition {
        Transition::To(state) => state.to_string(),
        Transition::Ignored => "-".into(),
        Transition::Forbidden => "x".into(),
    }
}

/// S33: the effect of every event on a resource in every state; each cell is asked for.
#[test]
fn resources() {
    let rows: Vec<_> = ResourceEvent::ALL
        .iter()
        .map(|event| {
            let cells = ResourceState::ALL.iter().map(|state| cell(state.next(*event)));
            (format!("{event:?}"), cells.collect())
        })
        .collect();
    compare("resource", &table(&ResourceState::ALL, &rows));
}

/// S33: the effect of every event on a node in every state.
#[test]
fn nodes() {
    let rows: Vec<_> = NodeEvent::ALL
        .iter()
        .map(|event| {
            let cells = NodeState::ALL.iter().map(|state| cell(state.next(*event)));
            (format!("{event:?}"), cells.collect())
        })
        .collect();
    compare("node", &table(&NodeState::ALL, &rows));
}

/// S33: the state of a group with one more resource. A column stands for the group so far, a row
/// for the resource.
#[test]
fn groups() {
    let rows: Vec<_> = ResourceState::ALL
        .iter()
        .map(|resource| {
            let cells = GroupState::ALL.iter().map(|group| group.with(*resource).to_string());
            (resource.to_string(), cells.collect())
        })
        .collect();
    compare("group", &table(&GroupState::ALL, &rows));
}

/// A state can become exactly those that some event leads to.
#[test]
fn what_a_state_can_become() {
    for from in NodeState::ALL {
        for to in NodeState::ALL {
            let leads = NodeEvent::ALL.iter().any(|on| from.next(*on).target() == Some(to));
            assert_eq!(from.can_become(to), leads, "{from} {to}");
        }
    }
    for from in ResourceState::ALL {
        for to in ResourceState::ALL {
            let leads = ResourceEvent::ALL.iter().any(|on| from.next(*on).target() == Some(to));
            assert_eq!(from.can_become(to), leads, "{from} {to}");
        }
    }
}
