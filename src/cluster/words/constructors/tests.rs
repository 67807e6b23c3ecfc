//! Each constructor gives what the written form reads.

use alloc::vec::Vec;

use crate::cluster::words::{Command, Input, Life, ResumeFailback, Running, RunningState};
use crate::id::{Incarnation, Names, NodeId, OpId};
use crate::spec::ClusterDeclaration;
use crate::state::{Outcome, WitnessState};
use crate::time::WallClock;

type Case = (&'static str, Input<Names>);

const LIFE: Incarnation = Incarnation::new(3);

fn reports() -> Vec<Case> {
    let running = || [Running::from("disk"), Running::new("ip".into(), RunningState::Stopping)];
    let operation = OpId::new(7);
    let reading = WallClock { utc_millis_of_day: 5, utc_offset_minutes: -60 };
    Vec::from([
        (
            r#"{"node_joined": {"node": "a", "incarnation": 3,
                "running": ["disk", {"resource": "ip", "state": "stopping"}]}}"#,
            Input::node_joined("a", LIFE, running()),
        ),
        (r#"{"node_joined": {"node": "a", "incarnation": 3}}"#, Input::node_joined("a", LIFE, [])),
        (
            r#"{"node_inventory": {"node": "a", "incarnation": 3}}"#,
            Input::node_inventory("a", LIFE, []).into(),
        ),
        (
            r#"{"node_inventory": {"node": "a", "incarnation": 3, "operation": 7,
                "running": ["disk", {"resource": "ip", "state": "stopping"}]}}"#,
            Input::node_inventory("a", LIFE, running()).answering(operation).into(),
        ),
        (r#"{"node_left": {"node": "a", "incarnation": 3}}"#, Input::node_left("a", LIFE)),
        (r#"{"node_lost": {"node": "a", "incarnation": 3}}"#, Input::node_lost("a", LIFE)),
        (r#"{"node_fenced": {"node": "a", "incarnation": 3}}"#, Input::node_fenced("a", LIFE)),
        (r#"{"node_confirmed_down": {"node": "a"}}"#, Input::node_confirmed_down("a", Life::Known)),
        (
            r#"{"operation_finished": {"operation": 7, "outcome": "failed"}}"#,
            Input::operation_finished(operation, Outcome::Failed),
        ),
        (r#"{"operation_progressed": {"operation": 7}}"#, Input::operation_progressed(operation)),
        (
            r#"{"resource_failed": {"resource": "disk", "node": "a", "incarnation": 3}}"#,
            Input::resource_failed("disk", "a", LIFE).into(),
        ),
        (
            r#"{"resource_alive": {"resource": "disk", "node": "a", "incarnation": 3, "run": 7}}"#,
            Input::resource_alive("disk", "a", LIFE).of_run(operation).into(),
        ),
        (
            r#"{"node_attribute_changed": {"node": "a", "name": "lag", "value": -3}}"#,
            Input::node_attribute_changed("a", "lag", -3),
        ),
        (r#"{"witness_changed": {"witness": "up"}}"#, Input::witness_changed(WitnessState::Up)),
        (
            r#"{"wall_clock_read": {"reading":
                {"utc_millis_of_day": 5, "utc_offset_minutes": -60}}}"#,
            Input::wall_clock_read(reading),
        ),
    ])
}

fn commands_of_groups_and_resources() -> Vec<(&'static str, Command<Names>)> {
    Vec::from([
        (r#"{"bring_group_online": {"group": "sql"}}"#, Command::bring_group_online("sql").into()),
        (
            r#"{"take_group_offline": {"group": "sql", "lock": "override"}}"#,
            Command::take_group_offline("sql").override_lock().into(),
        ),
        (
            r#"{"bring_resource_online": {"resource": "disk"}}"#,
            Command::bring_resource_online("disk").into(),
        ),
        (
            r#"{"take_resource_offline": {"resource": "disk"}}"#,
            Command::take_resource_offline("disk").into(),
        ),
        (r#"{"move_group": {"group": "sql"}}"#, Command::move_group("sql").into()),
        (
            r#"{"move_group": {"group": "sql", "to": "b", "on_failure": "return_to_source",
                "when_refused": "queue", "lock": "override"}}"#,
            Command::move_group("sql").to("b").queue().return_on_failure().override_lock().into(),
        ),
        (r#"{"cancel_move": {"group": "sql"}}"#, Command::cancel_move("sql")),
        (
            r#"{"clear_resource_failure": {"resource": "disk"}}"#,
            Command::clear_resource_failure("disk"),
        ),
        (
            r#"{"clear_group_failures": {"group": "sql"}}"#,
            Command::clear_group_failures("sql").into(),
        ),
        (
            r#"{"clear_group_failures": {"group": "sql", "node": "a"}}"#,
            Command::clear_group_failures("sql").on("a").into(),
        ),
        (r#"{"fail_resource": {"resource": "disk"}}"#, Command::fail_resource("disk")),
        (r#"{"begin_maintenance": {"resource": "disk"}}"#, Command::begin_maintenance("disk")),
        (r#"{"end_maintenance": {"resource": "disk"}}"#, Command::end_maintenance("disk")),
        (r#"{"lock_group": {"group": "sql"}}"#, Command::lock_group("sql")),
        (r#"{"unlock_group": {"group": "sql"}}"#, Command::unlock_group("sql")),
    ])
}

fn commands_of_nodes() -> Vec<(&'static str, Command<Names>)> {
    let declaration = ClusterDeclaration::new("mill").node("a");
    Vec::from([
        (r#"{"pause_node": {"node": "a"}}"#, Command::pause_node("a")),
        (r#"{"drain_node": {"node": "a"}}"#, Command::drain_node("a").into()),
        (
            r#"{"drain_node":
                {"node": "a", "mode": "forced", "target": "b", "lock": "override"}}"#,
            Command::drain_node("a").to("b").forced().override_lock().into(),
        ),
        (r#"{"resume_node": {"node": "a"}}"#, Command::resume_node("a").into()),
        (
            r#"{"resume_node": {"node": "a", "failback": "immediate"}}"#,
            Command::resume_node("a").failback(ResumeFailback::Immediate).into(),
        ),
        (
            r#"{"change_policy": {"policy": "least_groups"}}"#,
            Command::change_policy("least_groups"),
        ),
        (r#"{"evict_node": {"node": "a"}}"#, Command::evict_node("a")),
        (
            r#"{"configure": {"declaration": {"name": "mill", "nodes": ["a"]}}}"#,
            Command::configure(declaration.clone()).into(),
        ),
        (
            r#"{"configure":
                {"declaration": {"name": "mill", "nodes": ["a"]}, "moves": "allow"}}"#,
            Command::configure(declaration).allow_moves().into(),
        ),
    ])
}

#[test]
fn a_report_is_what_its_written_form_says() {
    for (text, report) in reports() {
        assert_eq!(serde_json::from_str(text).ok(), Some(report), "{text}");
    }
}

#[test]
fn a_command_is_what_its_written_form_says() {
    for (text, command) in commands_of_groups_and_resources().into_iter().chain(commands_of_nodes())
    {
        assert_eq!(serde_json::from_str(text).ok().as_ref(), Some(&command), "{text}");
        assert_eq!(Input::from(command.clone()), Input::Command(command));
    }
}

#[test]
fn a_command_by_names_is_resolved_with_its_options() {
    let spec = ClusterDeclaration::new("mill").node("a").node("b").build().unwrap();
    let resolved = spec.resolve(Command::drain_node("a").to("b").forced());
    let drain = Command::drain_node(NodeId::new(0)).to(NodeId::new(1)).forced();
    assert_eq!(resolved, Ok(drain.into()));
}
