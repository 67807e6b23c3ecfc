//! Rules for the return to a more preferred owner.

use std::time::Duration;

use quorate::cluster::{Command, Event, ResumeFailback};
use quorate::machine::NodeState;
use quorate::settings::{Failback, FailbackWindow, Ownership};
use quorate::state::MovementCause;
use quorate::{GroupId, NodeId, Timestamp};

use super::Moment;
use crate::audit::seen::Seen;
use crate::{Breach, Invariant, ensure};

/// A window that begins within this time after a failback counts as one with the window before it:
/// local time was put back.
const CLOCK_SHIFT: Duration = Duration::from_secs(3_600);

/// Checks that a group fails back only if that is allowed, and only to a node that it prefers to
/// its owner, or that can run all resources that must run while the owner cannot. That node has to
/// have been up for the hold-down, and the group returns within its window, once per window. It may
/// also return because an operator resumes a node that it was drained from.
pub(super) fn event(seen: &Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    let Event::MoveStarted { group, from, to, cause: MovementCause::Failback, .. } = event else {
        return Ok(());
    };
    let resumed = match moment.command() {
        Some(Command::ResumeNode { node, failback: ResumeFailback::Immediate, .. }) => Some(*node),
        _ => None,
    };
    if resumed.is_some() && *to == resumed {
        return Ok(());
    }
    let is_going_on =
        seen.group(*group).movement.is_some_and(|(_, cause)| cause == MovementCause::Failback);
    ensure!(
        S20,
        !is_going_on,
        "the failback of {group} is sent on to {to:?}, which nobody prefers"
    );
    let settings = seen.spec.group(*group).expect("a declared group").settings();
    ensure!(S20, settings.failback == Failback::Allow, "{group} returns though it may not");
    let to = to.ok_or_else(|| unfit(format!("{group} returns to nowhere")))?;
    preferred(seen, *group, *from, to)?;
    let node = seen.node(to);
    ensure!(S20, node.state == NodeState::Up, "{group} returns to {to}, which is {}", node.state);
    let stable_at = node.since.after(settings.failback_hold_down);
    ensure!(
        S20,
        stable_at <= moment.now,
        "{group} returns to {to}, which is up since {}",
        node.since
    );
    let Some(window) = settings.failback_window else { return Ok(()) };
    let opened_at = open_since(seen, window, moment.now)
        .ok_or_else(|| unfit(format!("{group} returns outside its window {window:?}")))?;
    let is_first =
        seen.group(*group).last_failback.is_none_or(|last| last.after(CLOCK_SHIFT) < opened_at);
    ensure!(S20, is_first, "{group} returns twice in the window that opened at {opened_at}");
    Ok(())
}

fn unfit(words: String) -> Breach {
    Breach::of(Invariant::S20, words)
}

fn preferred(seen: &Seen, group: GroupId, from: NodeId, to: NodeId) -> Result<(), Breach> {
    let list = seen.spec.group(group).expect("a declared group").preferred_owners();
    let rank = |node| list.iter().position(|preferred| *preferred == node);
    let is_better = match (rank(to), rank(from)) {
        (Some(to), Some(from)) => to < from,
        (Some(_), None) => true,
        (None, _) => false,
    };
    // A group that cannot run all needed resources on its owner returns to any node that can.
    let is_needed = seen.spec.settings().ownership == Ownership::NeededResources
        && !seen.obstacles(group, from).is_empty()
        && seen.obstacles(group, to).is_empty();
    let is_better = is_better || is_needed;
    ensure!(S20, is_better, "{group} returns from {from} to {to}, which it does not prefer");
    Ok(())
}

/// Returns when the open window opened, counted backwards minute by minute.
fn open_since(seen: &Seen, window: FailbackWindow, now: Timestamp) -> Option<Timestamp> {
    let (read_at, reading) = seen.wall_clock?;
    let day = 86_400_000_i128;
    let offset = i128::from(reading.utc_offset_minutes) * 60_000;
    let local = |at: i128| {
        let elapsed = at - i128::from(read_at.as_millis());
        (i128::from(reading.utc_millis_of_day) + offset + elapsed).rem_euclid(day)
    };
    let now = i128::from(now.as_millis());
    let hour = local(now) / 3_600_000;
    let (start, end) = (i128::from(window.start_hour), i128::from(window.end_hour));
    let is_open =
        if start < end { (start..end).contains(&hour) } else { hour >= start || hour < end };
    if !is_open {
        return None;
    }
    let since = (local(now) - start * 3_600_000).rem_euclid(day);
    let opened = u64::try_from((now - since).max(0)).unwrap_or(0);
    Some(Timestamp::from_millis(opened))
}
