//! One conversation: a cluster, and the lines about it.

use quorate::cluster::{Command, Input, Output, Snapshot};
use quorate::id::Names;
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::{Cluster, Timestamp};
use serde_json::{Value, json};

mod policy;
mod query;
mod refusal;
mod request;
mod view;

use policy::PolicyChoice;
use refusal::Refusal;
use request::Request;

/// A conversation about one cluster at a time.
#[derive(Debug, Default)]
pub(crate) struct Session {
    cluster: Option<Cluster>,
}

impl Session {
    /// Answers one line, without its end, with one line, without its end.
    ///
    /// A line that is not understood or not accepted is answered by an error and changes nothing.
    pub(crate) fn answer(&mut self, line: &[u8]) -> String {
        let answer = Request::read(line).and_then(|request| self.carry_out(request));
        answer.unwrap_or_else(|refusal| json!({ "error": refusal })).to_string()
    }

    fn carry_out(&mut self, request: Request) -> Result<Value, Refusal> {
        match request {
            Request::Declare { spec, policy } => self.declare(*spec, policy),
            Request::Restore { snapshot, policy } => self.restore(snapshot, policy),
            Request::Handle { at, input } => {
                let cluster = self.cluster()?;
                let answer = hand_in(cluster, at, *input);
                Ok(answer.unwrap_or_else(|refusal| json!({ "at": at, "error": refusal })))
            }
            Request::Timeout { at } => {
                let cluster = self.cluster()?;
                cluster.handle_timeout(at);
                Ok(outputs(cluster, at, None))
            }
            Request::Ask(query) => Ok(json!({ "answer": query.answer(self.cluster()?)? })),
        }
    }

    fn declare(
        &mut self,
        declaration: ClusterDeclaration,
        policy: PolicyChoice,
    ) -> Result<Value, Refusal> {
        let spec = declaration.build()?;
        let warnings: Vec<String> = spec.warnings().iter().map(ToString::to_string).collect();
        self.cluster = Some(Cluster::new(spec, policy.build(), Timestamp::ZERO));
        Ok(json!({ "ok": true, "warnings": warnings }))
    }

    fn restore(&mut self, snapshot: Snapshot, policy: PolicyChoice) -> Result<Value, Refusal> {
        self.cluster = Some(Cluster::restore(snapshot, policy.build())?);
        Ok(json!({ "ok": true }))
    }

    fn cluster(&mut self) -> Result<&mut Cluster, Refusal> {
        self.cluster.as_mut().ok_or_else(Refusal::no_cluster)
    }
}

fn hand_in(cluster: &mut Cluster, at: Timestamp, input: Input<Names>) -> Result<Value, Refusal> {
    let input = cluster.spec().resolve(input)?;
    let before = renames(&input).then(|| cluster.spec().clone());
    match cluster.handle(at, input) {
        Ok(()) => Ok(outputs(cluster, at, before)),
        Err(error) => Err(Refusal::of_input(cluster.spec().named(error))),
    }
}

/// Whether ids may mean something else after this input.
fn renames(input: &Input) -> bool {
    matches!(input, Input::Command(Command::Configure { .. } | Command::EvictNode { .. }))
}

/// Drains the outputs. Those before a change of configuration have ids of the old one.
fn outputs(cluster: &mut Cluster, at: Timestamp, mut before: Option<ClusterSpec>) -> Value {
    let mut drained = Vec::new();
    while let Some(output) = cluster.poll_output() {
        if view::is_configuration_change(&output) {
            before = None;
        }
        let named: Output<Names> = before.as_ref().unwrap_or(cluster.spec()).named(output);
        drained.push(named);
    }
    let next = cluster.poll_timeout().map(|deadline| cluster.spec().named(deadline));
    json!({ "at": at, "outputs": drained, "next_timeout": next })
}
