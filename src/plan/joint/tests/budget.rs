//! Contests whose budget is spent before everything is known.

use super::large::crowded;
use super::*;

fn placed(places: &Places) -> usize {
    places.iter().flatten().count()
}

/// No budget at all, and less than is needed: the answers are equal each time, everything that is
/// placed has its room, and nobody could have placed more groups than the gap says.
#[test]
fn a_spent_budget_leaves_a_gap_that_is_told() {
    let mut gaps = 0;
    for seed in 0..150 {
        let case = crowded(seed);
        let likes = case.likes(&mut Draw(seed));
        let best = case.play(&mut case.contest(200_000), &likes);
        let most = placed(&best);
        for steps in [0, 20, 200] {
            let mut contest = case.contest(steps);
            let places = case.play(&mut contest, &likes);
            assert_eq!(places, case.play(&mut case.contest(steps), &likes), "seed {seed}");
            let gap = contest.gap();
            assert!(
                placed(&places) + gap.unwrap_or(0) >= most,
                "seed {seed}: {steps} steps, {} placed, gap {gap:?}, {most} possible",
                placed(&places),
            );
            if gap.is_none() {
                assert_eq!(places, best, "seed {seed}: {steps} steps");
            }
            gaps += usize::from(gap.is_some_and(|gap| gap > 0));
        }
    }
    assert!(gaps > 50, "{gaps}");
}

/// The assignment that was found first is never given up for one that places fewer groups.
#[test]
fn more_steps_never_place_less_of_the_first_tier() {
    for seed in 0..100 {
        let case = crowded(seed);
        let likes = case.likes(&mut Draw(seed));
        let values: Vec<usize> = [0, 100, 20_000]
            .map(|steps| case.value(&case.play(&mut case.contest(steps), &likes))[0].0)
            .to_vec();
        assert!(values.is_sorted(), "seed {seed}: {values:?}");
    }
}
