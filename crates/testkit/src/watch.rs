//! A cluster that is watched: whatever happens to it is judged, happens to a twin as well, and is
//! stored and restored.

use crate::Invariant;
use crate::audit::{Audit, Moment, Stimulus};
use crate::reference::{Compared, Differential};
use crate::twin;
use crate::{Breach, ensure};
use quorate::cluster::{InputError, Output};
use quorate::policy::FailoverPolicy;
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Effect, Input, Snapshot, Timestamp};

/// How often the cluster is stored and restored to see that it stays the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storing {
    /// As plain data, after so many steps; 0 is never.
    pub(crate) every: u64,
    /// As text and back, after so many steps; 0 is never.
    pub(crate) as_text_every: u64,
    /// The twin goes on from what was restored after so many steps; 0 is never.
    pub(crate) renews_twin_every: u64,
}

/// A cluster with everything that watches it.
#[derive(Clone, Debug)]
pub(crate) struct Watch<P> {
    cluster: Cluster,
    /// Gets the same inputs and has to do the same.
    twin: Cluster,
    audit: Audit,
    /// The reference model, if it is to be compared with.
    differential: Option<Differential>,
    policy: P,
    storing: Storing,
    steps: u64,
    digest: u64,
}

/// An input and what became of it.
pub(crate) type Answer = (Result<(), InputError>, Vec<Output>);

impl<P: FailoverPolicy + Clone + 'static> Watch<P> {
    /// Watches a cluster that has just been declared.
    pub(crate) fn new(spec: ClusterSpec, policy: P, storing: Storing) -> Self {
        let cluster = Cluster::new(spec, policy.clone(), Timestamp::ZERO);
        let (twin, audit) = (cluster.clone(), Audit::new(&cluster));
        let digest = cluster.digest();
        let differential = None;
        Self { cluster, twin, audit, differential, policy, storing, steps: 0, digest }
    }

    /// Compares every step with the reference model as well.
    pub(crate) fn compare(&mut self, differential: Differential) {
        self.differential = Some(differential);
    }

    /// How much has been compared.
    pub(crate) fn compared(&self) -> Compared {
        self.differential.as_ref().map(Differential::compared).unwrap_or_default()
    }

    pub(crate) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The digest of the cluster as it stands.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// Hands in an input.
    pub(crate) fn feed(&mut self, now: Timestamp, input: Input) -> Result<Answer, Breach> {
        let moment = Moment::before(&self.cluster, Stimulus::Input(&input), now);
        let answer = self.cluster.handle(now, input.clone());
        let twin_answer = self.twin.handle(now, input.clone());
        ensure!(S23, answer == twin_answer, "the twin answers {twin_answer:?}, not {answer:?}");
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        if let (Some(differential), Ok(())) = (&mut self.differential, &answer) {
            differential.after(&self.cluster, &moment, &outputs)?;
        }
        self.audit.after(&self.cluster, &moment, answer.as_ref().copied(), &outputs)?;
        self.end_step()?;
        Ok((answer, outputs))
    }

    /// Calls for what is due.
    pub(crate) fn fire(&mut self, now: Timestamp) -> Result<Vec<Output>, Breach> {
        let moment = Moment::before(&self.cluster, Stimulus::Timer, now);
        self.cluster.handle_timeout(now);
        self.twin.handle_timeout(now);
        let outputs = twin::drain(&mut self.cluster, &mut self.twin)?;
        if let Some(differential) = &mut self.differential {
            differential.after(&self.cluster, &moment, &outputs)?;
        }
        self.audit.after(&self.cluster, &moment, Ok(()), &outputs)?;
        self.end_step()?;
        twin::nothing_is_left(&mut self.cluster, &mut self.twin, now, self.digest)?;
        Ok(outputs)
    }

    fn end_step(&mut self) -> Result<(), Breach> {
        self.steps += 1;
        let is_due = |every: u64| every > 0 && self.steps.is_multiple_of(every);
        let digest = self.cluster.digest();
        self.digest = digest;
        ensure!(S23, digest == self.twin.digest(), "the twin has another digest");
        ensure!(
            S23,
            self.cluster.poll_timeout() == self.twin.poll_timeout(),
            "the twin waits for something else"
        );
        let (as_text, as_data) = (is_due(self.storing.as_text_every), is_due(self.storing.every));
        let is_renewed = is_due(self.storing.renews_twin_every);
        if as_text || as_data || is_renewed {
            let restored = if as_text { self.read_back()? } else { self.restored()? };
            self.is_the_same(&restored)?;
            if is_renewed {
                self.twin = restored;
            }
        }
        Ok(())
    }

    /// A cluster that was stored and restored is the same one.
    fn is_the_same(&self, restored: &Cluster) -> Result<(), Breach> {
        let digests = (self.cluster.digest(), restored.digest());
        ensure!(S31, digests.0 == digests.1, "the restored cluster has another digest");
        let is_same = self.cluster.outstanding().eq(restored.outstanding());
        let asked = || self.cluster.outstanding().collect::<Vec<Effect>>();
        let again = || restored.outstanding().collect::<Vec<Effect>>();
        ensure!(S31, is_same, "restored: outstanding {:?}, not {:?}", again(), asked());
        let (waits, waits_again) = (self.cluster.poll_timeout(), restored.poll_timeout());
        ensure!(S31, waits == waits_again, "restored: waits for {waits_again:?}, not {waits:?}");
        Ok(())
    }

    fn restored(&self) -> Result<Cluster, Breach> {
        self.restored_from(self.cluster.snapshot())
    }

    fn restored_from(&self, snapshot: Snapshot) -> Result<Cluster, Breach> {
        Cluster::restore(snapshot, self.policy.clone())
            .map_err(|error| Breach::of(Invariant::S31, format!("restore: {error}")))
    }

    /// Stored as text, which is read, written again the same, and restored.
    fn read_back(&self) -> Result<Cluster, Breach> {
        let unfit = |error: serde_json::Error| Breach::of(Invariant::S31, error.to_string());
        let json = serde_json::to_string(&self.cluster.snapshot()).map_err(unfit)?;
        let read: Snapshot = serde_json::from_str(&json).map_err(unfit)?;
        let again = serde_json::to_string(&read).map_err(unfit)?;
        ensure!(S31, again == json, "a snapshot is not what was written");
        self.restored_from(read)
    }

    /// The cluster goes on as the one that was stored.
    pub(crate) fn restart(&mut self) -> Result<(), Breach> {
        self.cluster = self.read_back()?;
        Ok(())
    }

    /// The cluster goes on as an older one to which everything happened again that happened since.
    pub(crate) fn replay(
        &mut self,
        snapshot: Snapshot,
        log: impl Iterator<Item = (Timestamp, Option<Input>)>,
    ) -> Result<(), Breach> {
        let mut replayed = self.restored_from(snapshot)?;
        for (now, input) in log {
            match input {
                // What was refused is refused again.
                Some(input) => drop(replayed.handle(now, input)),
                None => replayed.handle_timeout(now),
            }
            while replayed.poll_output().is_some() {}
        }
        self.is_the_same(&replayed)?;
        self.cluster = replayed;
        Ok(())
    }
}
