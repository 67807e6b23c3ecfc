//! Checks that states with one key have one future.
//!
//! States with one [key](super::key) are visited once. So what can happen in one of them must be
//! possible in the other, and must lead to states that again share a key. This is judged here by
//! visiting every state of a configuration, and some of the states that were skipped because of
//! their key.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use super::Configuration;
use super::act::Action;
use super::state::State;
use super::world::World;

/// Number of twins that are compared with each state.
const TWINS: usize = 2;

/// The extent of a comparison.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) states: usize,
    pub(crate) twins: usize,
    /// Known states that are not visited yet; 0 at the end.
    pub(crate) pending: usize,
}

const TELL_EVERY: Duration = Duration::from_secs(5);

/// A state that was visited, and the names of the twins that were compared with it.
struct Known {
    state: State,
    names: Vec<u64>,
}

/// Compares the states of a configuration with their twins: those that differ in a name or a diary.
/// Calls `progress` every few seconds.
///
/// # Errors
///
/// Fails if two states with one key have different futures, and describes them.
pub(crate) fn compare(
    configuration: &Configuration,
    progress: fn(&Compared),
) -> Result<Compared, String> {
    let mut known: BTreeMap<u64, Known> = BTreeMap::new();
    let mut pending = State::initial(configuration);
    let mut twins = 0;
    let mut told = Instant::now();
    while let Some(state) = pending.pop() {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            progress(&Compared { states: known.len(), twins, pending: pending.len() });
        }
        let name = name(&state);
        let Some(twin) = known.get_mut(&state.key()) else {
            pending.extend(future(configuration, &state).into_iter().map(|(_, next)| next));
            known.insert(state.key(), Known { state, names: vec![name] });
            continue;
        };
        if twin.names.len() > TWINS || twin.names.contains(&name) {
            continue;
        }
        twin.names.push(name);
        twins += 1;
        judge(configuration, &twin.state, &state)?;
    }
    Ok(Compared { states: known.len(), twins, pending: 0 })
}

/// Returns a hash that differs if the names in two states differ.
fn name(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    let World { machines, orders, letters, faults: _, moves: _, idle: _, diary: _ } = &state.world;
    (state.core.cluster.digest(), machines).hash(&mut hasher);
    (orders.as_slice(), letters.as_slice()).hash(&mut hasher);
    hasher.finish()
}

/// Checks that two states have one future.
fn judge(configuration: &Configuration, one: &State, other: &State) -> Result<(), String> {
    let mut futures = [one, other].map(|state| future(configuration, state));
    let [mut keys, mut other_keys] = [0, 1].map(|index: usize| {
        futures[index].sort_by_key(|(_, next)| next.key());
        futures[index].iter().map(|(_, next)| next.key()).collect::<Vec<u64>>()
    });
    keys.dedup();
    other_keys.dedup();
    if keys == other_keys {
        return Ok(());
    }
    let only = |index: usize, without: &[u64]| {
        let of = &futures[index];
        let only = of.iter().filter(|(_, next)| !without.contains(&next.key()));
        only.map(|(action, next)| format!("{action:?} to {:#?}", next)).collect::<Vec<String>>()
    };
    Err(format!(
        "{one:#?}\n\nis taken for\n\n{other:#?}\n\nonly one can {:?}, only the other can {:?}",
        only(0, &other_keys),
        only(1, &keys)
    ))
}

fn future(configuration: &Configuration, state: &State) -> Vec<(Action, State)> {
    let mut actions = Vec::new();
    state.actions(configuration, &mut actions);
    actions.into_iter().map(|action| (action, state.act(action))).collect()
}
