//! Writes a run as a scenario: everything that the cluster was told, in the language of scenarios.

use crate::scenario::{self, Runner};
use quorate::Timestamp;
use quorate::cluster::{Effect, Input};
use quorate::id::Names;
use quorate::spec::{ClusterDeclaration, ClusterSpec};

use crate::Breach;

use super::policy::Policy;

/// A line of a scenario: an input, an output or a fact.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// The cluster was told something at this time. If it is an outcome, the operation was
    /// outstanding or not.
    Input { input: Box<Input>, spec: Box<ClusterSpec>, is_awaited: bool },
    /// A timer went off.
    Timer,
    /// The cluster was stored and restored.
    Restored,
    /// The cluster asked for an operation.
    Issued(Effect<Names>),
    /// A resource runs on a node, which the cluster may not know.
    Runs { resource: String, node: String },
}

/// The head of a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) seed: u64,
    pub(crate) breach: &'a Breach,
    pub(crate) declaration: &'a ClusterDeclaration,
    pub(crate) policy: Policy,
}

/// Returns the scenario that the runner plays. Its last line is the digest of the last state.
pub(crate) fn scenario(head: Head<'_>, told: &[(u64, Told)]) -> String {
    let text = script(head, told, "");
    match Runner.play(&text) {
        // Something untrue was reported, or something was assumed to be off: the runner has to
        // know.
        Ok(played) if !played.breaches.is_empty() => {
            let text = script(head, told, "false-word\n");
            Runner.play(&text).map_or(text, |played| played.text)
        }
        Ok(played) => played.text,
        Err(_) => text,
    }
}

fn script(head: Head<'_>, told: &[(u64, Told)], word: &str) -> String {
    let mut lines = Vec::new();
    for line in std::format!("seed {}: {}", head.seed, head.breach).lines() {
        lines.push(std::format!("# {line}"));
    }
    lines.extend(scenario::setup(head.declaration, &head.policy.word()));
    let mut text = std::format!("{}\n{word}start\nmanual\n----\n", lines.join("\n"));
    let mut now = 0;
    let mut issued = Vec::new();
    let mut block = Vec::new();
    for (at, told) in told {
        if *at > now {
            end_block(&mut text, &mut block);
            block.push(std::format!("skip {}ms", at.saturating_sub(now)));
            now = *at;
        }
        match told {
            Told::Timer => block.push("timeout".into()),
            Told::Restored => block.push("snapshot".into()),
            Told::Issued(effect) => issued.push(effect.clone()),
            Told::Runs { resource, node } => {
                block.push(std::format!("run \"{resource}\" on=\"{node}\""));
            }
            Told::Input { input, spec, is_awaited } => {
                let stage = scenario::Stage { spec, issued: &issued, is_awaited: *is_awaited };
                let other = (*at != now).then(|| Timestamp::from_millis(*at));
                block.push(scenario::step(stage, other, input));
            }
        }
    }
    block.push("digest".into());
    end_block(&mut text, &mut block);
    text
}

fn end_block(text: &mut String, block: &mut Vec<String>) {
    if !block.is_empty() {
        text.push_str(&std::format!("\n{}\n----\n", block.join("\n")));
        block.clear();
    }
}
