//! The clock that gives the time.
//!
//! The core never reads a clock. Each call takes a [`Timestamp`](crate::Timestamp): milliseconds
//! since an origin that you choose once and never change. All timestamps are read from one clock:
//! the clock of the process in which the core runs.
//!
//! | clock | use it? |
//! | --- | --- |
//! | one that only counts up, such as `Instant`, from where the cluster stands | yes |
//! | a counter of milliseconds in hardware | yes, if it never wraps around |
//! | the wall clock (`SystemTime`) | no: if it is put back, every input is refused; if it is put forward, every operation in flight is late at once, and a lease counts as over too early |
//! | the clocks of the nodes | no: the time of a report is the time at which the core hears it |
//!
//! # A whole program
//!
//! Only `quorate` is needed in `Cargo.toml`.
//!
//! ```
//! use std::time::{Instant, SystemTime, UNIX_EPOCH};
//!
//! use quorate::policy::Ring;
//! use quorate::spec::ClusterDeclaration;
//! use quorate::{Cluster, Input, Timestamp, WallClock};
//!
//! /// The time of one cluster. It goes on from where the cluster stands, and never backwards.
//! struct Clock {
//!     origin: Timestamp,
//!     since: Instant,
//! }
//!
//! impl Clock {
//!     fn of(cluster: &Cluster) -> Self {
//!         Self { origin: cluster.state().now(), since: Instant::now() }
//!     }
//!
//!     fn now(&self) -> Timestamp {
//!         self.origin.after(self.since.elapsed())
//!     }
//! }
//!
//! /// Reads the wall clock; the argument is how many minutes local time is ahead of UTC.
//! fn wall_clock(utc_offset_minutes: i16) -> Result<Input, Box<dyn std::error::Error>> {
//!     let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
//!     let utc_millis_of_day = u32::try_from(millis % u128::from(WallClock::DAY_MILLIS))?;
//!     let reading = WallClock { utc_millis_of_day, utc_offset_minutes };
//!     Ok(Input::wall_clock_read(reading))
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let spec = ClusterDeclaration::new("mill").node("anna").node("bert").node("carl").build()?;
//!     let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
//!     let clock = Clock::of(&cluster);
//!     // In winter, in Berlin.
//!     cluster.handle(clock.now(), wall_clock(60)?)?;
//!     assert!(cluster.state().local_millis_of_day().is_some());
//!     Ok(())
//! }
//! ```
//!
//! # Rules
//!
//! - **It never goes backwards.** [`Cluster::handle`](crate::Cluster::handle) refuses a time before
//!   the latest one ([`TimeRanBackwards`](crate::InputError::TimeRanBackwards)), and nothing has
//!   changed. Equal times are fine. `SharedCluster` takes an older time as the latest one, since
//!   threads read their clocks before they wait for the lock.
//! - **After a restart it goes on** from [`ClusterState::now`](crate::state::ClusterState::now), as
//!   in the program. The time in which the core was down is then missing, which is right together
//!   with [`Cluster::resume`](crate::Cluster::resume). A lease ends later by this time, never
//!   earlier.
//! - **A timer may be late.** [`Cluster::handle`](crate::Cluster::handle) does what is due as well,
//!   and a timeout that comes early or twice does nothing.
//! - **A loop that was held up** first hands in the inputs that wait in its queue, in order, each
//!   with the time at which it arrived, and only then uses the present time. Otherwise an answer
//!   that came in time counts as late.
//! - **Replicas** do not read their own clocks. The process that appends an input to the log stamps
//!   it, and all replicas use this stamp. A new leader goes on from the latest stamp in the log.
//! - **Agents** get a span, [`Effect::timeout`](crate::Effect::timeout), and need no common clock
//!   with the core.
//!
//! # Leases
//!
//! With `fencing = { lease = { duration = "30s", margin = "5s" } }` two clocks are compared. A node
//! that loses contact stops everything within `duration`, by its own clock. The core counts
//! `duration` and `margin` from the moment at which it hears of the loss, which is later than the
//! last contact. `margin` has to cover the drift between the two clocks in this time.
//!
//! The clock of a node has to go on while the machine sleeps (`CLOCK_BOOTTIME` on Linux). If it
//! stood still, a node that wakes up would go on with groups that run elsewhere by now. The clock
//! of the core may stand still, for then the core only waits longer. It must not jump ahead.
//!
//! # The wall clock
//!
//! Only failback windows need it, for they are hours of the local day. Hand in
//! [`WallClockRead`](crate::Input::WallClockRead) when the core starts, whenever the offset to UTC
//! changes (daylight saving), and now and then against drift. Until the first reading no group with
//! a window returns by itself.
//!
//! # Tests
//!
//! Since time is an argument, a test needs no clock and no waiting: set the next time to that of
//! [`Cluster::poll_timeout`](crate::Cluster::poll_timeout) and go on.
