//! Lets other nodes in, and hands on what they say.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::split;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::frame::{self, FrameError};
use super::{Ask, Identity, Message, Reply, Tell};

/// Answers questions and takes in what is told. Implemented by the node.
pub trait Hears: Send + Sync + 'static {
    /// Answers a question of the node `from`.
    fn answer(&self, from: &str, ask: Ask) -> impl Future<Output = Reply> + Send;
    /// Takes in what the node `from` tells.
    fn hear(&self, from: &str, tell: Tell);
    /// Takes in that a connection was refused or broke.
    fn complain(&self, about: String);
}

/// Listens until the process ends.
pub async fn listen(listener: TcpListener, identity: Identity, node: Arc<impl Hears>) {
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                node.complain(format!("nobody can be let in: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (identity, node) = (identity.clone(), Arc::clone(&node));
        tokio::spawn(async move {
            match timeout(Duration::from_secs(5), identity.accept(stream)).await {
                Ok(Ok((name, stream))) => serve(stream, &name, &node).await,
                Ok(Err(error)) => node.complain(format!("{address} is refused: {error}")),
                Err(_) => {}
            }
        });
    }
}

async fn serve(stream: tokio_rustls::TlsStream<TcpStream>, name: &str, node: &Arc<impl Hears>) {
    let (mut read, mut write) = split(stream);
    let (replies, mut waiting) = mpsc::channel::<Message>(1_024);
    let writer = tokio::spawn(async move {
        while let Some(message) = waiting.recv().await {
            if frame::write(&mut write, &message).await.is_err() {
                return;
            }
        }
    });
    loop {
        match frame::read(&mut read).await {
            Ok(Message::Ask(number, ask)) => {
                let (node, replies, name) = (Arc::clone(node), replies.clone(), name.to_owned());
                tokio::spawn(async move {
                    let reply = node.answer(&name, ask).await;
                    // The connection may have broken meanwhile; the other side asks again.
                    let _ = replies.send(Message::Reply(number, reply)).await;
                });
            }
            Ok(Message::Tell(tell)) => node.hear(name, tell),
            Ok(Message::Reply(..)) => break,
            Err(FrameError::Broken(_)) => break,
            Err(error @ (FrameError::TooLong(_) | FrameError::Unknown(_))) => {
                node.complain(format!("the connection from {name} is closed: {error}"));
                break;
            }
        }
    }
    writer.abort();
}
