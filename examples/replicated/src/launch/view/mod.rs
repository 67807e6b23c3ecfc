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

use picture::{Health, Picture, Step};

/// The picture, shared between the tasks that ask the nodes and the one that draws.
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
    let (node, group, health) = with(shared, |picture| picture.chosen());
    let mark = |next| with(shared, |picture| picture.mark(&node, next));
    match key {
        KeyCode::Up => with(shared, |picture| picture.choose_node(Step::Back)),
        KeyCode::Down => with(shared, |picture| picture.choose_node(Step::On)),
        KeyCode::Tab => with(shared, Picture::choose_group),
        KeyCode::Char('k') => {
            let (done, next) = match health {
                Health::Killed => (farm.start(&node), Health::Well),
                Health::Well | Health::Frozen | Health::Cut => {
                    (farm.kill(&node).await, Health::Killed)
                }
            };
            mark(next);
            if let Err(failure) = done {
                with(shared, |picture| picture.say(failure.0));
            }
        }
        KeyCode::Char('f') => {
            let (signal, next) = match health {
                Health::Frozen => (Signal::CONT, Health::Well),
                Health::Well | Health::Killed | Health::Cut => (Signal::STOP, Health::Frozen),
            };
            farm.signal(&node, signal);
            mark(next);
        }
        KeyCode::Char('c') => {
            let (wire, next) = match health {
                Health::Cut => (Wire::Whole, Health::Well),
                Health::Well | Health::Killed | Health::Frozen => (Wire::Cut, Health::Cut),
            };
            farm.set_all(&node, wire);
            mark(next);
        }
        KeyCode::Char('e') => {
            farm.set_ears(&node, Wire::Cut);
            mark(Health::Cut);
        }
        KeyCode::Char('d') => order(farm, shared, &node, format!("/drain?node={node}")),
        KeyCode::Char('r') => order(farm, shared, &node, format!("/resume?node={node}")),
        KeyCode::Char('m') => {
            if let Some(group) = group {
                order(farm, shared, &node, format!("/move?group={group}&to={node}"));
            }
        }
        _ => {}
    }
}

/// Does something with the picture.
fn with<T>(shared: &Shared, work: impl FnOnce(&mut Picture) -> T) -> T {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Gives an order at one node after the other until one answers; the chosen one, which may be dead,
/// comes last.
fn order(farm: &Farm, shared: &Shared, node: &str, path: String) {
    let mut nodes: Vec<_> = farm.nodes.iter().collect();
    nodes.sort_by_key(|of| of.name == node);
    let addresses: Vec<_> = nodes.into_iter().map(|of| of.http).collect();
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut message = String::new();
        for address in addresses {
            match crate::client::post(address, &path, &serde_json::Value::Null).await {
                Ok(_) => return with(&shared, |picture| picture.say(String::new())),
                Err(failure) => message = failure.0,
            }
        }
        with(&shared, |picture| picture.say(message));
    });
}
