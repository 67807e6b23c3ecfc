//! The way to the core, which may be another core after a restart.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use quorate::cluster::Input;
use quorate::id::Names;
use quorate::{Cluster, Timestamp};

/// A message to the core.
pub(crate) enum Message {
    /// A report or an order, with the time at which it arrived.
    Input {
        arrived: Timestamp,
        input: Box<Input<Names>>,
    },
    Question(Question),
    /// The core dies at once, as if its process had been killed.
    Die,
}

type Question = Box<dyn FnOnce(&Cluster) + Send>;

/// The time of one cluster. It goes on from where the cluster stands, and never backwards.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    origin: Timestamp,
    since: Instant,
}

impl Clock {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self { origin: cluster.state().now(), since: Instant::now() }
    }

    pub(crate) fn now(self) -> Timestamp {
        self.origin.after(self.since.elapsed())
    }
}

/// The sender's side. All copies lead to the core that works at present.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<Option<Open>>>);

struct Open {
    messages: Sender<Message>,
    clock: Clock,
}

impl Inbox {
    /// From now on everything is for the core that receives here.
    pub(crate) fn open(&self, clock: Clock) -> Receiver<Message> {
        let (messages, received) = channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *open = Some(Open { messages, clock });
        received
    }

    /// Hands in an input. It is lost if no core works at present: the answer to an operation comes
    /// again, since the next core asks for everything that is outstanding.
    pub(crate) fn report(&self, input: impl Into<Input<Names>>) {
        let input = Box::new(input.into());
        self.send(|clock| Message::Input { arrived: clock.now(), input });
    }

    /// Asks a question; `None` if no core works at present.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = channel();
        let question: Question = Box::new(move |cluster| {
            let _ = answer.send(question(cluster));
        });
        self.send(|_| Message::Question(question));
        answered.recv().ok()
    }

    pub(crate) fn die(&self) {
        self.send(|_| Message::Die);
    }

    fn send(&self, message: impl FnOnce(Clock) -> Message) {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Open { messages, clock }) = &*open {
            let _ = messages.send(message(*clock));
        }
    }
}
