//! Lines that become inputs.

use quorate::cluster::{
    Command, ConfigurationMoves, Input, Life, LockHandling, ResumeFailback, Running, RunningState,
    WhenRefused,
};
use quorate::id::Names;
use quorate::machine::NodeState;
use quorate::state::{DrainMode, MoveFailure, WitnessState};
use quorate::time::WallClock;
use quorate::{Cluster, Incarnation, OpId};

use super::declare::Draft;
use super::words::Arguments;
use super::world::World;

/// Returns the inputs of a line, in order; `None` if the line is something else.
pub(crate) fn inputs(
    cluster: &Cluster,
    world: &mut World,
    words: &[String],
) -> Result<Option<Vec<Input<Names>>>, String> {
    let [verb, rest @ ..] = words else {
        return Ok(None);
    };
    let arguments = Arguments::of(rest);
    let inputs = match verb.as_str() {
        "join" => join(cluster, world, arguments)?,
        "inventory" => inventory(cluster, world, arguments)?,
        "leave" | "lose" | "fenced" | "confirm-down" => departure(verb, arguments)?,
        "witness" => vec![Input::witness_changed(witness(arguments)?)],
        "clock" => vec![Input::wall_clock_read(clock(arguments)?)],
        "resume-core" => vec![Input::CoreResumed],
        "attribute" => vec![attribute(arguments)?],
        "crash" | "alive" => vec![report(cluster, world, verb, arguments)?],
        _ => match command(cluster, verb, rest)? {
            Some(command) => vec![Input::Command(command)],
            None => return Ok(None),
        },
    };
    Ok(Some(inputs))
}

fn join(
    cluster: &Cluster,
    world: &mut World,
    mut arguments: Arguments,
) -> Result<Vec<Input<Names>>, String> {
    let incarnation = arguments.take("inc").map(|text| number(&text)).transpose()?;
    let running: Vec<Running<Names>> = arguments
        .take("running")
        .map(|list| list.split(',').map(listed).collect())
        .unwrap_or_default();
    let mut inputs = Vec::new();
    for node in arguments.all()? {
        let known = cluster.spec().node_id(&node).and_then(|id| cluster.state().node(id));
        let last = known.map_or(0, |record| record.incarnation().value());
        let incarnation = Incarnation::new(incarnation.unwrap_or(last + 1));
        if known.is_some_and(|record| may_join(record.state())) {
            world.switch_off(&node);
            running.iter().for_each(|listed| world.run(&listed.resource, &node));
        }
        inputs.push(Input::node_joined(node, incarnation, running.clone()));
    }
    Ok(inputs)
}

/// Returns a resource of a node's list: its name and, after a colon, the state that the node knows.
pub(crate) fn listed(text: &str) -> Running<Names> {
    let states = [
        RunningState::Unknown,
        RunningState::Online,
        RunningState::Starting,
        RunningState::Stopping,
    ];
    let said = text.rsplit_once(':').and_then(|(name, word)| {
        let state = states.into_iter().find(|state| state.to_string() == word)?;
        Some(Running::new(name.to_owned(), state))
    });
    said.unwrap_or_else(|| text.into())
}

fn may_join(state: NodeState) -> bool {
    match state {
        NodeState::Down | NodeState::Unclean => true,
        NodeState::Joining | NodeState::Up | NodeState::Paused => false,
    }
}

/// Returns the report of an agent about its resource, by default of the agent on the owner's node.
fn report(
    cluster: &Cluster,
    world: &mut World,
    verb: &str,
    mut arguments: Arguments,
) -> Result<Input<Names>, String> {
    let spec = cluster.spec();
    let node = arguments.take("on");
    let incarnation = arguments.take("inc").map(|text| number(&text)).transpose()?;
    let run = arguments.take("run").map(|text| number(&text)).transpose()?.map(OpId::new);
    let resource = arguments.one("one resource")?;
    let owner = || {
        let declared = spec.resource(spec.resource_id(&resource)?)?;
        let owner = cluster.state().owner(declared.group())?;
        Some(spec.node(owner)?.name().to_owned())
    };
    let node = node.or_else(owner).ok_or(format!("{resource} has no owner; give on="))?;
    let record = spec.node_id(&node).and_then(|id| cluster.state().node(id));
    let known = record.map_or(Incarnation::default(), |record| record.incarnation());
    let incarnation = incarnation.map_or(known, Incarnation::new);
    let present = spec.resource_id(&resource).and_then(|id| cluster.state().resource(id)?.run());
    if verb == "crash" {
        // A report about a run that is over kills nothing.
        if run.is_none() || run == present {
            world.die(&resource, Some(&node));
        }
        return Ok(Input::resource_failed(resource, node, incarnation).of_run(run).into());
    }
    Ok(Input::resource_alive(resource, node, incarnation).of_run(run).into())
}

fn command(
    cluster: &Cluster,
    verb: &str,
    rest: &[String],
) -> Result<Option<Command<Names>>, String> {
    let mut arguments = Arguments::of(rest);
    let lock = match arguments.take_flag("override") {
        true => LockHandling::Override,
        false => LockHandling::Respect,
    };
    Ok(Some(match verb {
        "online" | "offline" | "clear" => on_group_or_resource(cluster, verb, arguments, lock)?,
        "move" => move_group(arguments, lock)?,
        "cancel-move" => Command::cancel_move(arguments.one("a group")?),
        "pause" => Command::pause_node(arguments.one("a node")?),
        "drain" => drain(arguments, lock)?,
        "resume" => resume(arguments)?,
        "fail" => Command::fail_resource(arguments.one("a resource")?),
        "maintenance" => match (arguments.take_flag("on"), arguments.take_flag("off")) {
            (true, false) => Command::begin_maintenance(arguments.one("a resource")?),
            (false, true) => Command::end_maintenance(arguments.one("a resource")?),
            _ => return Err("expected on or off".into()),
        },
        "lock" => Command::lock_group(arguments.one("a group")?),
        "unlock" => Command::unlock_group(arguments.one("a group")?),
        "change-policy" => Command::change_policy(arguments.one("the name of a policy")?),
        "evict" => Command::evict_node(arguments.one("a node")?),
        "configure" => configure(cluster, rest)?,
        _ => return Ok(None),
    }))
}

fn on_group_or_resource(
    cluster: &Cluster,
    verb: &str,
    mut arguments: Arguments,
    lock: LockHandling,
) -> Result<Command<Names>, String> {
    let node = arguments.take("on").filter(|_| verb == "clear");
    let name = arguments.one("a group or a resource")?;
    let spec = cluster.spec();
    let is_resource = spec.group_id(&name).is_none() && spec.resource_id(&name).is_some();
    Ok(match (verb, is_resource) {
        ("online", true) => Command::bring_resource_online(name).lock(lock).into(),
        ("online", false) => Command::bring_group_online(name).lock(lock).into(),
        ("offline", true) => Command::take_resource_offline(name).lock(lock).into(),
        ("offline", false) => Command::take_group_offline(name).lock(lock).into(),
        (_, true) => Command::clear_resource_failure(name),
        (_, false) => Command::clear_group_failures(name).maybe_on(node).into(),
    })
}

fn move_group(mut arguments: Arguments, lock: LockHandling) -> Result<Command<Names>, String> {
    let on_failure = match arguments.take_flag("return") {
        true => MoveFailure::ReturnToSource,
        false => MoveFailure::Failover,
    };
    let when_refused = match arguments.take_flag("queue") {
        true => WhenRefused::Queue,
        false => WhenRefused::Refuse,
    };
    let words = arguments.all()?;
    let (group, to) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [group, "to", node] => (group.to_owned(), Some(node.to_owned())),
        [group, "best"] => (group.to_owned(), None),
        _ => return Err("expected: move GROUP to NODE, or move GROUP best".into()),
    };
    Ok(Command::move_group(group)
        .maybe_to(to)
        .on_failure(on_failure)
        .when_refused(when_refused)
        .lock(lock)
        .into())
}

fn drain(mut arguments: Arguments, lock: LockHandling) -> Result<Command<Names>, String> {
    let mode = match arguments.take_flag("forced") {
        true => DrainMode::Forced,
        false => DrainMode::Normal,
    };
    let words = arguments.all()?;
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [node] => Ok(Command::drain_node(node).mode(mode).lock(lock).into()),
        [node, "to", target] => {
            Ok(Command::drain_node(node).mode(mode).to(target).lock(lock).into())
        }
        _ => Err("expected: drain NODE [forced] [to NODE]".into()),
    }
}

fn resume(mut arguments: Arguments) -> Result<Command<Names>, String> {
    let failback = match (arguments.take_flag("immediate"), arguments.take_flag("policy")) {
        (false, false) => ResumeFailback::NoFailback,
        (true, false) => ResumeFailback::Immediate,
        (false, true) => ResumeFailback::ByPolicy,
        (true, true) => return Err("expected immediate or policy".into()),
    };
    Ok(Command::resume_node(arguments.one("a node")?).failback(failback).into())
}

fn configure(cluster: &Cluster, words: &[String]) -> Result<Command<Names>, String> {
    let (moves, words) = match words.split_first() {
        Some((first, rest)) if first == "moving" => (ConfigurationMoves::Allow, rest),
        _ => (ConfigurationMoves::Refuse, words),
    };
    let mut draft = Draft::of(&cluster.spec().into());
    for edit in words.split(|word| word == ";") {
        draft.edit(edit)?;
    }
    Ok(Command::configure(draft.finish()?).moves(moves).into())
}

/// Returns the report of a member about what it runs, unasked or as an answer.
fn inventory(
    cluster: &Cluster,
    world: &mut World,
    mut arguments: Arguments,
) -> Result<Vec<Input<Names>>, String> {
    let life = arguments.take("inc").map(|text| number(&text)).transpose()?;
    let running: Vec<Running<Names>> = arguments
        .take("running")
        .map(|list| list.split(',').map(listed).collect())
        .unwrap_or_default();
    let operation = arguments.take("answers").map(|text| number(&text)).transpose()?.map(OpId::new);
    let node = arguments.one("a node")?;
    let known = cluster.spec().node_id(&node).and_then(|id| cluster.state().node(id));
    let known = known.map_or(Incarnation::default(), |record| record.incarnation());
    let incarnation = life.map_or(known, Incarnation::new);
    if operation.is_none() {
        world.switch_off(&node);
    }
    running.iter().for_each(|listed| world.run(&listed.resource, &node));
    Ok(vec![Input::node_inventory(node, incarnation, running).answering(operation).into()])
}

/// Returns the reports about nodes that are gone, in the known life or in another one.
fn departure(verb: &str, mut arguments: Arguments) -> Result<Vec<Input<Names>>, String> {
    let life = arguments.take("inc").map(|text| number(&text)).transpose()?;
    let incarnation = Life::from(life.map(Incarnation::new));
    let input = |node| match verb {
        "leave" => Input::node_left(node, incarnation),
        "lose" => Input::node_lost(node, incarnation),
        "fenced" => Input::node_fenced(node, incarnation),
        _ => Input::node_confirmed_down(node, incarnation),
    };
    Ok(arguments.all()?.into_iter().map(input).collect())
}

fn attribute(arguments: Arguments) -> Result<Input<Names>, String> {
    let words = arguments.all()?;
    let [node, name, value] = &words[..] else {
        return Err("expected: attribute NODE NAME NUMBER".into());
    };
    let value = value.parse().map_err(|_| format!("{value} is no number"))?;
    Ok(Input::node_attribute_changed(node.as_str(), name.as_str(), value))
}

fn witness(arguments: Arguments) -> Result<WitnessState, String> {
    match arguments.one("up or down")?.as_str() {
        "up" => Ok(WitnessState::Up),
        "down" => Ok(WitnessState::Down),
        _ => Err("expected up or down".into()),
    }
}

fn clock(arguments: Arguments) -> Result<WallClock, String> {
    let words = arguments.all()?;
    let (time, offset) = match &words[..] {
        [time] => (time, "0"),
        [time, offset] => (time, offset.as_str()),
        _ => return Err("expected a time such as 08:30 and an offset such as +60".into()),
    };
    let (hours, minutes) = time.split_once(':').ok_or("expected a time such as 08:30")?;
    let minutes = number(hours)? * 60 + number(minutes)?;
    Ok(WallClock {
        utc_millis_of_day: u32::try_from(minutes * 60_000).map_err(|_| "no time of day")?,
        utc_offset_minutes: offset.parse().map_err(|_| format!("{offset} is no offset"))?,
    })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
