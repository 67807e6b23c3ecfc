//! Steps from a case to simpler cases.

use super::case::{Case, Member, Party};
use quorate::machine::NodeState;
use quorate::policy::Trigger;
use quorate::settings::AntiAffinityPlacement;

/// Returns the simplest case to which these steps lead, as long as `is_one` holds for each case.
pub(super) fn simplest(mut case: Case, is_one: impl Fn(&Case) -> bool) -> Case {
    loop {
        let simpler = case.simpler().find(|simpler| is_one(simpler));
        match simpler {
            Some(simpler) => case = simpler,
            None => return case,
        }
    }
}

impl Case {
    /// Returns the cases with one thing less, the largest things first.
    fn simpler(&self) -> impl Iterator<Item = Self> + '_ {
        let members = (0..self.members.len()).rev();
        let parties = (1..self.parties.len()).rev();
        let fewer_members = members.clone().filter_map(|node| self.without_member(node));
        let fewer_parties = parties.clone().map(|party| {
            self.with(|case| {
                case.parties.remove(party);
            })
        });
        let plainer = [
            self.with(|case| case.trigger = Trigger::Start),
            self.with(|case| case.anti_affinity = AntiAffinityPlacement::Soft),
        ];
        let plainer_members = members.flat_map(move |node| {
            self.members[node]
                .plainer()
                .map(move |plain| self.with(|case| case.members[node] = plain))
        });
        let plainer_parties = (0..self.parties.len()).flat_map(move |party| {
            self.parties[party]
                .plainer()
                .map(move |plain| self.with(|case| case.parties[party] = plain))
        });
        let whiches = (0..self.which.min(8)).map(|which| self.with(|case| case.which = which));
        let hows = (0..self.how.min(8)).map(|how| self.with(|case| case.how = how));
        fewer_members
            .chain(fewer_parties)
            .chain(plainer)
            .chain(plainer_members)
            .chain(plainer_parties)
            .chain([self.clone().settled()])
            .filter(|case| case.content() != self.content())
            .chain(whiches)
            .chain(hows)
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut case = self.clone();
        change(&mut case);
        case
    }

    /// Returns everything that a step may simplify.
    fn content(&self) -> (&[Member], &[Party], Trigger, AntiAffinityPlacement) {
        (&self.members, &self.parties, self.trigger, self.anti_affinity)
    }

    /// Returns the case without a node and without everything about it; the other nodes and groups
    /// keep their names.
    fn without_member(&self, node: usize) -> Option<Self> {
        if self.members.len() < 2 {
            return None;
        }
        let moved = |own: usize| if own > node { own - 1 } else { own };
        let others = |nodes: &[usize]| -> Vec<usize> {
            nodes.iter().copied().filter(|own| *own != node).map(moved).collect()
        };
        let mut case = self.clone();
        case.members.remove(node);
        for party in &mut case.parties {
            party.preferred = others(&party.preferred);
            party.possible = party.possible.as_deref().map(others).filter(|own| !own.is_empty());
            party.owner = party.owner.filter(|own| *own != node).map(moved);
        }
        Some(case)
    }
}

impl Member {
    fn plainer(&self) -> impl Iterator<Item = Self> {
        [
            Self { state: NodeState::Up, ..self.clone() },
            Self { capacity: None, ..self.clone() },
            Self { site: None, ..self.clone() },
            Self { lag: None, ..self.clone() },
            Self { capacity: self.capacity.map(|capacity| capacity.min(1)), ..self.clone() },
        ]
        .into_iter()
    }
}

impl Party {
    fn plainer(&self) -> impl Iterator<Item = Self> {
        let fewer =
            |nodes: &[usize]| nodes.split_last().map_or(Vec::new(), |(_, rest)| rest.into());
        let possible = self.possible.as_deref().map(fewer).filter(|nodes| !nodes.is_empty());
        [
            Self { owner: None, ..self.clone() },
            Self { preferred: Vec::new(), ..self.clone() },
            Self { preferred: fewer(&self.preferred), ..self.clone() },
            Self { possible: None, ..self.clone() },
            Self { possible: possible.or_else(|| self.possible.clone()), ..self.clone() },
            Self { class: None, ..self.clone() },
            Self { demand: 0, ..self.clone() },
            Self { demand: self.demand.min(1), ..self.clone() },
        ]
        .into_iter()
    }
}
