//! The daemon's end of the pipes to its keeper.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::{Order, Word};
use crate::Failure;
use crate::config::NodeFile;

/// The keeper of this node, as its daemon holds it.
#[derive(Debug)]
pub struct Hand {
    orders: mpsc::UnboundedSender<Order>,
}

impl Hand {
    /// Starts a keeper. Its words arrive in the channel, which closes when the keeper is gone.
    pub fn start(file: &NodeFile) -> Result<(Self, mpsc::UnboundedReceiver<Word>), Failure> {
        let mut keeper = Command::new(std::env::current_exe()?)
            .arg("keeper")
            .arg(file.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let missing = || Failure("the keeper has no pipes".into());
        let mut pipe = keeper.stdin.take().ok_or_else(missing)?;
        let mut lines = BufReader::new(keeper.stdout.take().ok_or_else(missing)?).lines();
        let (orders, mut waiting) = mpsc::unbounded_channel::<Order>();
        let (words, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(order) = waiting.recv().await {
                let Ok(mut line) = serde_json::to_vec(&order) else { return };
                line.push(b'\n');
                if pipe.write_all(&line).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(word) = serde_json::from_str(&line) else { break };
                if words.send(word).is_err() {
                    break;
                }
            }
            drop(words);
            let _ = keeper.wait().await;
        });
        Ok((Self { orders }, heard))
    }

    /// Gives an order. If the keeper is gone, the channel of words says so.
    pub fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}
