//! S16, S17: the whole truth table of eligibility. A node may be given a group exactly when it is
//! up, is not the owner that the group is to leave, can run every resource, has room, has no
//! forbidden neighbour and is not vetoed; after a node failure there are last resorts. What is
//! named as the reason is the first rule that speaks against it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quorate::cluster::{Command, Life};
use quorate::machine::NodeState;
use quorate::plan::{self, CandidateVerdict, Choice, Drawback, Eligibility, Rejection};
use quorate::policy::{FailoverPolicy, PlacementRequest, Rank, Trigger};
use quorate::settings::{Admission, AntiAffinityPlacement, DesiredState};
use quorate::{Cluster, Input, NodeId};

use case::{
    Ability, Case, DEMAND, GROUP, HOME, KEEPER, NEIGHBOUR, NOW, Neighbour, Other, Owner, RESOURCES,
    Room, THERE,
};

mod case;

/// Tells whether the node may be given the group, by the rules.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Yes,
    /// Only because nothing better is left.
    LastResort(Drawback),
    /// As a last resort, if something better were not left.
    NotNow(Drawback, Rejection),
    No(Rejection),
}

/// The rules. What speaks against a node is asked in the order in which it is named.
fn answer(case: &Case, trigger: Trigger) -> Answer {
    let state = case.state();
    let is_paused = state == NodeState::Paused;
    let after_failure = trigger == Trigger::NodeFailure;
    let by_choice =
        matches!(trigger, Trigger::ResourceFailure | Trigger::BestPossible | Trigger::Drain);
    let unable = match case.ability {
        Ability::Everything => None,
        Ability::AllButTheSecond => Some(RESOURCES[1]),
        Ability::Nothing => Some(RESOURCES[0]),
    };
    // A group that is off and wanted off takes no place, and needs none.
    let is_to_run = case.desired == DesiredState::Online;
    let is_short = is_to_run && matches!(case.room, Room::OneShort | Room::OneShortByArrival);
    let is_beside = is_to_run && !matches!(case.neighbour, Neighbour::None | Neighbour::Off);
    let is_forbidden = is_beside && case.anti_affinity == AntiAffinityPlacement::Hard;
    let is_refused = is_to_run
        && case.neighbour == Neighbour::Running
        && case.admission == Admission::SameClassOnline
        && by_choice;

    if state != NodeState::Up && !(is_paused && after_failure) {
        return Answer::No(Rejection::NotUp { state });
    }
    if case.owner == Owner::There && trigger != Trigger::Start {
        return Answer::No(Rejection::CurrentOwner);
    }
    // At a start it is a last resort like after a failure, unless there is nothing to start on it.
    let can_start = trigger == Trigger::Start && case.ability != Ability::Nothing;
    let may_be_unable = after_failure || can_start;
    if let Some(resource) = unable.filter(|_| !may_be_unable) {
        return Answer::No(Rejection::NotPossibleOwner { resource });
    }
    if is_short {
        let dimension = quorate::id::DimensionId::new(0);
        return Answer::No(Rejection::Capacity { dimension, needed: DEMAND, free: DEMAND - 1 });
    }
    if is_forbidden || is_refused {
        return Answer::No(Rejection::AntiAffinity { group: NEIGHBOUR });
    }
    // A paused node is worse than one that cannot run everything, which is worse than a neighbour.
    // It is taken if no node is up; one that cannot run everything, if none that is up can.
    if is_paused {
        let is_open = case.other == Other::Down;
        let closed = Rejection::NotUp { state };
        return Answer::last_resort(is_open, Drawback::Paused, closed);
    }
    if let Some(resource) = unable {
        // At a start the owner is asked as well, and it can run everything.
        let can_stay = trigger == Trigger::Start && case.owner == Owner::Elsewhere;
        let is_open = !can_stay && !matches!(case.other, Other::Able | Other::Full);
        let closed = Rejection::NotPossibleOwner { resource };
        return Answer::last_resort(is_open, Drawback::OwnedOnly { resource }, closed);
    }
    if is_beside {
        return Answer::LastResort(Drawback::BesideAntiAffine { group: NEIGHBOUR });
    }
    Answer::Yes
}

impl Answer {
    fn last_resort(is_open: bool, drawback: Drawback, closed: Rejection) -> Self {
        if is_open { Self::LastResort(drawback) } else { Self::NotNow(drawback, closed) }
    }

    /// The verdict on the node alone, whatever else there is.
    fn alone(&self) -> Eligibility {
        match self.clone() {
            Self::Yes => Eligibility::Eligible,
            Self::LastResort(drawback) | Self::NotNow(drawback, _) => {
                Eligibility::LastResort(drawback)
            }
            Self::No(rejection) => Eligibility::Rejected(rejection),
        }
    }

    fn may_be_given(&self) -> bool {
        matches!(self, Self::Yes | Self::LastResort(_))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::LastResort(Drawback::Paused) => "paused",
            Self::LastResort(Drawback::OwnedOnly { .. }) => "owned only",
            Self::LastResort(_) => "beside",
            Self::NotNow(Drawback::Paused, _) => "paused, not now",
            Self::NotNow(..) => "owned only, not now",
            Self::No(Rejection::NotUp { .. }) => "not up",
            Self::No(Rejection::CurrentOwner) => "current owner",
            Self::No(Rejection::NotPossibleOwner { .. }) => "not possible owner",
            Self::No(Rejection::Capacity { .. }) => "capacity",
            Self::No(_) => "anti-affinity",
        }
    }
}

/// Wants the node in question and no other; or any other, and not that one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Only {
    There,
    NotThere,
}

const VETO: &str = "not that one";

impl FailoverPolicy for Only {
    fn name(&self) -> Cow<'static, str> {
        "only".into()
    }

    fn rank(&self, _: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        if (candidate == THERE) == (*self == Self::There) {
            Rank::neutral()
        } else {
            Rank::veto(VETO)
        }
    }
}

/// The verdict on the node alone, the choice, the reason, and the consequence for the group.
#[test]
fn a_node_may_be_given_a_group_exactly_when_the_rules_say_so() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut given = 0;
    Case::for_each(Only::There, |case, cluster| {
        for trigger in Trigger::ALL {
            let expected = answer(case, trigger);
            let placement = PlacementRequest::new(cluster.spec(), cluster.state(), GROUP, trigger)
                .expect("the group is declared");
            let alone = plan::eligibility(&placement, THERE);
            assert_eq!(alone, expected.alone(), "{case:?} {trigger}");
            for policy in [Only::There, Only::NotThere] {
                check_choice(case, &expected, &placement, policy);
            }
            *counts.entry(expected.name()).or_default() += 1;
        }
        given += check_deeds(case, cluster);
    });
    let cases = (5 * 6 - 1) * 2 * 3 * 3 * 4 * 4 * 4;
    assert_eq!(counts.values().sum::<usize>(), cases * Trigger::ALL.len(), "{counts:?}");
    assert!(counts.len() == 11 && counts.values().all(|count| *count > 100), "{counts:?}");
    assert!(given > 400, "only {given} were given");
}

fn check_choice(case: &Case, expected: &Answer, placement: &PlacementRequest<'_>, policy: Only) {
    let about = || format!("{case:?} {} {policy:?} {expected:?}", placement.trigger());
    let chosen = plan::choose(placement, &policy);
    let explanation = plan::explain(placement, &policy);
    assert_eq!(explanation.chosen, chosen.map(|choice| choice.node), "{}", about());
    let candidate = explanation.candidates.iter().find(|of| of.node == THERE);
    let verdict = candidate.expect("every node has a verdict").verdict.clone();
    match policy {
        Only::There => {
            let tier = expected.alone().tier().filter(|_| expected.may_be_given());
            let choice = tier.map(|tier| Choice::new(THERE, tier));
            assert_eq!(chosen, choice, "{}", about());
            let named = match expected.clone() {
                Answer::Yes => CandidateVerdict::Chosen { drawback: None },
                Answer::LastResort(drawback) => {
                    CandidateVerdict::Chosen { drawback: Some(drawback) }
                }
                Answer::NotNow(_, rejection) | Answer::No(rejection) => {
                    CandidateVerdict::Rejected(rejection)
                }
            };
            assert_eq!(verdict, named, "{}", about());
        }
        Only::NotThere => {
            assert_ne!(explanation.chosen, Some(THERE), "{}", about());
            let vetoed = Rejection::Vetoed { reason: VETO.into() };
            match (expected.clone(), verdict) {
                (Answer::No(rejection), verdict) => {
                    assert_eq!(verdict, CandidateVerdict::Rejected(rejection), "{}", about());
                }
                (Answer::Yes | Answer::LastResort(_), verdict) => {
                    assert_eq!(verdict, CandidateVerdict::Rejected(vetoed), "{}", about());
                }
                // Both speak against it, and no rule says which is named.
                (Answer::NotNow(_, closed), CandidateVerdict::Rejected(named)) => {
                    assert!(named == closed || named == vetoed, "{}", about());
                }
                (Answer::NotNow(..), verdict) => panic!("{}: {verdict:?}", about()),
            }
        }
    }
}

/// The fate of the group follows the same table, and needs quorum: it is brought online, its
/// owner is lost, an operator wants it elsewhere, its owner is drained. How often it was given.
fn check_deeds(case: &Case, cluster: &Cluster) -> usize {
    let triggers: &[Trigger] = match case.owner {
        Owner::Nobody => &[Trigger::Start],
        Owner::There => return 0,
        Owner::Elsewhere => &[Trigger::NodeFailure, Trigger::BestPossible, Trigger::Drain],
    };
    let mut inquorate = cluster.clone();
    inquorate.handle(NOW, Input::node_lost(KEEPER, Life::Known)).expect("it was a member");
    let mut given = 0;
    for (cluster, has_quorum) in [(cluster, true), (&inquorate, false)] {
        for trigger in triggers {
            let mut cluster = cluster.clone();
            // An order that cannot be carried out may be refused.
            let _ = cluster.handle(NOW, input(*trigger));
            let is_given = cluster.state().occupancy().stands_on(GROUP, THERE);
            // Brought online, it is to run wherever it goes.
            let asked = match trigger {
                Trigger::Start => Case { desired: DesiredState::Online, ..*case },
                // The drain takes the neighbour along, and it starts before.
                Trigger::Drain if case.neighbour == Neighbour::Arriving => {
                    Case { neighbour: Neighbour::Running, ..*case }
                }
                _ => *case,
            };
            let expected = has_quorum && answer(&asked, *trigger).may_be_given();
            assert_eq!(is_given, expected, "{case:?} {trigger} quorum: {has_quorum}");
            given += usize::from(is_given);
        }
    }
    given
}

/// The incident that makes the group need another node.
fn input(trigger: Trigger) -> Input {
    use quorate::cluster::Life;

    match trigger {
        Trigger::Start => Command::bring_group_online(GROUP).override_lock().into(),
        Trigger::NodeFailure => Input::node_lost(HOME, Life::Known),
        Trigger::BestPossible => Command::move_group(GROUP).override_lock().into(),
        Trigger::Drain => Command::drain_node(HOME).into(),
        other => unreachable!("nothing of the group runs: {other}"),
    }
}
