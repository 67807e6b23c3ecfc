//! The clock of the machine.

use std::time::SystemTime;

use quorate::WallClock;
use quorate::replicate::Local;
use rustix::time::{ClockId, clock_gettime};

/// Returns the reading of the clock that goes on while the machine sleeps.
pub fn now() -> Local {
    Local::from_millis(micros() / 1_000)
}

/// Returns the same reading in microseconds, for journals. All processes of a machine share it.
pub fn micros() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default() / 1_000
}

/// Returns the wall clock, for failback windows. The demonstration takes UTC for local time.
pub fn wall() -> WallClock {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let of_day = u32::try_from(since.as_millis() % 86_400_000).unwrap_or_default();
    WallClock { utc_millis_of_day: of_day, utc_offset_minutes: 0 }
}

/// Returns the microseconds since 1970, for numbers that are drawn once and never again.
pub fn wall_micros() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
