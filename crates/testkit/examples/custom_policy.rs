//! A custom failover policy: stay in one building, then spread the load.
//!
//! `cargo run --example custom_policy`

use std::borrow::Cow;
use std::error::Error;

use quorate::policy::{FailoverPolicy, Key, LeastGroups, PlacementRequest, Rank, Trigger};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, NodeDeclaration, ResourceDeclaration};
use quorate::{Cluster, Incarnation, Input, NodeId, Timestamp};
use quorate_testkit::policy::assert_conformance;

#[path = "../../../examples/common/output.rs"]
#[macro_use]
mod output;
#[path = "../../../examples/common/command_line.rs"]
mod command_line;

/// A policy that prefers nodes at the site of the present owner, and never uses the closing site.
#[derive(Debug)]
struct StayOnSite {
    closing: Option<&'static str>,
}

impl FailoverPolicy for StayOnSite {
    fn name(&self) -> Cow<'static, str> {
        match self.closing {
            None => "stay_on_site".into(),
            Some(site) => format!("stay_on_site(closing {site})").into(),
        }
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let site_of = |node| placement.spec().node(node).and_then(|node| node.site());
        let site = site_of(candidate);
        if site.is_some() && site == self.closing {
            return Rank::veto("the site is closing");
        }
        let home = placement.owner().and_then(site_of);
        Rank::by(Key::smallest("change of site", i64::from(site != home)))
    }
}

/// Demonstrates a custom failover policy: stay in one building, then spread the load.
#[derive(clap::Parser)]
#[command(name = "custom_policy")]
struct Options {}

fn main() -> Result<(), Box<dyn Error>> {
    let Options {} = command_line::parse();
    // Checks the laws that hold for every policy; in your own crate this is a test.
    assert_conformance(StayOnSite { closing: Some("site 1") }.then(LeastGroups));

    // Ties are left to a policy of the crate.
    ask("Both sites are open", StayOnSite { closing: None }.then(LeastGroups))?;
    ask("The south is closing", StayOnSite { closing: Some("south") }.then(LeastGroups))
}

/// Prints where the shop would go if its node failed, and why.
fn ask(title: &str, policy: impl FailoverPolicy + 'static) -> Result<(), Box<dyn Error>> {
    let node = |name: &str, site: &str| NodeDeclaration::new(name).site(site);
    let group = |name: &str, owner: &str| {
        let service = ResourceDeclaration::new(format!("{name} service"), "Generic Service");
        GroupDeclaration::new(name).preferred_owners([owner]).resource(service)
    };
    let spec = ClusterDeclaration::new("shops")
        .node(node("oslo", "north"))
        .node(node("bergen", "north"))
        .node(node("rome", "south"))
        .node(node("milan", "south"))
        .node(node("turin", "south"))
        .group(group("shop", "rome"))
        .group(group("bank", "milan"))
        .build()?;

    let mut cluster = Cluster::new(spec, policy, Timestamp::ZERO);
    for name in ["rome", "milan", "turin", "oslo", "bergen"] {
        let joined = Input::node_joined(name.to_owned(), Incarnation::new(1), Vec::new());
        cluster.handle(Timestamp::ZERO, cluster.spec().resolve(joined)?)?;
    }
    let shop = cluster.spec().group_id("shop").ok_or("no group of this name")?;
    let answer = cluster.explain(shop, Trigger::NodeFailure).ok_or("no such group")?;
    say!("{title}:\n{}\n", cluster.spec().named(answer));
    Ok(())
}
