//! Seven nodes, four Exchange virtual servers, and a bad day.
//!
//! It loads `exchange_2003.toml`, plays the agents of the resources in simulated time, and prints
//! what the cluster does: `cargo run --example exchange_2003`.

use std::error::Error;
use std::time::Duration;

use quorate::cluster::Command;
use quorate::id::Names;
use quorate::kind::standard::INFORMATION_STORE;
use quorate::policy::{Ring, Trigger};
use quorate::spec::{ClusterDeclaration, ClusterSpec};
use quorate::{Reason, Timestamp};

use common::agents;
use common::ledger::Service;
use common::simulation::Simulation;
use timeline::{Row, Teller};

#[path = "../common/output.rs"]
#[macro_use]
mod output;
#[path = "../common/command_line.rs"]
mod command_line;
#[path = "../common/mod.rs"]
mod common;
mod timeline;

const DECLARATION: &str = include_str!("../exchange_2003.toml");
const MAILBOXES_PER_SERVER: usize = 4_000;
const HEALTH_CHECK: Duration = Duration::from_secs(10);
const SERVERS: [&str; 4] = ["EVS1", "EVS2", "EVS3", "EVS4"];

/// Seven nodes, four Exchange virtual servers, and a bad day.
#[derive(clap::Parser)]
#[command(name = "exchange_2003")]
struct Options {}

fn main() -> Result<(), Box<dyn Error>> {
    let Options {} = command_line::parse();
    let declaration: ClusterDeclaration = toml::from_str(DECLARATION)?;
    let spec = declaration.build()?;
    for warning in spec.warnings() {
        say!("warning: {warning}");
    }
    let mut day =
        Day { simulation: Simulation::new(spec, Ring::new(), agents::exchange, INFORMATION_STORE) };
    day.cold_start();
    day.lose_four_nodes();
    day.bring_nodes_back();
    day.move_home()?;
    day.break_a_store();
    day.print_outages();
    Ok(())
}

/// The script, step by step.
struct Day {
    simulation: Simulation,
}

impl Day {
    fn cold_start(&mut self) {
        heading("Cold start: every resource waits for what it needs");
        self.simulation.witness_up();
        for number in 1..=7 {
            self.simulation.boot(&format!("node{number}"));
        }
        self.simulation.run_until_calm();
        self.tell(Some("EVS1"));
    }

    fn lose_four_nodes(&mut self) {
        self.crash("node1");
        self.pause();
        self.explain("EVS2");
        for node in ["node2", "node3", "node4"] {
            self.crash(node);
        }
    }

    fn bring_nodes_back(&mut self) {
        self.pause();
        heading("Node 1 is back: the failed server takes the first free node");
        self.simulation.boot("node1");
        self.simulation.run_until_calm();
        self.tell(None);
        self.pause();
        heading("The others are back too: nothing moves by itself (failback is prevented)");
        for node in ["node2", "node3", "node4"] {
            self.simulation.boot(node);
        }
        self.simulation.run_until_calm();
        self.tell(None);
    }

    /// Moves the servers home: EVS4 first, because it is on the home of EVS1.
    fn move_home(&mut self) -> Result<(), Box<dyn Error>> {
        self.pause();
        heading("The operator moves the servers home, one at a time");
        for (server, home) in
            [("EVS4", "node4"), ("EVS1", "node1"), ("EVS2", "node2"), ("EVS3", "node3")]
        {
            self.simulation.input(Command::move_group(server).to(home))?;
            self.simulation.run_until_calm();
            self.tell(None);
        }
        Ok(())
    }

    fn break_a_store(&mut self) {
        self.pause();
        heading("The store of EVS1 crashes four times: three restarts, then failover");
        for _ in 0..4 {
            let now = self.simulation.now();
            say!("{}", Row::new(now, "EVS1", "the store process crashes"));
            self.simulation.kill("EVS1 Information Store");
            self.simulation.run_until_calm();
            self.tell(None);
            self.simulation.run_for(Duration::from_secs(30));
        }
    }

    fn crash(&mut self, node: &str) {
        self.pause();
        heading(&format!("{node} loses its power"));
        say!("{}", Row::new(self.simulation.now(), node, "crashes; nobody knows yet"));
        self.simulation.crash(node);
        self.simulation.run_until_calm();
        self.tell(None);
    }

    /// Lets some quiet time pass, with health checks only.
    fn pause(&mut self) {
        self.simulation.run_for(Duration::from_secs(600));
        self.print_rows(None);
    }

    fn explain(&self, server: &str) {
        let spec = self.spec();
        let group = spec.group_id(server).expect("it is declared");
        let answer = self.simulation.cluster().explain(group, Trigger::NodeFailure);
        let answer = answer.expect("the group is of this cluster");
        heading(&format!("Asked beforehand: where would {server} go if its node failed?"));
        for line in spec.named(answer).to_string().lines() {
            say!("  {line}");
        }
    }

    fn tell(&mut self, close_up: Option<&str>) {
        self.print_rows(close_up);
        self.print_standing();
    }

    fn print_rows(&mut self, close_up: Option<&str>) {
        let journal = self.simulation.take_journal();
        let outage = |group: &str, at: Timestamp| {
            let last = self.store_of(group)?.outages.last()?;
            // Not if the rest of the group was down without its store.
            let is_recent = last.until.is_some_and(|until| at.since(until) < HEALTH_CHECK);
            is_recent.then(|| minutes(last.length(at)))
        };
        let teller = Teller { spec: self.spec(), close_up, outage: &outage };
        for row in teller.rows(&journal) {
            say!("{row}");
        }
    }

    fn store_of(&self, server: &str) -> Option<&Service> {
        let store = self.spec().resource_id(&format!("{server} Information Store"))?;
        self.simulation.ledger.service(store)
    }

    /// Prints where the servers are, and why one is not online.
    fn print_standing(&self) {
        let cluster = self.simulation.cluster();
        let mut places = String::new();
        let mut reasons = String::new();
        for server in SERVERS {
            let group = self.spec().group_id(server).expect("it is declared");
            let owner = cluster.state().owner(group).and_then(|node| self.spec().node(node));
            let place = owner.map_or("nowhere", |node| node.name());
            match cluster.why(group) {
                None => places += &format!("   {server} {place}"),
                Some(reason) => {
                    places += &format!("   {server} {}", cluster.group_state(group));
                    let reason: Reason<Names> = self.spec().named(reason);
                    reasons += &format!("\n  why is {server} not online? {reason}");
                }
            }
        }
        let online = self.simulation.ledger.serving() * MAILBOXES_PER_SERVER;
        let all = SERVERS.len() * MAILBOXES_PER_SERVER;
        say!("  => mailboxes online: {} of {}{places}{reasons}", grouped(online), grouped(all));
    }

    fn print_outages(&self) {
        heading("Downtime of the mailboxes");
        say!("  server   outages   longest     total");
        let now = self.simulation.now();
        for server in SERVERS {
            let store = self.store_of(server).expect("every server has a store");
            say!(
                "  {server:<6} {:>9}   {:>7}   {:>8}",
                store.outages.len(),
                minutes(store.longest(now)),
                minutes(store.total(now)),
            );
        }
    }

    fn spec(&self) -> &ClusterSpec {
        self.simulation.cluster().spec()
    }
}

fn heading(text: &str) {
    say!("\n{text}");
}

/// Formats a span as minutes and seconds.
fn minutes(span: Duration) -> String {
    format!("{}:{:02}", span.as_secs() / 60, span.as_secs() % 60)
}

/// Formats a number with a comma at the thousands.
fn grouped(number: usize) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1_000),
    }
}
