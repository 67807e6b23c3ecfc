//! Questions that a copy of the cluster answers.

mod explain;
mod likeness;
mod what_if;

pub use what_if::{Fate, Forecast, ForecastEnd, ForecastGroup, ForecastOperation};
