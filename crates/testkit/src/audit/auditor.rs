//! An audit that accompanies a cluster.

use std::iter;

use quorate::cluster::{InputError, Output};
use quorate::{Cluster, Input, Timestamp};

use super::seen::Seen;
use super::{Moment, Stimulus};
use crate::{Breach, ensure};

/// Accompanies one cluster and judges each of its steps.
///
/// Either the audit hands in the inputs ([`handle`](Self::handle),
/// [`handle_timeout`](Self::handle_timeout)), or the caller reports each step before and after it
/// is made ([`Moment::before`], [`after`](Self::after)). The audit has to see every step: the step
/// after one that it did not see is judged as a breach.
#[derive(Clone, Debug)]
pub struct Audit {
    pub(super) seen: Seen,
}

impl Audit {
    /// Starts an audit of a cluster as it stands: just declared, restored, or in the middle of its
    /// life.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        Self { seen: Seen::of(cluster) }
    }

    /// Hands in an input, drains the outputs and judges the answer and the outputs. The input is
    /// also handed to a copy of the cluster, which has to give an equal answer and equal outputs.
    ///
    /// # Errors
    ///
    /// The outer error is a promise that was not kept. The inner error is that of a refused input.
    pub fn handle(
        &mut self,
        cluster: &mut Cluster,
        now: Timestamp,
        input: Input,
    ) -> Result<Result<Vec<Output>, InputError>, Breach> {
        let moment = Moment::before(cluster, Stimulus::Input(&input), now);
        let mut twin = moment.before.clone();
        let answer = cluster.handle(now, input.clone());
        let outputs = drained(cluster);
        let twin_answer = twin.handle(now, input.clone());
        ensure!(S23, twin_answer == answer, "a copy answers {twin_answer:?}, not {answer:?}");
        same(cluster, &outputs, &mut twin)?;
        self.after(cluster, &moment, answer.as_ref().copied(), &outputs)?;
        Ok(answer.map(|()| outputs))
    }

    /// Lets the timer go off, drains the outputs and judges them. A second timer at an equal time
    /// has to do nothing.
    ///
    /// # Errors
    ///
    /// A promise that was not kept.
    pub fn handle_timeout(
        &mut self,
        cluster: &mut Cluster,
        now: Timestamp,
    ) -> Result<Vec<Output>, Breach> {
        let moment = Moment::before(cluster, Stimulus::Timer, now);
        let mut twin = moment.before.clone();
        cluster.handle_timeout(now);
        let outputs = drained(cluster);
        twin.handle_timeout(now);
        same(cluster, &outputs, &mut twin)?;
        self.after(cluster, &moment, Ok(()), &outputs)?;
        twin.handle_timeout(now);
        let again = drained(&mut twin);
        ensure!(L18, again.is_empty(), "a second timer at {now} puts out {again:?}");
        ensure!(
            L18,
            twin.digest() == cluster.digest(),
            "a second timer at {now} changes the state"
        );
        Ok(outputs)
    }

    /// Judges a step that has been made. `outputs` has to hold all outputs of the step.
    ///
    /// # Errors
    ///
    /// The first promise that was not kept. The audit is of no use after that.
    pub fn after(
        &mut self,
        cluster: &Cluster,
        moment: &Moment<'_>,
        answer: Result<(), &InputError>,
        outputs: &[Output],
    ) -> Result<(), Breach> {
        match answer {
            Err(error) => refused(cluster, moment, error, outputs),
            Ok(()) => {
                punctual(cluster, moment, outputs)?;
                super::step(&mut self.seen, cluster, moment, outputs)?;
                super::state(cluster)
            }
        }
    }
}

/// Checks that a refused input has changed nothing and is refused for a reason that holds.
fn refused(
    cluster: &Cluster,
    moment: &Moment<'_>,
    error: &InputError,
    outputs: &[Output],
) -> Result<(), Breach> {
    let before = &moment.before;
    ensure!(S22, outputs.is_empty(), "a refused input puts out {outputs:?}");
    ensure!(S22, before.digest() == cluster.digest(), "a refused input changes the state");
    let same_timer = before.poll_timeout() == cluster.poll_timeout();
    ensure!(S22, same_timer, "a refused input changes the timer");
    super::refusal(moment, error)
}

/// Checks that a timer that goes off early does nothing.
fn punctual(cluster: &Cluster, moment: &Moment<'_>, outputs: &[Output]) -> Result<(), Breach> {
    let is_early = moment.before.poll_timeout().is_none_or(|deadline| deadline.at > moment.now);
    if moment.input().is_some() || !is_early {
        return Ok(());
    }
    ensure!(S29, outputs.is_empty(), "an early timer puts out {outputs:?}");
    let is_same = moment.before.digest() == cluster.digest();
    ensure!(S29, is_same, "an early timer changes the state");
    Ok(())
}

fn same(cluster: &Cluster, outputs: &[Output], twin: &mut Cluster) -> Result<(), Breach> {
    let twins = drained(twin);
    ensure!(S23, twins == outputs, "a copy puts out {twins:?}, not {outputs:?}");
    ensure!(S23, twin.digest() == cluster.digest(), "a copy comes to another state");
    Ok(())
}

fn drained(cluster: &mut Cluster) -> Vec<Output> {
    iter::from_fn(|| cluster.poll_output()).collect()
}
