//! Whether what is taken for one is one.
//!
//! States with one [key](super::key) are visited once, so they must have one future: what can
//! happen in one can happen in the other, and leads to states that are again taken for one. That
//! is judged here by walking through every state of a configuration, and through some of those
//! that were left out for it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use super::Configuration;
use super::act::Action;
use super::state::State;
use super::world::World;

/// Twins of each state that are compared with it.
const TWINS: usize = 2;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) states: usize,
    pub(crate) twins: usize,
    /// States that are known and not yet looked at; 0 in the end.
    pub(crate) pending: usize,
}

const TELL_EVERY: Duration = Duration::from_secs(5);

/// A state that was visited, and the names of those that were compared with it.
struct Known {
    state: State,
    names: Vec<u64>,
}

/// Compares the states of a configuration with their twins: those that differ in a name or a diary.
/// How far it is is told every few seconds.
///
/// # Errors
///
/// Two states that are taken for one and are not, in words.
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

/// What differs in states that differ in names as well.
fn name(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    let World { machines, orders, letters, faults: _, moves: _, idle: _, diary: _ } = &state.world;
    (state.core.cluster.digest(), machines).hash(&mut hasher);
    (orders.as_slice(), letters.as_slice()).hash(&mut hasher);
    hasher.finish()
}

/// Whether two states have one future.
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
