//! Custom failover policies: stay in one building, then spread the load; take the replica with the
//! least lag, unless it lags too far behind.
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

/// A policy that prefers the replica with the least lag, and never uses one that lags too far
/// behind. A replica whose lag is not known comes last.
///
/// The lag is an attribute that the embedder reports to the cluster. A policy that asked the replicas
/// itself would break its contract: replicas of the core would choose differently.
/// [`ByAttribute`](quorate::policy::ByAttribute) is the same without the veto.
#[derive(Debug)]
struct LeastLag {
    most: i64,
}

impl FailoverPolicy for LeastLag {
    fn name(&self) -> Cow<'static, str> {
        format!("least_lag(at most {})", self.most).into()
    }

    fn rank(&self, placement: &PlacementRequest<'_>, candidate: NodeId) -> Rank {
        let lag = placement.attribute(candidate, "lag");
        if lag.is_some_and(|lag| lag > self.most) {
            return Rank::veto("the replica lags too far behind");
        }
        // All candidates get the same keys.
        let known = Key::largest("lag known", i64::from(lag.is_some()));
        Rank::by(known).and_by(Key::smallest("lag", lag.unwrap_or(0)))
    }
}

/// Demonstrates custom failover policies: by site and load, and by the lag of replicas.
#[derive(clap::Parser)]
#[command(name = "custom_policy")]
struct Options {}

fn main() -> Result<(), Box<dyn Error>> {
    let Options {} = command_line::parse();
    // Checks the laws that hold for every policy; in your own crate this is a test.
    assert_conformance(StayOnSite { closing: Some("site 1") }.then(LeastGroups));
    assert_conformance(LeastLag { most: 2 });

    // Ties are left to a policy of the crate.
    ask("Both sites are open", StayOnSite { closing: None }.then(LeastGroups))?;
    ask("The south is closing", StayOnSite { closing: Some("south") }.then(LeastGroups))?;
    ask("The replica with the least lag", LeastLag { most: 60 })
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
    for (name, lag) in [("rome", 0), ("milan", 45), ("turin", 300), ("oslo", 2)] {
        let report = Input::node_attribute_changed(name, "lag", lag);
        cluster.handle(Timestamp::ZERO, cluster.spec().resolve(report)?)?;
    }
    let shop = cluster.spec().group_id("shop").ok_or("no group of this name")?;
    let answer = cluster.explain(shop, Trigger::NodeFailure).ok_or("no such group")?;
    say!("{title}:\n{}\n", cluster.spec().named(answer));
    Ok(())
}
