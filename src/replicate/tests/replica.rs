//! Entries in, duties out; what counts once, and what does not count.

use super::*;
use crate::replicate::{ApplyError, Leads, Quarantine, Refusal, ReplicaSnapshot, Standing};
use crate::state::OperationKind;

#[test]
fn a_duty_is_there_until_it_is_reported() {
    let mut replica = formed("a", Fencing::Trusted);
    let start = replica.duties(Leads::No).next().unwrap();
    assert_eq!((start.action, start.node.as_str()), (OperationKind::Start, "a"));
    assert!(replica.is_outstanding(start.operation));
    assert_eq!(formed("b", Fencing::Trusted).duties(Leads::No).count(), 0);
    apply(&mut replica, 2_000, [report(&life("a", 1), 2, finished(start.operation))]);
    assert_eq!(replica.duties(Leads::No).count(), 0);
    assert!(!replica.is_outstanding(start.operation));
}

/// Told twice, a failure would use up a restart and then a failover.
#[test]
fn a_report_counts_once_and_in_its_order() {
    let mut replica = formed("a", Fencing::Trusted);
    let start = replica.duties(Leads::No).next().unwrap();
    let a = life("a", 1);
    apply(&mut replica, 2_000, [report(&a, 2, finished(start.operation))]);
    let failed = || -> Input<Names> { Input::resource_failed("disk", "a", a.incarnation).into() };
    let refusal = |replica: &mut Replica, sequence| {
        let items = [report(&a, sequence, failed())];
        let next = replica.applied() + 1;
        replica.apply(next, 1, entry(1, 2_000, items)).unwrap().remove(0)
    };
    assert_eq!(refusal(&mut replica, 4), Err(Refusal::Gap { sequence: 4, expected: 3 }));
    assert_eq!(refusal(&mut replica, 3), Ok(()));
    let digest = replica.digest();
    assert_eq!(refusal(&mut replica, 3), Err(Refusal::Duplicate { sequence: 3 }));
    assert_eq!(replica.digest(), digest);
    assert_eq!(replica.reported(&a), 3);
    assert_eq!(replica.reported(&life("a", 2)), 0);
    // A report that the cluster refuses counts as well, or those behind it would wait for ever.
    let unknown = Input::<Names>::resource_failed("tape", "a", a.incarnation).into();
    let next = replica.applied() + 1;
    let results = replica.apply(next, 1, entry(1, 2_000, [report(&a, 4, unknown)])).unwrap();
    assert!(matches!(results.as_slice(), [Err(Refusal::Unknown(_))]), "{results:?}");
    assert_eq!(replica.reported(&a), 4);
}

/// A leader of term 5 stalls, loses its charge, leads again in term 7 and wakes up.
#[test]
fn an_entry_counts_only_in_the_term_of_its_charge() {
    let mut replica = formed("a", Fencing::Trusted);
    let before = replica.digest();
    let lost = anonymous(Input::node_lost("a", Incarnation::new(1)));
    let results = replica.apply(2, 7, entry(5, 9_000, [lost])).unwrap();
    assert_eq!(results, [Err(Refusal::OtherTerm { proposed: 5, committed: 7 })]);
    assert_eq!(replica.digest(), before);
    assert_eq!(replica.applied(), 2);
}

#[test]
fn every_entry_is_applied_once_and_in_order() {
    let mut replica = replica("a");
    let error = ApplyError::NotNext { expected: 1, found: 2 };
    assert_eq!(replica.apply(2, 1, entry(1, 0, [])), Err(error));
    assert_eq!(replica.skip(1), Ok(()));
    assert_eq!(replica.skip(1), Err(ApplyError::NotNext { expected: 2, found: 1 }));
    assert_eq!(replica.applied(), 1);
}

/// The time of the log never runs backwards, and never beyond the range of inputs.
#[test]
fn stamps_are_clamped() {
    let mut replica = replica("a");
    apply(&mut replica, 5_000, [report(&life("a", 1), 1, joined(&life("a", 1)))]);
    apply(&mut replica, 4_000, [report(&life("b", 1), 1, joined(&life("b", 1)))]);
    assert_eq!(replica.stamp(), Timestamp::from_millis(5_000));
    apply(&mut replica, u64::MAX, []);
    assert_eq!(replica.stamp(), Timestamp::LATEST);
}

#[test]
fn a_life_stands_where_the_log_says() {
    let mut replica = formed("a", Fencing::Required);
    assert_eq!(replica.standing(&life("a", 1)), Standing::Member);
    assert_eq!(replica.standing(&life("A", 1)), Standing::Member);
    assert_eq!(replica.standing(&life("a", 2)), Standing::Unheard);
    assert_eq!(replica.standing(&life("a", 0)), Standing::Over);
    assert_eq!(replica.standing(&life("x", 1)), Standing::Unheard);
    apply(&mut replica, 2_000, [anonymous(Input::node_lost("a", Incarnation::new(1)))]);
    assert_eq!(replica.standing(&life("a", 1)), Standing::Over);
    assert!(replica.may_run(&life("a", 1)));
    // A fence is a duty of the node that leads.
    let fences: Vec<_> = replica.duties(Leads::Yes).collect();
    assert_eq!(fences.last().map(|of| of.action), Some(OperationKind::Fence));
    assert_eq!(fences.last().map(|of| of.node.as_str()), Some("a"));
    let own = formed("b", Fencing::Required);
    assert_eq!(own.duties(Leads::No).count(), 0);
    apply(&mut replica, 3_000, [anonymous(Input::node_fenced("a", Incarnation::new(1)))]);
    assert!(!replica.may_run(&life("a", 1)));
}

/// A node that lost its disk comes back with a number that was used before.
#[test]
fn a_life_below_the_known_one_is_over_also_after_an_eviction() {
    let mut replica = formed("a", Fencing::Trusted);
    apply(&mut replica, 2_000, [report(&life("c", 7), 1, joined(&life("c", 7)))]);
    apply(
        &mut replica,
        2_500,
        [report(&life("c", 7), 2, Input::node_left("c", Incarnation::new(7)))],
    );
    let evict: Input<Names> = crate::cluster::Command::evict_node("c").into();
    apply(&mut replica, 3_000, [anonymous(evict)]);
    assert_eq!(replica.standing(&life("c", 7)), Standing::Over);
    assert_eq!(replica.standing(&life("c", 2)), Standing::Over);
    assert_eq!(replica.latest_life("C"), Incarnation::new(7));
    let late = report(&life("c", 2), 1, joined(&life("c", 2)));
    let results = replica.apply(replica.applied() + 1, 1, entry(1, 3_000, [late])).unwrap();
    assert_eq!(results, [Err(Refusal::LifeOver)]);
}

#[test]
fn a_restored_replica_stands_where_the_other_stands() {
    let mut replica = formed("a", Fencing::Trusted);
    apply(&mut replica, 2_000, [Item { origin: None, body: Body::Checkpoint }]);
    let text = serde_json::to_string(&replica.snapshot()).unwrap();
    let snapshot: ReplicaSnapshot = serde_json::from_str(&text).unwrap();
    assert_eq!(snapshot, replica.snapshot());
    assert_eq!(snapshot.index(), 2);
    let mut restored = Replica::restore("b", snapshot, Genesis::new(Ring::new())).unwrap();
    assert_eq!((restored.applied(), restored.digest()), (replica.applied(), replica.digest()));
    assert_eq!(restored.checkpoint(), replica.checkpoint());
    // A report that counted before the snapshot does not count after it.
    let again = report(&life("a", 1), 1, joined(&life("a", 1)));
    let results = restored.apply(3, 1, entry(1, 3_000, [again])).unwrap();
    assert_eq!(results, [Err(Refusal::Duplicate { sequence: 1 })]);
}

#[test]
fn events_are_kept_in_a_bounded_ring() {
    let cluster = Cluster::new(spec(Fencing::Trusted), Ring::new(), Timestamp::ZERO);
    let genesis = Genesis::new(Ring::new()).keeping_events(3);
    let mut few = Replica::new("a", cluster.clone(), genesis);
    let mut none = Replica::new("a", cluster, Genesis::new(Ring::new()).keeping_events(0));
    for replica in [&mut few, &mut none] {
        let all = ["a", "b", "c"].map(|name| life(name, 1));
        apply(replica, 1_000, all.iter().map(|of| report(of, 1, joined(of))));
    }
    assert_eq!(core::iter::from_fn(|| few.poll_event()).count(), 3);
    assert!(few.lost_events() > 0);
    assert_eq!((none.poll_event(), none.lost_events()), (None, 0));
    assert_eq!(few.digest(), none.digest());
}

#[test]
fn a_node_that_begins_too_many_lives_is_kept_out() {
    let cluster = Cluster::new(spec(Fencing::Trusted), Ring::new(), Timestamp::ZERO);
    let genesis = Genesis::new(Ring::new()).quarantining(Quarantine::default());
    let mut replica = Replica::new("a", cluster, genesis);
    for number in 1..=3 {
        let of = life("a", number);
        apply(&mut replica, number * 1_000, [report(&of, 1, joined(&of))]);
    }
    let fourth = life("a", 4);
    let items = [report(&fourth, 1, joined(&fourth))];
    let results = replica.apply(4, 1, entry(1, 4_000, items)).unwrap();
    let until = Timestamp::from_millis(4_000).after(Duration::from_secs(7_200));
    assert_eq!(results, [Err(Refusal::Quarantined { until })]);
    assert_eq!(replica.standing(&fourth), Standing::Unheard);
    let release = Body::ReleaseFromQuarantine { node: "A".into() };
    apply(&mut replica, 5_000, [Item { origin: None, body: release }]);
    apply(&mut replica, 5_000, [report(&fourth, 2, joined(&fourth))]);
    assert_eq!(replica.standing(&fourth), Standing::Member);
}

/// Rules that differ have another number; the number of events that are kept is no rule.
#[test]
fn rules_have_a_number() {
    use crate::policy::LeastGroups;
    let ring = Genesis::new(Ring::new());
    let number = ring.behaviour();
    assert_eq!(ring.clone().keeping_events(1).behaviour(), number);
    assert_ne!(ring.clone().quarantining(Quarantine::default()).behaviour(), number);
    assert_ne!(Genesis::new(LeastGroups).behaviour(), number);
    let limits = crate::spec::Limits { nodes: 7, ..Default::default() };
    assert_ne!(ring.within(limits).behaviour(), number);
}

/// A configuration that the spans do not fit would let two nodes run one resource.
#[test]
fn a_configuration_that_the_spans_do_not_fit_is_refused() {
    let genesis = Genesis::new(Ring::new()).timed(timing());
    let cluster = Cluster::new(spec(Fencing::Required), Ring::new(), Timestamp::ZERO);
    let mut replica = Replica::new("a", cluster, genesis);
    let all = ["a", "b", "c"].map(|name| life(name, 1));
    apply(&mut replica, 1_000, all.iter().map(|of| report(of, 1, joined(of))));
    let mut configure = |declaration: ClusterDeclaration| {
        let input: Input<Names> = crate::cluster::Command::configure(declaration).into();
        let next = replica.applied() + 1;
        replica.apply(next, 1, entry(1, 2_000, [anonymous(input)])).unwrap().remove(0)
    };
    let lease = Fencing::Lease { duration: millis(1_000), margin: millis(100) };
    let misfit = configure(declaration(lease));
    assert!(matches!(misfit, Err(Refusal::Misfit(_))), "{misfit:?}");
    let counted = configure(declaration(Fencing::Required).quorum(QuorumRule::NodeMajority));
    assert!(matches!(counted, Err(Refusal::Misfit(_))), "{counted:?}");
    assert_eq!(configure(declaration(Fencing::Trusted)), Ok(()));
}

/// A policy that was changed while the cluster ran is still in force after a restore.
#[test]
fn a_changed_policy_survives_a_snapshot() {
    use crate::policy::LeastGroups;
    let genesis = || Genesis::new(Ring::new()).offering(LeastGroups);
    let cluster = Cluster::new(spec(Fencing::Trusted), Ring::new(), Timestamp::ZERO);
    let mut replica = Replica::new("a", cluster, genesis());
    apply(&mut replica, 500, [report(&life("a", 1), 1, joined(&life("a", 1)))]);
    let change: Input<Names> = crate::cluster::Command::change_policy("least_groups").into();
    apply(&mut replica, 1_000, [anonymous(change)]);
    let restored = Replica::restore("b", replica.snapshot(), genesis()).unwrap();
    assert_eq!(restored.digest(), replica.digest());
    assert_eq!(restored.cluster().policy().name(), "least_groups");
    let mut back = restored;
    let change: Input<Names> = crate::cluster::Command::change_policy("ring").into();
    apply(&mut back, 2_000, [anonymous(change)]);
}
