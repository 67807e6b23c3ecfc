//! One conversation: a cluster, and the lines about it.

use std::iter;

use quorate::cluster::{Deadline, Input, Output, Snapshot};
use quorate::id::Names;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, InputError, Timestamp};
use serde::Serialize;

mod object;
mod policy;
mod query;
mod refusal;
mod request;
mod view;

use policy::PolicyChoice;
use query::Answer;
use refusal::Refusal;
use request::Request;

/// A conversation about one cluster at a time.
#[derive(Debug, Default)]
pub(crate) struct Session {
    cluster: Option<Cluster>,
}

/// The answer to a line.
#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Declared { ok: bool, warnings: Vec<String> },
    Done { ok: bool },
    Handled { at: Timestamp, outputs: Vec<Output<Names>>, next_timeout: Option<Deadline<Names>> },
    Refused { at: Timestamp, error: Refusal },
    Answered { answer: Answer },
    NotUnderstood { error: Refusal },
}

impl Session {
    /// Answers one line with one line, both without their ends.
    ///
    /// A line that is not understood or not accepted changes nothing, and its answer is an error.
    pub(crate) fn answer(&mut self, line: &[u8]) -> String {
        let reply = Request::read(line)
            .and_then(|request| self.carry_out(request))
            .unwrap_or_else(|error| Reply::NotUnderstood { error });
        serde_json::to_string(&reply).expect("a reply is plain data with text as keys")
    }

    fn carry_out(&mut self, request: Request) -> Result<Reply, Refusal> {
        match request {
            Request::Declare { spec, policy } => self.declare(*spec, policy),
            Request::Restore { snapshot, policy } => self.restore(*snapshot, policy),
            Request::Offer { policy } => {
                self.cluster()?.offer_policy(policy.build())?;
                Ok(Reply::Done { ok: true })
            }
            Request::Handle { at, input } => {
                let cluster = self.cluster()?;
                let handled = hand_in(cluster, at, *input);
                Ok(handled.unwrap_or_else(|error| Reply::Refused { at, error }))
            }
            Request::Timeout { at } => {
                let cluster = self.cluster()?;
                if at > Timestamp::LATEST {
                    // The core would ignore it; a driver wants to know.
                    let error = InputError::<Names>::TimeOutOfRange(at).into();
                    return Ok(Reply::Refused { at, error });
                }
                cluster.handle_timeout(at);
                Ok(outputs(cluster, at))
            }
            Request::Ask(query) => Ok(Reply::Answered { answer: query.answer(self.cluster()?)? }),
        }
    }

    fn declare(
        &mut self,
        declaration: ClusterDeclaration,
        policy: PolicyChoice,
    ) -> Result<Reply, Refusal> {
        let spec = declaration.build()?;
        let warnings = spec.warnings().iter().map(ToString::to_string).collect();
        let mut cluster = Cluster::new(spec, policy.build(), Timestamp::ZERO);
        offer_all(&mut cluster)?;
        self.cluster = Some(cluster);
        Ok(Reply::Declared { ok: true, warnings })
    }

    fn restore(&mut self, snapshot: Snapshot, policy: PolicyChoice) -> Result<Reply, Refusal> {
        let mut cluster = Cluster::restore(snapshot, policy.build())?;
        offer_all(&mut cluster)?;
        self.cluster = Some(cluster);
        Ok(Reply::Done { ok: true })
    }

    fn cluster(&mut self) -> Result<&mut Cluster, Refusal> {
        self.cluster.as_mut().ok_or_else(Refusal::no_cluster)
    }
}

/// Offers the policies that have a name on the page.
fn offer_all(cluster: &mut Cluster) -> Result<(), Refusal> {
    PolicyChoice::offered().try_for_each(|policy| cluster.offer_policy(policy))?;
    Ok(())
}

fn hand_in(cluster: &mut Cluster, at: Timestamp, input: Input<Names>) -> Result<Reply, Refusal> {
    cluster.handle_named(at, input)?;
    Ok(outputs(cluster, at))
}

/// Drains the outputs. Each has the names of the configuration in which it arose.
fn outputs(cluster: &mut Cluster, at: Timestamp) -> Reply {
    let outputs = iter::from_fn(|| cluster.poll_named_output()).collect();
    let next_timeout = cluster.spec().named(cluster.poll_timeout());
    Reply::Handled { at, outputs, next_timeout }
}
