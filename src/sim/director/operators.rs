//! Operators who ask for things while something is under way, and who edit the configuration.

use core::time::Duration;
use std::boxed::Box;
use std::vec::Vec;

use crate::cluster::{Command, LockHandling, ResumeFailback};
use crate::machine::NodeState;
use crate::settings::Interval;
use crate::spec::ClusterDeclaration;
use crate::state::DrainMode;
use crate::testkit::history::orders;
use crate::{Input, ResourceId};

use super::outside::Struck;
use super::{Director, Event};
use crate::sim::act::{Act, Truth};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;
use crate::sim::world::Key;

impl Director {
    /// An operator asks for something while something is under way.
    pub(super) fn race(&mut self, kind: Fault) -> Struck {
        let Some(busy) = self.something_under_way() else { return Ok(Done::No) };
        match kind {
            Fault::TwoOperators => return self.two_operators(busy),
            Fault::RaceClear if self.dice.chance(1, 2) => {
                let resource = self.stage.book.resource(busy);
                // Whoever lies does so as another kind of fault.
                return self.act(Act::Clear(resource, Truth::True));
            }
            _ => {}
        }
        let command = self.command(kind, busy);
        self.undo_later(&command);
        let input = self.stage.cluster().spec().named(Input::Command(command));
        self.act(Act::Say(Box::new(input)))?;
        Ok(Done::Yes)
    }

    /// A resource that waits for an operation.
    fn something_under_way(&mut self) -> Option<ResourceId> {
        let busy: Vec<ResourceId> =
            self.stage.cluster().outstanding().filter_map(|effect| effect.resource).collect();
        self.dice.one_of(&busy)
    }

    /// A command of this sort about what is under way, or about anything.
    fn command(&mut self, kind: Fault, busy: ResourceId) -> Command {
        let numbers: &[u8] = match kind {
            Fault::RaceMove => &[5, 6, 7],
            Fault::RaceOffline => &[2, 4],
            Fault::RaceOnline => &[0, 1, 3],
            Fault::RaceDrain => &[9, 10, 11, 12, 13, 14],
            Fault::RaceCancel => &[8],
            Fault::RaceClear => &[17],
            Fault::RaceFail => &[18, 19, 20, 21],
            Fault::RaceLock => &[22],
            _ => &[23],
        };
        let number = self.dice.pick(numbers);
        let is_of_resource = matches!(number, 3 | 4 | 15..=16 | 18..=21);
        let group = self.stage.cluster().spec().resource(busy).map(|of| of.group().index());
        let one = match is_of_resource {
            true => busy.index(),
            false => group.unwrap_or(0),
        };
        let one = match self.dice.chance(3, 4) && kind != Fault::RaceDrain {
            true => u16::try_from(one).unwrap_or(0),
            false => self.word(),
        };
        let (other, flags) = (self.word(), self.word().to_be_bytes());
        orders::command(
            self.stage.cluster().spec(),
            number,
            one,
            other,
            flags.map(|it| it & 0x7f)[0],
        )
    }

    pub(super) fn word(&mut self) -> u16 {
        u16::try_from(self.dice.below(65_536)).unwrap_or(0)
    }

    /// What an operator took away they give back some time, so that a run does not come to rest.
    fn undo_later(&mut self, command: &Command) {
        let lock = LockHandling::Override;
        let undo = match *command {
            Command::TakeGroupOffline { group, .. } => Command::BringGroupOnline { group, lock },
            Command::TakeResourceOffline { resource, .. } => {
                Command::BringResourceOnline { resource, lock }
            }
            Command::PauseNode { node } | Command::DrainNode { node, .. } => {
                Command::ResumeNode { node, failback: ResumeFailback::ByPolicy }
            }
            Command::BeginMaintenance { resource } => Command::EndMaintenance { resource },
            Command::LockGroup { group } => Command::UnlockGroup { group },
            Command::EvictNode { .. } => return self.restore_original_later(),
            _ => return,
        };
        let after = self.dice.log_uniform(1_000, 1_800_000);
        let input = self.stage.cluster().spec().named(Input::Command(undo));
        self.schedule(after, Event::Say(Box::new(input)));
    }

    /// One operator brings a group online, another takes it offline.
    fn two_operators(&mut self, busy: ResourceId) -> Struck {
        let spec = self.stage.cluster().spec();
        let Some(group) = spec.resource(busy).map(|of| of.group()) else { return Ok(Done::No) };
        let lock = LockHandling::Override;
        let mut commands =
            [Command::BringGroupOnline { group, lock }, Command::TakeGroupOffline { group, lock }];
        if self.dice.chance(1, 2) {
            commands.reverse();
        }
        for command in commands {
            self.undo_later(&command);
            let input = self.stage.cluster().spec().named(Input::Command(command));
            self.act(Act::Say(Box::new(input)))?;
        }
        Ok(Done::Yes)
    }

    /// An operator looks after a lost node, or only says so.
    pub(super) fn confirm_down(&mut self, kind: Fault) -> Struck {
        let lost: Vec<Key> = self
            .nodes()
            .into_iter()
            .filter(|node| self.stage.state_of(*node) == Some(NodeState::Unclean))
            .collect();
        let Some(node) = self.dice.one_of(&lost) else { return Ok(Done::No) };
        let truth = match kind {
            Fault::ConfirmedDown => Truth::True,
            _ => Truth::False,
        };
        self.act(Act::ConfirmedDown(node, truth))
    }

    /// Nodes are drained, restarted and resumed one after the other.
    pub(super) fn roll(&mut self, kind: Fault) -> Struck {
        let nodes = self.nodes();
        let count = match kind {
            Fault::RollingAborted => nodes.len() / 2,
            _ => nodes.len(),
        };
        let gap = self.dice.log_uniform(1_000, 300_000);
        let mut at = 0_u64;
        for node in nodes.into_iter().take(count) {
            let Some(id) = self.stage.book.node_id(node) else { continue };
            let drain = Command::DrainNode { node: id, mode: DrainMode::Normal, target: None };
            let resume = Command::ResumeNode { node: id, failback: ResumeFailback::Immediate };
            let spec = self.stage.cluster().spec();
            let [drain, resume] =
                [drain, resume].map(|command| Box::new(spec.named(Input::Command(command))));
            self.schedule(at, Event::Say(drain));
            self.schedule(at.saturating_add(gap), Event::PowerOff(node));
            at = at.saturating_add(gap.saturating_mul(3));
            self.schedule(at, Event::Say(resume));
        }
        Ok(if count == 0 { Done::No } else { Done::Yes })
    }

    /// The configuration changes while things are under way.
    pub(super) fn edit(&mut self, kind: Fault) -> Struck {
        let (is_of_group, numbers): (bool, &[u8]) = match kind {
            Fault::EditNode => (false, &[0, 1, 5, 6, 7, 8]),
            Fault::EditGroup => (false, &[2, 3, 4]),
            Fault::EditResource => (true, &[0, 1, 10, 11, 12]),
            Fault::EditDependency => (true, &[2, 3]),
            Fault::EditOwners => (true, &[4, 5, 6, 13]),
            Fault::EditPlacement => (true, &[7, 8, 9]),
            _ => {
                let declaration = Box::new(self.extreme_limits());
                self.restore_original_later();
                return self.act(Act::Declare(declaration));
            }
        };
        let number = self.dice.pick(numbers).saturating_mul(2);
        let kind = number.saturating_add(u8::from(is_of_group));
        let (one, other) = (self.word(), self.word());
        self.restore_original_later();
        self.act(Act::Edit { kind, one, other })
    }

    fn restore_original_later(&mut self) {
        if !self.is_original_due {
            self.is_original_due = true;
            let after = self.dice.log_uniform(5_000, 1_800_000);
            self.schedule(after, Event::Original);
        }
    }

    /// Thresholds and periods become 0 or as large as can be.
    fn extreme_limits(&mut self) -> ClusterDeclaration {
        let mut declaration = ClusterDeclaration::from(self.stage.cluster().spec());
        let threshold = self.dice.pick(&[0, u32::MAX, 1]);
        let period = Duration::from_millis(self.dice.pick(&[0, 4_294_967_295_000, 1]));
        for group in &mut declaration.groups {
            group.failover_threshold = Some(threshold);
            group.failover_period = Some(period);
            for resource in &mut group.resources {
                let settings = resource.settings.get_or_insert_default();
                settings.restart_threshold = Some(threshold.min(10));
                settings.restart_period = Some(period.min(Duration::from_secs(86_400)));
                settings.retry_period = Some(Interval::Never);
            }
        }
        declaration
    }
}
