//! Tries laws on cases, and looks for the smallest case in which a law is broken.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::case::{Case, Scene, case};
use super::laws::{Finding, try_law};
use super::shrink::simplest;
use super::{Counterexample, Law, LawVerdict, Report};
use quorate::policy::FailoverPolicy;

/// Laws without which no other law can be judged.
const GROUND: [Law; 2] = [Law::Total, Law::Deterministic];

/// The findings about a law so far.
struct Trial {
    law: Law,
    kept: u32,
    broken_by: Option<Case>,
}

pub(super) fn judge(laws: &[Law], cases: u32, seed: u64, policy: &dyn FailoverPolicy) -> Report {
    let mut trials: Vec<Trial> =
        laws.iter().map(|law| Trial { law: *law, kept: 0, broken_by: None }).collect();
    let mut runner = TestRunner::new_with_rng(Config::default(), random(seed));
    let strategy = case();
    for number in 0..cases {
        let tree = strategy.new_tree(&mut runner).expect("no case is turned down");
        let case = tree.current();
        let scene = case.scene();
        let one_is_enough = |law: Law| number > 0 && law == Law::Spread;
        let open = |trial: &&mut Trial| trial.broken_by.is_none() && !one_is_enough(trial.law);
        for trial in trials.iter_mut().filter(open) {
            match attempt(trial.law, &case, &scene, policy) {
                Finding::Kept => trial.kept = trial.kept.saturating_add(1),
                Finding::NothingToSay => {}
                Finding::Broken(_) => trial.broken_by = Some(case.clone()),
            }
            if trial.broken_by.is_some() && GROUND.contains(&trial.law) {
                break;
            }
        }
        if ground(&trials).is_some() {
            break;
        }
    }
    let fallen = ground(&trials);
    let verdicts = trials.into_iter().map(|trial| {
        let law = trial.law;
        let verdict = match fallen.filter(|fallen| *fallen != law) {
            Some(fallen) => LawVerdict::Unjudged { reason: format!("{fallen} is broken") },
            None => trial.verdict(cases, policy),
        };
        (law, verdict)
    });
    Report { verdicts: verdicts.collect() }
}

/// Returns the law without which the others cannot be judged, if it is broken.
fn ground(trials: &[Trial]) -> Option<Law> {
    let mut broken = trials.iter().filter(|trial| trial.broken_by.is_some());
    broken.find(|trial| GROUND.contains(&trial.law)).map(|trial| trial.law)
}

impl Trial {
    fn verdict(self, cases: u32, policy: &dyn FailoverPolicy) -> LawVerdict {
        let law = self.law;
        let Some(case) = self.broken_by else {
            return match self.kept {
                0 => LawVerdict::Unjudged {
                    reason: format!("it has nothing to say in any of {cases} cases"),
                },
                kept => LawVerdict::Kept { cases: kept },
            };
        };
        let finding = |case: &Case| match attempt(law, case, &case.scene(), policy) {
            Finding::Broken(finding) => Some(finding),
            Finding::Kept | Finding::NothingToSay => None,
        };
        let case = simplest(case, |case| finding(case).is_some());
        let finding = finding(&case).unwrap_or_else(|| "once, and not again".into());
        LawVerdict::Broken(Counterexample { cluster: case.words(), finding })
    }
}

/// Tries a law on a case. A panic breaks the law that was being tried.
fn attempt(law: Law, case: &Case, scene: &Scene, policy: &dyn FailoverPolicy) -> Finding {
    let attempt = AssertUnwindSafe(|| try_law(law, case, scene, policy));
    catch_unwind(attempt).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "of something that is no text".into());
        Finding::Broken(format!("asked for {}, the policy panics: {text}", case.question()))
    })
}

/// Returns a generator that gives equal numbers on every platform.
fn random(seed: u64) -> TestRng {
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
