//! Answers to questions: reasons, deadlines and explanations.

use super::{Translate, Translator};
use crate::cluster::words::{DrainObstacle, Reason};
use crate::cluster::{Deadline, DeadlineReason};
use crate::id::Naming;
use crate::plan::{Candidate, CandidateVerdict, Drawback, Explanation, Rejection};

impl<A: Naming> Translate<A> for Reason<A> {
    type To<B: Naming> = Reason<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Reason<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Reason:
            NoQuorum,
            WaitingForNodeOff { node: node, fencing, at },
            OrphanRunning { resource: resource, node: node },
            InDoubt { resource: resource, node: node },
            NotStartedAutomatically,
            WaitingForPreferredOwner { node: node, until },
            NoCandidate,
            OwnerJoining { node: node },
            OwnerPaused { node: node },
            NotAdmitted { node: node, because_of: group },
            WaitingForPriority { group: group, until },
            WaitingForInventory { resource: resource, node: node },
            StartDelayed { until },
            Moving { to: optional_node },
            RestartScheduled { resource: resource, at },
            Failed { resource: resource, cause, retry_at },
            OwnerNotPossible { resource: resource, node: node },
            InProgress { resource: resource },
            WaitingForResource { resource: resource, on: resource },
            ResourceHeldOffline { resource: resource },
        })
    }
}

impl<A: Naming> Translate<A> for DrainObstacle<A> {
    type To<B: Naming> = DrainObstacle<B>;

    fn translate<B: Naming, T: Translator<A, B>>(
        self,
        by: &T,
    ) -> Result<DrainObstacle<B>, T::Unknown> {
        Ok(translate_variants! { self, by, DrainObstacle:
            InDoubt { resource: resource },
            Locked,
            Left { resource: resource },
            Target { node: node },
            NoCandidate,
        })
    }
}

impl<A: Naming> Translate<A> for Deadline<A> {
    type To<B: Naming> = Deadline<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Deadline<B>, T::Unknown> {
        let Self { at, reason } = self;
        Ok(Deadline { at, reason: by.thing(reason)? })
    }
}

impl<A: Naming> Translate<A> for DeadlineReason<A> {
    type To<B: Naming> = DeadlineReason<B>;

    fn translate<B: Naming, T: Translator<A, B>>(
        self,
        by: &T,
    ) -> Result<DeadlineReason<B>, T::Unknown> {
        Ok(translate_variants! { self, by, DeadlineReason:
            OperationTimeout { operation },
            HealthCheck { resource: resource },
            Restart { resource: resource },
            Retry { resource: resource },
            Probe { resource: resource },
            FenceRetry { node: node },
            LeaseEnd { node: node },
            StartDelay { group: group },
            PreferredOwnerWait { group: group },
            PriorityWait { group: group },
            DrainWait { node: node },
            Failback { group: group },
            OrphanRetry { node: node, resource: resource },
        })
    }
}

impl<A: Naming> Translate<A> for Explanation<A> {
    type To<B: Naming> = Explanation<B>;

    fn translate<B: Naming, T: Translator<A, B>>(
        self,
        by: &T,
    ) -> Result<Explanation<B>, T::Unknown> {
        let Self { group, trigger, owner, chosen, candidates } = self;
        Ok(Explanation {
            group: by.group(group)?,
            trigger,
            owner: by.optional_node(owner)?,
            chosen: by.optional_node(chosen)?,
            candidates: by.thing(candidates)?,
        })
    }
}

impl<A: Naming> Translate<A> for Candidate<A> {
    type To<B: Naming> = Candidate<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Candidate<B>, T::Unknown> {
        let Self { node, verdict, failed_here } = self;
        Ok(Candidate { node: by.node(node)?, verdict: by.thing(verdict)?, failed_here })
    }
}

impl<A: Naming> Translate<A> for CandidateVerdict<A> {
    type To<B: Naming> = CandidateVerdict<B>;

    fn translate<B: Naming, T: Translator<A, B>>(
        self,
        names: &T,
    ) -> Result<CandidateVerdict<B>, T::Unknown> {
        Ok(translate_variants! { self, names, CandidateVerdict:
            Chosen { drawback: thing },
            Behind { node: node, by },
            LastResort(thing),
            Rejected(thing),
        })
    }
}

impl<A: Naming> Translate<A> for Drawback<A> {
    type To<B: Naming> = Drawback<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Drawback<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Drawback:
            BesideAntiAffine { group: group },
            OwnedOnly { resource: resource },
            Paused,
        })
    }
}

impl<A: Naming> Translate<A> for Rejection<A> {
    type To<B: Naming> = Rejection<B>;

    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Rejection<B>, T::Unknown> {
        Ok(translate_variants! { self, by, Rejection:
            NotUp { state },
            CurrentOwner,
            KeptFor { group: optional_group },
            NoQuorum,
            Barred { resource: resource },
            NotPossibleOwner { resource: resource },
            Capacity { dimension: dimension, needed, free },
            AntiAffinity { group: group },
            Vetoed { reason },
        })
    }
}
