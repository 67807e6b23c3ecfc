//! Questions that a copy of the cluster answers.

mod explain;
mod forecast;
mod likeness;
mod what_if;

pub use forecast::{
    Fate, Forecast, ForecastBlocked, ForecastDrain, ForecastEnd, ForecastGroup, ForecastOperation,
};
