//! Promises about the end: stories that are told with a clock, judged by
//! [`quorate_testkit::liveness`]; and forgeries, to show that each judge can say no.

mod forged;
mod play;
mod stories;
