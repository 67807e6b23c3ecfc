//! A scenario as it is played, line by line.

use std::prelude::v1::*;
use std::sync::Arc;

use crate::policy::{FailoverPolicy, Ring};
use crate::testkit::audit::Audit;
use crate::{Cluster, Timestamp};

use super::declare::{self, Draft};
use super::print::Show;
use super::turn::Turn;
use super::words::{Arguments, split};
use super::world::World;

/// The state of the play.
#[derive(Debug)]
pub(crate) struct Play {
    draft: Draft,
    pub(super) policy: Arc<dyn FailoverPolicy>,
    cluster: Option<Cluster>,
    /// Why the cluster could not be started.
    refused: Vec<String>,
    pub(super) now: Timestamp,
    pub(super) world: World,
    pub(super) agents: Agents,
    pub(super) show: Show,
    pub(super) digest_before: u64,
    /// Judges every step, until one breaks a promise.
    pub(super) audit: Option<Audit>,
    pub(super) breaches: Vec<String>,
    word: Word,
}

/// Whether what operators and membership say of nodes is true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    True,
    False,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Agents {
    Automatic,
    Manual,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            draft: Draft::default(),
            policy: Arc::new(Ring::new()),
            cluster: None,
            refused: Vec::new(),
            now: Timestamp::ZERO,
            world: World::default(),
            agents: Agents::Automatic,
            show: Show::default(),
            digest_before: 0,
            audit: None,
            breaches: Vec::new(),
            word: Word::True,
        }
    }
}

impl Play {
    /// Plays one line and gives what is put out.
    pub(crate) fn line(&mut self, line: &str) -> Result<Vec<String>, String> {
        let json = json_of(line);
        let words = match json {
            // Its quotes and spaces are its own.
            Some((head, _)) => split(head)?,
            None => split(line)?,
        };
        let Some((verb, rest)) = words.split_first() else {
            return Ok(Vec::new());
        };
        if let Some(cluster) = self.cluster.take() {
            let digest = cluster.digest();
            let mut turn = Turn { cluster, play: self, lines: Vec::new() };
            let played = match json {
                Some((_, json)) => turn.json(verb, rest, json),
                None => turn.line(verb, &words, rest),
            };
            let Turn { cluster, mut lines, .. } = turn;
            self.cluster = Some(cluster);
            played?;
            if verb != "digest-same" {
                self.digest_before = digest;
            }
            for double in self.world.doubles() {
                lines.push(format!("!! {double}"));
                if self.word == Word::True {
                    self.breaches.push(double);
                }
            }
            return Ok(lines);
        }
        match verb.as_str() {
            "declare" => {
                self.draft = Draft::read(json.map_or("", |(_, json)| json))?;
                Ok(Vec::new())
            }
            "cluster" | "node" | "group" | "resource" | "kind" => {
                self.draft.add(verb, Arguments::of(rest)).map(|()| Vec::new())
            }
            "policy" => {
                self.policy = declare::policy(rest)?.into();
                Ok(Vec::new())
            }
            "false-word" => {
                self.word = Word::False;
                Ok(Vec::new())
            }
            "start" => self.start(),
            _ if self.refused.is_empty() => Err(format!("{verb} cannot come before start")),
            _ => Err(format!("nothing was started: {}", self.refused.join("; "))),
        }
    }

    /// Rules that were broken.
    pub(crate) fn breaches(self) -> Vec<String> {
        self.breaches
    }

    fn start(&mut self) -> Result<Vec<String>, String> {
        match self.draft.finish()?.build() {
            Ok(spec) => {
                let warnings = spec.warnings().iter().map(|warning| format!("warning {warning}"));
                let lines = warnings.collect();
                let cluster = Cluster::new(spec, self.policy.clone(), self.now);
                self.audit = Some(Audit::new(&cluster));
                self.cluster = Some(cluster);
                Ok(lines)
            }
            Err(errors) => {
                self.refused = errors.iter().map(ToString::to_string).collect();
                Ok(self.refused.iter().map(|error| format!("error {error}")).collect())
            }
        }
    }
}

/// The JSON with which a line ends that may, and what stands before it.
fn json_of(line: &str) -> Option<(&str, &str)> {
    let verb = line.split_whitespace().next()?;
    let at = line.find('{').filter(|_| verb == "declare" || verb == "input")?;
    Some(line.split_at(at))
}
