//! Figures for Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use quorate::Cluster;
use quorate::machine::GroupState;

/// The counters of the core.
#[derive(Default)]
pub(crate) struct Metrics {
    accepted: AtomicU64,
    refused: AtomicU64,
    stored: AtomicU64,
}

impl Metrics {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stored(&self) {
        self.stored.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the text form that Prometheus reads.
    pub(crate) fn page(&self, cluster: &Cluster) -> String {
        let mut page = String::new();
        let counters = [
            ("quorate_inputs_accepted_total", "Inputs taken in.", &self.accepted),
            ("quorate_inputs_refused_total", "Inputs refused.", &self.refused),
            ("quorate_snapshots_total", "Snapshots stored.", &self.stored),
        ];
        for (name, help, counter) in counters {
            family(&mut page, name, "counter", help);
            sample(&mut page, name, "", counter.load(Ordering::Relaxed));
        }
        let (spec, state) = (cluster.spec(), cluster.state());
        family(&mut page, "quorate_quorum", "gauge", "1 with quorum, 0 without.");
        sample(&mut page, "quorate_quorum", "", state.is_quorate().into());
        let name = "quorate_operations_outstanding";
        family(&mut page, name, "gauge", "Operations that are not answered yet.");
        sample(&mut page, name, "", cluster.outstanding().count().try_into().unwrap_or(u64::MAX));
        family(&mut page, "quorate_node_member", "gauge", "1 if the node is a member.");
        for (node, declared) in spec.nodes() {
            let is_member = state.node(node).is_some_and(|of| of.state().is_member());
            let label = label("node", declared.name());
            sample(&mut page, "quorate_node_member", &label, is_member.into());
        }
        family(&mut page, "quorate_group_online", "gauge", "1 if the group is wholly online.");
        for (group, declared) in spec.groups() {
            let is_online = cluster.group_state(group) == GroupState::Online;
            let label = label("group", declared.name());
            sample(&mut page, "quorate_group_online", &label, is_online.into());
        }
        page
    }
}

fn family(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(page: &mut String, name: &str, label: &str, value: u64) {
    let _ = writeln!(page, "{name}{label} {value}");
}

/// Returns a label. Names have no ends of lines, so two characters are to be escaped.
fn label(name: &str, value: &str) -> String {
    format!("{{{name}=\"{}\"}}", value.replace('\\', "\\\\").replace('"', "\\\""))
}
