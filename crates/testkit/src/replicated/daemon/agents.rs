//! The agents of a node: they carry out duties, each when its time has come and the guard lets it.

use quorate::agent::{Admission, Ending, Meanwhile};
use quorate::cluster::Effect;
use quorate::cluster::{Running, RunningState};
use quorate::id::Names;
use quorate::replicate::{Body, Denial, Guard, Leads, NodeLife, Permission};
use quorate::state::OperationKind;
use quorate::{Input, OpId, Outcome};

use super::Daemon;
use super::task::{Fate, Stage, Task};
use crate::replicated::host::Host;
use crate::replicated::scene::{PowerOrder, Scene, Warrant};
use crate::replicated::setup::{Flaw, millis};

impl Daemon {
    pub(super) fn work(&mut self, host: &mut Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        let Some(guard) = &self.guard else { return };
        if guard.is_over(local) {
            self.tasks.clear();
            return;
        }
        let is_news = self.looked_at_entry != self.replica.applied();
        if is_news || self.looks_at <= scene.now {
            self.looked_at_entry = self.replica.applied();
            self.looks_at = scene.now.saturating_add(50);
            let leads = match &self.leader {
                Some(leader) => leader.leads(local, guard),
                None => Leads::No,
            };
            self.pick_up(scene, leads);
        }
        self.notice_deaths(host, scene);
        for at in 0..self.tasks.len() {
            self.push_on(at, host, scene);
        }
        self.tasks.retain(|task| task.stage != Stage::Ended);
    }

    fn pick_up(&mut self, scene: &mut Scene, leads: Leads) {
        let duties: Vec<Effect<Names>> = self.replica.duties(leads).collect();
        for effect in duties {
            if self.picked.insert(effect.operation) {
                let due = scene.now.saturating_add(scene.draw_agent_delay());
                self.tasks.push(Task { effect, stage: Stage::Due(due) });
            }
        }
    }

    /// Reports resources that died by themselves, for the run that ended.
    fn notice_deaths(&mut self, host: &mut Host, scene: &mut Scene) {
        let now = scene.now;
        let (due, later) =
            std::mem::take(&mut host.died).into_iter().partition(|(_, at)| *at <= now);
        host.died = later;
        let due: Vec<(String, u64)> = due;
        for (resource, _) in due {
            let Some(guard) = &self.guard else { continue };
            let Some(run) = guard.run(&resource) else { continue };
            let NodeLife { node, incarnation } = guard.life().clone();
            let failed = Input::resource_failed(resource, node, incarnation).of_run(run);
            self.report(host, scene, Body::Input(failed.into()));
        }
    }

    fn push_on(&mut self, at: usize, host: &mut Host, scene: &mut Scene) {
        let Some(task) = self.tasks.get(at) else { return };
        match task.stage {
            Stage::Due(due) if due <= scene.now => self.ask(at, host, scene),
            Stage::Busy(end, fate) if end <= scene.now => self.come_to_end(at, fate, host, scene),
            Stage::Dying => {
                let is_gone = task.effect.resource.as_ref().is_none_or(|of| !host.runs(of));
                if is_gone {
                    self.end(at, Outcome::Succeeded, host, scene);
                }
            }
            Stage::Due(_) | Stage::Busy(..) | Stage::Parked | Stage::Ended => {}
        }
    }

    /// Asks the guard at the moment of execution, and acts on its answer.
    fn ask(&mut self, at: usize, host: &mut Host, scene: &mut Scene) {
        let local = host.local(scene.now);
        let (Some(task), Some(guard)) = (self.tasks.get_mut(at), &mut self.guard) else { return };
        let effect = task.effect.clone();
        if effect.action == OperationKind::Fence && scene.has(Flaw::FenceUnasked) {
            task.stage = Stage::Ended;
            let is_valid = guard.may(local, &self.replica, &effect).is_ok();
            let warrant = if is_valid { Warrant::Valid } else { Warrant::Missing };
            return fence(&effect, warrant, host, scene);
        }
        match guard.may(local, &self.replica, &effect) {
            Ok(Permission::Agent(Admission::Begin)) => self.execute(at, host, scene),
            Ok(Permission::Agent(Admission::Wait { behind, meanwhile })) => {
                task.stage = Stage::Parked;
                match meanwhile {
                    Meanwhile::Cancel => self.cancel(behind.operation, scene),
                    Meanwhile::LetItEnd => {}
                }
            }
            Ok(Permission::Agent(Admission::UnderWay | Admission::Done(_))) => {
                task.stage = Stage::Ended;
            }
            Ok(Permission::Fence) => {
                task.stage = Stage::Ended;
                fence(&effect, Warrant::Valid, host, scene);
            }
            Ok(Permission::Inventory) => {
                task.stage = Stage::Ended;
                self.list(&effect, host, scene);
            }
            Err(denial) => {
                scene.tally.denials = scene.tally.denials.saturating_add(1);
                let is_for_now = matches!(denial, Denial::NoLease | Denial::Behind { .. });
                task.stage = if is_for_now {
                    Stage::Due(scene.now.saturating_add(10))
                } else {
                    Stage::Ended
                };
            }
        }
    }

    fn cancel(&mut self, operation: OpId, scene: &Scene) {
        for task in self.tasks.iter_mut().filter(|task| task.effect.operation == operation) {
            task.stage = Stage::Busy(scene.now.saturating_add(5), Fate::Badly);
        }
    }

    fn execute(&mut self, at: usize, host: &mut Host, scene: &mut Scene) {
        let Some(life) = self.guard.as_ref().map(Guard::life).cloned() else { return };
        let Some(task) = self.tasks.get_mut(at) else { return };
        let resource = task.effect.resource.clone().unwrap_or_default();
        let (low, high) = scene.habits.duration;
        let mut end = scene.now.saturating_add(scene.dice.between(low, high));
        let mut fate = Fate::Well;
        if scene.dice.chance(scene.habits.failures, 1_000) {
            scene.tally.failed_operations = scene.tally.failed_operations.saturating_add(1);
            fate = Fate::Badly;
            if scene.dice.chance(1, 3) {
                // It hangs. The agent cancels it when the core has given it up.
                end = scene.now.saturating_add(millis(task.effect.timeout)).saturating_add(100);
            }
        }
        task.stage = match task.effect.action {
            OperationKind::Start => {
                host.spawn(scene, &resource, &life);
                Stage::Busy(end, fate)
            }
            OperationKind::Terminate => {
                host.kill(scene, Some(&resource));
                Stage::Dying
            }
            // Fences and inventories are carried out elsewhere.
            OperationKind::Fence | OperationKind::Inventory => Stage::Ended,
            _ => Stage::Busy(end, fate),
        };
    }

    fn come_to_end(&mut self, at: usize, fate: Fate, host: &mut Host, scene: &mut Scene) {
        let Some(task) = self.tasks.get_mut(at) else { return };
        let resource = task.effect.resource.clone().unwrap_or_default();
        let runs = host.runs(&resource);
        let outcome = match (task.effect.action, fate) {
            (OperationKind::Probe, Fate::Well) if runs => Outcome::Running,
            (OperationKind::Probe, Fate::Well) => Outcome::NotRunning,
            (OperationKind::Stop, Fate::Well) => {
                host.kill(scene, Some(&resource));
                task.stage = Stage::Dying;
                return;
            }
            (
                OperationKind::Start | OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive,
                Fate::Well,
            ) if runs => Outcome::Succeeded,
            (_, Fate::Well | Fate::Badly) => Outcome::Failed,
        };
        self.end(at, outcome, host, scene);
    }

    fn end(&mut self, at: usize, outcome: Outcome, host: &mut Host, scene: &mut Scene) {
        let (Some(task), Some(guard)) = (self.tasks.get_mut(at), &mut self.guard) else { return };
        task.stage = Stage::Ended;
        let resource = task.effect.resource.clone().unwrap_or_default();
        let operation = task.effect.operation;
        let now = host.local(scene.now);
        match guard.end_operation(now, &self.replica, &resource, (operation, outcome)) {
            Ending::Report => {
                let finished = Input::operation_finished(operation, outcome);
                self.report(host, scene, Body::Input(finished));
            }
            Ending::Begin(next) => {
                let is_next = |task: &Task| task.effect.operation == next.operation;
                if let Some(next) = self.tasks.iter().position(is_next) {
                    self.execute(next, host, scene);
                }
            }
            Ending::Unknown => {}
        }
    }

    /// Lists what the node runs.
    fn list(&mut self, effect: &Effect<Names>, host: &Host, scene: &mut Scene) {
        let running: Vec<Running<Names>> = host
            .processes
            .iter()
            .map(|process| Running::new(process.resource.clone(), RunningState::Unknown))
            .collect();
        let listed = Input::node_inventory(host.name, effect.incarnation, running)
            .answering(effect.operation);
        self.report(host, scene, Body::Input(listed.into()));
    }
}

/// Has a power switch take the power away from a node.
fn fence(effect: &Effect<Names>, warrant: Warrant, host: &Host, scene: &mut Scene) {
    let Some(victim) = scene.setup.seat(&effect.node) else { return };
    let (low, high) = scene.habits.switch_delay;
    let at = scene.now.saturating_add(scene.dice.between(low, high));
    let life = NodeLife::new(effect.node.as_str(), effect.incarnation);
    host.note(scene, &format!("has {life} fenced"));
    let operation = effect.operation;
    scene.orders.push(PowerOrder { at, victim, life, by: host.seat, operation, warrant });
}
