//! The way to the core: a bounded channel of inputs and questions.

use std::fmt;

use quorate::cluster::{Input, NamedInputError, Output};
use quorate::id::Names;
use quorate::{Cluster, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;

/// A message to the core.
pub(crate) enum Message {
    /// A report or an order, with the time at which it arrived. The answer comes when it is
    /// stored.
    Input {
        arrived: Timestamp,
        input: Box<Input<Names>>,
        answer: Option<oneshot::Sender<Answer>>,
    },
    Question(Question),
}

type Question = Box<dyn FnOnce(&Cluster) + Send>;

/// The outputs of an input, or the reason why it was refused: then it has changed nothing.
pub(crate) type Answer = Result<Accepted, NamedInputError>;

/// The outputs of an input.
#[derive(serde::Serialize)]
pub(crate) struct Accepted {
    pub(crate) at: Timestamp,
    pub(crate) outputs: Vec<Output<Names>>,
}

/// The daemon ends, so nobody answers any more.
#[derive(Debug)]
pub(crate) struct CoreGone;

impl fmt::Display for CoreGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the daemon ends")
    }
}

/// The sender's side.
#[derive(Clone)]
pub(crate) struct Inbox {
    messages: mpsc::Sender<Message>,
    clock: Clock,
}

impl Inbox {
    pub(crate) fn new(clock: Clock, capacity: usize) -> (Self, mpsc::Receiver<Message>) {
        let (messages, receiver) = mpsc::channel(capacity);
        (Self { messages, clock }, receiver)
    }

    /// Hands in a report whose answer nobody needs.
    pub(crate) async fn report(&self, input: Input<Names>) {
        let input = Box::new(input);
        let message = Message::Input { arrived: self.clock.now(), input, answer: None };
        // A report that is lost now comes again: its operation is outstanding.
        let _ = self.messages.send(message).await;
    }

    /// Hands in an order, and returns when it is stored or refused.
    pub(crate) async fn order(&self, input: Input<Names>) -> Result<Answer, CoreGone> {
        let (answer, answered) = oneshot::channel();
        let (arrived, input) = (self.clock.now(), Box::new(input));
        let message = Message::Input { arrived, input, answer: Some(answer) };
        self.messages.send(message).await.map_err(|_| CoreGone)?;
        answered.await.map_err(|_| CoreGone)
    }

    /// Asks a question that is quick to answer. For others ask for a copy of the cluster.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster) -> T + Send + 'static,
    ) -> Result<T, CoreGone> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |cluster| {
            let _ = answer.send(question(cluster));
        });
        self.messages.send(Message::Question(question)).await.map_err(|_| CoreGone)?;
        answered.await.map_err(|_| CoreGone)
    }
}
