//! Tells a history in words, and as the beginning of a scenario in the language of
//! `tests/scenario`.

use std::fmt::Write;

use quorate::cluster::Outcome;

use super::Configuration;
use super::act::Action;
use super::declare::{self, GROUP_NAMES, NODE_NAMES, RESOURCE_NAMES};
use super::state::{self, State};
use super::world::{Letter, Manner, NO_RESOURCE, Order};

impl Action {
    /// Describes the action.
    pub(crate) fn words(self, state: &State) -> String {
        match self {
            Self::Work { order, manner } => {
                let order = &state.world.orders.as_slice()[usize::from(order)];
                let how = match manner {
                    Manner::Succeed => "is carried out",
                    Manner::Fail => "fails",
                    Manner::FailDone => "is carried out and said to have failed",
                    Manner::Hang => "hangs",
                    Manner::Lose => "is lost on its way",
                    Manner::SucceedMute => "is carried out, and the answer is lost",
                };
                format!("{} {how}", order.words())
            }
            Self::Deliver { letter } => format!("{} arrives", letter_words(state, letter)),
            Self::Lose { letter } => format!("{} is lost", letter_words(state, letter)),
            Self::Double { letter } => format!("{} is doubled", letter_words(state, letter)),
            Self::Ripen { node, resource } => {
                format!("the start of {} on {} ends after all", resource_name(resource), name(node))
            }
            Self::Crash { node } => format!("{} loses power", name(node)),
            Self::Cut { node } => format!("{} is cut off", name(node)),
            Self::Notice { node } => format!("{} is noticed to be gone", name(node)),
            Self::Boot { node, rogue: None } => format!("{} starts and joins", name(node)),
            Self::Boot { node, rogue: Some(resource) } => {
                let resource = resource_name(resource);
                format!("{} starts and joins, and {resource} runs there unasked", name(node))
            }
            Self::Heal { node, .. } => format!("{} is heard again", name(node)),
            Self::Fail { node, resource } => {
                format!("{} dies on {}", resource_name(resource), name(node))
            }
            Self::Move { group, to } => {
                let group = GROUP_NAMES[usize::from(group)];
                format!("an operator moves {group} to {}", name(to))
            }
            Self::Do(deed) => deed.to_string(),
            Self::Timer => "the next timer goes off".into(),
        }
    }

    /// Returns the line of a scenario for the action; nothing if the cluster does not notice it.
    fn line(self, before: &State, after: &State) -> Option<String> {
        Some(match self {
            Self::Deliver { letter } => match &before.world.letters.as_slice()[usize::from(letter)]
            {
                Letter::Answer { order, outcome } => {
                    let outcome = match outcome {
                        Outcome::Succeeded => "",
                        Outcome::Failed => " failed",
                        Outcome::Running => " running",
                        Outcome::NotRunning => " not_running",
                        _ => " timed_out",
                    };
                    format!("done {} {}{outcome}", order.kind_name(), order.target())
                }
                Letter::Listed { order, running } => {
                    let names = RESOURCE_NAMES.iter().enumerate();
                    let here = names.filter(|(id, _)| running >> id & 1 == 1);
                    let here: Vec<&str> = here.map(|(_, name)| *name).collect();
                    let (node, life) = (name(order.node), order.life);
                    let mut line = format!("inventory {node} inc={life} answers={}", order.id);
                    if !here.is_empty() {
                        let _ = write!(line, " running={}", here.join(","));
                    }
                    line
                }
                Letter::Failed { node, resource, life, run } => {
                    let run = if *run == 0 { String::new() } else { format!(" run={run}") };
                    let (resource, node) = (resource_name(*resource), name(*node));
                    format!("crash {resource} on={node} inc={life}{run}")
                }
            },
            Self::Notice { node } => format!("lose {}", name(node)),
            Self::Boot { node, .. } | Self::Heal { node, .. } => {
                let machine = &after.world.machines[usize::from(node)];
                let running: Vec<&str> = machine.inventory().map(|id| RESOURCE_NAMES[id]).collect();
                let mut line = format!("join {} inc={}", name(node), machine.life());
                if !running.is_empty() {
                    let _ = write!(line, " running={}", running.join(","));
                }
                line
            }
            Self::Move { group, to } => {
                format!("move {} to {}", GROUP_NAMES[usize::from(group)], name(to))
            }
            Self::Do(deed) => deed.line(&before.core.cluster),
            Self::Timer => {
                let now = |state: &State| state.core.now(&state.world);
                format!("advance {}ms", now(after).since(now(before)).as_millis())
            }
            Self::Work { .. }
            | Self::Lose { .. }
            | Self::Double { .. }
            | Self::Ripen { .. }
            | Self::Crash { .. }
            | Self::Cut { .. }
            | Self::Fail { .. } => return None,
        })
    }
}

impl Order {
    fn kind_name(&self) -> String {
        if self.is_question() {
            return "inventory".into();
        }
        if self.is_fence() { "fence".into() } else { self.kind.to_string() }
    }

    fn target(&self) -> &'static str {
        if self.resource == NO_RESOURCE { name(self.node) } else { resource_name(self.resource) }
    }

    fn words(&self) -> String {
        if self.is_fence() {
            return format!("operation {}, fence {},", self.id, name(self.node));
        }
        if self.is_question() {
            return format!("operation {}, inventory of {},", self.id, name(self.node));
        }
        let (id, kind, target) = (self.id, self.kind, self.target());
        format!("operation {id}, {kind} {target} on {},", name(self.node))
    }
}

fn letter_words(state: &State, letter: u8) -> String {
    match &state.world.letters.as_slice()[usize::from(letter)] {
        Letter::Answer { order, outcome } => {
            format!("the answer to {} {outcome:?},", order.words())
        }
        Letter::Listed { order, .. } => format!("the answer to {}", order.words()),
        Letter::Failed { node, resource, .. } => {
            format!("the report that {} failed on {}", resource_name(*resource), name(*node))
        }
    }
}

fn name(node: u8) -> &'static str {
    NODE_NAMES[usize::from(node)]
}

fn resource_name(resource: u8) -> &'static str {
    RESOURCE_NAMES[usize::from(resource)]
}

/// Returns a history with one line for each action, with the groups as they are then.
pub(crate) fn story(path: &[(State, Option<Action>)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (state, action) in path {
        if let Some(action) = action {
            lines.push(action.words(state));
        }
    }
    lines
}

/// Returns a history as a scenario, as far as the cluster notices it. The outputs are filled in by
/// `UPDATE=1 cargo test --test scenarios`.
pub(crate) fn scenario(configuration: &Configuration, path: &[(State, Option<Action>)]) -> String {
    let mut text = String::from("# Found by crates/model_check.\n");
    declare::tell(configuration, &mut text);
    text.push_str("start\n");
    for deed in configuration.scene.map_or(&[][..], |scene| scene.first) {
        if let Some((state, _)) = path.first() {
            let _ = writeln!(text, "{}", deed.line(&state.core.cluster));
        }
    }
    let is_formed = path.first().is_some_and(|(state, _)| {
        state::groups().all(|(_, group)| state.core.cluster.state().owner(group).is_some())
    });
    if is_formed {
        text.push_str("join a b c\n");
    }
    text.push_str("manual\n----\n\n");
    for (step, next) in path.iter().zip(path.iter().skip(1)) {
        let (before, action) = step;
        let Some(action) = action else { continue };
        let _ = writeln!(text, "# {}", action.words(before));
        if let Some(line) = action.line(before, &next.0) {
            let _ = writeln!(text, "{line}");
        }
    }
    text.push_str("----\n");
    text
}
