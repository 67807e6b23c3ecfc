//! How random cases are drawn and made smaller, for the tests that draw them.

use proptest::test_runner::{Config, RngSeed};

/// So many cases, the same ones everywhere, so that a change is judged by what it changes.
/// `PROPTEST_CASES` asks for another number, and for others.
pub(crate) fn configuration(cases: u32) -> Config {
    let mut configuration = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        configuration.cases = cases;
        configuration.rng_seed = RngSeed::Fixed(2003);
    }
    configuration.max_shrink_iters = 20_000;
    configuration.max_shrink_time = 30_000;
    configuration
}
