//! The cluster that is checked, and its names.
//!
//! ```text
//! nodes   a  b  c            one vote each
//! group   sql  prefers a, b, c: disk ◀─ db       blocked while a stop is not confirmed
//! group   web  prefers b, c, a: ip   ◀─ site     fences its node instead; fails back
//! ```

use core::time::Duration;
use std::fmt::Write;

use quorate::Cluster;
use quorate::kind::{KindDeclaration, ResourceOverrides};
use quorate::settings::{Failback, Fencing, Interval, UnconfirmedStop};
use quorate::spec::{
    ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration, SpecErrors,
};

use super::Configuration;

pub(crate) const NODES: usize = 3;
pub(crate) const GROUPS: usize = 2;
pub(crate) const RESOURCES: usize = 4;

/// The span after which nothing counts as due: no history lasts that long, which is judged at every
/// step.
pub(crate) const HORIZON: Duration = Duration::from_secs(3_600);

/// A span that is longer than any history.
const FOREVER: Duration = Duration::from_secs(36_000);

pub(crate) const NODE_NAMES: [&str; NODES] = ["a", "b", "c"];
pub(crate) const GROUP_NAMES: [&str; GROUPS] = ["sql", "web"];
pub(crate) const RESOURCE_NAMES: [&str; RESOURCES] = ["disk", "db", "ip", "site"];

/// Number of restarts of a resource on one owner.
pub(crate) const RESTARTS: u8 = 1;
/// Number of failovers of a group because of its resources.
pub(crate) const FAILOVERS: u8 = 1;

/// More fences of one node than fit into one moment.
const UNLIMITED: u32 = 1_000;

const KIND: &str = "Thing";

/// Returns the group of a resource.
pub(crate) const fn group_of(resource: usize) -> usize {
    resource / 2
}

/// Returns the resources of a group, the provider first.
pub(crate) const fn members(group: usize) -> [usize; 2] {
    [2 * group, 2 * group + 1]
}

/// Returns the provider of a resource, if it needs one.
pub(crate) const fn provider_of(resource: usize) -> Option<usize> {
    if resource.is_multiple_of(2) { None } else { Some(resource - 1) }
}

/// Returns the dependent of a resource, if it has one.
pub(crate) const fn dependent_of(resource: usize) -> Option<usize> {
    if resource.is_multiple_of(2) { Some(resource + 1) } else { None }
}

/// Returns the declaration of the cluster.
pub(crate) fn declaration(configuration: &Configuration) -> ClusterDeclaration {
    let mut cluster = ClusterDeclaration::new("model")
        .fencing(Fencing::Required)
        .kind(KindDeclaration { name: KIND.into(), ..KindDeclaration::default() });
    cluster.fence_timeout = Some(configuration.timeout);
    cluster.fence_retry_delay = Some(configuration.delay);
    (cluster.fence_threshold, cluster.fence_period) = match configuration.fences {
        Some(count) => (Some(count.into()), Some(FOREVER)),
        None => (Some(UNLIMITED), Some(Duration::from_millis(1))),
    };
    cluster.probe_interval = Some(Interval::Every(configuration.delay));
    cluster.group_wait_delay = Some(Duration::ZERO);
    for name in NODE_NAMES {
        cluster = cluster.node(name);
    }
    for group in 0..GROUPS {
        cluster = cluster.group(group_declaration(configuration, group));
    }
    if let Some(scene) = configuration.scene {
        (scene.declare)(&mut cluster);
    }
    cluster
}

fn group_declaration(configuration: &Configuration, group: usize) -> GroupDeclaration {
    let preferred = (0..NODES).map(|place| NODE_NAMES[(group + place) % NODES]);
    let mut declared = GroupDeclaration::new(GROUP_NAMES[group]).preferred_owners(preferred);
    declared.failover_threshold = Some(FAILOVERS.into());
    declared.failover_period = Some(FOREVER);
    declared.failback = Some(if group == 0 { Failback::Prevent } else { Failback::Allow });
    for resource in members(group) {
        let mut of = ResourceDeclaration::new(RESOURCE_NAMES[resource], KIND)
            .settings(overrides(configuration, group));
        if let Some(provider) = provider_of(resource) {
            of = of.needs(format!("[{}]", RESOURCE_NAMES[provider]));
        }
        declared = declared.resource(of);
    }
    declared
}

fn overrides(configuration: &Configuration, group: usize) -> ResourceOverrides {
    ResourceOverrides {
        restart_threshold: Some(RESTARTS.into()),
        restart_period: Some(FOREVER),
        restart_delay: Some(configuration.delay),
        // A used-up budget stays used up; otherwise no history would ever end.
        retry_period: Some(Interval::Never),
        pending_timeout: Some(configuration.timeout),
        deadlock_timeout: Some(configuration.timeout),
        looks_alive_interval: Some(Interval::Never),
        is_alive_interval: Some(Interval::Every(FOREVER)),
        unconfirmed_stop: Some(if group == 0 {
            UnconfirmedStop::BlockGroup
        } else {
            UnconfirmedStop::FenceNode
        }),
        ..ResourceOverrides::default()
    }
}

/// Returns the number of attempts to fence one node in a whole history, if they are limited.
pub(crate) fn fence_limit(cluster: &Cluster) -> Option<u8> {
    let settings = cluster.spec().settings();
    let is_limited = settings.fence_period >= HORIZON;
    is_limited.then(|| u8::try_from(settings.fence_threshold).unwrap_or(u8::MAX))
}

/// Returns the validated cluster.
pub(crate) fn spec(configuration: &Configuration) -> Result<ClusterSpec, SpecErrors> {
    declaration(configuration).build()
}

/// Writes the declaration in the language of scenarios.
pub(crate) fn tell(configuration: &Configuration, text: &mut String) {
    let declared = declaration(configuration);
    if configuration.scene.is_some() {
        let json = serde_json::to_string(&declared).expect("a declaration is plain data");
        let _ = writeln!(text, "declare {json}");
        return;
    }
    let millis = |span: Option<Duration>| span.unwrap_or_default().as_millis();
    let _ = writeln!(
        text,
        "cluster fencing=required fence_timeout={}ms fence_retry_delay={}ms fence_threshold={} \
         fence_period={}ms probe_interval={}ms group_wait_delay=0",
        millis(declared.fence_timeout),
        millis(declared.fence_retry_delay),
        declared.fence_threshold.unwrap_or_default(),
        millis(declared.fence_period),
        millis(declared.probe_interval.and_then(Interval::span)),
    );
    for node in NODE_NAMES {
        let _ = writeln!(text, "node {node}");
    }
    for (index, group) in declared.groups.iter().enumerate() {
        let failback = if group.failback == Some(Failback::Allow) { "allow" } else { "prevent" };
        let _ = writeln!(
            text,
            "group {} prefer={} failover_threshold={FAILOVERS} failover_period={}ms \
             failback={failback}",
            group.name,
            group.preferred_owners.join(","),
            millis(group.failover_period),
        );
        for resource in members(index) {
            tell_resource(configuration, resource, text);
        }
    }
}

fn tell_resource(configuration: &Configuration, resource: usize, text: &mut String) {
    let of = overrides(configuration, group_of(resource));
    let millis = |span: Option<Duration>| span.unwrap_or_default().as_millis();
    let stop = if of.unconfirmed_stop == Some(UnconfirmedStop::FenceNode) {
        "fence_node"
    } else {
        "block_group"
    };
    let _ = write!(
        text,
        "resource {} kind=\"Generic Service\" restart_threshold={RESTARTS} restart_period={}ms \
         restart_delay={}ms retry_period=never pending_timeout={}ms deadlock_timeout={}ms \
         looks_alive_interval=never is_alive_interval={}ms unconfirmed_stop={stop}",
        RESOURCE_NAMES[resource],
        millis(of.restart_period),
        millis(of.restart_delay),
        millis(of.pending_timeout),
        millis(of.deadlock_timeout),
        millis(of.is_alive_interval.and_then(Interval::span)),
    );
    if let Some(provider) = provider_of(resource) {
        let _ = write!(text, " needs=\"[{}]\"", RESOURCE_NAMES[provider]);
    }
    text.push('\n');
}
