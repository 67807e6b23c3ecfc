//! Answers to questions: reasons, deadlines, explanations and plans.

use super::{Translate, Translator};
use crate::cluster::reason::Reason;
use crate::cluster::{Deadline, DeadlineReason, Plan, PlannedGroup, PlannedOperation};
use crate::id::Naming;
use crate::plan::{Candidate, Explanation, Rejection, Verdict};

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
            WaitingForPriority { group: group },
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
            Failback { group: group },
            OrphanRetry { node: node, resource: resource },
        })
    }
}
