//! Explanations: every node has its verdict.

use std::format;

use super::*;
use crate::policy::{FirstPreferred, LeastGroups, Ring};

#[test]
fn every_verdict_reads_well() {
    let declared = declaration("a b c d e f h")
        .group(
            GroupDeclaration::new("g")
                .resource(resource("free"))
                .resource(resource("bound").possible_owners(["a", "b", "c", "d", "e", "h"]))
                .anti_affinity_classes(["one"]),
        )
        .group(group("x").anti_affinity_classes(["one"]))
        .group(group("y"));
    let cluster = Cluster::new(declared)
        .owned("g", "a")
        .owned("x", "b")
        .owned("y", "d")
        .all("a", NodeState::Down)
        .all("e", NodeState::Paused)
        .all("h", NodeState::Unclean);
    let explanation = cluster.explain("g", Trigger::NodeFailure, LeastGroups);
    assert_eq!(
        format!("{explanation}"),
        "g0, node failure, owner n0:\n  \
           n2  chosen\n  \
           n3  behind n2: groups on node 1 > 0\n  \
           n1  last resort: beside anti-affine group g1\n  \
           n0  rejected: down\n  \
           n4  rejected: paused\n  \
           n5  rejected: not a possible owner of resource r1\n  \
           n6  rejected: unclean"
    );
    let drained = cluster.all("a", NodeState::Up).explain("g", Trigger::Drain, LeastGroups);
    assert_eq!(
        format!("{drained}"),
        "g0, drain, owner n0:\n  \
           n2  chosen\n  \
           n3  behind n2: groups on node 1 > 0\n  \
           n1  last resort: beside anti-affine group g1\n  \
           n0  rejected: owns it now\n  \
           n4  rejected: paused\n  \
           n5  rejected: not a possible owner of resource r1\n  \
           n6  rejected: unclean"
    );
}

#[test]
fn ties_are_explained() {
    let cluster = Cluster::of("a b c", "").owned("g", "b");
    let explanation = cluster.explain("g", Trigger::Start, LeastGroups);
    assert_eq!(
        format!("{explanation}"),
        "g0, start, owner n1:\n  \
           n1  chosen\n  \
           n0  behind n1: that one is the owner\n  \
           n2  behind n0: later in the node list"
    );
}

#[test]
fn a_walk_is_explained_by_the_node_list() {
    let cluster = Cluster::of("a b c", "c").owned("g", "c");
    let explanation = cluster.explain("g", Trigger::NodeFailure, Ring::new());
    assert_eq!(
        format!("{explanation}"),
        "g0, node failure, owner n2:\n  \
           n0  chosen\n  \
           n1  behind n0: place in node list 1 > 0\n  \
           n2  rejected: owns it now"
    );
}

#[test]
fn nobody_is_chosen_and_everybody_has_a_reason() {
    let cluster = Cluster::of("a b", "").all("a b", NodeState::Joining);
    let explanation = cluster.explain("g", Trigger::Start, FirstPreferred);
    assert_eq!(explanation.chosen, None);
    let joining = CandidateVerdict::Rejected(Rejection::NotUp { state: NodeState::Joining });
    assert!(explanation.candidates.iter().all(|candidate| candidate.verdict == joining));
    assert_eq!(explanation.candidates.len(), 2);
}

#[test]
fn names_are_padded_to_the_longest() {
    let explanation: Explanation<crate::id::Names> = Explanation {
        group: "mail".into(),
        trigger: Trigger::Start,
        owner: None,
        chosen: Some("node-ä".into()),
        candidates: std::vec![
            Candidate {
                node: "node-ä".into(),
                verdict: CandidateVerdict::Chosen { drawback: None },
                failed_here: None,
            },
            Candidate {
                node: "b".into(),
                verdict: CandidateVerdict::Rejected(Rejection::Capacity {
                    dimension: "mailboxes".into(),
                    needed: 5,
                    free: 4,
                }),
                failed_here: None,
            },
        ],
    };
    assert_eq!(
        format!("{explanation}"),
        "mail, start, no owner:\n  \
           node-ä  chosen\n  \
           b       rejected: no room: mailboxes needs 5, has 4 free"
    );
    let rejected = serde_json::json!({
        "node": "b",
        "verdict": {
            "rejected": { "capacity": { "dimension": "mailboxes", "needed": 5, "free": 4 } },
        },
    });
    assert_eq!(serde_json::to_value(&explanation.candidates[1]).unwrap(), rejected);
}
