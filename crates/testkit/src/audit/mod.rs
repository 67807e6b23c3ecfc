//! Rules that hold for every step. Each rule is a function that states it in words.
//!
//! An [`Audit`] trusts only the outputs of a cluster, and judges each output at the moment of its
//! output. Embedders use it with a loop of their own, for example to judge their own policy:
//!
//! ```
//! use quorate::policy::LeastGroups;
//! use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
//! use quorate_testkit::audit::Audit;
//! use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};
//!
//! let group = GroupDeclaration::new("sql").resource(ResourceDeclaration::new("db", "Generic Service"));
//! let spec = ClusterDeclaration::new("mill").node("a").node("b").group(group).build()?;
//! let mut cluster = Cluster::new(spec, LeastGroups, Timestamp::ZERO);
//! let mut audit = Audit::new(&cluster);
//! let now = Timestamp::from_millis(1_000);
//! for node in [0, 1].map(NodeId::new) {
//!     let joined = Input::node_joined(node, Incarnation::new(1), []);
//!     let outputs = audit.handle(&mut cluster, now, joined)??;
//!     assert!(!outputs.is_empty());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | rules |
//! |---|---|
//! | `again` | a resource that failed starts again when this was announced, or when an operator asks for it |
//! | `operations` | ids grow; every operation is for the epoch of its group and has its timer; one operation per resource and node; every operation ends once, by an answer, a timeout or being superseded; no timeout before its time; a timeout is no outcome |
//! | `order` | a start follows its providers, a stop its dependents; nothing starts unquorate, unowned, unwanted, on a wrong node or beside an orphan |
//! | `ownership` | epochs grow with each change of owner; a takeover has a proof that is true; owners are fit; capacity and anti-affinity hold at the moment of the decision |
//! | `budgets` | failovers, restarts and fences within their windows, recounted from the events |
//! | `spent` | a resource moves its group only once its restarts are used up |
//! | `explained` | a group that leaves a node that is off or is being drained goes where `explain` said |
//! | `configured` | a new configuration leaves running groups where they are, unless it may move groups, and gives running resources no dependency that does not hold |
//! | `drained` | a drain goes tier by tier, as long as groups wait for others |
//! | `failback` | a group fails back only where this is allowed, to a better node, after its hold-down, in its window, once per window |
//! | `failures` | a group does not return to a node on which it failed, and does not fail over to it while another node can take it; what can never run on a node is tried in the next life of the node |
//! | `left` | a resource that failed and is left for an operator stays as it is, and its group stays where it is; a resource that could be restarted is not left |
//! | `moves` | a group moves for a cause of its own, never for another group, and once per failure; a drain leaves the groups that cannot move; a group that is placed has no waiting rival of higher priority |
//! | `transitions` | states change only as the tables allow; doubt ends only when it is resolved; a resource that runs by itself is never adopted |
//! | `reasons` | a group that should be online and is not has a reason, and the reason is true |
//! | `stuck` | a group that waits goes on by itself, or needs an operator or an event outside |
//! | `without_quorum` | without quorum a configuration is accepted only if no other part of the cluster can have quorum; it changes votes only, and an event says so |
//! | `whole` | the outputs add up to the state; without quorum every resource is being stopped, and no change of configuration costs quorum; dependencies have no cycle; nothing appears or vanishes, and nothing is removed that may run; a node that is off ends the epochs of its groups; time and counters never run backwards, and no timer is left in the past |

use quorate::cluster::{Event, InputError, Output};
use quorate::state::OperationKind;
use quorate::{Cluster, ResourceId};

use crate::audit::seen::Seen;
use crate::{Breach, ensure};

mod again;
mod auditor;
mod budgets;
mod commands;
mod configured;
mod drained;
mod explained;
mod facts;
mod failback;
mod failures;
mod left;
mod moment;
mod moves;
mod operations;
mod order;
mod ownership;
mod reasons;
pub(crate) mod seen;
mod spelling;
mod spent;
mod state;
mod stuck;
mod transitions;
pub(crate) mod unheard;
mod whole;
mod without_quorum;

pub use auditor::Audit;
pub use moment::{Moment, Stimulus};
pub(crate) use reasons::is_missing;
pub use state::state;
pub use stuck::{is_lasting, not_stuck};

/// Judges an accepted step: first each output at the moment of its output, then the whole step.
pub(crate) fn step(
    seen: &mut Seen,
    cluster: &Cluster,
    moment: &Moment<'_>,
    outputs: &[Output],
) -> Result<(), Breach> {
    if !moment.is_reconfiguration() {
        commands::learn(seen, moment);
    }
    operations::acceptance(seen, moment)?;
    operations::end_answered(seen, moment);
    unheard::learn(seen, moment);
    let mut pending_timeout = None;
    for output in outputs {
        match output {
            Output::Effect(effect) => {
                operations::issue(seen, effect)?;
                operations::in_epoch(seen, cluster, effect)?;
                budgets::fence(seen, moment, effect)?;
                order::effect(seen, moment, effect)?;
                left::effect(seen, effect)?;
            }
            Output::Event(Event::ConfigurationChanged { configuration, .. }) => {
                whole::reconfigured(seen, cluster, *configuration)?;
                spent::reconfigured(seen, moment);
                left::reconfigured(seen);
                commands::learn(seen, moment);
            }
            Output::Event(event) => {
                self::event(seen, cluster, moment, event, &mut pending_timeout)?;
            }
            other => unimplemented!("{other:?}"),
        }
    }
    whole::bounded(cluster, outputs)?;
    operations::all_accounted(seen, cluster)?;
    operations::all_timed(cluster)?;
    unheard::all_are_asked(seen)?;
    whole::no_timer_is_overdue(cluster)?;
    whole::as_told(seen, cluster)?;
    again::orders_count(seen, cluster)?;
    whole::learn_epochs(seen, cluster);
    whole::nothing_runs_backwards(moment, cluster)?;
    whole::epochs_end_with_nodes(moment, cluster)?;
    ownership::quorum(seen, cluster)?;
    whole::quorum_is_kept(moment, cluster, outputs)?;
    whole::stops_without_quorum(cluster)?;
    whole::wall_clock_only_opens_windows(moment, outputs)?;
    whole::what_runs_is_known(moment, cluster)?;
    whole::inventory_counts(moment, cluster)?;
    configured::check(moment, cluster)?;
    moves::once_per_incident(outputs)?;
    moves::drain_gave_up(cluster, outputs)?;
    failures::choice(seen, cluster, moment, outputs)?;
    failures::bars_end(cluster, moment)?;
    moves::priorities(cluster, moment, outputs)?;
    explained::goes_there(moment, outputs)?;
    let reasons = reasons::of(cluster);
    reasons::check(cluster, &reasons)?;
    reasons::raised_budgets_count(moment, cluster, outputs)?;
    reasons::homeless_are_told(seen, cluster, &reasons)?;
    reasons::home_is_awaited_once(seen, &reasons)?;
    reasons::turns_end(seen, &reasons)?;
    not_stuck(cluster)
}

/// Judges an event at the moment of its output.
fn event(
    seen: &mut Seen,
    cluster: &Cluster,
    moment: &Moment<'_>,
    event: &Event,
    pending_timeout: &mut Option<(ResourceId, OperationKind)>,
) -> Result<(), Breach> {
    operations::event(seen, moment, event, pending_timeout)?;
    unheard::event(seen, moment, event)?;
    transitions::event(seen, moment, event)?;
    ownership::event(seen, moment, event)?;
    failback::event(seen, moment, event)?;
    failures::event(seen, event)?;
    left::event(seen, moment, event)?;
    moves::event(seen, moment, event)?;
    moves::drain_ended(seen, event)?;
    drained::tier_by_tier(seen, moment, cluster, event)?;
    budgets::event(seen, moment, event)?;
    spent::event(seen, moment, event)?;
    again::event(seen, moment, event)?;
    transitions::learn(seen, moment, event);
    Ok(())
}

/// Judges a refused input: time that runs backwards is always refused with its own error.
pub(crate) fn refusal(moment: &Moment<'_>, error: &InputError) -> Result<(), Breach> {
    let latest = moment.before.state().now();
    let is_past = moment.now < latest;
    let is_said = matches!(error, InputError::TimeRanBackwards { .. });
    ensure!(S29, is_past == is_said, "at {} after {latest}: {error}", moment.now);
    let is_late = moment.now.as_millis() > u64::MAX / 2;
    let is_said = matches!(error, InputError::TimeOutOfRange(_));
    ensure!(S29, is_past || is_late == is_said, "at {}: {error}", moment.now);
    Ok(())
}

#[cfg(test)]
mod tests;
