//! Lines of a scenario for given inputs.

use serde_json::Value;

use quorate::cluster::{
    Command, ConfigurationMoves, Effect, Input, Life, LockHandling, Outcome, ResumeFailback, Run,
    Running, WhenRefused,
};
use quorate::id::Names;
use quorate::id::name::is_same;
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::state::{DrainMode, MoveFailure, WitnessState};
use quorate::time::WallClock;
use quorate::{Incarnation, OpId, Timestamp};

use super::declare::Draft;
use super::words::{Arguments, split};
use super::world::{Action, target_of};

/// The context of a line: the declared names, and the operations that were issued so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) spec: &'a ClusterSpec,
    pub(crate) issued: &'a [Effect<Names>],
    /// True if the cluster waits for the operation that is answered.
    pub(crate) is_awaited: bool,
}

/// Returns the lines that declare a cluster.
pub(crate) fn setup(declaration: &ClusterDeclaration, policy: &str) -> Vec<String> {
    let json = serde_json::to_value(declaration).unwrap_or_default();
    let mut lines = lines_of(&json);
    if read(&lines).as_ref() != Some(declaration) {
        lines = vec![format!("declare {json}")];
    }
    lines.push(format!("policy {policy}"));
    lines
}

/// Returns the declaration that these lines make.
fn read(lines: &[String]) -> Option<ClusterDeclaration> {
    let mut draft = Draft::default();
    for line in lines {
        let words = split(line).ok()?;
        let (sort, rest) = words.split_first()?;
        draft.add(sort, Arguments::of(rest)).ok()?;
    }
    draft.finish().ok()
}

fn lines_of(declaration: &Value) -> Vec<String> {
    let mut lines = vec![line_of("cluster", declaration, &["kinds", "nodes", "groups"])];
    let list = |of: &Value, key: &str| of[key].as_array().cloned().unwrap_or_default();
    lines.extend(list(declaration, "kinds").iter().map(|kind| line_of("kind", kind, &[])));
    lines.extend(list(declaration, "nodes").iter().map(|node| line_of("node", node, &[])));
    for group in list(declaration, "groups") {
        lines.push(line_of("group", &group, &["resources"]));
        let resources = list(&group, "resources");
        lines.extend(resources.iter().map(|resource| line_of("resource", resource, &[])));
    }
    lines
}

fn line_of(sort: &str, entry: &Value, without: &[&str]) -> String {
    let mut line = format!("{sort} {}", word(entry["name"].as_str().unwrap_or_default()));
    for (key, value) in entry.as_object().into_iter().flatten() {
        if key != "name" && !without.contains(&key.as_str()) {
            // The settings of a resource are written like its own keys.
            let key = if key == "settings" && sort == "resource" { "" } else { key };
            pairs(&mut line, key, value);
        }
    }
    line
}

fn pairs(line: &mut String, path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                pairs(line, &format!("{path}{dot}{key}"), value);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            line.push_str(&format!(" {path}={value}"));
        }
        Value::Array(list) => {
            let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            line.push_str(&format!(" {path}={}", word(&names.join(","))));
        }
        Value::String(text) => line.push_str(&format!(" {path}={}", word(text))),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            line.push_str(&format!(" {path}={value}"));
        }
    }
}

/// Returns a word, in quotes if it has spaces.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains('#');
    if is_plain { text.into() } else { format!("\"{text}\"") }
}

/// Returns the line that hands in an input at the present time, or at another one.
pub(crate) fn step(stage: Stage<'_>, at: Option<Timestamp>, input: &Input) -> String {
    let named = stage.spec.named(input.clone());
    let is_declared = stage.spec.resolve(named.clone()).is_ok_and(|ids| ids == *input);
    let line = match at {
        None if is_declared => words_of(stage, &named),
        _ => None,
    };
    line.unwrap_or_else(|| {
        let at = at.map_or_else(String::new, |at| format!("at={}ms ", at.as_millis()));
        format!("input {at}{}", serde_json::to_string(input).unwrap_or_default())
    })
}

/// Returns a resource of a node's list, as it is written in a line.
fn word_of_listed(of: &Running<Names>) -> String {
    let Running { resource, state } = of;
    match super::command::listed(resource) == *of {
        true => resource.clone(),
        false => format!("{resource}:{state}"),
    }
}

fn departure(verb: &str, node: &str, life: Life) -> String {
    match life {
        Life::Known => format!("{verb} {}", word(node)),
        Life::Of(incarnation) => format!("{verb} {} inc={incarnation}", word(node)),
    }
}

fn words_of(stage: Stage<'_>, input: &Input<Names>) -> Option<String> {
    Some(match input {
        Input::NodeJoined { node, incarnation, running, .. } => {
            let words: Vec<String> = running.iter().map(word_of_listed).collect();
            let runs = match &words[..] {
                [] => String::new(),
                words => format!(" running={}", word(&words.join(","))),
            };
            format!("join {} inc={incarnation}{runs}", word(node))
        }
        Input::NodeInventory { node, incarnation, running, operation, .. } => {
            let words: Vec<String> = running.iter().map(word_of_listed).collect();
            let runs = match &words[..] {
                [] => String::new(),
                words => format!(" running={}", word(&words.join(","))),
            };
            let asked = operation.map_or_else(String::new, |of| format!(" answers={of}"));
            format!("inventory {} inc={incarnation}{runs}{asked}", word(node))
        }
        Input::NodeLeft { node, incarnation, .. } => departure("leave", node, *incarnation),
        Input::NodeLost { node, incarnation, .. } => departure("lose", node, *incarnation),
        Input::NodeFenced { node, incarnation, .. } => departure("fenced", node, *incarnation),
        Input::NodeConfirmedDown { node, incarnation, .. } => {
            departure("confirm-down", node, *incarnation)
        }
        Input::NodeAttributeChanged { node, name, value, .. } => {
            format!("attribute {} {} {value}", word(node), word(name))
        }
        Input::CoreResumed => "resume-core".into(),
        Input::OperationFinished { operation, outcome, .. } => answer(stage, *operation, *outcome),
        Input::OperationProgressed { operation, .. } => progress(stage, *operation)?,
        Input::ResourceFailed { resource, node, incarnation, run, .. } => {
            report("crash", (resource, node), *incarnation, *run)
        }
        Input::ResourceAlive { resource, node, incarnation, run, .. } => {
            report("alive", (resource, node), *incarnation, *run)
        }
        Input::WitnessChanged { witness: WitnessState::Up, .. } => "witness up".into(),
        Input::WitnessChanged { witness: WitnessState::Down, .. } => "witness down".into(),
        Input::WallClockRead { reading, .. } => clock(*reading)?,
        Input::Command(command) => command_words(command)?,
        _ => return None,
    })
}

fn report(
    verb: &str,
    (resource, node): (&str, &str),
    incarnation: Incarnation,
    run: Run,
) -> String {
    let run = match run {
        Run::Present => String::new(),
        Run::Of(start) => format!(" run={start}"),
    };
    format!("{verb} {} on={} inc={incarnation}{run}", word(resource), word(node))
}

/// Returns the words for an operation, if it is the last one of its sort.
fn last(stage: Stage<'_>, operation: OpId) -> Option<String> {
    let is_it = |effect: &&Effect<Names>| effect.operation == operation;
    let effect = stage.issued.iter().rfind(is_it)?;
    let (action, target) = (Action::of(effect.action), target_of(effect));
    let is_like = |other: &&Effect<Names>| {
        Action::of(other.action) == action && is_same(target_of(other), target)
    };
    let newest = stage.issued.iter().rfind(is_like)?;
    is_it(&newest).then(|| format!("{} {}", action.name(), word(target)))
}

fn answer(stage: Stage<'_>, operation: OpId, outcome: Outcome) -> String {
    let told = super::words::name_of(&outcome).replace(' ', "_");
    match (last(stage, operation).filter(|_| stage.is_awaited), outcome) {
        (Some(what), Outcome::Succeeded) => format!("done {what}"),
        (Some(what), _) => format!("done {what} {told}"),
        (None, _) => format!("answer {operation} {told}"),
    }
}

fn progress(stage: Stage<'_>, operation: OpId) -> Option<String> {
    last(stage, operation).map(|what| format!("progress {what}"))
}

/// Returns the reading of a clock in minutes; nothing if it is not whole minutes.
fn clock(reading: WallClock) -> Option<String> {
    let minutes = reading.utc_millis_of_day / 60_000;
    let is_whole = reading.utc_millis_of_day.is_multiple_of(60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let offset = reading.utc_offset_minutes;
    is_whole.then(|| format!("clock {hours:02}:{minutes:02} {offset}"))
}

fn command_words(command: &Command<Names>) -> Option<String> {
    let locked = |lock: &LockHandling| match lock {
        LockHandling::Respect => "",
        LockHandling::Override => " override",
    };
    Some(match command {
        Command::BringGroupOnline { group, lock, .. } => {
            format!("online {}{}", word(group), locked(lock))
        }
        Command::TakeGroupOffline { group, lock, .. } => {
            format!("offline {}{}", word(group), locked(lock))
        }
        Command::BringResourceOnline { resource, lock, .. } => {
            format!("online {}{}", word(resource), locked(lock))
        }
        Command::TakeResourceOffline { resource, lock, .. } => {
            format!("offline {}{}", word(resource), locked(lock))
        }
        Command::MoveGroup { group, to, on_failure, when_refused, lock, .. } => {
            let to = to.as_ref().map_or_else(|| "best".into(), |to| format!("to {}", word(to)));
            let returns = match on_failure {
                MoveFailure::Failover => "",
                MoveFailure::ReturnToSource => " return",
            };
            let queues = match when_refused {
                WhenRefused::Refuse => "",
                WhenRefused::Queue => " queue",
            };
            format!("move {} {to}{returns}{queues}{}", word(group), locked(lock))
        }
        Command::CancelMove { group, .. } => format!("cancel-move {}", word(group)),
        Command::PauseNode { node, .. } => format!("pause {}", word(node)),
        Command::DrainNode { node, mode, target, lock, .. } => {
            let forced = match mode {
                DrainMode::Normal => "",
                DrainMode::Forced => " forced",
            };
            let to = target.as_ref().map_or_else(String::new, |to| format!(" to {}", word(to)));
            format!("drain {}{forced}{to}{}", word(node), locked(lock))
        }
        Command::ResumeNode { node, failback, .. } => {
            let failback = match failback {
                ResumeFailback::NoFailback => "",
                ResumeFailback::Immediate => " immediate",
                ResumeFailback::ByPolicy => " policy",
            };
            format!("resume {}{failback}", word(node))
        }
        Command::ClearResourceFailure { resource, .. } => format!("clear {}", word(resource)),
        Command::ClearGroupFailures { group, node: None, .. } => format!("clear {}", word(group)),
        Command::ClearGroupFailures { group, node: Some(node), .. } => {
            format!("clear {} on={}", word(group), word(node))
        }
        Command::FailResource { resource, .. } => format!("fail {}", word(resource)),
        Command::BeginMaintenance { resource, .. } => format!("maintenance on {}", word(resource)),
        Command::EndMaintenance { resource, .. } => format!("maintenance off {}", word(resource)),
        Command::LockGroup { group, .. } => format!("lock {}", word(group)),
        Command::UnlockGroup { group, .. } => format!("unlock {}", word(group)),
        Command::ChangePolicy { policy, .. } => format!("change-policy {}", word(policy)),
        Command::EvictNode { node, .. } => format!("evict {}", word(node)),
        // Written as an input, because the line of a declaration moves nothing.
        Command::Configure { moves: ConfigurationMoves::Allow, .. } => return None,
        Command::Configure { declaration, moves: ConfigurationMoves::Refuse, .. } => {
            format!("declare {}", serde_json::to_string(declaration).ok()?)
        }
        _ => return None,
    })
}
