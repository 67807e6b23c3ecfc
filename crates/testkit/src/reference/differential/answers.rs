//! Comparison of the answers of the engine to the question where a group would go.

use super::{Differential, Step, agree};
use crate::Breach;
use crate::reference::owners::{Flaw, Objection, Standing};
use crate::reference::picture::Picture;
use quorate::id::Names;
use quorate::plan::{self, CandidateVerdict, Drawback, Explanation, Rejection};
use quorate::policy::{PlacementRequest, Trigger};
use quorate::{Cluster, GroupId};

impl Differential {
    /// Compares every explanation of the cluster as it stands: the nodes, their order, and the
    /// reasons against the others.
    pub(super) fn answers(&mut self, cluster: &Cluster, step: &Step<'_>) -> Result<(), Breach> {
        let groups = cluster.spec().groups().map(|(id, _)| id);
        let asked = groups.flat_map(|id| Trigger::ALL.map(|trigger| (id, trigger)));
        let told: Vec<Explanation> =
            asked.filter_map(|(id, trigger)| explain(cluster, id, trigger)).collect();
        // The model would give its earlier answers for an equal picture.
        if told == self.agreed && step.before.is_same_for_placement(&step.after) {
            self.compared.answers += u64::try_from(told.len()).expect("few enough to count");
            return Ok(());
        }
        for answer in &told {
            self.explanation(&step.after, &cluster.spec().named(answer.clone()))?;
        }
        self.agreed = told;
        Ok(())
    }

    fn explanation(&mut self, picture: &Picture, told: &Explanation<Names>) -> Result<(), Breach> {
        let group = picture.group(&told.group).expect("a declared group");
        let all = told.candidates.len();
        agree!(self, S28, all == picture.nodes.len(), "{} nodes, not {all}", picture.nodes.len());
        for candidate in &told.candidates {
            let own = picture.standing(group, told.trigger, &candidate.node);
            let is_same = match &candidate.verdict {
                // The policy is asked about last resorts before it is known whether they are open.
                CandidateVerdict::Rejected(Rejection::Vetoed { .. }) => !matches!(
                    picture.strict_standing(group, told.trigger, &candidate.node),
                    Standing::Unfit(_)
                ),
                verdict => is_same(&own, verdict),
            };
            agree!(self, S16, is_same, "{} for {told}: {own:?}", candidate.node);
        }
        let Some(orders) = &self.orders else { return Ok(()) };
        let ranking = picture.ranking(&told.group, told.trigger, orders);
        let own: Vec<&str> = ranking.taken.iter().map(|place| place.node.as_str()).collect();
        let theirs: Vec<&str> = told
            .candidates
            .iter()
            .filter(|candidate| !matches!(candidate.verdict, CandidateVerdict::Rejected(_)))
            .map(|candidate| candidate.node.as_str())
            .collect();
        agree!(self, S16, own == theirs, "{own:?} is the order of {told}");
        let chosen = told.chosen.as_deref();
        agree!(self, S16, chosen == own.first().copied(), "{:?} is next in {told}", own.first());
        Ok(())
    }
}

/// Returns the choice in the present state. The audit judges what an incident of the owner would
/// change before the choice, and compares it with the result of the incident.
fn explain(cluster: &Cluster, group: GroupId, trigger: Trigger) -> Option<Explanation> {
    let placement = PlacementRequest::new(cluster.spec(), cluster.state(), group, trigger)?;
    Some(plan::explain(&placement, cluster.policy()))
}

/// Tells whether model and engine agree about a node that the policy does not veto.
fn is_same(own: &Standing, told: &CandidateVerdict<Names>) -> bool {
    let flaw = match own {
        Standing::Fit => None,
        Standing::LastResort(flaw) => Some(*flaw),
        Standing::Unfit(objection) => {
            return match told {
                CandidateVerdict::Rejected(rejection) => is_same_objection(objection, rejection),
                CandidateVerdict::Chosen { .. }
                | CandidateVerdict::Behind { .. }
                | CandidateVerdict::LastResort(_) => false,
            };
        }
    };
    match told {
        CandidateVerdict::Chosen { drawback } => drawback.as_ref().map(flaw_of) == flaw,
        CandidateVerdict::LastResort(drawback) => Some(flaw_of(drawback)) == flaw,
        // The node is in the tier of the chosen node, which is reported there.
        CandidateVerdict::Behind { .. } => true,
        CandidateVerdict::Rejected(_) => false,
    }
}

fn flaw_of(drawback: &Drawback<Names>) -> Flaw {
    match drawback {
        Drawback::BesideAntiAffine { .. } => Flaw::BesideRival,
        Drawback::OwnedOnly { .. } => Flaw::CannotRunAll,
        Drawback::Paused => Flaw::Paused,
        _ => unimplemented!("a drawback that the model does not know: {drawback:?}"),
    }
}

fn is_same_objection(own: &Objection, told: &Rejection<Names>) -> bool {
    match told {
        Rejection::NotUp { .. } => *own == Objection::NotUp,
        Rejection::CurrentOwner => *own == Objection::IsOwner,
        Rejection::Barred { resource } => *own == Objection::Barred(resource.clone()),
        Rejection::NotPossibleOwner { resource } => *own == Objection::CannotRun(resource.clone()),
        Rejection::Capacity { dimension, needed, free } => {
            let dimension = dimension.clone();
            *own == Objection::NoRoom { dimension, needed: *needed, free: *free }
        }
        Rejection::AntiAffinity { group } => match own {
            Objection::BesideRival(rivals) => rivals.contains(group),
            Objection::NotUp
            | Objection::IsOwner
            | Objection::Barred(_)
            | Objection::CannotRun(_)
            | Objection::NoRoom { .. }
            | Objection::Vetoed => false,
        },
        Rejection::Vetoed { .. } => *own == Objection::Vetoed,
        // The model is not asked about incidents.
        Rejection::NoQuorum | Rejection::KeptFor { .. } => false,
        _ => false,
    }
}
