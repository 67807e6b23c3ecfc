//! Inputs that no correct embedder sends: they must be refused and change nothing.

use quorate::cluster::{Command, Life, Outcome};
use quorate::time::WallClock;
use quorate::{Incarnation, Input, NodeId, OpId, ResourceId};

use super::Director;
use super::outside::Struck;
use crate::sim::act::{Act, Moment, OpRef, Size, Word};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;

/// The lowest of the ids that belong to nothing.
const NOBODY: u64 = 200;

impl Director {
    pub(super) fn nonsense(&mut self, kind: Fault) -> Struck {
        match kind {
            Fault::WrongOutcome => return self.wrong_outcome(),
            Fault::Oversize => return self.oversize(),
            _ => {}
        }
        let (moment, size) = match kind {
            Fault::TimeBackwards => {
                // The cluster may have last been called a while ago.
                let latest = self.stage.cluster().state().now().as_millis();
                let span = match self.dice.chance(1, 8) {
                    true => 1,
                    false => self.dice.log_uniform(1, 31_536_000_000),
                };
                let span = span.min(latest);
                if span == 0 {
                    return Ok(Done::No);
                }
                let since = self.now().saturating_sub(latest);
                (Moment::Before(since.saturating_add(span)), span)
            }
            Fault::TimeBeyond => {
                let most = self.dice.pick(&[1, 86_400_000, 1 << 40]);
                let before_end = self.dice.below(most);
                (Moment::BeforeTheEnd(before_end), before_end)
            }
            _ => (Moment::Now, 0),
        };
        let input = self.junk_input(kind);
        let done = self.act(Act::Junk(Box::new(input), moment))?;
        self.of_size(kind, size, done)
    }

    /// Declares a configuration that is too large. Most are just beyond a limit, because the
    /// largest ones take long.
    fn oversize(&mut self) -> Struck {
        let size = match self.dice.chance(1, 24) {
            true => self.dice.pick(&Size::HUGE),
            false => self.dice.pick(&Size::SMALL),
        };
        let done = self.act(Act::Oversize(size))?;
        self.of_size(Fault::Oversize, size.number(), done)
    }

    fn junk_input(&mut self, kind: Fault) -> Input {
        let node = NodeId::new(self.number_from(NOBODY));
        let resource = ResourceId::new(self.number_from(NOBODY));
        let someone = NodeId::new(0);
        let incarnation = Incarnation::new(self.dice.below(5));
        match kind {
            Fault::UnknownNode => match self.dice.below(5) {
                0 => Input::node_lost(node, Life::Known),
                1 => Input::node_left(node, Life::Known),
                2 => Input::node_fenced(node, Life::Known),
                3 => Input::node_joined(node, incarnation, vec![]),
                _ => Input::Command(Command::evict_node(node)),
            },
            Fault::UnknownResource => match self.dice.below(3) {
                0 => Input::resource_failed(resource, someone, incarnation).into(),
                1 => Input::resource_alive(resource, someone, incarnation).into(),
                _ => Input::Command(Command::fail_resource(resource)),
            },
            Fault::NeverIssued => {
                let last = self.stage.ops.last().map_or(0, |op| op.id());
                let ahead = self.dice.log_uniform(1_000_000, u64::MAX >> 20);
                let operation = OpId::new(last.saturating_add(ahead));
                Input::operation_finished(operation, Outcome::Succeeded)
            }
            Fault::ListedTwice => {
                let twice = ResourceId::new(0);
                let incarnation = Incarnation::new(1 << 40);
                Input::node_joined(someone, incarnation, vec![twice.into(), twice.into()])
            }
            Fault::ImpossibleLife => {
                let incarnation = Incarnation::new(u64::MAX.saturating_sub(self.dice.below(9)));
                Input::node_joined(someone, incarnation, vec![])
            }
            Fault::ClockInvalid => Input::wall_clock_read(WallClock {
                utc_millis_of_day: self.number_from(86_400_000),
                utc_offset_minutes: 0,
            }),
            Fault::ForeignName => {
                let group = quorate::GroupId::new(self.number_from(NOBODY));
                Command::bring_group_online(group).into()
            }
            // Only the time of this input is wrong; the input itself is harmless.
            _ => Input::node_left(node, Life::Known),
        }
    }

    fn number_from(&mut self, low: u64) -> u32 {
        u32::try_from(self.dice.between(low, low.saturating_add(1_000))).unwrap_or(u32::MAX)
    }

    /// Sends an outcome that the operation cannot have.
    fn wrong_outcome(&mut self) -> Struck {
        let outstanding = self.stage.cluster().outstanding().last();
        let Some(index) = outstanding.and_then(|effect| self.stage.op_at(effect.operation)) else {
            return Ok(self.wait(Fault::WrongOutcome));
        };
        self.act(Act::Answer(OpRef::At(index), Word::Unfit))
    }
}
