//! Operators who ask for things while something is under way, and who edit the configuration.

use crate::history::orders;
use quorate::cluster::{Command, LockHandling, ResumeFailback};
use quorate::machine::{NodeState, ResourceState};
use quorate::quorum::WitnessState;
use quorate::settings::QuorumRule;
use quorate::spec::{ClusterDeclaration, NodeSpec};
use quorate::state::GroupRecord;
use quorate::{Input, NodeId, ResourceId};

use super::outside::Struck;
use super::{Director, Event};
use crate::sim::act::{Act, Truth};
use crate::sim::fault::FaultKind as Fault;
use crate::sim::stage::Done;

impl Director {
    /// Lets an operator ask for something while something is under way, now or as soon as it is.
    pub(super) fn race(&mut self, kind: Fault) -> Struck {
        let busy = match kind {
            Fault::RaceCancel => self.something_moving(),
            _ => self.something_under_way(),
        };
        let Some(busy) = busy else { return Ok(self.wait(kind)) };
        match kind {
            Fault::TwoOperators => return self.two_operators(busy),
            Fault::RaceClear if self.dice.chance(1, 2) => {
                let resource = self.stage.book.resource(busy);
                // A false confirmation is another kind of fault.
                return self.act(Act::Clear(resource, Truth::True));
            }
            _ => {}
        }
        let command = self.command(kind, busy);
        self.undo_later(&command);
        let input = self.stage.cluster().spec().named(Input::Command(command));
        let done = self.act(Act::Say(Box::new(input)))?;
        // A move counts even if it is refused, other commands only if they are accepted.
        Ok(if kind == Fault::RaceMove { Done::Yes } else { done })
    }

    /// Returns a resource that waits for an operation.
    fn something_under_way(&mut self) -> Option<ResourceId> {
        let busy: Vec<ResourceId> =
            self.stage.cluster().outstanding().filter_map(|effect| effect.resource).collect();
        self.dice.one_of(&busy)
    }

    /// Returns a resource of a group that moves or waits to do so.
    fn something_moving(&mut self) -> Option<ResourceId> {
        let (spec, state) = (self.stage.cluster().spec(), self.stage.cluster().state());
        let is_moving = |of: &GroupRecord| of.movement().is_some() || of.queued().is_some();
        let moving = spec.groups().filter(|(id, _)| state.group(*id).is_some_and(is_moving));
        let first: Vec<ResourceId> =
            moving.filter_map(|(_, declared)| declared.resources().next()).collect();
        self.dice.one_of(&first)
    }

    /// Returns a resource that is online, while another one is busy.
    fn something_online(&mut self) -> Option<ResourceId> {
        let cluster = self.stage.cluster();
        let all = cluster.spec().resources().map(|(id, _)| id);
        let online: Vec<ResourceId> =
            all.filter(|id| cluster.state().resource_state(*id) == ResourceState::Online).collect();
        self.dice.one_of(&online)
    }

    /// Returns a node that is down.
    fn some_node_down(&mut self) -> Option<NodeId> {
        let cluster = self.stage.cluster();
        let all = cluster.spec().nodes().map(|(id, _)| id);
        let down: Vec<NodeId> =
            all.filter(|id| cluster.state().node_state(*id) == NodeState::Down).collect();
        self.dice.one_of(&down)
    }

    /// Returns a command of this sort about the busy resource, or about any.
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
            Fault::RacePolicy => &[24],
            _ => &[23],
        };
        let number = self.dice.pick(numbers);
        // Only an online resource can fail or be maintained, and only a node that is down can be
        // evicted.
        let chosen = match kind {
            Fault::RaceFail => self.something_online().map(ResourceId::index),
            Fault::RaceEvict => self.some_node_down().map(NodeId::index),
            _ => None,
        };
        let is_of_resource = matches!(number, 3 | 4 | 15..=16 | 18..=21);
        let group = self.stage.cluster().spec().resource(busy).map(|of| of.group().index());
        let one = match is_of_resource {
            true => busy.index(),
            false => group.unwrap_or(0),
        };
        let one = chosen.unwrap_or(one);
        let one = match self.dice.chance(3, 4) && kind != Fault::RaceDrain {
            true => u16::try_from(one).unwrap_or(0),
            false => self.word(),
        };
        let (other, flags) = (self.word(), self.word().to_be_bytes());
        let policies: Vec<&str> = self.stage.cluster().offered_policies().collect();
        orders::command(
            self.stage.cluster().spec(),
            &policies,
            number,
            one,
            other,
            flags.map(|it| it & 0x7f)[0],
        )
    }

    /// Without quorum, lets an operator switch absent nodes off and confirm that, perhaps not for
    /// all of them, and take their votes away or evict one of them.
    pub(super) fn take_votes_away(&mut self) -> Struck {
        let cluster = self.stage.cluster();
        let is_member = |node: &NodeId| cluster.state().node_state(*node).is_member();
        let (here, absent): (Vec<NodeId>, Vec<NodeId>) =
            cluster.spec().nodes().map(|(id, _)| id).partition(is_member);
        if cluster.state().is_quorate() || here.is_empty() {
            return Ok(Done::No);
        }
        let Some(evicted) = self.dice.one_of(&absent) else { return Ok(Done::No) };
        for node in absent.iter().copied() {
            if self.dice.chance(9, 10) {
                let node = self.stage.book.node(node);
                self.act(Act::ConfirmedDown(node, Truth::True))?;
            }
        }
        self.restore_original_later();
        if self.dice.chance(1, 2) {
            let input = Input::Command(Command::evict_node(evicted));
            let input = self.stage.cluster().spec().named(input);
            return self.act(Act::Say(Box::new(input)));
        }
        let spec = self.stage.cluster().spec();
        let names: Vec<&str> =
            absent.iter().filter_map(|id| spec.node(*id)).map(NodeSpec::name).collect();
        let mut declaration = ClusterDeclaration::from(spec);
        for node in &mut declaration.nodes {
            if names.contains(&node.name.as_str()) {
                node.vote_weight = Some(0);
            }
        }
        if self.stage.cluster().state().witness() == WitnessState::Down {
            declaration.quorum = Some(QuorumRule::NodeMajority);
        }
        self.act(Act::Declare(Box::new(declaration)))
    }

    pub(super) fn word(&mut self) -> u16 {
        u16::try_from(self.dice.below(65_536)).unwrap_or(0)
    }

    /// Schedules the command that undoes another, so that the run does not come to a standstill.
    fn undo_later(&mut self, command: &Command) {
        let lock = LockHandling::Override;
        let undo = match *command {
            Command::TakeGroupOffline { group, .. } => {
                Command::bring_group_online(group).lock(lock).into()
            }
            Command::TakeResourceOffline { resource, .. } => {
                Command::bring_resource_online(resource).lock(lock).into()
            }
            Command::PauseNode { node, .. } | Command::DrainNode { node, .. } => {
                Command::resume_node(node).failback(ResumeFailback::ByPolicy).into()
            }
            Command::BeginMaintenance { resource, .. } => Command::end_maintenance(resource),
            Command::LockGroup { group, .. } => Command::unlock_group(group),
            Command::EvictNode { .. } => return self.restore_original_later(),
            _ => return,
        };
        let after = self.dice.log_uniform(1_000, 1_800_000);
        let input = self.stage.cluster().spec().named(Input::Command(undo));
        self.schedule(after, Event::Say(Box::new(input)));
    }

    /// Lets one operator bring a group online while another takes it offline.
    fn two_operators(&mut self, busy: ResourceId) -> Struck {
        let spec = self.stage.cluster().spec();
        let Some(group) = spec.resource(busy).map(|of| of.group()) else { return Ok(Done::No) };
        let lock = LockHandling::Override;
        let mut commands = [
            Command::bring_group_online(group).lock(lock).into(),
            Command::take_group_offline(group).lock(lock).into(),
        ];
        if self.dice.chance(1, 2) {
            commands.reverse();
        }
        let mut done = Done::No;
        for command in commands {
            self.undo_later(&command);
            let input = self.stage.cluster().spec().named(Input::Command(command));
            if self.act(Act::Say(Box::new(input)))? == Done::Yes {
                done = Done::Yes;
            }
        }
        Ok(done)
    }

    /// Lets an operator confirm that a lost node is down, truly or falsely.
    pub(super) fn confirm_down(&mut self, kind: Fault) -> Struck {
        let mut lost = match kind {
            Fault::ConfirmedDown => self.nodes(),
            _ => self.nodes_that(|machine| machine.is_powered),
        };
        lost.retain(|node| self.stage.state_of(*node) == Some(NodeState::Unclean));
        let Some(node) = self.dice.one_of(&lost) else { return Ok(Done::No) };
        let truth = match kind {
            Fault::ConfirmedDown => Truth::True,
            _ => Truth::False,
        };
        self.act(Act::ConfirmedDown(node, truth))
    }
}
