//! Faults that strike from outside.

use std::boxed::Box;
use std::vec::Vec;

use crate::Input;
use crate::machine::ResourceState;
use crate::quorum::WitnessState;
use crate::testkit::breach::Breach;

use super::{Director, Event};
use crate::sim::act::{Act, OpRef, Report, Word};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::{Key, Link};

/// Whether a fault struck, or what it broke.
pub(super) type Struck = Result<Done, Breach>;

impl Director {
    pub(super) fn schedule_outside(&mut self) {
        if self.swarm.is_calm() {
            return;
        }
        let wait = self.dice.below(self.swarm.tempo.saturating_mul(2));
        self.schedule(wait.saturating_add(1), Event::Outside);
    }

    /// A fault strikes, one of those that this run has.
    pub(super) fn strike_from_outside(&mut self) -> Result<(), Breach> {
        self.schedule_outside();
        let Some(kind) = self.swarm.next(&mut self.dice) else { return Ok(()) };
        if self.strike(kind)? == Done::Yes {
            self.atlas.fired(kind);
        }
        Ok(())
    }

    fn strike(&mut self, kind: Fault) -> Struck {
        use Fault as F;
        match kind {
            F::CrashShort | F::CrashLong | F::KillSome | F::KillAll => self.crashes(kind),
            F::PauseShort | F::PauseLong => self.pause(kind),
            F::SlowAgent | F::GrayResource => self.turn_gray(kind),
            F::RollingReboot | F::RollingAborted => self.roll(kind),
            F::WitnessLost | F::WitnessFlap => self.witness(kind),
            F::IsolateOne | F::DeafNode | F::MuteNode | F::Split | F::Swizzle | F::LinkFlap => {
                self.cut(kind)
            }
            F::StaleNear | F::StaleFar => self.stale_answer(kind),
            F::StaleJoin => self.join_again(),
            F::DiesAtEdge => self.die_at_edge(),
            F::StaleReport | F::FalseAlarm | F::UnaskedAlive => self.say_of_resource(kind),
            F::SilentDeath | F::ReportedDeath => self.die(kind),
            F::ClaimedTwice | F::Rogue => self.rogue(kind),
            F::FenceBySomebody | F::Leaves => self.taken_out(kind),
            F::CoreRestart | F::ExecutedAfterRestore | F::OlderSnapshot | F::LogTwice => {
                self.store(kind)
            }
            F::TimeJump | F::TimeStuck | F::TickStarved | F::TickEarly => self.bend_time(kind),
            F::ClockForward | F::ClockBack | F::ClockZone | F::ClockMidnight => self.clock(kind),
            F::UnknownNode
            | F::UnknownResource
            | F::NeverIssued
            | F::ListedTwice
            | F::ImpossibleLife
            | F::WrongOutcome
            | F::ForeignName
            | F::TimeBackwards
            | F::TimeBeyond
            | F::ClockInvalid
            | F::Oversize => self.nonsense(kind),
            F::EditNode
            | F::EditGroup
            | F::EditResource
            | F::EditDependency
            | F::EditOwners
            | F::EditPlacement
            | F::EditLimits => self.edit(kind),
            F::RaceMove
            | F::RaceOffline
            | F::RaceOnline
            | F::RaceDrain
            | F::RaceCancel
            | F::RaceClear
            | F::RaceFail
            | F::RaceLock
            | F::RaceEvict
            | F::TwoOperators => self.race(kind),
            F::ConfirmedDown | F::ConfirmedWrongly => self.confirm_down(kind),
            // They befall messages or whole runs, or belong elsewhere.
            _ => Ok(Done::No),
        }
    }

    fn some_node(&mut self) -> Option<Key> {
        let nodes = self.nodes();
        self.dice.one_of(&nodes)
    }

    /// A random part of the nodes, in random order, at least one.
    fn some_nodes(&mut self) -> Vec<Key> {
        let mut left = self.nodes();
        let count = self.dice.index(left.len()).saturating_add(1);
        let mut some = Vec::new();
        while some.len() < count && !left.is_empty() {
            some.push(left.swap_remove(self.dice.index(left.len())));
        }
        some
    }

    pub(super) fn some_resource(&mut self) -> Option<Key> {
        let count = self.stage.cluster().spec().resources().len();
        let id = crate::ResourceId::from_index(self.dice.index(count));
        (count > 0).then(|| self.stage.book.resource(id))
    }

    /// The owner of the group of a resource.
    pub(super) fn owner_of(&self, resource: Key) -> Option<Key> {
        let id = self.stage.book.resource_id(resource)?;
        let group = self.stage.cluster().spec().resource(id)?.group();
        Some(self.stage.book.node(self.stage.cluster().state().owner(group)?))
    }

    fn crashes(&mut self, kind: Fault) -> Struck {
        let (nodes, low, high) = match kind {
            Fault::KillAll => (self.nodes(), 1_000, 600_000),
            Fault::KillSome => (self.some_nodes(), 1_000, 600_000),
            Fault::CrashLong => (self.some_node().into_iter().collect(), 60_000, 43_200_000),
            _ => (self.some_node().into_iter().collect(), 1, 10_000),
        };
        let mut done = Done::No;
        for node in nodes {
            // Whatever strikes a machine that is off comes too late.
            let is_on = self.stage.world.machine(node).is_some_and(|machine| machine.is_powered);
            if is_on {
                let outage = self.dice.log_uniform(low, high);
                self.boot_after(node, outage);
                done = self.act(Act::PowerOff(node))?;
            }
        }
        Ok(done)
    }

    fn pause(&mut self, kind: Fault) -> Struck {
        let Some(node) = self.some_node() else { return Ok(Done::No) };
        let span = match kind {
            Fault::PauseShort => self.dice.log_uniform(10, 1_000),
            _ => self.dice.log_uniform(1_000, 600_000),
        };
        let done = self.act(Act::Freeze(node))?;
        if done == Done::Yes {
            let until = self.now().saturating_add(span);
            self.care_mut(node, |care| care.frozen_until = until);
            self.schedule(span, Event::Thaw(node));
        }
        Ok(done)
    }

    fn turn_gray(&mut self, kind: Fault) -> Struck {
        let span = self.dice.log_uniform(1_000, 1_800_000);
        let until = self.now().saturating_add(span);
        if kind == Fault::GrayResource {
            let Some(resource) = self.some_resource() else { return Ok(Done::No) };
            let now = self.now();
            self.gray.retain(|(_, until)| *until > now);
            self.gray.push((resource, until));
            return Ok(Done::Yes);
        }
        let Some(node) = self.some_node() else { return Ok(Done::No) };
        let slowness = self.dice.log_uniform(2, 1_000);
        self.care_mut(node, |care| {
            care.slowness = slowness;
            care.slow_until = until;
        });
        Ok(Done::Yes)
    }

    fn witness(&mut self, kind: Fault) -> Struck {
        let times = match kind {
            Fault::WitnessFlap => self.dice.between(2, 6),
            _ => 1,
        };
        let say = |witness| Box::new(Input::WitnessChanged { witness });
        let done = self.act(Act::Say(say(WitnessState::Down)))?;
        let mut after = 0_u64;
        for flap in 0..times {
            let span = match kind {
                Fault::WitnessFlap => self.dice.log_uniform(10, 5_000),
                _ => self.dice.log_uniform(1_000, 3_600_000),
            };
            after = after.saturating_add(span);
            self.schedule(after, Event::Say(say(WitnessState::Up)));
            if flap.saturating_add(1) < times {
                after = after.saturating_add(span);
                self.schedule(after, Event::Say(say(WitnessState::Down)));
            }
        }
        Ok(done)
    }

    fn cut(&mut self, kind: Fault) -> Struck {
        let nodes = match kind {
            Fault::Split | Fault::Swizzle => self.some_nodes(),
            _ => self.some_node().into_iter().collect(),
        };
        let link = match kind {
            Fault::DeafNode => Link::Deaf,
            Fault::MuteNode => Link::Mute,
            _ => Link::Cut,
        };
        let outage = self.dice.log_uniform(100, 1_800_000);
        let mut done = Done::No;
        for node in nodes {
            match kind {
                Fault::LinkFlap => return self.flap(node),
                Fault::Swizzle => {
                    let (begin, end) = (self.dice.below(20_000), self.dice.below(outage));
                    self.schedule(begin, Event::Connect(node, Link::Cut));
                    self.schedule(begin.saturating_add(end), Event::Connect(node, Link::Whole));
                    done = Done::Yes;
                }
                _ => {
                    if self.act(Act::Connect(node, link))? == Done::Yes {
                        done = Done::Yes;
                        self.schedule(outage, Event::Connect(node, Link::Whole));
                    }
                }
            }
        }
        Ok(done)
    }

    /// A period of 0.1 to 3 times the time of detection, cut for 10 to 90 % of it.
    fn flap(&mut self, node: Key) -> Struck {
        let tenths = self.dice.between(1, 30);
        let duty = self.dice.between(1, 9);
        let tenth = (self.swarm.detection.saturating_mul(tenths) / 100).max(1);
        let period = tenth.saturating_mul(10);
        let mut at = 0_u64;
        for _ in 0..self.dice.between(2, 8) {
            self.schedule(at, Event::Connect(node, Link::Cut));
            let cut = tenth.saturating_mul(duty);
            self.schedule(at.saturating_add(cut), Event::Connect(node, Link::Whole));
            at = at.saturating_add(period);
        }
        Ok(Done::Yes)
    }

    fn stale_answer(&mut self, kind: Fault) -> Struck {
        let count = self.stage.ops.len();
        let reach = match kind {
            Fault::StaleNear => count.min(20),
            _ => count,
        };
        if reach == 0 {
            return Ok(Done::No);
        }
        let index = count.saturating_sub(1).saturating_sub(self.dice.index(reach));
        self.act(Act::Answer(OpRef::At(index), Word::Truth))
    }

    fn say_of_resource(&mut self, kind: Fault) -> Struck {
        let Some(resource) = self.some_resource() else { return Ok(Done::No) };
        let owner = self.owner_of(resource);
        let node = match kind {
            Fault::StaleReport => self.some_node(),
            _ => owner,
        };
        let Some(node) = node else { return Ok(Done::No) };
        let lives_ago = match kind {
            Fault::StaleReport if owner == Some(node) => self.dice.between(1, 3),
            _ => 0,
        };
        let is_alive = match kind {
            Fault::UnaskedAlive => true,
            Fault::StaleReport => self.dice.chance(1, 2),
            _ => false,
        };
        self.act(Act::Report(Report { node, resource, is_alive, lives_ago }))
    }

    fn die(&mut self, kind: Fault) -> Struck {
        let Some(resource) = self.some_resource() else { return Ok(Done::No) };
        let Some(node) = self.owner_of(resource) else { return Ok(Done::No) };
        if self.act(Act::Kill(node, resource))? == Done::No {
            return Ok(Done::No);
        }
        let is_heard = self.stage.world.machine(node).is_some_and(|machine| machine.is_heard());
        if kind == Fault::ReportedDeath && is_heard {
            self.act(Act::Report(Report { node, resource, is_alive: false, lives_ago: 0 }))?;
        }
        Ok(Done::Yes)
    }

    /// Something runs that nobody asked for; membership finds out when the node joins again.
    fn rogue(&mut self, kind: Fault) -> Struck {
        let (Some(resource), Some(mut node)) = (self.some_resource(), self.some_node()) else {
            return Ok(Done::No);
        };
        if kind == Fault::ClaimedTwice {
            let is_online = self.stage.book.resource_id(resource).is_some_and(|id| {
                self.stage.cluster().state().resource_state(id) == ResourceState::Online
            });
            let owner = self.owner_of(resource);
            let others: Vec<Key> =
                self.nodes().into_iter().filter(|other| Some(*other) != owner).collect();
            match self.dice.one_of(&others) {
                Some(other) if is_online => node = other,
                _ => return Ok(Done::No),
            }
        }
        if self.act(Act::Rogue(node, resource))? == Done::No {
            return Ok(Done::No);
        }
        self.act(Act::Connect(node, Link::Cut))?;
        let outage = self.swarm.detection.saturating_mul(3);
        self.schedule(outage, Event::Connect(node, Link::Whole));
        Ok(Done::Yes)
    }

    fn taken_out(&mut self, kind: Fault) -> Struck {
        let Some(node) = self.some_node() else { return Ok(Done::No) };
        self.act(match kind {
            Fault::Leaves => Act::Left(node),
            _ => Act::Fenced(node),
        })
    }

    fn store(&mut self, kind: Fault) -> Struck {
        let is_asked = self.stage.cluster().outstanding().next().is_some();
        match kind {
            Fault::LogTwice => return self.act(Act::LogAgain),
            Fault::ExecutedAfterRestore if !is_asked => return Ok(Done::No),
            Fault::OlderSnapshot => self.act(Act::Replay)?,
            _ => self.act(Act::Restart)?,
        };
        self.dispatch_again();
        Ok(Done::Yes)
    }

    fn bend_time(&mut self, kind: Fault) -> Struck {
        let now = self.now();
        match kind {
            Fault::TimeJump => {
                let span = self.dice.log_uniform(1_000, 86_400_000);
                return self.act_at(now.saturating_add(span), Act::Timer);
            }
            Fault::TimeStuck => {
                self.stuck_until = now.saturating_add(self.dice.log_uniform(100, 60_000));
            }
            Fault::TickStarved => {
                self.starved_until = now.saturating_add(self.dice.log_uniform(500, 600_000));
            }
            _ => {
                let due = self.stage.cluster().poll_timeout().map(|deadline| deadline.at);
                let is_early = due.is_none_or(|at| at.as_millis() > now);
                return match is_early {
                    true => self.act(Act::Timer),
                    false => Ok(Done::No),
                };
            }
        }
        Ok(Done::Yes)
    }

    fn clock(&mut self, kind: Fault) -> Struck {
        let elapsed = self.now() % 86_400_000;
        let minutes = self.clock.utc_offset_minutes;
        let (offset, utc) = match kind {
            Fault::ClockForward => (minutes.saturating_add(60).min(720), elapsed),
            Fault::ClockBack => (minutes.saturating_sub(60).max(-720), elapsed),
            Fault::ClockZone => {
                let zone = i16::try_from(self.dice.below(25)).unwrap_or(12);
                (zone.saturating_sub(12).saturating_mul(60), elapsed)
            }
            _ => {
                // Local midnight, a second before or after.
                let local = self.dice.pick(&[86_399_000_u64, 0, 1_000]);
                let shift = i64::from(minutes).saturating_mul(60_000);
                let utc = i64::try_from(local).unwrap_or(0).saturating_sub(shift);
                (minutes, u64::try_from(utc.rem_euclid(86_400_000)).unwrap_or(0))
            }
        };
        self.clock.utc_offset_minutes = offset;
        self.clock.utc_millis_of_day = u32::try_from(utc).unwrap_or(0);
        self.read_clock()?;
        Ok(Done::Yes)
    }
}
