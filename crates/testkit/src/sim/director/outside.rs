//! Faults that strike from outside.

use crate::Breach;
use crate::machine::Link;
use quorate::Input;
use quorate::quorum::WitnessState;
use quorate::settings::Fencing;

use super::{Director, Event, Machine};
use crate::sim::act::{About, Act, OpRef, Report, Word};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::Key;

/// The effect of a fault, or the rule that it broke.
pub(super) type Struck = Result<Done, Breach>;

impl Director {
    pub(super) fn schedule_outside(&mut self) {
        if self.swarm.is_calm() {
            return;
        }
        let wait = self.dice.below(self.swarm.tempo.saturating_mul(2));
        self.schedule(wait.saturating_add(1), Event::Outside);
    }

    /// Lets one of the faults of this run strike.
    pub(super) fn strike_from_outside(&mut self) -> Result<(), Breach> {
        self.schedule_outside();
        match self.swarm.next(&mut self.dice) {
            Some(kind) => self.strike_now(kind),
            None => Ok(()),
        }
    }

    pub(super) fn strike_now(&mut self, kind: Fault) -> Result<(), Breach> {
        if self.strike(kind)? == Done::Yes {
            self.atlas.fired(kind);
        }
        Ok(())
    }

    /// Makes a fault wait that needs something under way.
    pub(super) fn wait(&mut self, kind: Fault) -> Done {
        if !self.waiting.contains(&kind) {
            self.waiting.push(kind);
        }
        Done::No
    }

    /// Schedules the waiting faults, because something is under way now.
    pub(super) fn end_waiting(&mut self) {
        for kind in core::mem::take(&mut self.waiting) {
            let after = self.dice.log_uniform(1, 50);
            self.schedule(after, Event::Waited(kind));
        }
    }

    /// Counts the parameter of a fault, if it struck.
    pub(super) fn of_size(&mut self, kind: Fault, value: u64, done: Done) -> Struck {
        if done == Done::Yes {
            self.atlas.met(kind, value);
        }
        Ok(done)
    }

    fn strike(&mut self, kind: Fault) -> Struck {
        use Fault as F;
        match kind {
            F::CrashShort | F::CrashLong => self.crash(kind),
            F::KillSome | F::KillAll => self.kill(kind),
            F::PauseShort | F::PauseLong => self.pause(kind),
            F::AgentForgets => self.forget(),
            F::AgentsRecount => self.recount(),
            F::SlowAgent | F::GrayResource => self.turn_gray(kind),
            F::RollingReboot | F::RollingAborted => self.roll(kind),
            F::WitnessLost | F::WitnessFlap => self.witness(kind),
            F::IsolateOne | F::DeafNode | F::MuteNode | F::Split | F::Swizzle | F::LinkFlap => {
                self.cut(kind)
            }
            F::StaleNear | F::StaleFar => self.stale_answer(kind),
            F::StaleJoin => self.join_again(),
            F::LateNews => self.late_news(),
            F::DiesAtEdge => self.die_at_edge(),
            F::StaleReport | F::FalseAlarm | F::UnaskedAlive => self.say_of_resource(kind),
            F::SilentDeath | F::ReportedDeath => self.die(kind),
            F::ClaimedTwice | F::Rogue => self.rogue(kind),
            F::FenceBySomebody | F::Leaves => self.taken_out(kind),
            F::CoreDown => self.go_down(),
            F::CoreRestart | F::ExecutedAfterRestore | F::OlderSnapshot | F::LogTwice => {
                self.store(kind)
            }
            F::TimeJump | F::TimeStuck | F::TickStarved | F::TickEarly => self.bend_time(kind),
            F::ClockForward | F::ClockBack | F::ClockZone | F::ClockMidnight => self.clock(kind),
            F::ClockLeapDay => self.leap_day(),
            F::ClockWindow => self.change_window(),
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
            | F::RacePolicy
            | F::RaceEvict
            | F::TwoOperators => self.race(kind),
            F::VotesTakenAway => self.take_votes_away(),
            F::ConfirmedDown | F::ConfirmedWrongly => self.confirm_down(kind),
            // These kinds affect messages or whole runs, or belong elsewhere.
            _ => Ok(Done::No),
        }
    }

    fn some_node(&mut self) -> Option<Key> {
        let nodes = self.nodes();
        self.dice.one_of(&nodes)
    }

    pub(super) fn some_resource(&mut self) -> Option<Key> {
        let count = self.stage.cluster().spec().resources().len();
        let id = quorate::ResourceId::from_index(self.dice.index(count));
        (count > 0).then(|| self.stage.book.resource(id))
    }

    /// Returns the owner of the group of a resource.
    pub(super) fn owner_of(&self, resource: Key) -> Option<Key> {
        let id = self.stage.book.resource_id(resource)?;
        let group = self.stage.cluster().spec().resource(id)?.group();
        Some(self.stage.book.node(self.stage.cluster().state().owner(group)?))
    }

    fn witness(&mut self, kind: Fault) -> Struck {
        if self.stage.cluster().state().witness() != WitnessState::Up {
            return Ok(Done::No);
        }
        let times = match kind {
            Fault::WitnessFlap => self.dice.between(2, 6),
            _ => 1,
        };
        let say = |witness| Box::new(Input::witness_changed(witness));
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
        let age = u64::try_from(count.saturating_sub(index)).unwrap_or(u64::MAX);
        let done = self.act(Act::Answer(OpRef::At(index), Word::Truth))?;
        self.of_size(kind, age, done)
    }

    fn say_of_resource(&mut self, kind: Fault) -> Struck {
        let resource = match kind {
            // A false alarm is about a resource that runs.
            Fault::FalseAlarm => self.some_running(),
            _ => self.some_resource(),
        };
        let Some(resource) = resource else { return Ok(Done::No) };
        let owner = self.owner_of(resource);
        let node = match kind {
            Fault::StaleReport => self.some_node(),
            _ => owner,
        };
        let Some(node) = node else { return Ok(Done::No) };
        let is_of_owner = kind == Fault::StaleReport && owner == Some(node);
        let (lives_ago, about) = match is_of_owner {
            true if self.dice.chance(1, 2) => (0, About::RunBefore),
            true => (self.dice.between(1, 3), About::Unnamed),
            false => (0, self.about()),
        };
        let is_alive = match kind {
            Fault::UnaskedAlive => true,
            Fault::StaleReport => self.dice.chance(1, 2),
            _ => false,
        };
        let runs = |key| self.stage.world.machine(node).is_some_and(|of| of.runs(&key));
        if kind == Fault::FalseAlarm && !runs(resource) {
            return Ok(Done::No);
        }
        let done = self.act(Act::Report(Report { node, resource, is_alive, lives_ago, about }))?;
        let sort = match about {
            About::RunBefore => 2,
            About::Unnamed | About::ThisRun => u64::from(lives_ago > 0),
        };
        self.of_size(kind, sort, done)
    }

    /// Draws the run that an agent's report names: some reports name none.
    pub(super) fn about(&mut self) -> About {
        if self.dice.chance(3, 4) { About::ThisRun } else { About::Unnamed }
    }

    /// Returns the resources that the cluster asked for and that run, with their nodes.
    fn running(&self) -> Vec<(Key, Key)> {
        let machines = self.stage.world.machines();
        machines.flat_map(|(node, of)| of.asked().map(move |key| (node, *key))).collect()
    }

    /// Returns a resource that runs because the cluster asked for it.
    pub(super) fn some_running(&mut self) -> Option<Key> {
        let running = self.running();
        self.dice.one_of(&running).map(|(_, resource)| resource)
    }

    fn die(&mut self, kind: Fault) -> Struck {
        let mut running = self.running();
        if kind == Fault::ReportedDeath {
            let is_heard = |node| self.stage.world.machine(node).is_some_and(Machine::is_heard);
            running.retain(|(node, _)| is_heard(*node));
        }
        let Some((node, resource)) = self.dice.one_of(&running) else { return Ok(Done::No) };
        let done = self.act(Act::Kill(node, resource))?;
        if kind == Fault::ReportedDeath && done == Done::Yes {
            let about = self.about();
            let report = Report { node, resource, is_alive: false, lives_ago: 0, about };
            self.act(Act::Report(report))?;
        }
        Ok(done)
    }

    /// Lets a resource run that the cluster did not ask for. Membership finds out when the node
    /// joins again, and the fault counts then. If a lost node is off, the resource begins to run
    /// when the node boots.
    fn rogue(&mut self, kind: Fault) -> Struck {
        let resource = match kind {
            Fault::Rogue => self.some_resource(),
            _ => self.some_running(),
        };
        let Some(resource) = resource else { return Ok(Done::No) };
        let owner = self.owner_of(resource);
        let others = self.nodes_that(|of| of.is_powered && !of.is_frozen && !of.runs(&resource));
        let others: Vec<Key> = others
            .into_iter()
            .filter(|node| kind == Fault::Rogue || Some(*node) != owner)
            .collect();
        let Some(node) = self.dice.one_of(&others) else { return Ok(Done::No) };
        let is_trusted = self.stage.cluster().spec().settings().fencing == Fencing::Trusted;
        if is_trusted || self.dice.chance(1, 2) {
            self.care_mut(node, |care| care.rogue_at_boot = Some(resource));
            let outage = self.dice.log_uniform(1, 10_000);
            self.boot_after(node, outage);
            self.act(Act::PowerOff(node))?;
        } else {
            if self.act(Act::Rogue(node, resource))? == Done::No {
                return Ok(Done::No);
            }
            self.act(Act::Connect(node, Link::Cut))?;
            let outage = self.swarm.detection.saturating_mul(3);
            self.schedule(outage, Event::Connect(node, Link::Whole));
        }
        self.care_mut(node, |care| care.rogue = Some((resource, kind)));
        Ok(Done::No)
    }

    fn taken_out(&mut self, kind: Fault) -> Struck {
        let Some(node) = self.some_node() else { return Ok(Done::No) };
        self.act(match kind {
            Fault::Leaves => Act::Left(node),
            _ => Act::Fenced(node),
        })
    }

    /// Lets time pass in which the core does not run.
    fn go_down(&mut self) -> Struck {
        let span = self.dice.log_uniform(1_000, 3_600_000);
        let done = self.act_at(self.now().saturating_add(span), Act::GoOn)?;
        self.dispatch_again();
        Ok(done)
    }

    fn store(&mut self, kind: Fault) -> Struck {
        let is_asked = self.stage.cluster().outstanding().next().is_some();
        match kind {
            Fault::LogTwice => return self.act(Act::LogAgain),
            Fault::ExecutedAfterRestore if !is_asked => return Ok(self.wait(kind)),
            Fault::OlderSnapshot => {
                let age = u64::try_from(self.stage.age_of_mark()).unwrap_or(u64::MAX);
                let done = self.act(Act::Replay)?;
                self.dispatch_again();
                return self.of_size(kind, age, done);
            }
            _ => self.act(Act::Restart)?,
        };
        self.dispatch_again();
        Ok(Done::Yes)
    }
}
