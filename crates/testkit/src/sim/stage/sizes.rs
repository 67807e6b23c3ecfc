//! Configurations beyond the limits: each must be refused for that, and change nothing.

#![allow(clippy::wildcard_enum_match_arm, reason = "one answer is the right one")]

use std::iter;
use std::sync::OnceLock;

use crate::Invariant;
use crate::{Breach, ensure};
use quorate::cluster::{Command, InputError};
use quorate::graph::{Expected, ExpressionError};
use quorate::spec::{
    ClusterDeclaration, GroupDeclaration, NodeDeclaration, Problem, ResourceDeclaration,
};

use super::{Done, Stage};
use crate::sim::act::Size;

impl Stage {
    /// Hands in a configuration that is too large. It must be refused by a limit, unless nothing
    /// can be configured now.
    pub(super) fn oversize(&mut self, size: Size) -> Result<Done, Breach> {
        let declaration = Box::new(self.oversized(size));
        match self.feed(Command::configure(declaration).into())? {
            Err(InputError::Declaration(errors)) => {
                let is_for_size = errors.iter().any(|error| is_limit(&error.problem));
                ensure!(S33, is_for_size, "{size:?} is refused for {:?}", errors.iter().next());
                Ok(Done::Yes)
            }
            Err(_) => Ok(Done::No),
            Ok(()) => Err(Breach::of(Invariant::S33, std::format!("{size:?} is accepted"))),
        }
    }

    fn oversized(&self, size: Size) -> ClusterDeclaration {
        let mut declaration = ClusterDeclaration::from(self.cluster().spec());
        match size {
            Size::LongName => declaration.nodes.push(NodeDeclaration::new("n".repeat(256))),
            Size::ManyNodes => declaration.nodes.extend(nodes(70)),
            Size::LongExpression => {
                let clause: String = "([a] or [b]) and ".repeat(400);
                let needy = ResourceDeclaration::new("needy", "Thing");
                let needy = needy.needs(std::format!("{clause}[a]"));
                declaration.groups.push(GroupDeclaration::new("needy group").resource(needy));
            }
            Size::HugeName
            | Size::HugeMembership
            | Size::HugeChain
            | Size::HugeFan
            | Size::HugeNumber => {
                return ClusterDeclaration { name: declaration.name, ..huge(size).clone() };
            }
        }
        declaration
    }
}

fn is_limit(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::LongName { .. }
            | Problem::TooMany { .. }
            | Problem::TooDeep { .. }
            | Problem::Syntax(ExpressionError { expected: Expected::NoNesting, .. })
            | Problem::TooLarge
    )
}

fn nodes(count: usize) -> impl Iterator<Item = NodeDeclaration> {
    (0..count).map(|k| NodeDeclaration::new(std::format!("more{k}")))
}

/// Returns a huge declaration. It is equal in every run, so it is built only once.
fn huge(size: Size) -> &'static ClusterDeclaration {
    static NAME: OnceLock<ClusterDeclaration> = OnceLock::new();
    static MEMBERSHIP: OnceLock<ClusterDeclaration> = OnceLock::new();
    static CHAIN: OnceLock<ClusterDeclaration> = OnceLock::new();
    static FAN: OnceLock<ClusterDeclaration> = OnceLock::new();
    static NUMBER: OnceLock<ClusterDeclaration> = OnceLock::new();
    let place = match size {
        Size::HugeMembership => &MEMBERSHIP,
        Size::HugeChain => &CHAIN,
        Size::HugeFan => &FAN,
        Size::HugeNumber => &NUMBER,
        Size::HugeName | Size::LongName | Size::ManyNodes | Size::LongExpression => &NAME,
    };
    place.get_or_init(|| build(size))
}

fn build(size: Size) -> ClusterDeclaration {
    let mut declaration = ClusterDeclaration::new("huge").node(NodeDeclaration::new("one"));
    let resource = |k: usize| ResourceDeclaration::new(std::format!("r{k}"), "Physical Disk");
    let resources: Vec<ResourceDeclaration> = match size {
        Size::HugeMembership => {
            declaration.nodes.extend(nodes(65_536));
            Vec::new()
        }
        Size::HugeChain => {
            let links = (1..10_000_usize)
                .map(|k| resource(k).needs(std::format!("[r{}]", k.saturating_sub(1))));
            iter::once(resource(0)).chain(links).collect()
        }
        Size::HugeFan => {
            let all: Vec<String> = (0..10_000).map(|k| std::format!("[r{k}]")).collect();
            let top = ResourceDeclaration::new("top", "Physical Disk").needs(all.join(" and "));
            (0..10_000).map(resource).chain(iter::once(top)).collect()
        }
        Size::HugeNumber => (0..100_000).map(resource).collect(),
        Size::HugeName | Size::LongName | Size::ManyNodes | Size::LongExpression => {
            Vec::from([ResourceDeclaration::new("n".repeat(1 << 20), "Physical Disk")])
        }
    };
    let group = resources
        .into_iter()
        .fold(GroupDeclaration::new("all"), |of, resource| of.resource(resource));
    declaration.groups.push(group);
    declaration
}
