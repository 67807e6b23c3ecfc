//! The cluster in a terminal, and keys that do harm to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind};
use rustix::process::Signal;
use tokio::sync::mpsc;

use super::farm::Farm;
use super::proxy::Wire;
use crate::Failure;

mod picture;
mod watch;

use picture::{Health, Picture};

/// What is shared between the tasks that ask the nodes and the one that draws.
type Shared = Arc<Mutex<Picture>>;

/// Shows the cluster until the user quits.
pub async fn show(farm: &mut Farm) -> Result<(), Failure> {
    let shared: Shared = Arc::new(Mutex::new(Picture::of(&farm.names())));
    let watchers = watch::begin(farm, &shared);
    let mut terminal = ratatui::try_init()?;
    let mut keys = keys();
    let shown = loop {
        let drawn = {
            let picture = shared.lock().unwrap_or_else(PoisonError::into_inner);
            terminal.draw(|frame| picture.draw(frame)).map(|_| ())
        };
        if let Err(error) = drawn {
            break Err(error.into());
        }
        tokio::select! {
            key = keys.recv() => match key {
                Some(KeyCode::Char('q') | KeyCode::Esc) | None => break Ok(()),
                Some(key) => obey(farm, &shared, key).await,
            },
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
    };
    for watcher in watchers {
        watcher.abort();
    }
    ratatui::try_restore()?;
    shown
}

/// Reads keys in a thread of its own, for reading blocks.
fn keys() -> mpsc::UnboundedReceiver<KeyCode> {
    let (keys, read) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Event::Key(key) = event
                && key.kind == KeyEventKind::Press
                && keys.send(key.code).is_err()
            {
                return;
            }
        }
    });
    read
}

async fn obey(farm: &mut Farm, shared: &Shared, key: KeyCode) {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let (node, group, health) = lock().chosen();
    let done = match key {
        KeyCode::Up => Ok(lock().choose_node(picture::Step::Back)),
        KeyCode::Down => Ok(lock().choose_node(picture::Step::On)),
        KeyCode::Tab => Ok(lock().choose_group()),
        KeyCode::Char('k') => match health {
            Health::Killed => farm.start(&node).map(|()| lock().mark(&node, Health::Well)),
            _ => farm.kill(&node).await.map(|()| lock().mark(&node, Health::Killed)),
        },
        KeyCode::Char('f') => {
            let (signal, next) = match health {
                Health::Frozen => (Signal::CONT, Health::Well),
                _ => (Signal::STOP, Health::Frozen),
            };
            farm.signal(&node, signal);
            Ok(lock().mark(&node, next))
        }
        KeyCode::Char('c') => {
            let (wire, next) = match health {
                Health::Cut => (Wire::Whole, Health::Well),
                _ => (Wire::Cut, Health::Cut),
            };
            farm.set_all(&node, wire);
            Ok(lock().mark(&node, next))
        }
        KeyCode::Char('e') => {
            farm.set_ears(&node, Wire::Cut);
            Ok(lock().mark(&node, Health::Cut))
        }
        KeyCode::Char('d') => order(farm, &node, format!("/drain?node={node}")),
        KeyCode::Char('r') => order(farm, &node, format!("/resume?node={node}")),
        KeyCode::Char('m') => match group {
            Some(group) => order(farm, &node, format!("/move?group={group}&to={node}")),
            None => Ok(()),
        },
        _ => Ok(()),
    };
    if let Err(failure) = done {
        lock().say(failure.0);
    }
}

/// Gives an order at every other node in turn until one takes it: the chosen one may be dead.
fn order(farm: &Farm, node: &str, path: String) -> Result<(), Failure> {
    let mut nodes: Vec<_> = farm.nodes.iter().collect();
    nodes.sort_by_key(|of| of.name == node);
    let addresses: Vec<_> = nodes.into_iter().map(|of| of.http).collect();
    tokio::spawn(async move {
        for address in addresses {
            if crate::client::post(address, &path, &serde_json::Value::Null).await.is_ok() {
                return;
            }
        }
    });
    Ok(())
}
