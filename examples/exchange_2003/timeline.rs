//! The journal of a cluster for its operators, one row per important event.

use std::fmt;

use quorate::Timestamp;
use quorate::cluster::Event;
use quorate::id::Names;
use quorate::machine::{GroupState, NodeState, ResourceState};
use quorate::spec::ClusterSpec;
use quorate::state::MovementCause;

/// One row: time, subjects and event. An event that concerns several subjects at once is one row.
#[derive(Debug)]
pub(crate) struct Row {
    at: Timestamp,
    subjects: Vec<String>,
    text: String,
    things: Vec<String>,
}

/// Turns the journal of a cluster into rows.
pub(crate) struct Teller<'a> {
    pub spec: &'a ClusterSpec,
    /// The group whose resources have rows as well.
    pub close_up: Option<&'a str>,
    /// Returns how long the mailboxes of a group were away before they came back at the given time.
    pub outage: &'a dyn Fn(&str, Timestamp) -> Option<String>,
}

impl Teller<'_> {
    pub(crate) fn rows(&self, journal: &[(Timestamp, Event<Names>)]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (at, event) in journal {
            let Some(told) = self.tell(*at, event) else {
                continue;
            };
            let here = rows.iter_mut().filter(|row| row.at == *at && row.text == told.text);
            match here.last() {
                Some(row) if row.subjects == told.subjects => row.things.extend(told.things),
                Some(row) if row.things.is_empty() => row.subjects.extend(told.subjects),
                Some(_) | None => rows.push(told),
            }
        }
        rows
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "there may be more events, and not all matter"
    )]
    fn tell(&self, at: Timestamp, event: &Event<Names>) -> Option<Row> {
        let row = |subject: &str, text: &str| Some(Row::new(at, subject, text));
        match event {
            Event::QuorumChanged { verdict, .. } if verdict.is_quorate() => {
                row("cluster", "forms, for it has quorum")
            }
            Event::QuorumChanged { .. } => row("cluster", "has no quorum"),
            Event::NodeChanged { node, to, .. } => match to {
                NodeState::Up => row(node, "up"),
                NodeState::Unclean => {
                    row(node, "is silent; switching it off, for it may still run")
                }
                NodeState::Down => row(node, "is off for certain"),
                NodeState::Joining | NodeState::Paused => None,
            },
            Event::ResourceChanged { resource, to: ResourceState::Online, .. } => {
                let (group, short) = self.split(resource);
                (self.close_up == Some(group.as_str()))
                    .then(|| Row { things: vec![short], ..Row::new(at, &group, "online:") })
            }
            Event::OwnerChanged { group, to: Some(to), cause, .. } => match cause {
                MovementCause::Start | MovementCause::NodeFailure => {
                    row(group, &format!("goes to {to}"))
                }
                _ => row(group, &format!("has stopped, goes to {to}")),
            },
            Event::MoveStarted { group, cause: MovementCause::Operator, .. } => {
                row(group, "stops, the store before its disks")
            }
            Event::MoveStarted { group, cause: MovementCause::ResourceFailure, .. } => {
                row(group, "has no restart left and fails over; stops")
            }
            Event::AdmissionRefused { group, node, because_of, .. } => {
                row(group, &format!("must not start on {node}, where {because_of} runs"))
            }
            Event::RestartScheduled { resource, remaining, .. } => {
                let (group, short) = self.split(resource);
                row(&group, &format!("{short} failed, restarts in place ({remaining} more left)"))
            }
            Event::GroupChanged { group, to: GroupState::Online, .. } => {
                match (self.outage)(group, at) {
                    Some(span) => {
                        row(group, &format!("online; its mailboxes were away for {span}"))
                    }
                    None => row(group, "online"),
                }
            }
            _ => None,
        }
    }

    /// Returns the group of a resource, and the name of the resource without the group.
    fn split(&self, resource: &str) -> (String, String) {
        let declared = self.spec.resource_id(resource).and_then(|id| self.spec.resource(id));
        let group = declared.and_then(|declared| self.spec.group(declared.group()));
        let group = group.map_or_else(String::new, |group| group.name().to_owned());
        let short = resource.strip_prefix(&group).unwrap_or(resource).trim().to_owned();
        (group, short)
    }
}

impl Row {
    pub(crate) fn new(at: Timestamp, subject: &str, text: &str) -> Self {
        Self { at, subjects: vec![subject.into()], text: text.into(), things: Vec::new() }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = match self.subjects.as_slice() {
            [first, _, .., last] => format!("{first} to {last}"),
            others => others.join(", "),
        };
        write!(f, "  {}  {subjects:<14}  {}", Clock(self.at), self.text)?;
        if self.things.is_empty() { Ok(()) } else { write!(f, " {}", self.things.join(", ")) }
    }
}

/// Hours, minutes, seconds and tenths.
struct Clock(Timestamp);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_millis() / 100;
        let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
        let (seconds, tenths) = (tenths / 10 % 60, tenths % 10);
        write!(f, "{hours}:{minutes:02}:{seconds:02}.{tenths}")
    }
}
