use alloc::string::{String, ToString};
use alloc::vec;

use serde_json::{Value, json};

use super::*;
use crate::cluster::Inconsistency;
use crate::cluster::keep::invariants::sample::{NOW, at, spec, state};
use crate::cluster::words::{StateRule, StateSubject};
use crate::policy::Ring;
use crate::spec::Problem;

fn good() -> Value {
    let spec = spec();
    serde_json::to_value(Snapshot::of(&spec, &state(&spec), &Ring::new())).unwrap()
}

fn restore_state(snapshot: Snapshot) -> Result<(ClusterSpec, ClusterState), RestoreError> {
    restore_state_within(snapshot, &Limits::default())
}

fn restored(snapshot: &Value) -> Result<(ClusterSpec, ClusterState), RestoreError> {
    restore_state(serde_json::from_value(snapshot.clone()).unwrap())
}

/// Returns the good snapshot with one value replaced or added.
fn with(pointer: &str, value: Value) -> Value {
    let mut snapshot = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = snapshot.pointer_mut(&["/v1", parent].concat()).unwrap();
    match parent {
        Value::Object(fields) => drop(fields.insert(key.into(), value)),
        Value::Array(entries) if key == "+" => entries.push(value),
        Value::Array(entries) => entries[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other} has no parts"),
    }
    snapshot
}

fn without(pointer: &str, index: usize) -> Value {
    let mut snapshot = good();
    let list = snapshot.pointer_mut(&["/v1", pointer].concat()).unwrap();
    list.as_array_mut().unwrap().remove(index);
    snapshot
}

#[track_caller]
fn refused(snapshot: &Value, error: &RestoreError) {
    assert_eq!(restored(snapshot).map(drop).as_ref(), Err(error));
}

/// S31: a snapshot is read as it was written.
#[test]
fn a_snapshot_gives_back_spec_and_state() {
    let spec = spec();
    let state = state(&spec);
    let text = serde_json::to_string(&Snapshot::of(&spec, &state, &Ring::new())).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&snapshot).unwrap(), text);
    assert_eq!(restore_state(snapshot), Ok((spec, state)));
}

/// S31: attributes are held to the limits within which the snapshot is restored.
#[test]
fn attributes_are_checked() {
    let subject = StateSubject::Node("b".into());
    let rule = StateRule::AttributeNotAllowed;
    let refusal = RestoreError::Inconsistent(Inconsistency { subject, rule });
    refused(&with("/nodes/1/attributes", json!({"lag": 7, "": 1})), &refusal);
    let read: Snapshot = serde_json::from_value(good()).unwrap();
    let within = |most: usize| {
        let limits = Limits { node_attributes: most, ..Limits::default() };
        restore_state_within(read.clone(), &limits).map(drop)
    };
    assert_eq!((within(2), within(1)), (Ok(()), Err(refusal)));
}

#[test]
fn another_policy_or_a_later_behaviour_is_refused() {
    let seeded = Ring::seeded(7);
    let read = |value: Value| serde_json::from_value::<Snapshot>(value).unwrap();
    assert_eq!(check_rules(&read(good()), &Ring::new()), Ok(()));
    let (stored, given) = ("ring".into(), "ring(7)".into());
    let other = Err(RestoreError::OtherPolicy { stored, given });
    assert_eq!(check_rules(&read(good()), &seeded), other);
    assert_eq!(check_rules(&read(good()).under_policy(&seeded), &seeded), Ok(()));
    let mut later = good();
    later["v1"]["behaviour"] = json!(BEHAVIOUR + 1);
    let refusal = RestoreError::LaterBehaviour { stored: BEHAVIOUR + 1, known: BEHAVIOUR };
    assert_eq!(check_rules(&read(later), &Ring::new()), Err(refusal));
    // A release that noted neither.
    let mut older = good();
    for field in ["policy", "behaviour"] {
        older["v1"].as_object_mut().unwrap().remove(field);
    }
    assert_eq!(check_rules(&read(older), &seeded), Ok(()));
}

/// A flipped bit is an error, or leads to a state that is sound and that is written as it was read.
/// Snapshots of clusters in which every owned group took room do not say which groups take some.
#[test]
fn room_that_is_not_told_is_taken_by_what_runs_or_is_wanted() {
    let mut older = good();
    let groups = older["v1"]["groups"].as_array_mut().unwrap();
    for group in groups {
        group.as_object_mut().unwrap().remove("room");
    }
    assert_eq!(restored(&older), restored(&good()));
}

#[test]
fn flipped_bits_do_no_harm() {
    let text = good().to_string();
    for place in (0..text.len()).step_by(5) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1 << (place % 7);
        let Ok(snapshot) = serde_json::from_slice::<Snapshot>(&bytes) else {
            continue;
        };
        let Ok((spec, state)) = restore_state(snapshot) else {
            continue;
        };
        assert_eq!(
            restore_state(Snapshot::of(&spec, &state, &Ring::new())),
            Ok((spec, state)),
            "{place}"
        );
    }
}

#[test]
fn a_cluster_just_declared_is_short_and_comes_back() {
    let spec = spec();
    let state = ClusterState::new(&spec, at(5));
    let snapshot = Snapshot::of(&spec, &state, &Ring::new());
    let text = serde_json::to_value(&snapshot).unwrap();
    assert_eq!(
        text.pointer("/v1/nodes/0"),
        Some(&json!({ "node": "a", "state": "down", "since": 5 })),
    );
    assert_eq!(
        text.pointer("/v1/groups/0"),
        Some(&json!({ "group": "mail", "desired": "online" })),
    );
    assert_eq!(restore_state(snapshot), Ok((spec, state)));
}

/// The order of records and the case of names do not matter.
#[test]
fn records_are_found_by_name() {
    let mut snapshot = good();
    for list in ["/v1/nodes", "/v1/groups", "/v1/resources", "/v1/orphans"] {
        snapshot.pointer_mut(list).unwrap().as_array_mut().unwrap().reverse();
    }
    *snapshot.pointer_mut("/v1/groups/4/owner").unwrap() = json!("A");
    let spec = spec();
    let state = state(&spec);
    assert_eq!(restored(&snapshot), Ok((spec, state)));
}

#[test]
fn bytes_that_are_no_snapshot_are_not_decoded() {
    let text = good().to_string();
    let decode = |text: &str| serde_json::from_str::<Snapshot>(text);
    assert!(decode(&text).is_ok());
    assert!((0..text.len()).all(|end| decode(&text[..end]).is_err()));
    assert!(decode(&[&text, "{}"].concat()).is_err());
    assert!(decode(&text.replacen("\"v1\"", "\"v2\"", 1)).is_err());
    assert!(decode(&text.replacen("\"inputs\":40", "\"inputs\":40,\"inputs\":40", 1)).is_err());
    assert!(decode(&text.replacen("\"inputs\":40", "\"inputs\":-1", 1)).is_err());
    assert!(decode(&text.replacen("\"inputs\":40", "\"inputs\":18446744073709551616", 1)).is_err());
    for place in [
        "/more",
        "/wall_clock/more",
        "/wall_clock/reading/more",
        "/nodes/0/more",
        "/nodes/1/drain/more",
        "/nodes/2/fence/more",
        "/groups/0/more",
        "/groups/1/movement/more",
        "/groups/4/queued/more",
        "/resources/0/more",
        "/resources/0/operation/more",
        "/resources/2/recovery/retry_at/more",
        "/orphans/0/more",
    ] {
        assert!(decode(&with(place, json!(1)).to_string()).is_err(), "{place}");
    }
}

#[test]
fn a_declaration_that_is_not_valid_is_refused() {
    let cyclic = with("/declaration/groups/0/resources/0/depends_on", json!("[store]"));
    let Err(RestoreError::Declaration(errors)) = restored(&cyclic) else {
        panic!("a cycle was accepted");
    };
    assert!(matches!(errors.errors()[0].problem, Problem::Cycle { .. }));
}

#[test]
fn limits_hold_for_the_declaration() {
    let snapshot: Snapshot = serde_json::from_value(good()).unwrap();
    let enough = Limits { nodes: 5, ..Limits::default() };
    assert!(restore_state_within(snapshot.clone(), &enough).is_ok());
    let limits = Limits { nodes: 4, ..Limits::default() };
    let result = restore_state_within(snapshot, &limits);
    assert!(matches!(result, Err(RestoreError::Declaration(_))));
}

#[test]
fn names_that_are_not_declared_are_refused() {
    let node = RestoreError::UnknownNode("ghost".into());
    for place in [
        "/nodes/0/node",
        "/nodes/1/drain/target",
        "/groups/0/owner",
        "/groups/0/default_owner",
        "/groups/0/return_to",
        "/groups/1/movement/to",
        "/groups/1/drained_from",
        "/groups/4/queued/to",
        "/orphans/0/node",
    ] {
        refused(&with(place, json!("ghost")), &node);
    }
    let group = RestoreError::UnknownGroup("ghost".into());
    refused(&with("/groups/0/group", json!("ghost")), &group);
    let resource = RestoreError::UnknownResource("ghost".into());
    refused(&with("/resources/0/resource", json!("ghost")), &resource);
    refused(&with("/orphans/0/resource", json!("ghost")), &resource);
    // An empty name or one of a mebibyte is a name like any other that is not declared.
    refused(&with("/groups/0/owner", json!("")), &RestoreError::UnknownNode(String::new()));
    let long = "n".repeat(1 << 20);
    refused(&with("/groups/0/owner", json!(long)), &RestoreError::UnknownNode(long.clone()));
}

/// S28: every declared thing has exactly one record, and nothing else has one.
#[test]
fn records_and_declaration_match_one_to_one() {
    refused(&without("/nodes", 4), &RestoreError::MissingNode("e".into()));
    refused(&without("/groups", 0), &RestoreError::MissingGroup("mail".into()));
    refused(&without("/resources", 1), &RestoreError::MissingResource("ip".into()));
    for (list, error) in [
        ("nodes", RestoreError::DuplicateNode("a".into())),
        ("groups", RestoreError::DuplicateGroup("mail".into())),
        ("resources", RestoreError::DuplicateResource("disk".into())),
        ("orphans", RestoreError::DuplicateOrphan { node: "d".into(), resource: "ip".into() }),
    ] {
        let first = good().pointer(&["/v1/", list, "/0"].concat()).unwrap().clone();
        refused(&with(&["/", list, "/+"].concat(), first), &error);
    }
}

/// Checks that this value at this place breaks this rule, with the name of the thing.
fn assert_impossible(place: &str, value: &Value, subject: &str, rule: StateRule) {
    let Err(RestoreError::Inconsistent(violation)) = restored(&with(place, value.clone())) else {
        panic!("{place} was not refused as impossible");
    };
    assert_eq!(
        (violation.subject.to_string().as_str(), violation.rule),
        (subject, rule),
        "{place} = {value}",
    );
}

#[test]
fn impossible_states_of_clusters_nodes_and_orphans_are_refused() {
    let huge = json!((u64::MAX >> 2) + 1);
    let later = json!(NOW + 1);
    let doubt_to_come = json!({ "in_doubt": NOW + 1 });
    let fence = json!({ "id": 18, "kind": "fence", "issued_at": 1, "progress_at": 1 });
    let inquiry = json!({ "id": 18, "kind": "inventory", "issued_at": 1, "progress_at": 1 });
    let running = |node: &str| json!({ "node": node, "resource": "ip", "state": "running" });
    let drained = json!({ "status": "completed" });
    let no_day = json!({ "utc_millis_of_day": 86_400_000, "utc_offset_minutes": 0 });
    for (place, value, subject, rule) in [
        ("/inputs", &huge, "cluster", StateRule::CounterTooLarge),
        ("/next_operation", &huge, "cluster", StateRule::CounterTooLarge),
        ("/configuration", &huge, "cluster", StateRule::CounterTooLarge),
        ("/nodes/0/incarnation", &json!((u64::MAX >> 1) + 1), "node a", StateRule::CounterTooLarge),
        ("/configuration", &json!(0), "cluster", StateRule::ConfigurationNotCounted),
        ("/formed_at", &Value::Null, "cluster", StateRule::FormationDiffers),
        ("/nodes/4/proof", &json!("never_seen"), "node e", StateRule::DownWithoutProof),
        ("/nodes/0/drain", &drained, "node a", StateRule::DrainOfResumedNode),
        ("/nodes/2/fence_retry_at", &later, "node c", StateRule::FenceRetryWithoutNeed),
        ("/next_operation", &json!(16), "orphan quorum on node d", StateRule::OperationNotIssued),
        ("/nodes/0/state", &json!("down"), "resource disk", StateRule::RunsOnDownNode),
        ("/nodes/0/since", &later, "node a", StateRule::TimeInFuture),
        ("/nodes/0/up_in_input", &json!(41), "node a", StateRule::InputNotAccepted),
        ("/nodes/0/pause", &json!("requested"), "node a", StateRule::PauseDiffers),
        ("/nodes/4/fence", &fence, "node e", StateRule::FenceOfDownNode),
        ("/nodes/2/fence/kind", &json!("probe"), "node c", StateRule::OperationDoesNotFit),
        ("/last_declared", &json!(3), "cluster", StateRule::DeclaredInFuture),
        ("/nodes/0/listed_in", &json!(3), "node a", StateRule::DeclaredInFuture),
        ("/resources/2/declared_in", &json!(3), "resource ip6", StateRule::DeclaredInFuture),
        ("/nodes/1/inquiry/kind", &json!("probe"), "node b", StateRule::OperationDoesNotFit),
        ("/nodes/1/listed_in", &json!(2), "node b", StateRule::OperationDoesNotFit),
        ("/nodes/4/inquiry", &inquiry, "node e", StateRule::OperationOnNonMember),
        ("/orphans/+", &running("e"), "orphan ip on node e", StateRule::OrphanOnDownNode),
        ("/wall_clock/reading", &no_day, "cluster", StateRule::ClockOutOfRange),
        ("/wall_clock/read_at", &later, "cluster", StateRule::TimeInFuture),
        ("/quorate_since", &later, "cluster", StateRule::TimeInFuture),
        ("/witness", &json!("down"), "cluster", StateRule::QuorumDiffers),
        ("/quorate_since", &Value::Null, "cluster", StateRule::QuorumDiffers),
        ("/orphans/0/state", &doubt_to_come, "orphan ip on node d", StateRule::TimeInFuture),
        ("/now", &json!(1), "cluster", StateRule::TimeInFuture),
        ("/now", &json!(u64::MAX), "cluster", StateRule::CounterTooLarge),
    ] {
        assert_impossible(place, value, subject, rule);
    }
}

#[test]
fn impossible_states_of_groups_are_refused() {
    let huge = json!((u64::MAX >> 2) + 1);
    let later = json!(NOW + 1);
    for (place, value, subject, rule) in [
        ("/groups/0/epoch", &huge, "group mail", StateRule::CounterTooLarge),
        ("/groups/0/return_to", &json!("a"), "group mail", StateRule::MoveToOwner),
        ("/groups/0/owner", &json!("e"), "resource disk", StateRule::RunsOnDownNode),
        ("/groups/0/owner", &Value::Null, "resource disk", StateRule::RunsWithoutOwner),
        ("/groups/1/movement/to", &json!("b"), "group files", StateRule::MoveToOwner),
        ("/groups/0/room", &json!("left"), "group mail", StateRule::RoomDiffers),
        ("/groups/0/ordered_in", &json!(4), "group mail", StateRule::OrderedInLaterEpoch),
        ("/groups/0/failovers", &json!([NOW + 1]), "group mail", StateRule::TimeInFuture),
        ("/groups/0/placed_at", &later, "group mail", StateRule::TimeInFuture),
        ("/groups/0/placed_in_input", &json!(41), "group mail", StateRule::InputNotAccepted),
        ("/groups/4/owner", &json!("a"), "group idle", StateRule::OwnerWithoutEpoch),
    ] {
        assert_impossible(place, value, subject, rule);
    }
}

#[test]
fn impossible_states_of_resources_are_refused() {
    let huge = json!((u64::MAX >> 2) + 1);
    let later = json!(NOW + 1);
    let start = json!({ "id": 18, "kind": "start", "issued_at": 1, "progress_at": 1 });
    let too_long = json!(vec![1; StateRule::LOG_ENTRIES + 1]);
    let possible = json!("possible");
    for (place, value, subject, rule) in [
        ("/resources/0/sequence", &huge, "resource disk", StateRule::CounterTooLarge),
        ("/resources/1/recovery", &json!("failover"), "resource ip", StateRule::RecoveryDoesNotFit),
        ("/resources/1/late_start", &possible, "resource ip", StateRule::LateStartWithoutDoubt),
        ("/resources/0/operation/id", &json!(10), "resource disk", StateRule::OperationReused),
        (
            "/resources/0/operation/kind",
            &json!("stop"),
            "resource disk",
            StateRule::OperationDoesNotFit,
        ),
        ("/resources/0/operation/issued_at", &huge, "resource disk", StateRule::TimesOutOfOrder),
        ("/resources/0/operation/progress_at", &later, "resource disk", StateRule::TimeInFuture),
        ("/resources/3/operation", &Value::Null, "resource name", StateRule::OperationDoesNotFit),
        ("/resources/6/operation", &Value::Null, "resource share", StateRule::OperationDoesNotFit),
        ("/resources/4/operation", &start, "resource store", StateRule::OperationDoesNotFit),
        ("/resources/7/operation", &start, "resource tape", StateRule::OperationDoesNotFit),
        ("/resources/7/state", &json!("online"), "resource tape", StateRule::CertainOnLostNode),
        ("/resources/10/state", &json!("online"), "resource job", StateRule::RunsWithoutOwner),
        ("/resources/0/since", &later, "resource disk", StateRule::TimeInFuture),
        ("/resources/0/restarts", &json!([2, 1]), "resource disk", StateRule::TimesOutOfOrder),
        ("/resources/0/restarts", &too_long, "resource disk", StateRule::LogTooLong),
        ("/resources/0/started_at", &later, "resource disk", StateRule::TimeInFuture),
        ("/resources/1/state", &json!("initializing"), "resource ip", StateRule::UnopenedOnOwner),
    ] {
        assert_impossible(place, value, subject, rule);
    }
}

/// Deadlines may be arbitrarily late, and a provider may have failed since the start.
#[test]
fn odd_but_possible_states_are_accepted() {
    for (place, value) in [
        ("/resources/2/recovery", json!({ "restart_at": u64::MAX })),
        ("/nodes/1/fence_retry_at", json!(u64::MAX)),
        ("/now", json!(u64::MAX >> 1)),
        ("/groups/1/movement/to", json!("e")),
        ("/orphans/0/state", json!("running")),
        ("/resources/5/state", json!("failed")),
    ] {
        let mut snapshot = with(place, value);
        if place == "/resources/5/state" {
            *snapshot.pointer_mut("/v1/resources/5/operation").unwrap() = Value::Null;
            *snapshot.pointer_mut("/v1/resources/5/run").unwrap() = Value::Null;
        }
        assert_eq!(restored(&snapshot).map(drop), Ok(()), "{place}");
    }
}
