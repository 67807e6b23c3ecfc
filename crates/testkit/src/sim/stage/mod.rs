//! Plays acts on the watched cluster and the world around it.

mod input;
mod operations;
mod places;
mod sizes;

use std::collections::BTreeMap;

use crate::Breach;
use crate::liveness::Journal;
use crate::reference::{Compared, Differential};
use crate::watch::{Storing, Watch};
use quorate::cluster::{Input, InputError, Output, PortableHasher, RunningState, Snapshot};
use quorate::policy::FailoverPolicy as _;
use quorate::spec::ClusterSpec;
use quorate::{Cluster, Timestamp};
use std::hash::{Hash, Hasher};

use super::act::{Act, Timed};
use super::policy::Policy;
use super::tell::Told;
use super::world::{Book, Key, Op, World};

/// Number of steps between snapshots to which [`Act::Replay`] returns.
const STEPS_PER_MARK: u64 = 50;

/// A deliberate mistake, which a test expects to be found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(not(test), allow(dead_code, reason = "nobody but tests makes them"))]
pub(crate) enum Flaw {
    /// No mistake.
    #[default]
    None,
    /// Copies that an agent falsely reported as stopped are judged like any other.
    LiesAreJudged,
    /// Nodes are rebooted one after the other without a drain.
    NotEmptied,
    /// After a loss of power a node is lost once more, and that is not counted as a fault.
    PowerFlickers,
    /// When the agents of one node fall silent, those of all other nodes do as well.
    SilenceSpreads,
}

/// The effect of an act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Done {
    /// The act was carried out.
    Yes,
    /// The act was not possible.
    No,
}

/// The cluster, the world and everything in between.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    watch: Watch<Policy>,
    pub(crate) book: Book,
    pub(crate) world: World,
    /// Every operation that was asked for, ascending by id.
    pub(crate) ops: Vec<Op>,
    /// The lists that nodes gave of what they run, by inventory operation.
    pub(crate) lists: BTreeMap<u64, Vec<(Key, RunningState)>>,
    /// Operations that agents have just begun because the one before them ended.
    pub(crate) begun: Vec<usize>,
    pub(crate) now: u64,
    /// Inputs and timers that the cluster has seen.
    pub(crate) steps: u64,
    /// Number of times that a group was placed, or could not be.
    pub(crate) placements: u64,
    trace: Trace,
    mark: Mark,
    flaw: Flaw,
    /// The inputs and other lines of a scenario, if they are kept.
    told: Option<Vec<(u64, Told)>>,
    /// A description of everything that happened, if it is kept.
    record: Option<Vec<String>>,
    /// The declaration before the step, for the names in the record.
    spec_before: Option<ClusterSpec>,
    /// The outputs since the faults ended.
    journal: Option<Journal>,
}

/// A snapshot and everything that the cluster was told since.
#[derive(Clone, Debug)]
struct Mark {
    snapshot: Snapshot,
    log: Vec<(Timestamp, Option<Input>)>,
}

/// A hash of everything that the cluster was told and put out.
#[derive(Clone, Debug, Default)]
struct Trace(PortableHasher);

impl Trace {
    fn add(&mut self, now: u64, answer: Result<(), &InputError>, outputs: &[Output], digest: u64) {
        (now, answer.err().map(InputError::kind), digest).hash(&mut self.0);
        outputs.hash(&mut self.0);
    }
}

/// The records that a run keeps besides its judgement.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Keep {
    /// No records.
    #[default]
    Nothing,
    /// The lines of a scenario.
    Told,
    /// A description of everything that happens.
    Words,
}

impl Stage {
    pub(crate) fn new(
        spec: ClusterSpec,
        policy: Policy,
        storing: Storing,
        flaw: Flaw,
        keep: Keep,
    ) -> Self {
        let mut book = Book::default();
        book.refresh(&spec);
        let mut world = World::default();
        world.make_room(book.node_count());
        let watch = Watch::new(spec, policy, Policy::OFFERED, storing);
        let mark = Mark { snapshot: watch.cluster().snapshot(), log: Vec::new() };
        Self {
            watch,
            book,
            world,
            ops: Vec::new(),
            lists: BTreeMap::new(),
            begun: Vec::new(),
            now: 0,
            steps: 0,
            placements: 0,
            trace: Trace::default(),
            mark,
            flaw,
            told: (keep == Keep::Told).then(Vec::new),
            spec_before: None,
            record: (keep == Keep::Words).then(Vec::new),
            journal: None,
        }
    }

    /// Turns on the comparison of every step with the reference model.
    pub(crate) fn compare(&mut self, policy: Policy) {
        let differential = Differential::new(self.cluster(), policy.orders());
        let others = Policy::OFFERED.iter().chain([&policy]);
        let known = others.map(|policy| (policy.name().into_owned(), policy.orders()));
        self.watch.compare(differential.offered(known));
    }

    /// Returns how much has been compared with the reference model.
    pub(crate) fn compared(&self) -> Compared {
        self.watch.compared()
    }

    pub(crate) const fn cluster(&self) -> &Cluster {
        self.watch.cluster()
    }

    pub(crate) const fn digest(&self) -> u64 {
        self.watch.digest()
    }

    pub(crate) fn trace_hash(&self) -> u64 {
        self.trace.0.finish()
    }

    /// Returns the lines of a scenario, with what runs if something runs twice.
    pub(crate) fn told(&self) -> Vec<(u64, Told)> {
        let mut told = self.told.clone().unwrap_or_default();
        for (node, resource) in self.world.doubles(&self.book) {
            let resource = self.book.resource_name(resource).into();
            let node = self.book.node_name(node).into();
            told.push((self.now, Told::Runs { resource, node }));
        }
        told
    }

    pub(crate) const fn flaw(&self) -> Flaw {
        self.flaw
    }

    /// Begins a new journal.
    pub(crate) fn keep_journal(&mut self) {
        self.journal = Some(Journal::new());
    }

    /// Returns the outputs since the journal was begun.
    pub(crate) fn take_journal(&mut self) -> Journal {
        self.journal.take().unwrap_or_default()
    }

    pub(crate) fn record(&mut self) -> Vec<String> {
        self.record.take().unwrap_or_default()
    }

    /// Plays an act at its time.
    pub(crate) fn play(&mut self, timed: &Timed) -> Result<Done, Breach> {
        self.now = self.now.max(timed.at);
        self.world.tick(self.now);
        self.note(|_| std::format!("{:?}", timed.act));
        let done = self.act(&timed.act)?;
        self.world.judge(&self.book)?;
        Ok(done)
    }

    fn act(&mut self, act: &Act) -> Result<Done, Breach> {
        match act {
            Act::Timer => self.fire(),
            Act::Order(op) => Ok(self.order(*op)),
            Act::Work(op, manner) => Ok(self.work(*op, *manner)),
            Act::Strike(op, strike) => Ok(self.strike(*op, *strike)),
            Act::Answer(op, word) => self.answer(*op, *word),
            Act::Progress(op) => self.progress(*op),
            Act::PowerOff(node) => Ok(self.power_off(*node)),
            Act::PowerOn(node) => Ok(self.power_on(*node)),
            Act::Freeze(node) => Ok(self.freeze(*node)),
            Act::Thaw(node) => Ok(self.thaw(*node)),
            Act::Forget(node) => Ok(self.forget(*node)),
            Act::Recount(node) => self.recount(*node),
            Act::Connect(node, link) => Ok(self.connect(*node, *link)),
            Act::Lost(node) => self.lost(*node),
            Act::Joined(node) => self.joined(*node),
            Act::LateNews(node, news, lives_ago) => self.late_news(*node, *news, *lives_ago),
            Act::StaleJoin(node, lives_ago) => self.stale_join(*node, *lives_ago),
            Act::Left(node) => self.left(*node),
            Act::Fenced(node) => self.fenced(*node),
            Act::ConfirmedDown(node, truth) => self.confirmed_down(*node, *truth),
            Act::Rogue(node, resource) => Ok(self.rogue(*node, *resource)),
            Act::Kill(node, resource) => Ok(self.kill(*node, *resource)),
            Act::Report(report) => self.report(*report),
            Act::Clear(resource, truth) => self.clear(*resource, *truth),
            Act::Say(input) => self.say(input),
            Act::Junk(input, moment) => self.junk(input, *moment),
            Act::Edit { kind, one, other } => self.edit(*kind, *one, *other),
            Act::Declare(declaration) => self.declare(declaration.clone()),
            Act::Oversize(size) => self.oversize(*size),
            Act::Restart => self.restart(),
            Act::GoOn => self.go_on(),
            Act::Replay => self.replay(),
            Act::LogAgain => self.log_again(),
        }
    }

    fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.record.is_some() {
            let text = std::format!("{} {}", Timestamp::from_millis(self.now), line(self));
            if let Some(record) = &mut self.record {
                record.push(text);
            }
        }
    }

    /// Returns the id of a node that is declared.
    fn node(&self, node: Key) -> Option<quorate::NodeId> {
        self.book.node_id(node)
    }
}
