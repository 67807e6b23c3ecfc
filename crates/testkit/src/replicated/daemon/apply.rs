//! Entries and snapshots that the engine hands out.

use std::hash::{DefaultHasher, Hash, Hasher};

use quorate::replicate::{Body, Entry, Item, Refusal, Replica};

use super::Daemon;
use crate::replicated::host::Host;
use crate::replicated::log::Next;
use crate::replicated::scene::Scene;

/// Entries that are applied within a millisecond, at most.
const AT_ONCE: usize = 64;

impl Daemon {
    pub(super) fn apply(&mut self, host: &mut Host, scene: &mut Scene) {
        let before = self.replica.applied();
        for _ in 0..AT_ONCE {
            let applied = self.replica.applied();
            let Scene { log, net, dice, now, .. } = scene;
            match log.next(host.seat, applied, *now, net, dice) {
                None => break,
                Some(Next::Entry(term, entry)) => self.take_in(host, scene, term, entry),
                Some(Next::Snapshot(snapshot)) => {
                    let genesis = scene.setup.genesis(self.release);
                    match Replica::restore(host.name, *snapshot, genesis) {
                        Ok(replica) => self.replica = replica,
                        Err(error) => {
                            scene.judge.fail_test(format!("a snapshot is refused: {error}"));
                        }
                    }
                    host.note(scene, "installs a snapshot");
                }
            }
        }
        if before != self.replica.applied() || self.heeds_at <= scene.now {
            self.heeds_at = scene.now.saturating_add(50);
            self.heed_replica(host, scene);
        }
        if self.stores_at <= scene.now {
            self.stores_at = scene.now.saturating_add(scene.dice.between(200, 9_000));
            host.disk.snapshot = Some(self.replica.snapshot());
        }
    }

    fn take_in(&mut self, host: &Host, scene: &mut Scene, term: u64, entry: Option<Entry>) {
        let index = self.replica.applied().saturating_add(1);
        let Some(entry) = entry else {
            if let Err(error) = self.replica.skip(index) {
                scene.judge.fail_test(error.to_string());
            }
            return;
        };
        let sent: Vec<Item> = match &entry {
            Entry::V1(content) => content.items.clone(),
            _ => Vec::new(),
        };
        let results = match self.replica.apply(index, term, entry) {
            Ok(results) => results,
            Err(error) => return scene.judge.fail_test(error.to_string()),
        };
        for (item, _) in sent.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            scene.judge.see_counted(index, item);
        }
        if self.leader.is_some() {
            for (item, result) in sent.iter().zip(&results) {
                note_result(host, scene, index, item, result);
            }
        }
        let behaviour = self.replica.genesis().behaviour();
        let mut outcome = DefaultHasher::new();
        results.iter().for_each(|result| result.is_ok().hash(&mut outcome));
        self.replica.stamp().hash(&mut outcome);
        let mut members = DefaultHasher::new();
        self.replica.members().for_each(|life| life.hash(&mut members));
        scene.judge.see_entry(index, behaviour, outcome.finish(), members.finish());
        if let Some(checkpoint) = self.replica.checkpoint().filter(|of| of.index == index) {
            scene.judge.see_digest(behaviour, checkpoint);
        }
    }

    /// Lets guard and outbox know what the replica knows.
    fn heed_replica(&mut self, host: &Host, scene: &Scene) {
        let local = host.local(scene.now);
        if let (Some(guard), Some(outbox)) = (&mut self.guard, &mut self.outbox) {
            outbox.settle(self.replica.reported(outbox.life()));
            guard.handle_standing(local, self.replica.standing(guard.life()));
        }
    }
}

/// Adds what an entry said to the record, once: where the leader applies it.
fn note_result(
    host: &Host,
    scene: &mut Scene,
    index: u64,
    item: &Item,
    result: &Result<(), Refusal>,
) {
    let said = match &item.body {
        Body::Input(input) => input.to_string(),
        Body::Timeout | Body::Checkpoint => return,
        other => format!("{other:?}"),
    };
    let refused = result.as_ref().err().map(|error| format!(", refused: {error}"));
    host.note(scene, &format!("entry {index}: {said}{}", refused.unwrap_or_default()));
}
