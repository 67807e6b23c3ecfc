//! Looks for the smallest case in which a law is broken.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::prelude::v1::*;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::case::{Case, case};
use super::laws::{Finding, try_law};
use super::{Counterexample, Law, Report, Verdict};
use crate::policy::FailoverPolicy;

/// Without these nothing else can be judged.
const GROUND: [Law; 2] = [Law::Total, Law::Deterministic];

pub(super) fn judge(laws: &[Law], cases: u32, seed: u64, policy: &dyn FailoverPolicy) -> Report {
    let mut verdicts: Vec<(Law, Verdict)> = Vec::new();
    let mut fallen: Option<Law> = None;
    for law in laws.iter().copied() {
        let verdict = match fallen {
            Some(fallen) => Verdict::Unjudged { reason: format!("{fallen} is broken") },
            None => search(law, cases, seed, policy),
        };
        if GROUND.contains(&law) && !matches!(verdict, Verdict::Kept { .. }) {
            fallen = fallen.or(Some(law));
        }
        verdicts.push((law, verdict));
    }
    Report { verdicts }
}

fn search(law: Law, cases: u32, seed: u64, policy: &dyn FailoverPolicy) -> Verdict {
    if law == Law::Spread {
        return one_case(law, policy);
    }
    let config =
        Config { cases, failure_persistence: None, source_file: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, random(seed));
    let judged = Cell::new(0_u32);
    let answer = runner.run(&case(), |case| match attempt(law, &case, policy) {
        Finding::Kept => {
            judged.set(judged.get().saturating_add(1));
            Ok(())
        }
        Finding::NothingToSay => Ok(()),
        Finding::Broken(finding) => Err(TestCaseError::fail(finding)),
    });
    match answer {
        Ok(()) if judged.get() == 0 => {
            Verdict::Unjudged { reason: format!("it has nothing to say in any of {cases} cases") }
        }
        Ok(()) => Verdict::Kept { cases: judged.get() },
        Err(TestError::Fail(reason, case)) => Verdict::Broken(Counterexample {
            cluster: case.words(),
            finding: match attempt(law, &case, policy) {
                Finding::Broken(finding) => finding,
                Finding::Kept | Finding::NothingToSay => {
                    format!("not every time: {}", reason.message())
                }
            },
        }),
        Err(TestError::Abort(reason)) => Verdict::Unjudged { reason: reason.message().to_owned() },
    }
}

/// A law with a case of its own.
fn one_case(law: Law, policy: &dyn FailoverPolicy) -> Verdict {
    let case = Case::failed_node(6, 1);
    match attempt(law, &case, policy) {
        Finding::Kept | Finding::NothingToSay => Verdict::Kept { cases: 1 },
        Finding::Broken(finding) => {
            let cluster = "six equal nodes and 250 equal groups".into();
            Verdict::Broken(Counterexample { cluster, finding })
        }
    }
}

/// A panic is a broken law as well: that of whoever asks.
fn attempt(law: Law, case: &Case, policy: &dyn FailoverPolicy) -> Finding {
    catch_unwind(AssertUnwindSafe(|| try_law(law, case, policy))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "of something that is no text".into());
        Finding::Broken(format!("asked for {}, the policy panics: {text}", case.question()))
    })
}

/// The same on every platform.
fn random(seed: u64) -> TestRng {
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
