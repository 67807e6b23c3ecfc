//! One command on a running cluster.

use std::iter;
use std::sync::Arc;

use crate::audit::{Moment, Stimulus};
use crate::twin;
use quorate::cluster::{Command, Effect, Input, InputError, Outcome, Output, Snapshot};
use quorate::id::Names;
use quorate::policy::FailoverPolicy;
use quorate::spec::ClusterSpec;
use quorate::state::OperationKind;
use quorate::{Cluster, OpId, Timestamp};

use super::declare::{self, Draft};
use super::scene::{Agents, Scene};
use super::words::{Arguments, named, span};
use super::world::{Action, Fitness, World};
use super::{command, print, question};

/// Number of steps after which a command counts as endless.
const PATIENCE: usize = 10_000;

/// The way in which an operation is answered.
enum Answer {
    Outcome(Effect<Names>, Outcome),
    List(Input<Names>),
}

/// Returns the list of a node that is asked what it runs; nothing if it is mute. It leaves out
/// resources that are not declared.
fn listing(spec: &ClusterSpec, world: &World, effect: &Effect<Names>) -> Option<Input<Names>> {
    let running = world.list(&effect.node)?;
    let running = running.into_iter().filter(|name| spec.resource_id(name).is_some());
    let running = running.map(|name| name.as_str().into());
    let answer = Input::node_inventory(effect.node.clone(), effect.incarnation, running);
    Some(answer.answering(effect.operation).into())
}

/// A running cluster, with the results of the command that is being carried out.
pub(super) struct Turn<'a> {
    pub(super) cluster: Cluster,
    pub(super) scene: &'a mut Scene,
    pub(super) lines: Vec<String>,
}

impl Turn<'_> {
    pub(super) fn line(
        &mut self,
        verb: &str,
        words: &[String],
        rest: &[String],
    ) -> Result<(), String> {
        if let Some(inputs) = command::inputs(&self.cluster, &mut self.scene.world, words)? {
            for input in inputs {
                self.hand_in(input);
                self.settle();
            }
            return Ok(());
        }
        if let Some(answer) = question::answer(&self.cluster, self.scene.now, words)? {
            self.lines.extend(answer);
            return Ok(());
        }
        match verb {
            "offer" => {
                let policy: Arc<dyn FailoverPolicy> = declare::policy(rest)?.into();
                self.scene.offered.push(Arc::clone(&policy));
                self.cluster.offer_policy(policy).map_err(|error| error.to_string())?;
            }
            "advance" => {
                let spans = rest.iter().map(|text| span(text)).collect::<Result<Vec<_>, _>>()?;
                let until = spans.into_iter().fold(self.scene.now, Timestamp::after);
                self.advance(until);
            }
            "at" => {
                let spans = rest.iter().map(|text| span(text)).collect::<Result<Vec<_>, _>>()?;
                let until = spans.into_iter().fold(Timestamp::ZERO, Timestamp::after);
                if until < self.scene.now {
                    return Err(format!("it is {} already", self.scene.now));
                }
                self.advance(until);
            }
            "skip" => {
                let spans = rest.iter().map(|text| span(text)).collect::<Result<Vec<_>, _>>()?;
                self.scene.now = spans.into_iter().fold(self.scene.now, Timestamp::after);
            }
            "run" => {
                let mut arguments = Arguments::of(rest);
                let node = arguments.take("on").ok_or("expected on=")?;
                self.scene.world.run(&arguments.one("a resource")?, &node);
            }
            "fit" | "unfit" => {
                let mut arguments = Arguments::of(rest);
                let node = arguments.take("on").ok_or("expected on=")?;
                let fitness = if verb == "fit" { Fitness::Fit } else { Fitness::Unfit };
                self.scene.world.set_fit(&arguments.one("a resource")?, &node, fitness);
            }
            "timeout" => {
                self.ring();
                self.settle();
            }
            "whatif" => self.what_if(rest)?,
            "snapshot" => self.snapshot()?,
            "digest-same" => {
                let same = self.cluster.digest() == self.scene.digest_before;
                self.lines.push(if same { "same" } else { "different" }.into());
            }
            "die" => self.scene.world.die(&Arguments::of(rest).one("a resource")?, None),
            "show" | "hide" => self.show(verb == "show", rest)?,
            _ => return self.agents(verb, rest),
        }
        Ok(())
    }

    fn agents(&mut self, verb: &str, rest: &[String]) -> Result<(), String> {
        match (verb, rest) {
            ("manual", []) => self.scene.agents = Agents::Manual,
            ("auto", []) => self.scene.agents = Agents::Automatic,
            ("fail-next", [action, target]) => {
                self.scene.world.fail_next(Action::named(action)?, target, 1);
            }
            ("fail-next", [action, target, times]) => {
                let times = times.parse().map_err(|_| format!("{times} is no number"))?;
                self.scene.world.fail_next(Action::named(action)?, target, times);
            }
            ("hang", [action, target]) => self.scene.world.hang(Action::named(action)?, target),
            ("unhang", [action, target]) => self.scene.world.unhang(Action::named(action)?, target),
            ("done", [all]) if all == "all" => return self.answer_all(),
            ("done", [action, target]) => self.done(action, target, Outcome::Succeeded)?,
            ("done", [action, target, outcome]) => self.done(action, target, named(outcome)?)?,
            ("answer", [number, outcome]) => {
                let operation = number.parse().map_err(|_| format!("{number} is no number"))?;
                self.answer(OpId::new(operation), named(outcome)?);
            }
            ("progress", [action, target]) => {
                let operation = self.scene.world.last(Action::named(action)?, target)?.operation;
                self.hand_in(Input::operation_progressed(operation));
            }
            _ => return Err(format!("no such command: {verb}")),
        }
        self.settle();
        Ok(())
    }

    fn done(&mut self, action: &str, target: &str, outcome: Outcome) -> Result<(), String> {
        let effect = self.scene.world.last(Action::named(action)?, target)?;
        if effect.action == OperationKind::Inventory && outcome == Outcome::Succeeded {
            let input = listing(self.cluster.spec(), &self.scene.world, &effect);
            self.hand_in(input.ok_or("the node is mute")?);
            return Ok(());
        }
        self.scene.world.carry_out(&effect, outcome);
        self.hand_in(Input::operation_finished(effect.operation, outcome));
        Ok(())
    }

    /// Answers an operation; if the cluster no longer waits for it, the world does not change.
    fn answer(&mut self, operation: OpId, outcome: Outcome) {
        let is_awaited = self.cluster.outstanding().any(|effect| effect.operation == operation);
        if let Some(effect) = self.scene.world.issued(operation).filter(|_| is_awaited).cloned() {
            self.scene.world.carry_out(&effect, outcome);
        }
        self.hand_in(Input::operation_finished(operation, outcome));
    }

    /// Carries out a line that ends in JSON.
    pub(super) fn json(&mut self, verb: &str, rest: &[String], json: &str) -> Result<(), String> {
        match verb {
            "declare" => {
                let declaration = Box::new(Draft::read(json)?.finish()?);
                self.hand_in(Command::configure(declaration).into());
            }
            _ => {
                let input: Input = serde_json::from_str(json).map_err(|error| error.to_string())?;
                let mut arguments = Arguments::of(rest);
                let at = arguments.take("at").map(|text| span(&text)).transpose()?;
                arguments.all()?;
                let at = at.map_or(self.scene.now, |at| Timestamp::ZERO.after(at));
                self.hand_over(at, input);
            }
        }
        self.settle();
        Ok(())
    }

    fn show(&mut self, on: bool, what: &[String]) -> Result<(), String> {
        for word in what {
            match word.as_str() {
                "checks" => self.scene.show.checks = on,
                "resources" => self.scene.show.resources = on,
                _ => return Err("expected checks or resources".into()),
            }
        }
        Ok(())
    }

    fn what_if(&mut self, words: &[String]) -> Result<(), String> {
        let mut inputs = Vec::new();
        // A forecast changes nothing in the world.
        let mut imagined = World::default();
        for part in words.split(|word| word == ";") {
            let part: Vec<String> =
                part.iter().map(|word| if word == "&" { ";" } else { word }.into()).collect();
            let part = command::inputs(&self.cluster, &mut imagined, &part)?;
            inputs.extend(part.ok_or("only inputs can be imagined")?);
        }
        self.lines.extend(question::what_if(&self.cluster, inputs));
        Ok(())
    }

    /// Continues with a cluster that is restored from a snapshot of this one.
    fn snapshot(&mut self) -> Result<(), String> {
        let text = serde_json::to_string(&self.cluster.snapshot()).map_err(|e| e.to_string())?;
        let snapshot: Snapshot = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        let restored = twin::restore(snapshot, &self.scene.policies());
        let restored = restored.map_err(|breach| breach.to_string())?;
        if restored.digest() != self.cluster.digest() {
            self.breach("the restored cluster has another digest");
        }
        self.cluster = restored;
        self.check();
        Ok(())
    }

    fn hand_in(&mut self, input: Input<Names>) {
        let input = match self.cluster.spec().resolve(input) {
            Ok(input) => input,
            Err(error) => {
                self.lines.push(format!("error {}: {error}", error.kind()));
                return;
            }
        };
        self.hand_over(self.scene.now, input);
    }

    fn hand_over(&mut self, now: Timestamp, input: Input) {
        let moment = Moment::before(&self.cluster, Stimulus::Input(&input), now);
        let answer = self.cluster.handle(now, input.clone());
        let outputs = self.drain();
        if let Err(error) = &answer {
            let kind = error.kind();
            self.lines.push(format!("error {kind}: {}", self.cluster.spec().named(error.clone())));
        }
        self.judge(&moment, answer, &outputs);
    }

    fn ring(&mut self) {
        let now = self.scene.now;
        let moment = Moment::before(&self.cluster, Stimulus::Timer, now);
        self.cluster.handle_timeout(now);
        let outputs = self.drain();
        self.judge(&moment, Ok(()), &outputs);
        let digest = self.cluster.digest();
        let again = &mut self.cluster.clone();
        if let Err(breach) = twin::nothing_is_left(again, &mut again.clone(), now, digest) {
            self.breach(&breach.to_string());
        }
    }

    /// Prints the outputs, by the names of the configuration in which they arose.
    fn drain(&mut self) -> Vec<Output> {
        let mut copy = self.cluster.clone();
        let told: Vec<Output<Names>> = iter::from_fn(|| copy.poll_named_output()).collect();
        let outputs: Vec<Output> = iter::from_fn(|| self.cluster.poll_output()).collect();
        for output in &told {
            match output {
                Output::Effect(effect) => self.scene.world.note(effect),
                Output::Event(event) => self.scene.world.see(event),
                other => unimplemented!("{other:?}"),
            }
        }
        self.lines.extend(print::lines(&told, self.scene.show, &self.scene.world));
        outputs
    }

    /// Judges a step that has been made. Steps after a breach are no longer judged.
    fn judge(&mut self, moment: &Moment<'_>, answer: Result<(), InputError>, outputs: &[Output]) {
        self.check();
        let Some(audit) = &mut self.scene.audit else { return };
        if let Err(breach) = audit.after(&self.cluster, moment, answer.as_ref().copied(), outputs) {
            self.scene.audit = None;
            self.breach(&breach.to_string());
        }
    }

    /// Lets the agents answer until no operation is outstanding.
    fn settle(&mut self) {
        if self.scene.agents == Agents::Automatic {
            self.answer_all().unwrap_or_else(|breach| self.breach(&breach));
        }
    }

    fn answer_all(&mut self) -> Result<(), String> {
        for _ in 0..PATIENCE {
            let spec = self.cluster.spec();
            let world = &mut self.scene.world;
            let answered = self.cluster.outstanding().find_map(|effect| {
                let effect = spec.named(effect);
                if effect.action == OperationKind::Inventory {
                    return Some(Answer::List(listing(spec, world, &effect)?));
                }
                let outcome = world.answer(&effect)?;
                Some(Answer::Outcome(effect, outcome))
            });
            let (effect, outcome) = match answered {
                None => return Ok(()),
                Some(Answer::List(input)) => {
                    self.hand_in(input);
                    continue;
                }
                Some(Answer::Outcome(effect, outcome)) => (effect, outcome),
            };
            self.scene.world.carry_out(&effect, outcome);
            self.hand_in(Input::operation_finished(effect.operation, outcome));
        }
        Err("it does not come to rest".into())
    }

    fn advance(&mut self, until: Timestamp) {
        let mut idle = 0;
        while let Some(deadline) = self.cluster.poll_timeout().filter(|next| next.at <= until) {
            let due = deadline.at.max(self.scene.now);
            idle = if due == self.scene.now { idle + 1 } else { 0 };
            if idle > PATIENCE {
                self.breach("a timer rings without end");
                break;
            }
            self.scene.now = due;
            let reason = self.cluster.spec().named(deadline).reason;
            let silent = self.lines.len();
            self.ring();
            self.settle();
            if self.lines.len() > silent {
                self.lines.insert(silent, format!("at {due}, {reason}:"));
            }
        }
        self.scene.now = until;
    }

    fn check(&mut self) {
        if let Err(violation) = self.cluster.check_invariants() {
            self.breach(&violation.to_string());
        }
    }

    fn breach(&mut self, what: &str) {
        self.lines.push(format!("!! {what}"));
        self.scene.breaches.push(what.into());
    }
}
