//! The report on one design.

use quorate::settings::Failback;
use quorate::spec::ClusterSpec;
use quorate_availability::{
    ByCause, Design, NotComparable, Outcome, Parameters, Rates, Run, chain, closed_form,
};
use serde::Serialize;

/// The report on one design. It is equal for equal seeds, except for the speed, which is not part
/// of the JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) design: String,
    pub(crate) cluster: String,
    pub(crate) nodes: usize,
    pub(crate) rates: Rates,
    pub(crate) failback: Option<Failback>,
    pub(crate) simulated: Outcome,
    /// The results of formula and chain, if they apply to this cluster.
    pub(crate) computed: Option<Computed>,
    /// The reason why they do not apply.
    pub(crate) not_computed: Option<String>,
    /// The highest cost of the run, if no length was given.
    #[serde(skip)]
    pub(crate) bound: Option<Bound>,
    #[serde(skip)]
    pub(crate) speed: Speed,
}

/// The results of formula and chain for one virtual server.
#[derive(Debug, Serialize)]
pub(crate) struct Computed {
    pub(crate) parameters: Parameters,
    pub(crate) closed_form: ByCause<f64>,
    pub(crate) chain: Option<ByCause<f64>>,
    /// The chain's result for the time in which any virtual server is down.
    pub(crate) chain_any_down: Option<ByCause<f64>>,
    /// The reason why the chain has no result.
    pub(crate) no_chain: Option<String>,
    pub(crate) moves_per_year: f64,
}

/// The highest cost of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) years: f64,
    pub(crate) inputs: u64,
}

/// The speed of the simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    pub(crate) years_per_cpu_minute: f64,
    pub(crate) inputs_per_second: f64,
    pub(crate) inputs_per_year: f64,
}

impl Speed {
    pub(crate) fn of(run: &Run, seconds: f64) -> Self {
        let seconds = seconds.max(1e-9);
        Self {
            years_per_cpu_minute: run.years * 60.0 / seconds,
            inputs_per_second: run.inputs as f64 / seconds,
            inputs_per_year: run.inputs as f64 / run.years,
        }
    }
}

impl Report {
    pub(crate) fn new(
        name: &str,
        design: &Design,
        spec: &ClusterSpec,
        parameters: Result<Parameters, NotComparable>,
        simulated: Outcome,
        bound: Option<Bound>,
        speed: Speed,
    ) -> Self {
        let computed = parameters.map(|parameters| {
            let solution = chain::solve(&parameters);
            let no_chain = solution.err().map(|why| why.to_string());
            let solution = solution.ok();
            Computed {
                parameters,
                closed_form: closed_form::unavailability(&parameters),
                chain: solution.map(|of| of.unavailability),
                chain_any_down: solution.map(|of| of.any_down),
                no_chain,
                moves_per_year: closed_form::moves_per_year(&parameters),
            }
        });
        Self {
            design: name.to_string(),
            cluster: spec.name().to_string(),
            nodes: spec.nodes().len(),
            rates: *design.rates(),
            failback: parameters.ok().map(|of| of.failback),
            simulated,
            not_computed: computed.as_ref().err().map(ToString::to_string),
            computed: computed.ok(),
            bound,
            speed,
        }
    }
}
