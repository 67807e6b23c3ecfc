//! A short play, which tells what happens.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate::Cluster;
use quorate::cluster::Command;
use quorate::machine::GroupState;

use crate::daemon::Daemon;
use crate::host::{Hosts, ToHost};
use crate::process;

/// The longest time to wait for anything.
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) fn play() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("quorate-threads-{}", std::process::id()));
    let mut daemon = Daemon::start(toml::from_str(include_str!("daemon.toml"))?, &folder)?;
    // Switches all nodes off at the end, also after an error or a panic.
    let _end = End { hosts: Arc::clone(&daemon.hosts), folder };
    let first = online(&daemon, "the shop to start", |_| true)?;

    say!("--- somebody kills the web server");
    let web = daemon.hosts.group(&first, "web").ok_or("no web server")?;
    process::signal(web, "KILL")?;
    let hosts = Arc::clone(&daemon.hosts);
    online(&daemon, "the restart", move |on| hosts.group(on, "web").is_some_and(|of| of != web))?;

    say!("--- {first} falls silent; its processes go on");
    daemon.hosts.send(&first, ToHost::FallSilent);
    let silent = first.clone();
    let second = online(&daemon, "the takeover", move |on| on != silent)?;

    say!("--- the shop moves, and the core dies on the way");
    let to = if second == "carl" { "bert" } else { "carl" };
    daemon.inbox.report(Command::move_group("shop").to(to));
    let begun = || daemon.hosts.group(to, "web");
    let web = wait_for("the web server to begin elsewhere", begun)?;
    daemon.kill_core();
    // Meanwhile the agent ends the start, and nobody hears of it.
    sleep(Duration::from_millis(800));

    say!("--- another core goes on from the file");
    daemon.restart_core()?;
    let third = online(&daemon, "the end of the move", move |on| on != second)?;
    if daemon.hosts.group(&third, "web") != Some(web) {
        return Err("the web server was started twice".into());
    }
    say!("--- the shop went from {first} to {third}, and nothing ran twice");
    daemon.kill_core();
    Ok(())
}

/// Waits until the shop is online, in the way that is expected, and returns its owner.
fn online(
    daemon: &Daemon,
    what: &str,
    is_expected: impl Fn(&str) -> bool,
) -> Result<String, Box<dyn Error>> {
    wait_for(what, || daemon.inbox.ask(owner)?.filter(|owner| is_expected(owner)))
}

/// Returns the owner of the shop, if it is online.
fn owner(cluster: &Cluster) -> Option<String> {
    let shop = cluster.spec().group_id("shop")?;
    let owner = cluster.state().owner(shop)?;
    let is_online = cluster.group_state(shop) == GroupState::Online;
    is_online.then(|| cluster.spec().node(owner).map(|node| node.name().to_owned()))?
}

fn wait_for<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> Result<T, Box<dyn Error>> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(answer) = question() {
            return Ok(answer);
        }
        sleep(Duration::from_millis(10));
    }
    Err(format!("waited too long for {what}").into())
}

struct End {
    hosts: Arc<Hosts>,
    folder: PathBuf,
}

impl Drop for End {
    fn drop(&mut self) {
        for node in self.hosts.names() {
            if let Err(error) = self.hosts.power_off(node) {
                eprintln!("{node}: {error}");
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
