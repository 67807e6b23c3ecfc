use alloc::vec::Vec;

use super::*;
use crate::id::GroupId;
use crate::machine::NodeState;
use crate::plan::choose;
use crate::policy::{FirstPreferred, Trigger};
use crate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};
use crate::state::ClusterState;
use crate::time::Timestamp;

/// Returns the node that a group without an owner gets among nodes with these lags.
fn chosen(policy: &dyn FailoverPolicy, lags: &[Option<i64>]) -> usize {
    let (spec, state) = cluster(lags);
    let placement = PlacementRequest::new(&spec, &state, GroupId::new(0), Trigger::Start)
        .expect("the group is declared");
    choose(&placement, policy).expect("a node is eligible").node.index()
}

fn cluster(lags: &[Option<i64>]) -> (ClusterSpec, ClusterState) {
    let group =
        GroupDeclaration::new("g").resource(ResourceDeclaration::new("r", "Generic Service"));
    let declaration = (0..lags.len())
        .fold(ClusterDeclaration::new("test"), |declared, index| declared.node(format!("n{index}")))
        .group(group);
    let spec = declaration.build().expect("it is sound");
    let mut state = ClusterState::new(&spec, Timestamp::ZERO);
    for (index, lag) in lags.iter().enumerate() {
        let node = NodeId::from_index(index);
        state.suppose_node(node, NodeState::Up);
        if let Some(lag) = lag {
            state.suppose_attribute(node, "lag", *lag);
        }
    }
    (spec, state)
}

#[test]
fn the_best_value_wins() {
    let lags = [Some(5), Some(i64::MIN), Some(i64::MAX), Some(0)];
    assert_eq!(chosen(&ByAttribute::smallest("lag"), &lags), 1);
    assert_eq!(chosen(&ByAttribute::largest("lag"), &lags), 2);
}

#[test]
fn a_node_without_a_value_comes_last() {
    for policy in [ByAttribute::smallest("lag"), ByAttribute::largest("lag")] {
        for known in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(chosen(&policy, &[None, Some(known), None]), 1, "{policy:?} {known}");
        }
        assert_eq!(chosen(&policy, &[None, None]), 0, "the node list decides");
    }
}

#[test]
fn names_are_compared_exactly() {
    let lags = [Some(5), Some(1)];
    assert_eq!(chosen(&ByAttribute::smallest("Lag"), &lags), 0);
    assert_eq!(chosen(&ByAttribute::smallest(format!("l{}", "ag")), &lags), 1);
}

#[test]
fn ties_are_left_to_the_next_policy() {
    let policy = ByAttribute::largest("lag").then(FirstPreferred);
    assert_eq!(chosen(&policy, &[Some(1), Some(2), Some(2)]), 1);
    assert_eq!(policy.name(), "largest attribute lag, then first_preferred");
}

/// The keys say what decided, as far as the name is known when the program is built.
#[test]
fn keys_have_names() {
    let (spec, state) = cluster(&[Some(5)]);
    let placement = PlacementRequest::new(&spec, &state, GroupId::new(0), Trigger::Start)
        .expect("the group is declared");
    let names = |policy: ByAttribute| {
        let rank = policy.rank(&placement, NodeId::new(0));
        rank.keys().iter().map(Key::name).collect::<Vec<_>>()
    };
    assert_eq!(names(ByAttribute::smallest("lag")), ["attribute known", "lag"]);
    let built = ByAttribute::smallest(format!("l{}", "ag"));
    assert_eq!(names(built), ["attribute known", "value of attribute"]);
}
