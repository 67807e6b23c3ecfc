//! A scenario as it is played, line by line.

use crate::audit::Audit;
use crate::twin;
use quorate::Cluster;

use super::declare::{self, Draft};
use super::scene::Scene;
use super::turn::Turn;
use super::words::{Arguments, split};

/// The state of the play.
#[derive(Debug, Default)]
pub(crate) struct Play {
    draft: Draft,
    cluster: Option<Cluster>,
    /// The reasons why the cluster could not be started.
    refused: Vec<String>,
    scene: Scene,
    word: Word,
}

/// The truth of the reports of operators and membership about nodes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Word {
    #[default]
    True,
    False,
}

impl Play {
    /// Plays one line and returns the output.
    pub(crate) fn line(&mut self, line: &str) -> Result<Vec<String>, String> {
        let json = json_of(line);
        let words = match json {
            // The JSON keeps its own quotes and spaces.
            Some((head, _)) => split(head)?,
            None => split(line)?,
        };
        let Some((verb, rest)) = words.split_first() else {
            return Ok(Vec::new());
        };
        if let Some(cluster) = self.cluster.take() {
            let digest = cluster.digest();
            let mut turn = Turn { cluster, scene: &mut self.scene, lines: Vec::new() };
            let played = match json {
                Some((_, json)) => turn.json(verb, rest, json),
                None => turn.line(verb, &words, rest),
            };
            let Turn { cluster, mut lines, .. } = turn;
            self.cluster = Some(cluster);
            played?;
            if verb != "digest-same" {
                self.scene.digest_before = digest;
            }
            for double in self.scene.world.doubles() {
                lines.push(format!("!! {double}"));
                if self.word == Word::True {
                    self.scene.breaches.push(double);
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
                self.scene.policy = declare::policy(rest)?.into();
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

    /// Returns the rules that were broken.
    pub(crate) fn breaches(self) -> Vec<String> {
        self.scene.breaches
    }

    fn start(&mut self) -> Result<Vec<String>, String> {
        match self.draft.finish()?.build() {
            Ok(spec) => {
                let warnings = spec.warnings().iter().map(|warning| format!("warning {warning}"));
                let lines = warnings.collect();
                let mut cluster = Cluster::new(spec, self.scene.policy.clone(), self.scene.now);
                twin::offer(&mut cluster, &self.scene.policies())
                    .map_err(|error| error.to_string())?;
                self.scene.audit = Some(Audit::new(&cluster));
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

/// Splits a line that may end in JSON into the text before the JSON and the JSON.
fn json_of(line: &str) -> Option<(&str, &str)> {
    let verb = line.split_whitespace().next()?;
    let at = line.find('{').filter(|_| verb == "declare" || verb == "input")?;
    Some(line.split_at(at))
}
