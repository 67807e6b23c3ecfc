//! Upgrades the software of seven nodes that serve four Exchange virtual servers, one by one.
//!
//! ```text
//! cargo run --example rolling_upgrade                 # every server returns home: 8 moves
//! cargo run --example rolling_upgrade -- --stay       # servers stay where they went: 4 moves
//! ```
//!
//! The spare nodes come first, so that every server moves to a node that is upgraded already. At
//! any time at most one server is down; otherwise the program stops.

use std::error::Error;
use std::time::Duration;

use quorate::cluster::{Command, Input, Life};
use quorate::id::Names;
use quorate::kind::standard::INFORMATION_STORE;
use quorate::machine::NodeState;
use quorate::policy::Ring;
use quorate::spec::ClusterDeclaration;

use common::agents;
use common::simulation::Simulation;

#[path = "common/output.rs"]
#[macro_use]
mod output;
#[path = "common/command_line.rs"]
mod command_line;
mod common;

const DECLARATION: &str = include_str!("exchange_2003.toml");
const SPARE: [&str; 3] = ["node5", "node6", "node7"];
const ACTIVE: [&str; 4] = ["node1", "node2", "node3", "node4"];
/// The time to install and to restart.
const UPGRADE: Duration = Duration::from_secs(45 * 60);

/// Upgrades the software of seven nodes that serve four Exchange virtual servers, one by one.
#[derive(clap::Parser)]
#[command(name = "rolling_upgrade")]
struct Options {
    /// Servers stay where they went: 4 moves in place of 8.
    #[arg(long)]
    stay: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { stay: stays } = command_line::parse();
    let declaration: ClusterDeclaration = toml::from_str(DECLARATION)?;
    let spec = declaration.build()?;
    let mut upgrade = Upgrade {
        simulation: Simulation::new(spec, Ring::new(), agents::exchange, INFORMATION_STORE),
        moves: 0,
    };
    upgrade.start();
    for node in SPARE {
        upgrade.vacate(node, None)?;
        upgrade.install(node)?;
    }
    // The first server goes to the primary spare. If servers do not return, each other one goes to
    // the node that was upgraded right before it.
    let mut free = "node5";
    for (server, node) in (1..).zip(ACTIVE) {
        upgrade.vacate(node, Some(free))?;
        upgrade.install(node)?;
        if stays {
            free = node;
        } else {
            upgrade.send_home(&format!("EVS{server}"), node)?;
        }
    }
    upgrade.report(if stays { 4 } else { 8 });
    Ok(())
}

struct Upgrade {
    simulation: Simulation,
    moves: usize,
}

impl Upgrade {
    fn start(&mut self) {
        self.simulation.witness_up();
        for node in ACTIVE.into_iter().chain(SPARE) {
            self.simulation.boot(node);
        }
        self.simulation.run_until_calm();
        say!("node    step                        {}", self.header().trim_end());
        self.print("", "all at home");
    }

    /// Moves all groups away from a node, to the target if there is one.
    fn vacate(&mut self, node: &str, target: Option<&str>) -> Result<(), Box<dyn Error>> {
        let before = self.servers_on(node);
        self.command(Command::drain_node(node).maybe_to(target))?;
        self.simulation.run_until_calm();
        let after = self.servers_on(node);
        assert!(after.is_empty(), "{node} is not empty: {after:?}");
        if !before.is_empty() {
            self.moves += before.len();
            self.print(node, &format!("drained of {}", before.join(", ")));
        }
        Ok(())
    }

    /// Installs the new software on an empty node, which leaves the cluster meanwhile.
    fn install(&mut self, node: &str) -> Result<(), Box<dyn Error>> {
        self.simulation.input(Input::node_left(node, Life::Known))?;
        self.simulation.run_for(UPGRADE);
        self.simulation.boot(node);
        self.command(Command::resume_node(node))?;
        self.simulation.run_until_calm();
        self.print(node, "upgraded");
        Ok(())
    }

    fn send_home(&mut self, server: &str, home: &str) -> Result<(), Box<dyn Error>> {
        self.command(Command::move_group(server).to(home).return_on_failure())?;
        self.simulation.run_until_calm();
        self.moves += 1;
        self.print(home, &format!("{server} returns"));
        Ok(())
    }

    fn command(&mut self, command: impl Into<Input<Names>>) -> Result<(), Box<dyn Error>> {
        self.simulation.input(command)?;
        Ok(())
    }

    fn servers_on(&self, node: &str) -> Vec<String> {
        let cluster = self.simulation.cluster();
        let node = cluster.spec().node_id(node).expect("the script uses declared names");
        let servers = cluster.spec().groups().filter(|(group, declared)| {
            cluster.state().owner(*group) == Some(node) && declared.name().starts_with("EVS")
        });
        servers.map(|(_, declared)| declared.name().to_owned()).collect()
    }

    fn header(&self) -> String {
        let nodes = ACTIVE.into_iter().chain(SPARE);
        nodes.map(|node| format!("{node:<7}")).collect()
    }

    /// Prints one row: the last step, and what every node serves now.
    fn print(&self, node: &str, step: &str) {
        let cluster = self.simulation.cluster();
        let mut places = String::new();
        let mut free = 0;
        for (id, declared) in cluster.spec().nodes() {
            let servers = self.servers_on(declared.name());
            let state = cluster.state().node_state(id);
            free += usize::from(state == NodeState::Up && servers.is_empty());
            let place = match state {
                NodeState::Up => servers.first().map_or("-", String::as_str),
                NodeState::Paused => "paused",
                NodeState::Joining | NodeState::Down | NodeState::Unclean => "away",
            };
            places += &format!("{place:<7}");
        }
        say!("{node:<7} {step:<27} {}", places.trim_end());
        assert!(free >= 2, "fewer than two free nodes");
        assert!(self.simulation.ledger.most_at_once() <= 1, "two servers were down at once");
    }

    fn report(&self, least: usize) {
        assert_eq!(self.moves, least, "more moves than needed");
        let now = self.simulation.now();
        let ledger = &self.simulation.ledger;
        assert_eq!(ledger.serving(), ACTIVE.len(), "a server was left behind");
        let longest = ledger.services().map(|service| service.longest(now)).max();
        say!(
            "\n{} moves in {} h; at most {} server down at a time, never for longer than {} s",
            self.moves,
            now.as_millis() / 3_600_000,
            ledger.most_at_once(),
            longest.unwrap_or_default().as_secs(),
        );
    }
}
