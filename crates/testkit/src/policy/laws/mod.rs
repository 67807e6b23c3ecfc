//! The laws as functions of a case.

use super::Law;
use super::case::{Case, Scene};
use quorate::policy::FailoverPolicy;

mod change;
mod contract;
mod finding;
mod rest;

pub(super) use finding::Finding;

pub(super) fn try_law(
    law: Law,
    case: &Case,
    scene: &Scene,
    policy: &dyn FailoverPolicy,
) -> Finding {
    match law {
        Law::Total => contract::total(case, scene, policy),
        Law::Deterministic => contract::deterministic(case, scene, policy),
        Law::AnyOrder => contract::any_order(case, scene, policy),
        Law::KnownNodes => contract::known_nodes(case, scene, policy),
        Law::Named => contract::named(case, scene, policy),
        Law::SameKeys => contract::same_keys(case, scene, policy),
        Law::WalkAgrees => contract::walk_agrees(case, scene, policy),
        Law::SomeNode => contract::some_node(case, policy),
        Law::IrrelevantChange => change::irrelevant(case, scene, policy),
        Law::NodeLeaves => change::node_leaves(case, scene, policy),
        Law::NodeJoins => change::node_joins(case, scene, policy),
        Law::Settled => rest::settled(case, scene, policy),
        Law::Convergent => rest::convergent(case, policy),
        Law::LoadRepels => change::load(case, policy, change::Pull::Away),
        Law::LoadAttracts => change::load(case, policy, change::Pull::Towards),
        Law::VisitsAll => rest::visits_all(case, policy),
        Law::Spread => rest::spread(policy),
    }
}
