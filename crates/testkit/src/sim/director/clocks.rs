//! Time that jumps, stands still or lacks timers, and wall clocks.

use crate::{Breach, ensure};
use quorate::settings::{Failback, FailbackWindow};
use quorate::spec::ClusterDeclaration;
use quorate::{Input, WallClock};

use super::Director;
use super::outside::Struck;
use super::spell::Spell;
use crate::sim::act::Act;
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;

const DAY: u64 = WallClock::DAY_MILLIS;

impl Director {
    pub(super) fn bend_time(&mut self, kind: Fault) -> Struck {
        let now = self.now();
        match kind {
            Fault::TimeJump => {
                let span = match self.dice.below(8) {
                    0 => 1,
                    1 => self.dice.log_uniform(DAY, DAY.saturating_mul(365)),
                    _ => self.dice.log_uniform(1_000, DAY),
                };
                let done = self.act_at(now.saturating_add(span), Act::Timer)?;
                return self.of_size(kind, span, done);
            }
            Fault::TimeStuck if self.stuck.until <= now => {
                let span = self.dice.log_uniform(100, 60_000);
                self.stuck = Spell::new(now.saturating_add(span), span);
            }
            Fault::TickStarved if self.starved.until <= now => {
                let span = self.dice.log_uniform(500, 600_000);
                self.starved = Spell::new(now.saturating_add(span), span);
            }
            Fault::TickEarly => {
                let due = self.stage.cluster().poll_timeout().map(|deadline| deadline.at);
                if due.is_none_or(|at| at.as_millis() > now) {
                    return self.act(Act::Timer);
                }
            }
            _ => {}
        }
        // A fault that lasts counts once it has an effect.
        Ok(Done::No)
    }

    /// Counts the fault that delayed a timer, if one was due before this time.
    pub(super) fn feel_starved(&mut self, timer: u64) {
        if !self.is_overdue(timer) {
            return;
        }
        if timer == self.starved.until {
            let span = self.starved.felt();
            self.met(Fault::TickStarved, span);
        }
        if timer == self.stuck.until {
            let span = self.stuck.felt();
            self.met(Fault::TimeStuck, span);
        }
    }

    /// Counts starved timers if something happens although a timer was due before.
    pub(super) fn feel_late(&mut self) {
        if self.starved.until > self.now() && self.is_overdue(self.now()) {
            let span = self.starved.felt();
            self.met(Fault::TickStarved, span);
        }
    }

    fn is_overdue(&self, at: u64) -> bool {
        let due = self.stage.cluster().poll_timeout();
        due.is_some_and(|due| due.at.as_millis() < at)
    }

    /// Returns the milliseconds since midnight UTC, as the clock goes.
    fn utc(&self) -> u64 {
        let since = self.now().saturating_sub(self.clock_read_at) % DAY;
        u64::from(self.clock.utc_millis_of_day).saturating_add(since) % DAY
    }

    pub(super) fn clock(&mut self, kind: Fault) -> Struck {
        let (utc, minutes) = (self.utc(), self.clock.utc_offset_minutes);
        let local = i64::try_from(utc).unwrap_or(0).saturating_add(in_millis(minutes));
        let mut region = 0;
        let (utc, offset) = match kind {
            Fault::ClockForward => (utc, minutes.saturating_add(60).min(840)),
            Fault::ClockBack => (utc, minutes.saturating_sub(60).max(-720)),
            Fault::ClockZone => {
                region = self.dice.below(2);
                let hours = i16::try_from(self.dice.below(26)).unwrap_or(12).saturating_sub(12);
                let part = self.dice.pick(&[15, 30, 45]);
                let part = if region == 0 { 0 } else { part };
                (utc, hours.saturating_mul(60).saturating_add(part))
            }
            _ => {
                // The clock shows local midnight, or a second before or after.
                region = self.dice.below(3);
                let at = self.dice.pick(&[-1_000_i64, -1]);
                let at = match region {
                    0 => at,
                    1 => 0,
                    _ => 1_000,
                };
                let utc = at.saturating_sub(in_millis(minutes)).rem_euclid(day());
                (u64::try_from(utc).unwrap_or(0), minutes)
            }
        };
        let shown = i64::try_from(utc).unwrap_or(0).saturating_add(in_millis(offset));
        if shown == local {
            return Ok(Done::No);
        }
        self.clock.utc_offset_minutes = offset;
        self.clock.utc_millis_of_day = u32::try_from(utc).unwrap_or(0);
        self.read_clock()?;
        self.of_size(kind, region, Done::Yes)
    }

    /// Tells the cluster the time of the wall clock.
    pub(super) fn read_clock(&mut self) -> Result<(), Breach> {
        let reading = self.clock;
        self.clock_read_at = self.now();
        self.act(Act::Say(Box::new(Input::wall_clock_read(reading)))).map(drop)
    }

    /// Lets a leap day pass. The time of day is unchanged, and nothing else is read from the clock.
    pub(super) fn leap_day(&mut self) -> Struck {
        let tomorrow = self.now().saturating_add(DAY);
        if self.act_at(tomorrow, Act::Timer)? == Done::No {
            return Ok(Done::No);
        }
        self.clock.utc_millis_of_day = u32::try_from(self.utc()).unwrap_or(0);
        let before = self.time_of_day();
        self.read_clock()?;
        let after = self.time_of_day();
        ensure!(S29, before == after, "the time of day is {after:?}, not {before:?}");
        Ok(Done::Yes)
    }

    /// Returns the time of day in the cluster's view, which may have last been called a while ago.
    fn time_of_day(&self) -> Option<u64> {
        let state = self.stage.cluster().state();
        let since = self.now().saturating_sub(state.now().as_millis()) % DAY;
        Some(state.local_millis_of_day()?.saturating_add(since) % DAY)
    }

    /// Changes the hours in which groups may return, or removes them all, which is refused.
    pub(super) fn change_window(&mut self) -> Struck {
        let (start_hour, region) = (self.dice.pick(&[2_u8, 8, 12, 20, 22, 23]), self.dice.below(5));
        let hours = match region {
            0 => 24_u8.saturating_sub(start_hour).saturating_add(1),
            1 => 1,
            2 => 23,
            _ => 0,
        };
        let end_hour = start_hour.saturating_add(hours) % 24;
        let window = (region < 4).then_some(FailbackWindow { start_hour, end_hour });
        let mut declaration = ClusterDeclaration::from(self.stage.cluster().spec());
        for group in &mut declaration.groups {
            group.failback = Some(Failback::Allow);
            group.failback_window = window;
        }
        let before = self.stage.cluster().state().configuration();
        let done = self.act(Act::Declare(Box::new(declaration)))?;
        let is_taken = self.stage.cluster().state().configuration() > before;
        self.restore_original_later();
        match (is_taken, region == 3) {
            (true, true) => ensure!(S33, false, "a window of no length is in force"),
            // Without quorum nothing is configured.
            (false, false) => return Ok(Done::No),
            (true, false) | (false, true) => {}
        }
        self.of_size(Fault::ClockWindow, region, done)
    }
}

fn in_millis(minutes: i16) -> i64 {
    i64::from(minutes).saturating_mul(60_000)
}

fn day() -> i64 {
    i64::try_from(DAY).unwrap_or(i64::MAX)
}
