//! The written form of a declaration: every field, in order.

use super::{ClusterDeclaration, GroupDeclaration, NodeDeclaration, ResourceDeclaration};
use crate::form::written;

written!(ClusterDeclaration {
    always name,
    always profile,
    given quorum,
    given witness_weight,
    given fencing,
    given no_quorum,
    given anti_affinity,
    given admission,
    given failover_limit,
    given retry,
    given retry_cycles,
    given restart_window,
    given ownership,
    given redundant_provider,
    given dependency_change,
    span group_wait_delay,
    span priority_wait,
    span fence_timeout,
    span fence_retry_delay,
    given fence_threshold,
    span fence_period,
    given probe_interval,
    span inventory_timeout,
    given placement_steps,
    given kinds,
    always nodes,
    given groups,
});

written!(NodeDeclaration {
    always name,
    given vote_weight,
    given site,
    given capacity,
    given parameters,
});

written!(GroupDeclaration {
    always name,
    given preferred_owners,
    given anti_affinity_classes,
    given demands,
    given desired,
    given failover_threshold,
    span failover_period,
    span failure_memory,
    given failback,
    given failback_window,
    span failback_hold_down,
    given priority,
    given cold_start,
    span start_delay,
    given parameters,
    given resources,
});

written!(ResourceDeclaration {
    always name,
    always kind,
    given depends_on,
    given possible_owners,
    given settings,
    given parameters,
});
