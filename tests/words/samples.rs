//! Inputs, commands, effects and events to be printed, one of each sort.

use quorate::cluster::{
    Command, Effect, Event, Input, Life, Outcome, ResumeFailback, Running, RunningState,
};
use quorate::id::Names;
use quorate::quorum::WitnessState;
use quorate::spec::ClusterDeclaration;
use quorate::state::OperationKind;
use quorate::{Incarnation, OpId, Timestamp, WallClock};
use serde_json::json;

const AT: Timestamp = Timestamp::from_millis(90_000);

pub(crate) fn effects() -> Vec<Effect<Names>> {
    let effect = |action, resource: Option<&str>| {
        let written = json!({
            "operation": 7,
            "action": action,
            "node": "a",
            "incarnation": 1,
            "resource": resource,
            "epoch": 1,
            "group": "sql",
            "deadline": AT,
            "timeout_ms": 180_000,
        });
        serde_json::from_value(written).expect("an effect")
    };
    use OperationKind as K;
    let of_resources =
        [K::Start, K::Stop, K::Terminate, K::CheckLooksAlive, K::CheckIsAlive, K::Probe];
    let effects = of_resources.into_iter().map(|action| effect(action, Some("disk")));
    effects.chain([effect(K::Fence, None), effect(K::Inventory, None)]).collect()
}

/// Events, one a line.
const EVENTS: &str = r#"
{"node_changed": {"node": "a", "from": "joining", "to": "up"}}
{"node_attribute_changed": {"node": "a", "name": "lag", "value": -3}}
{"quorum_changed": {"verdict": {"quorate": {"votes": 2, "needed": 2}}}}
{"resource_changed": {"resource": "disk", "from": "offline", "to": "online_pending"}}
{"group_changed": {"group": "sql", "from": "offline", "to": "pending"}}
{"owner_changed": {"group": "sql", "from": "a", "to": "b", "cause": "node_failure", "epoch": 3, "proof": "fenced"}}
{"owner_changed": {"group": "sql", "from": "a", "to": "b", "cause": "node_failure", "epoch": 3, "proof": null}}
{"owner_changed": {"group": "sql", "from": null, "to": "a", "cause": "node_failure", "epoch": 3, "proof": null}}
{"owner_changed": {"group": "sql", "from": "a", "to": null, "cause": "node_failure", "epoch": 3, "proof": null}}
{"move_started": {"group": "sql", "from": "a", "to": "b", "cause": "node_failure"}}
{"move_started": {"group": "sql", "from": "a", "to": null, "cause": "node_failure"}}
{"move_abandoned": {"group": "sql", "to": "b"}}
{"restart_scheduled": {"resource": "disk", "at": 90000, "remaining": 2}}
{"restarts_exhausted": {"resource": "disk", "cause": "restarts", "retry_at": null}}
{"restarts_exhausted": {"resource": "disk", "cause": "restarts", "retry_at": 90000}}
{"node_barred": {"group": "sql", "node": "a", "resource": "disk"}}
{"admission_refused": {"group": "sql", "node": "a", "because_of": "mail"}}
{"placement_failed": {"group": "sql"}}
{"placement_cut_short": {"gap": 1}}
{"placement_cut_short": {"gap": 2}}
{"operation_timed_out": {"operation": 7, "action": "stop", "node": "a", "resource": "disk", "group": "sql"}}
{"operation_timed_out": {"operation": 7, "action": "fence", "node": "a", "resource": null, "group": null}}
{"operation_superseded": {"operation": 7, "action": "stop", "node": "a", "resource": "disk", "group": "sql"}}
{"operation_superseded": {"operation": 7, "action": "fence", "node": "a", "resource": null, "group": null}}
{"inventory_taken": {"node": "a", "floor": 12}}
{"taken_over": {"resource": "disk", "node": "a"}}
{"orphan_found": {"resource": "disk", "node": "a"}}
{"orphan_gone": {"resource": "disk", "node": "a"}}
{"fence_failed": {"node": "a", "retry_at": null}}
{"fence_failed": {"node": "a", "retry_at": 90000}}
{"drain_changed": {"node": "a", "status": "in_progress"}}
{"drain_blocked": {"node": "a", "group": "sql", "because": "no_candidate"}}
{"drain_blocked": {"node": "a", "group": "sql", "because": "locked"}}
{"drain_blocked": {"node": "a", "group": "sql", "because": {"in_doubt": {"resource": "disk"}}}}
{"drain_blocked": {"node": "a", "group": "sql", "because": {"left": {"resource": "disk"}}}}
{"drain_blocked": {"node": "a", "group": "sql", "because": {"target": {"node": "b"}}}}
{"drain_stopped": {"node": "a", "group": "sql"}}
{"configuration_changed": {"configuration": 4}}
{"accepted_without_quorum": {"configuration": 4}}
{"policy_changed": {"from": "ring", "to": "least_groups"}}
"#;

pub(crate) fn events() -> Vec<Event<Names>> {
    EVENTS.lines().skip(1).map(|line| serde_json::from_str(line).expect("an event")).collect()
}

pub(crate) fn reports() -> Vec<Input<Names>> {
    let life = Incarnation::new(3);
    let running = || [Running::from("disk"), Running::new("ip".into(), RunningState::Stopping)];
    let operation = OpId::new(7);
    let reading = WallClock { utc_millis_of_day: 3_600_000, utc_offset_minutes: -60 };
    let reports = [
        Input::node_joined("a", life, running()),
        Input::node_joined("a", life, []),
        Input::node_inventory("a", life, running()).into(),
        Input::node_inventory("a", life, []).answering(operation).into(),
        Input::node_left("a", life),
        Input::node_lost("a", life),
        Input::node_fenced("a", life),
        Input::node_confirmed_down("a", life),
        Input::node_confirmed_down("a", Life::Known),
        Input::node_attribute_changed("a", "lag", -3),
        Input::operation_progressed(operation),
        Input::resource_failed("disk", "a", life).into(),
        Input::resource_failed("disk", "a", life).of_run(operation).into(),
        Input::resource_alive("disk", "a", life).into(),
        Input::witness_changed(WitnessState::Up),
        Input::witness_changed(WitnessState::Down),
        Input::wall_clock_read(reading),
        Input::CoreResumed,
        Command::lock_group("sql").into(),
    ];
    use Outcome as O;
    let outcomes =
        [O::Succeeded, O::Failed, O::FailedForGood, O::TimedOut, O::Running, O::NotRunning];
    let finished = outcomes.map(|outcome| Input::operation_finished(operation, outcome));
    reports.into_iter().chain(finished).collect()
}

pub(crate) fn commands() -> Vec<Command<Names>> {
    let declaration = || ClusterDeclaration::new("mill");
    vec![
        Command::bring_group_online("sql").into(),
        Command::take_group_offline("sql").override_lock().into(),
        Command::bring_resource_online("disk").into(),
        Command::take_resource_offline("disk").into(),
        Command::move_group("sql").into(),
        Command::move_group("sql").to("b").into(),
        Command::move_group("sql").to("b").return_on_failure().queue().override_lock().into(),
        Command::cancel_move("sql"),
        Command::pause_node("a"),
        Command::drain_node("a").into(),
        Command::drain_node("a").to("b").forced().override_lock().into(),
        Command::resume_node("a").into(),
        Command::resume_node("a").failback(ResumeFailback::Immediate).into(),
        Command::resume_node("a").failback(ResumeFailback::ByPolicy).into(),
        Command::clear_resource_failure("disk"),
        Command::clear_group_failures("sql").into(),
        Command::clear_group_failures("sql").on("a").into(),
        Command::fail_resource("disk"),
        Command::begin_maintenance("disk"),
        Command::end_maintenance("disk"),
        Command::lock_group("sql"),
        Command::unlock_group("sql"),
        Command::evict_node("a"),
        Command::configure(declaration()).into(),
        Command::configure(declaration()).allow_moves().into(),
        Command::change_policy("least_groups"),
    ]
}
