//! Scenarios: stories of clusters, in text that needs no programming to read or write.
//!
//! A scenario sets a cluster up, gives it inputs and says what is to happen:
//!
//! ```text
//! # Losing the owner moves the group only after the node is fenced.
//! cluster fencing=required
//! node a
//! node b
//! node c
//! group sql prefer=a,b
//! resource disk kind="Physical Disk"
//! resource db kind="Generic Service" needs="[disk]"
//! start
//! ----
//!
//! join a b c
//! ----
//! node a: up
//! ...
//! ```
//!
//! There is one command per line. Then comes `----`, and then the outputs of the cluster, up to a
//! blank line. Times are hours, minutes and seconds since the start of the scenario. `#` begins a
//! comment. Words with spaces stand in double quotes. The error of a refused input is part of the
//! output: `error node_paused: node a is paused`. `UPDATE=1 cargo test --test scenarios` writes the
//! real outputs below every `----`; read them before you commit them.
//!
//! # Setting up
//!
//! Every `key=value` sets the field of that name in the declaration; a comma makes a list. A key
//! that is not a field of a resource belongs to its settings.
//!
//! | line | short keys |
//! |---|---|
//! | `cluster [name] fencing=required profile=mscs2003` | `fencing=lease:30s+5s` (duration, margin) |
//! | `node a vote=1 capacity.mem=10` | `vote` is `vote_weight` |
//! | `group sql prefer=a,b class=db demand.mem=4` | `prefer` is `preferred_owners`, `class` is `anti_affinity_classes`, `demand` is `demands`; `failback_window=22-6` |
//! | `resource disk kind="Physical Disk" restart_threshold=1` | `needs` is `depends_on`, `possible` is `possible_owners`; belongs to the last group, or to `group=sql` |
//! | `kind "My Service" class=user requires=[{"class":"storage"}]` | values in `[ ]` or `{ }` are JSON; `settings.restart_delay=1s` |
//! | `policy ring` | `ring`, `ring:7` (seed), `first_preferred`, `strict_preferred`, `least_groups`, `least_loaded`, `smallest:lag`, `largest:lag` (attribute); several in a row break ties; bad ones for tests: `whim`, `worst`, `veto`, `extreme` |
//! | `declare {…}` | the whole declaration as JSON, as in files; after `start` it replaces the configuration |
//! | `false-word` | the cluster is told that a node or resource is off while it runs: resources that then run twice are shown, and are no breach |
//! | `start` | builds the cluster and prints warnings or errors |
//!
//! # Nodes, witness, clock
//!
//! | line | what it tells the cluster |
//! |---|---|
//! | `join a b` | the nodes joined, each in its next life; `inc=2` names the life, `running=disk,ip` the resources that run there, `running=disk:stopping` adds what the node knows of the resource (`online`, `starting`, `stopping`) |
//! | `inventory a running=disk` | the agents of the node were restarted and report what it runs, as with `join`; with `answers=7` they were not restarted, and answer operation 7 |
//! | `attribute a lag 5` | the attribute `lag` of the node has this value |
//! | `leave a`, `lose a`, `fenced a`, `confirm-down a` | the node left, is not heard from, was fenced, is off as an operator confirms; `inc=2` names the life of the node |
//! | `witness up`, `witness down` | the witness was gained, lost |
//! | `clock 08:30 +60` | the wall clock shows 08:30 UTC, local time is 60 minutes ahead |
//!
//! # Agents
//!
//! The agents carry out every operation at once and in order, unless they are told otherwise:
//!
//! | line | meaning |
//! |---|---|
//! | `fail-next start disk [3]` | the next start of the disk fails (the next three) |
//! | `unfit disk on=a`, `fit disk on=a` | from now on a start of the disk on this node fails for good, does not |
//! | `hang start disk`, `unhang start disk` | from now on starts of the disk are not answered, are answered |
//! | `manual`, `auto` | no operation is answered by itself, every one is |
//! | `done start disk [failed]` | answers the last start of the disk, even if the cluster no longer waits for it; also `failed_for_good`, `running`, `not_running`, `timed_out` |
//! | `done all` | answers every operation, again and again, until none is outstanding |
//! | `progress start disk` | the last start reports progress |
//! | `crash disk` | the disk stops running, and the agent on the owner's node reports it; `on=a inc=1` report from elsewhere, `run=3` reports the run that operation 3 started |
//! | `die disk` | the disk stops running; the next health check finds out |
//! | `alive disk` | the agent reports that the disk is alive; `on=`, `inc=` and `run=` as with `crash` |
//! | `answer 12 failed` | answers the operation with this number, even if the cluster does not wait for it |
//! | `run disk on=a` | the disk runs there, and the cluster is not told |
//!
//! Operations are `start`, `stop`, `terminate`, `check`, `probe`, `fence` and `inventory`; the last
//! two are about a node.
//!
//! # Operators
//!
//! | line | command |
//! |---|---|
//! | `online sql`, `offline sql` | a group, or else a resource; with `override` although locked |
//! | `move sql to b`, `move sql best` | with `return`, `queue`, `override` |
//! | `cancel-move sql` | |
//! | `pause a`, `drain a [forced] [to b] [override]`, `resume a [immediate \| policy]` | |
//! | `clear sql`, `clear sql on=a`, `clear disk`, `fail disk` | forgets the failures of a group, that a group failed on one node, the failures of a resource; makes a resource fail |
//! | `maintenance on disk`, `maintenance off disk` | |
//! | `lock sql`, `unlock sql`, `evict a` | |
//! | `change-policy least_groups` | chooses nodes by another policy from now on; all of the crate are on offer by their names |
//! | `offer smallest:lag ring` | no command: offers one more policy, written as in `policy` |
//! | `configure add node d ; set group sql priority=low ; remove group web` | changes the declaration in force; `unset group sql priority`; `configure moving …` may move groups |
//!
//! # Time
//!
//! | line | meaning |
//! |---|---|
//! | `advance 15m`, `at 1h` | time goes on (to that moment); timers go off in order |
//! | `timeout` | a timer goes off now, although none is due |
//! | `skip 10m` | time goes on and no timer goes off |
//! | `resume-core` | the core resumes after a time in which no core decided |
//!
//! # Anything else
//!
//! | line | meaning |
//! |---|---|
//! | `input {…}` | an input as JSON with numbers in the place of names, declared or not |
//! | `input at=5ms {…}` | an input that is handed in at that moment |
//!
//! # Questions
//!
//! | line | answer |
//! |---|---|
//! | `state` | nodes, groups and resources |
//! | `why sql`, `explain sql [trigger]` | why it is not online; where it would go |
//! | `whatif lose a ; move sql to b` | what would happen, as a forecast only; `&` stands between the changes of one `configure` |
//! | `budget sql`, `budget disk` | failovers or restarts left |
//! | `outstanding`, `timer` | operations not answered; the next timer |
//! | `snapshot` | the rest is played on a cluster restored from a snapshot of this one |
//! | `digest` | the digest of the state |
//! | `digest-same` | tells whether the last command left the state unchanged |
//! | `show checks`, `hide checks` | prints health checks from now on, does not; `resources` likewise |
//!
//! After every step the invariants of the cluster are checked and the [audit](super::audit) judges
//! the outputs. A second timer at an equal time must do nothing, and no resource may run on two
//! nodes. A breach fails the scenario, whatever it expects.

mod command;
mod declare;
mod diff;
mod play;
mod print;
mod question;
mod scene;
mod script;
mod turn;
mod words;
mod world;
mod write;

pub use diff::diff;
pub use script::Misspelt;
pub(crate) use write::{Stage, setup, step};

use play::Play;

/// Plays scenarios.
#[derive(Clone, Copy, Debug, Default)]
pub struct Runner;

/// The result of a scenario.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Played {
    /// The scenario with the real outputs below every `----`.
    pub text: String,
    /// Rules that were broken, whatever the scenario expects.
    pub breaches: Vec<String>,
}

impl Runner {
    /// Plays a scenario from the start.
    ///
    /// # Errors
    ///
    /// The first line that is not understood.
    pub fn play(self, text: &str) -> Result<Played, Misspelt> {
        let mut play = Play::default();
        let text = script::fill(text, |line| play.line(line))?;
        Ok(Played { text, breaches: play.breaches() })
    }
}
