//! Availability without approximation: a Markov chain in continuous time.
//!
//! If all durations are exponential, the next event depends only on the present state of the
//! cluster. The states are explored from the one in which all is well, with similar nodes and
//! groups taken as interchangeable. Then the share of time in each state is solved for. The chain
//! knows nothing of the engine and of the simulator, and so checks both.
//!
//! There are two models: groups with a home to which they return, and groups that stay in place.

#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "probabilities and rates are fractions, and the counts in them are small"
)]

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use super::causes::ByCause;
use super::closed_form::Parameters;
use quorate::settings::Failback;

mod homes;
mod model;
mod symmetric;

use model::Model;

/// The result of solving the chain of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Solution {
    /// The share of time for which one group is down, by cause.
    pub unavailability: ByCause<f64>,
    /// The share of time for which any group is down. If several groups are down at a moment, it is
    /// divided among their causes in proportion.
    pub any_down: ByCause<f64>,
    /// Number of states of the chain.
    pub states: usize,
}

/// The reason why the chain cannot be solved for a cluster.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
pub enum Unsolved {
    /// The chain has more states than can be solved in reasonable time.
    #[error("it would have more than {limit} states")]
    TooManyStates {
        /// The highest number of states that is solved.
        limit: usize,
    },
    /// The chain models nodes only, without restarts of resources and outages of the site.
    #[error("it knows no failures of resources and no outages of the site")]
    BesideNodes,
}

/// The highest number of states that is solved; the effort grows with the cube in the worst case.
const MAX_STATES: usize = 6_000;

/// Solves the chain of a cluster: with failback the model of homes, without it the symmetric one.
///
/// # Errors
///
/// Fails if the cluster is too large, or has something that the chain does not model.
pub fn solve(parameters: &Parameters) -> Result<Solution, Unsolved> {
    if parameters.resource_failure_rate > 0.0 || parameters.site_outage_rate > 0.0 {
        return Err(Unsolved::BesideNodes);
    }
    match parameters.failback {
        Failback::Allow => solve_model(&homes::Homes(*parameters)),
        Failback::Prevent => solve_model(&symmetric::Symmetric(*parameters)),
    }
}

fn solve_model<M: Model>(model: &M) -> Result<Solution, Unsolved> {
    let (states, rates) = explore(model)?;
    let shares = stationary(rates);
    let mut down = ByCause::<f64>::default();
    let mut any_down = ByCause::<f64>::default();
    for (state, share) in states.iter().zip(&shares) {
        let here = model.groups_down(state);
        let groups_down = here.total();
        if groups_down <= 0.0 {
            continue;
        }
        for cause in super::Cause::ALL {
            *down.of_mut(cause) += share * here.of(cause);
            *any_down.of_mut(cause) += share * here.of(cause) / groups_down;
        }
    }
    let groups = model.groups() as f64;
    let unavailability = down.map(|share| share / groups);
    Ok(Solution { unavailability, any_down, states: states.len() })
}

/// For each state, the states that follow it and their rates.
type Rows = Vec<Vec<(usize, f64)>>;

/// Returns every state that can be reached, breadth first, and the rates between them, row by row.
fn explore<M: Model>(model: &M) -> Result<(Vec<M::State>, Rows), Unsolved> {
    let initial = model.initial();
    let mut known = BTreeMap::from([(initial.clone(), 0_usize)]);
    let mut states = vec![initial];
    let mut rates = Rows::new();
    while let Some(state) = states.get(rates.len()).cloned() {
        let mut row: BTreeMap<usize, f64> = BTreeMap::new();
        model.step(&state, &mut |next, rate| {
            if rate <= 0.0 {
                return;
            }
            let count = states.len();
            let index = *known.entry(next.clone()).or_insert(count);
            if index == count {
                states.push(next);
            }
            *row.entry(index).or_default() += rate;
        });
        if states.len() > MAX_STATES {
            return Err(Unsolved::TooManyStates { limit: MAX_STATES });
        }
        row.remove(&rates.len());
        rates.push(row.into_iter().collect());
    }
    Ok((states, rates))
}

/// Returns the share of time in each state, by the elimination of Grassmann, Taksar and Heyman.
/// States are removed one by one, the last first, and the rates through a removed state are added
/// to the rates around it. Nothing is ever subtracted, so small shares are as exact as large ones.
fn stationary(sparse: Rows) -> Vec<f64> {
    let count = sparse.len();
    let mut rows: Vec<Vec<f64>> = sparse
        .into_iter()
        .map(|entries| {
            let mut row = vec![0.0; count];
            for (column, rate) in entries {
                if let Some(place) = row.get_mut(column) {
                    *place = rate;
                }
            }
            row
        })
        .collect();
    for last in (1..count).rev() {
        let (kept, taken) = rows.split_at_mut(last);
        let Some(taken) = taken.first() else { continue };
        let onward: Vec<(usize, f64)> =
            taken.iter().copied().enumerate().take(last).filter(|(_, rate)| *rate > 0.0).collect();
        let leaving: f64 = onward.iter().map(|(_, rate)| rate).sum();
        for row in kept {
            let Some(share) = row.get_mut(last).filter(|rate| **rate > 0.0) else { continue };
            *share /= leaving;
            let share = *share;
            for (column, rate) in &onward {
                if let Some(place) = row.get_mut(*column) {
                    *place += share * rate;
                }
            }
        }
    }
    let mut shares = Vec::with_capacity(count);
    shares.push(1.0);
    for state in 1..count {
        let share = shares
            .iter()
            .zip(&rows)
            .map(|(before, row)| before * row.get(state).copied().unwrap_or(0.0))
            .sum::<f64>();
        shares.push(share);
    }
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of two states agrees with its formula.
    #[test]
    fn two_states() {
        let shares = stationary(vec![vec![(1, 3.0)], vec![(0, 7.0)]]);
        assert!((shares[0] - 0.7).abs() < 1e-15);
        assert!((shares[1] - 0.3).abs() < 1e-15);
    }

    /// In a queue with room for five, the shares fall by a constant factor over many orders.
    #[test]
    fn a_birth_death_chain_over_many_orders_of_magnitude() {
        let (birth, death) = (1e-6, 1.0);
        let rates = (0..6)
            .map(|state: usize| {
                let up = (state < 5).then_some((state + 1, birth));
                let down = state.checked_sub(1).map(|below| (below, death));
                up.into_iter().chain(down).collect()
            })
            .collect();
        let shares = stationary(rates);
        for pair in shares.windows(2) {
            assert!((pair[1] / pair[0] / 1e-6 - 1.0).abs() < 1e-12);
        }
    }
}
