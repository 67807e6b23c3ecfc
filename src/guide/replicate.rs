//! Many machines: a replica on each node, a consensus engine between them.
//!
//! One [`Cluster`](crate::Cluster) value decides. If it lives on one machine, this machine must not
//! fail. So put one on every node, and have a consensus engine hand all of them the same entries.
//! [`replicate`](crate::replicate) has the parts, argues why no resource runs twice, and lists what
//! the engine has to give (E1 to E5). This page says how to put them together.
//!
//! # In steps
//!
//! Declare `quorum = "agreed"`: the votes are counted by the engine. Declare the health checks of
//! resources as `is_alive_interval = "never"` and `looks_alive_interval = "never"`. Then the agents
//! make the checks by themselves and report only failures, and an idle cluster writes nothing to
//! the log but a checkpoint every ten seconds. Before anything starts, check the spans of time with
//! [`Timing::check`](crate::replicate::Timing::check), and give them to
//! [`Genesis::timed`](crate::replicate::Genesis::timed). Then a node with other spans gets no
//! lease, and a configuration that does not fit the spans is refused.
//!
//! On every node:
//!
//! 1. **Begin a life.** The keeper says that everything of earlier lives is off. Take
//!    [`Guard::next_life`](crate::replicate::Guard::next_life) of the stored number and of
//!    [`Replica::latest_life`](crate::replicate::Replica::latest_life), store it, then call
//!    [`Keeper::begin`](crate::replicate::Keeper::begin), and push
//!    [`Input::NodeJoined`](crate::Input::NodeJoined) into a new outbox. If the standing of the life
//!    is `Unheard` and the outbox is empty, the join was refused: push it again after a while.
//! 2. **Apply.** Pass every committed entry to [`Replica::apply`](crate::replicate::Replica::apply),
//!    the engine's own to [`skip`](crate::replicate::Replica::skip). Afterwards settle the outbox,
//!    tell the guard the [standing](crate::replicate::Replica::standing) of the life, and look at
//!    the [duties](crate::replicate::Replica::duties).
//! 3. **Beat.** Every [`Timing::beat`](crate::replicate::Timing::beat) send a
//!    [`Beat`](crate::replicate::Beat) and the pending reports to the machine that leads.
//! 4. **Obey the guard.** At the moment at which a duty is carried out, ask
//!    [`Guard::may`](crate::replicate::Guard::may), also just before power goes off. A duty that was
//!    denied stays among the duties until it is given up. Hand each new end of the lease to the
//!    keeper.
//! 5. **Stop.** When [`Guard::handle_timeout`](crate::replicate::Guard::handle_timeout) demands it
//!    the keeper stops everything; when the keeper says that nothing is left, go to step 1.
//!
//! On the machine that leads, as soon as E4 holds:
//!
//! 6. **Take charge** with [`Leader::take_charge`](crate::replicate::Leader::take_charge). A machine
//!    that only votes hands the leadership on.
//! 7. **Confirm and grant.** For every
//!    [`begin_round`](crate::replicate::Leader::begin_round) ask the engine for E3, and send out the
//!    grants of [`handle_confirmed`](crate::replicate::Leader::handle_confirmed).
//! 8. **Propose** what [`poll_entry`](crate::replicate::Leader::poll_entry) returns, at its
//!    [timeout](crate::replicate::Leader::poll_timeout) and when beats or reports arrived.
//!    When the keeper of another node says that a life is off, hand that to
//!    [`handle_off`](crate::replicate::Leader::handle_off): it is a proof, and saves the wait.
//! 9. **Give up in time.** Follow [`Leader::charge`](crate::replicate::Leader::charge): a leader that
//!    is cut off stops sending what keeps it leader. Drop the leader when its term is over.
//! 10. **Fence.** Fences are among the duties of a leader with a lease
//!     ([`Leader::leads`](crate::replicate::Leader::leads)).
//!
//! # What is stored before what
//!
//! | store | before | if it is lost |
//! | --- | --- | --- |
//! | votes and entries of the engine | the engine answers for them | the machine comes back under a new identity of the engine |
//! | the number of a life | anything is done under it | the replica knows the highest one; the next is above it |
//! | a snapshot of the replica | the engine drops the entries in it | it is sent by another node |
//! | nothing of guard, outbox, leader | | the node begins a new life |
//!
//! # The spans fit together
//!
//! Choose the beat, the longest election, the time to stop and the watchdog;
//! [`Timing::fitting`](crate::replicate::Timing::fitting) gives the shortest lease and detection. A
//! follower that dies is given up after detection, a leader after an election and detection.
//!
//! | beat | election | stop | watchdog | lease | detection |
//! | --- | --- | --- | --- | --- | --- |
//! | 50 ms | 150 ms | 100 ms | none | 0.91 s | 1.01 s |
//! | 100 ms | 300 ms | 300 ms | none | 1.91 s | 2.21 s |
//! | 100 ms | 300 ms | 300 ms | 1 s | 2.91 s | 4.22 s |
//! | 200 ms | 1 s | 5 s | 10 s | 19.9 s | 34.9 s |
//!
//! A watchdog of software counts whole seconds. Without a watchdog nothing covers a machine that
//! stands still as a whole for longer than the rest of its lease.
//!
//! # With a store such as etcd
//!
//! The leader key is won by a transaction and held by a lease of the store; that lease elects, and
//! grants nothing. Entry n + 1 is written by one transaction with two conditions: the leader key
//! still has the create revision under which it was won, and the key of entry n + 1 does not exist.
//! Confirming is a linearizable read of the leader key that begins after the call. The term is the
//! create revision. A snapshot is written in parts below the limit of a request.
//!
//! # With a log of your own
//!
//! Check each promise by a test that tries to break it: E1, an entry that was handed out is handed
//! out the same way after every restart. E2, a leader that stood still while another one was elected
//! proposes, and the entry is refused or lands under the later term. E3, the same leader asks for
//! confirmation, and gets none. E4, a new leader that lags behind does not take charge. E5, a node
//! that missed everything gets a snapshot and has the same digest as the others.
//!
//! # Upgrades, backups, disasters
//!
//! - **Upgrade** one node after the other. A node whose rules have another
//!   [number](crate::replicate::Genesis::behaviour) gets no lease, so it runs nothing until the
//!   leader has the same number. Releases with the same number may run side by side, as long as
//!   nobody uses a command or a field that the older one does not know. For a release with another
//!   number, stop all nodes.
//! - **Back up** the snapshot of any replica. It is the declaration and the state; the log is not
//!   needed to read it.
//! - **The majority is gone for good.** First make sure that the lost machines are off and stay off.
//!   Then make one surviving machine the only voter by the tool of the engine, and give the
//!   cluster another name in the engine, so that a machine that comes back cannot join the old one.
//!   Confirm the lost nodes down ([`NodeConfirmedDown`](crate::Input::NodeConfirmedDown)); it counts
//!   when their leases must have ended.
//!
//! # A whole program
//!
//! Three nodes in one process. The log is a list, and `bert` leads in term 1. `anna` falls silent, and
//! her group goes to `bert`.
//!
//! ```
//! use std::time::Duration;
//!
//! use quorate::cluster::{Input, Outcome};
//! use quorate::policy::Ring;
//! use quorate::replicate::{
//!     Affirmation, Beat, Body, Entry, Genesis, Guard, Leader, Leads, Local, NodeLife, Outbox, Permission,
//!     Replica, Timing,
//! };
//! use quorate::spec::ClusterDeclaration;
//! use quorate::{Cluster, Incarnation, Timestamp};
//!
//! const DECLARATION: &str = r#"
//!     name = "mill"
//!     nodes = ["anna", "bert", "carl"]
//!     quorum = "agreed"
//!     fencing = "trusted"
//!
//!     [[groups]]
//!     name = "sql"
//!
//!     [[groups.resources]]
//!     name = "db"
//!     kind = "Generic Service"
//!     settings = { is_alive_interval = "never", looks_alive_interval = "never" }
//! "#;
//!
//! struct Node {
//!     replica: Replica,
//!     guard: Guard,
//!     outbox: Outbox,
//! }
//!
//! impl Node {
//!     fn new(name: &str, cluster: &Cluster, timing: Timing) -> Self {
//!         let life = NodeLife::new(name, Incarnation::new(1));
//!         let replica = Replica::new(name, cluster.clone(), Genesis::new(Ring::new()).timed(timing));
//!         let mut outbox = Outbox::new(life.clone());
//!         let joined = Input::node_joined(name, life.incarnation, []);
//!         outbox.push(Body::Input(joined)).expect("it is empty");
//!         Self { replica, guard: Guard::new(life, timing), outbox }
//!     }
//!
//!     fn beat(&self, now: Local) -> Beat {
//!         Beat {
//!             life: self.guard.life().clone(),
//!             sent: now,
//!             lease_ends: self.guard.lease_ends(),
//!             applied: self.replica.applied(),
//!             checkpoint: self.replica.checkpoint(),
//!             behaviour: self.replica.genesis().behaviour(),
//!         }
//!     }
//!
//!     fn apply(&mut self, now: Local, index: u64, entry: Entry) {
//!         self.replica.apply(index, 1, entry).expect("entries come in order");
//!         self.outbox.settle(self.replica.reported(self.guard.life()));
//!         let standing = self.replica.standing(self.guard.life());
//!         self.guard.handle_standing(now, standing);
//!         let duties: Vec<_> = self.replica.duties(Leads::No).collect();
//!         for effect in duties {
//!             let Ok(Permission::Agent(_)) = self.guard.may(now, &self.replica, &effect)
//!             else { continue };
//!             // Here the agent does it. It succeeds at once.
//!             println!("{effect}");
//!             let resource = effect.resource.clone().expect("an operation on a resource");
//!             let ended = (effect.operation, Outcome::Succeeded);
//!             self.guard.end_operation(now, &self.replica, &resource, ended);
//!             let report = Input::operation_finished(effect.operation, Outcome::Succeeded);
//!             self.outbox.push(Body::Input(report)).expect("there is room");
//!         }
//!     }
//! }
//!
//! let millis = Duration::from_millis;
//! let timing = Timing::fitting(millis(100), millis(300), millis(300), Duration::ZERO);
//! let declaration: ClusterDeclaration = toml::from_str(DECLARATION)?;
//! let cluster = Cluster::new(declaration.build()?, Ring::new(), Timestamp::ZERO);
//! timing.check(cluster.spec())?;
//! let mut nodes = ["anna", "bert", "carl"].map(|name| Node::new(name, &cluster, timing));
//!
//! let bert = 1;
//! let mut leader = Leader::take_charge(Local::from_millis(0), 1, timing, &nodes[bert].replica)?;
//! let mut index = 0;
//! for now in (0..8_000).step_by(50).map(Local::from_millis) {
//!     let anna_is_silent = now >= Local::from_millis(4_000);
//!     for number in 0..3 {
//!         if number == 0 && anna_is_silent {
//!             continue;
//!         }
//!         let (beat, reports) = (nodes[number].beat(now), nodes[number].outbox.pending(64));
//!         let own = &nodes[bert].replica;
//!         // A beat that does not count is to be logged; nothing else follows.
//!         let _ = leader.handle_beat(now, beat, own);
//!         leader.handle_reports(now, reports, own);
//!     }
//!     if let Some(round) = leader.begin_round(now) {
//!         // Here the engine asks a quorum. It agrees at once.
//!         let affirmation = Affirmation { round, term: 1, committed: index };
//!         for grant in leader.handle_confirmed(now, affirmation, &nodes[bert].replica) {
//!             for node in &mut nodes {
//!                 node.guard.handle_grant(now, &grant);
//!             }
//!         }
//!     }
//!     while let Some(entry) = leader.poll_entry(now, &nodes[bert].replica) {
//!         index += 1;
//!         for number in 0..3 {
//!             if number != 0 || !anna_is_silent {
//!                 nodes[number].apply(now, index, entry.clone());
//!             }
//!         }
//!     }
//! }
//! let cluster = nodes[bert].replica.cluster();
//! let sql = cluster.spec().group_id("sql").expect("declared above");
//! let owner = cluster.state().owner(sql).and_then(|node| cluster.spec().node(node));
//! assert_eq!(owner.map(|node| node.name()), Some("bert"));
//! assert!(nodes[0].guard.is_over(Local::from_millis(8_000)));
//! assert_eq!(nodes[1].replica.digest(), nodes[2].replica.digest());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
