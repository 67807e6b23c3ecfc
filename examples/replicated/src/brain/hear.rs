//! Takes in what the keeper, other nodes and operators say.

use quorate::id::Incarnation;
use quorate::replicate::{Guard, Outbox};

use super::{Brain, Event, Stage};
use crate::Failure;
use crate::clock;
use crate::keeper::{Order, Word};
use crate::link::Tell;

impl Brain {
    /// Takes in a word of the keeper.
    pub(super) fn heed(&mut self, word: Word) -> Result<(), Failure> {
        match word {
            Word::Begun { life } if life == *self.guard.life() => {
                self.stage = Stage::Living;
                self.join(clock::now());
            }
            Word::Begun { .. } => {}
            Word::Ended { operation, resource, success } => {
                self.operation_ended(operation, &resource, success);
            }
            Word::Died { run, resource } => self.died(run, &resource),
            Word::Off { life } => {
                self.guard.handle_off(&life);
                // The keeper tells it as well, but on connections of its own, which a node that
                // hears nobody cannot open.
                self.parts.links.tell_everybody(&Tell::Off(life.clone()));
                self.off.insert(life.clone(), None);
                if life == *self.guard.life() {
                    self.begin_life()?;
                }
            }
        }
        Ok(())
    }

    /// Begins another life, after everything of the present one is off.
    fn begin_life(&mut self) -> Result<(), Failure> {
        let over = self.guard.life().clone();
        let known = self.parts.shared.lock().replica.latest_life(&over.node);
        let stored = Incarnation::new(self.parts.store.life()?);
        let next = Guard::next_life(stored, known.max(over.incarnation));
        self.parts.store.begin_life(next.value())?;
        self.guard.begin(next).map_err(|error| Failure(error.to_string()))?;
        let life = self.guard.life().clone();
        self.outbox = Outbox::new(life.clone());
        self.stage = Stage::Waiting;
        self.told = None;
        self.running.clear();
        self.answered.clear();
        self.pushed = 0;
        for (_, answer) in std::mem::take(&mut self.waiting) {
            let _ = answer.send(Err(format!("{over} is over; ask again")));
        }
        self.hand.order(Order::Begin { life });
        Ok(())
    }

    /// Takes in what another task or another node says.
    pub(super) fn hear(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Told { from, tell } => self.hear_from(&from, tell),
            Event::Confirmed { affirmation, begun } => {
                self.parts.affirmed.note(begun);
                self.confirmed(affirmation);
            }
            Event::Asked { body, answer } => {
                if self.stage != Stage::Living {
                    let _ = answer.send(Err("this node is between two lives; ask again".into()));
                    return Ok(());
                }
                self.push(*body);
                self.waiting.insert(self.pushed, answer);
            }
        }
        Ok(())
    }

    fn hear_from(&mut self, from: &str, tell: Tell) {
        match tell {
            Tell::Grant(grant) => self.guard.handle_grant(clock::now(), &grant),
            Tell::Off(life) if life.node == from => {
                self.off.insert(life, None);
                self.is_hasty = true;
            }
            Tell::Beat { beat, reports, off } if beat.life.node == from => {
                self.take_beat(beat, reports, off);
            }
            // A node speaks for itself.
            Tell::Off(_) | Tell::Beat { .. } => {}
        }
    }
}
