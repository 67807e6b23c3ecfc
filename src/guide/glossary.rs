//! The words of WSFC and of Pacemaker, and those of this crate.
//!
//! The model is that of Windows server clusters, so most words are theirs. Pacemaker has other
//! words for these things, and some things that this crate does not have. `docs/declaration.md`
//! lists the fields of a declaration. `docs/decisions.md` lists, under "Left out, and why", the
//! parts of Windows clusters that the crate leaves out.
//!
//! # Parts of a cluster
//!
//! | Windows (MSCS, WSFC) | Pacemaker | here |
//! | --- | --- | --- |
//! | cluster, node | cluster, node | cluster, node |
//! | group, clustered role | group; or resources with a colocation and an order | [group](crate::spec::GroupDeclaration): has one owner and moves as a whole |
//! | resource | primitive | [resource](crate::spec::ResourceDeclaration) |
//! | resource type | resource agent class and type (`ocf:…`) | [kind](crate::kind) |
//! | resource DLL, resource monitor | resource agent, executor | your [agent](super::agents) |
//! | dependency expression | the order of a group, and order constraints | `depends_on`, within a group |
//! | cluster database | CIB | the [declaration](crate::spec::ClusterDeclaration) and the [snapshot](crate::Snapshot); you store them |
//! | Cluster service | controller, scheduler, on Corosync | the core decides like the scheduler; the rest is yours |
//! | membership, heartbeats, regroup | Corosync | with [replicas](super::replicate) the leader detects nodes that send no beats; otherwise failures are detected outside, and reported ([`NodeLost`](crate::Input::NodeLost)) |
//! | core cluster group | – | no counterpart: the cluster has no address of its own |
//! | – | clone, promotable clone | no counterpart: a resource runs once. Declare one group for each node, with one possible owner |
//! | – | bundle | no counterpart: a container is a resource of a kind of yours |
//! | group set, dependencies across groups | order constraint between groups | no counterpart: the group is what fails over. [Priorities](crate::settings::Priority) put starts in order |
//! | site, fault domain | node attribute | `site` of a node, for a policy of yours; no rule of the core |
//!
//! # Placement
//!
//! | Windows | Pacemaker | here |
//! | --- | --- | --- |
//! | possible owners | location constraint with `-INFINITY` | `possible_owners` of a resource |
//! | preferred owners | location constraints with scores | `preferred_owners` of a group: an order, no scores. [Policies](crate::policy) rank as they like |
//! | anti-affinity class | colocation with a negative score | `anti_affinity_classes`; `anti_affinity = "hard"` is `-INFINITY` |
//! | – | colocation with a positive score | put the resources into one group |
//! | – | `utilization`, `placement-strategy` | `capacity` of nodes and `demands` of groups; [`LeastLoaded`](crate::policy::LeastLoaded) |
//! | automatic failback | `resource-stickiness` 0 | `failback = "allow"`; staying is the default |
//! | failback window | rule with a date expression | `failback_window`, and `failback_hold_down` against nodes that flap |
//! | start order by priority | `priority` | `priority`; no group is stopped to make room for another |
//! | move | `crm_resource --move`, which leaves a constraint | [`MoveGroup`](crate::cluster::Command::MoveGroup), which leaves no rule behind |
//! | live migration | `allow-migrate` | no counterpart: a move stops and starts |
//!
//! # Failures
//!
//! | Windows | Pacemaker | here |
//! | --- | --- | --- |
//! | LooksAlive, IsAlive | `monitor` | [`CheckLooksAlive`](crate::state::OperationKind::CheckLooksAlive), [`CheckIsAlive`](crate::state::OperationKind::CheckIsAlive) |
//! | – | probe (`monitor` once) | [inventory](crate::state::OperationKind::Inventory) of a node, [probe](crate::state::OperationKind::Probe) of a resource in doubt |
//! | PendingTimeout | `timeout` of an operation | `pending_timeout`, for the time without a report; `start_deadline`, `stop_deadline`, for the whole operation |
//! | RestartThreshold, RestartPeriod | `migration-threshold`, `failure-timeout` | `restart_threshold`, `restart_period` |
//! | RestartAction | `on-fail` of an operation | `restart_action`, `on_unfixable`, `unconfirmed_stop` |
//! | – | `on-fail=block` | `on_unfixable = "block"` |
//! | – | `on-fail=fence` of a stop | `unconfirmed_stop = "fence_node"` |
//! | FailoverThreshold, FailoverPeriod | `migration-threshold` on each node | `failover_threshold`, `failover_period` |
//! | RetryPeriodOnFailure | `failure-timeout` | `retry_period` |
//! | – | a node is banned by its fail count | `failure_memory`: such a node comes last and is not banned; [`FailedForGood`](crate::Outcome::FailedForGood) bans |
//! | – | `crm_resource --cleanup` | [`ClearGroupFailures`](crate::cluster::Command::ClearGroupFailures), [`ClearResourceFailure`](crate::cluster::Command::ClearResourceFailure) |
//! | persistent state | `target-role` | `desired`, kept from the last order on |
//! | maintenance mode of a resource | `maintenance` of a resource, nearly: there nothing is managed | [`BeginMaintenance`](crate::cluster::Command::BeginMaintenance): failed checks are ignored; orders still count |
//! | – | `is-managed=false` | [`LockGroup`](crate::cluster::Command::LockGroup), nearly: failed resources are still restarted |
//!
//! # Nodes and quorum
//!
//! | Windows | Pacemaker | here |
//! | --- | --- | --- |
//! | up, down, paused, joining | online, offline, standby, pending | as in Windows, and *unclean*: lost, and not certain to be off |
//! | – | UNCLEAN | unclean |
//! | reservation of disks (the node that holds the disk writes) | fencing, STONITH | `fencing = "required"`: the effect [`Fence`](crate::state::OperationKind::Fence) is for a device of yours |
//! | – | watchdog, diskless SBD | `fencing = { lease = … }`: nodes stop themselves in time |
//! | – | `stonith-enabled=false` | `fencing = "trusted"`, and only if membership really vouches for it |
//! | – | `stonith_admin --confirm` | [`NodeConfirmedDown`](crate::Input::NodeConfirmedDown) |
//! | node weight | votes of Corosync | `vote_weight` |
//! | disk or file share witness | quorum device | `quorum = "majority_with_witness"`; the embedder reports who holds it |
//! | quorum disk alone | – | `quorum = "disk_only"` |
//! | dynamic quorum and witness | `last_man_standing` | with [replicas](super::replicate), [`voters`](crate::quorum::voters) says who should vote in the consensus engine now; otherwise a new declaration changes the votes |
//! | forced quorum | – | [your confirmation and a new declaration](super::operate#most-nodes-are-gone-for-good) |
//! | the service stops | `no-quorum-policy=stop`, `freeze` | `no_quorum` |
//! | – | `no-quorum-policy=ignore` | no counterpart: nothing starts without quorum |
//! | pause | standby, nearly: there everything moves away | [`PauseNode`](crate::cluster::Command::PauseNode): running groups stay |
//! | pause with drain | standby | [`DrainNode`](crate::cluster::Command::DrainNode) |
//! | resume | unstandby | [`ResumeNode`](crate::cluster::Command::ResumeNode) |
//! | evict | `crm_node --remove` | [`EvictNode`](crate::cluster::Command::EvictNode) |
//! | quarantine, isolation | – | [`Quarantine`](crate::replicate::Quarantine) of [replicas](super::replicate); otherwise it is decided outside who may join. No counterpart of isolation: report the loss later |
//! | – | node health | no counterpart: pause or drain the node |
//! | – | tickets (booth) | no counterpart: which of two sites may run something is decided outside |
//!
//! # Tools
//!
//! | Windows | Pacemaker | here |
//! | --- | --- | --- |
//! | – | `crm_verify` | [`build`](crate::spec::ClusterDeclaration::build), example `check` |
//! | – | `crm_simulate` | [`what_if`](crate::Cluster::what_if) |
//! | – | allocation scores | [`explain`](crate::Cluster::explain) |
//! | – | `crm_mon` | [`state`](crate::Cluster::state), [`why`](crate::Cluster::why) |
//! | cluster log | transition graph, log | the outputs: each can be printed as one line |
