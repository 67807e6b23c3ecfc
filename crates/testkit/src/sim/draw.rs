//! Draws everything that a seed determines: a cluster, a policy, and the faults and their rates.

use std::time::Duration;

use crate::history::declare::declaration_of;
use crate::history::tape::Tape;
use crate::policies::Misbehaving;
use quorate::catalog::exchange::{MtaPlace, Version, VirtualServer};
use quorate::settings::{Fencing, Interval, QuorumRule};
use quorate::spec::{ClusterDeclaration, Profile};

use super::dice::Dice;
use super::fault::FaultKind;
use super::policy::Policy;

/// Streams of random numbers of one seed. The cluster does not depend on the faults.
const CLUSTER: u64 = 1;
const FAULTS: u64 = 2;
const COURSE: u64 = 3;
const END: u64 = 4;

/// The choice of a run with or without faults.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Weather {
    /// A run with some faults.
    Hostile,
    /// The run without faults: the twin that shows what the faults alone change.
    Benign,
}

/// Everything that a seed determines.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) declaration: ClusterDeclaration,
    pub(crate) policy: Policy,
    pub(crate) swarm: Swarm,
    pub(crate) twin: u64,
    /// The random numbers for everything that happens.
    pub(crate) dice: Dice,
    pub(crate) epilogue: Epilogue,
}

/// The last phase of a run, when the faults are over and everything that can be online is. After
/// any of them the agents of one node fall silent.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Epilogue {
    /// Nothing happens.
    #[default]
    Nothing,
    /// Every node is drained and rebooted, one after the other.
    RollingReboot,
    /// Power is lost everywhere and comes back.
    PowerLoss,
}

impl Epilogue {
    pub(crate) const ALL: [Self; 3] = [Self::Nothing, Self::RollingReboot, Self::PowerLoss];
}

/// The faults of a run and how often they strike.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// By kind: how often a message fault strikes in 10,000 cases, or the weight of a fault from
    /// outside among those. 0 means never.
    rates: Vec<u64>,
    /// Mean milliseconds from one fault from outside to the next.
    pub(crate) tempo: u64,
    /// Mean milliseconds until membership notices that a node is gone or back.
    pub(crate) detection: u64,
    /// Mean milliseconds that an agent takes.
    pub(crate) work: u64,
    /// Highest number of milliseconds that a message travels.
    pub(crate) travel: u64,
    /// Kinds that strike from outside, with their cumulative weights.
    outside: Vec<(u64, FaultKind)>,
}

impl Draw {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        let mut dice = Dice::new(seed, CLUSTER);
        let declaration = cluster(&mut dice);
        let good = Policy::draw(&mut dice);
        let twin = dice.pick(&[1, 0, 7, 2]);
        let mut dice = Dice::new(seed, FAULTS);
        let swarm = Swarm::draw(&mut dice, weather);
        let bad = bad_policy(&mut dice).filter(|_| weather == Weather::Hostile);
        let policy = bad.map_or(good, Policy::Bad);
        let epilogue = Dice::new(seed, END).pick(&Epilogue::ALL);
        Self { declaration, policy, swarm, twin, dice: Dice::new(seed, COURSE), epilogue }
    }
}

/// Draws a policy that misbehaves for one run in eight.
fn bad_policy(dice: &mut Dice) -> Option<Misbehaving> {
    let policies = [Misbehaving::Whim, Misbehaving::Worst, Misbehaving::Veto, Misbehaving::Extreme];
    let policy = dice.one_of(&policies);
    policy.filter(|_| dice.chance(1, 8))
}

/// Returns the lowest and the highest rate from which the rate of a kind is drawn. Kinds with few
/// opportunities get higher rates.
#[allow(clippy::wildcard_enum_match_arm, reason = "most kinds have nothing of their own")]
const fn range(kind: FaultKind) -> (u64, u64) {
    use FaultKind as F;
    match kind {
        F::OrderLost | F::AnswerLost => (20, 3_000),
        F::OrderTwice | F::AnswerTwice => (20, 5_000),
        F::FenceFails
        | F::FenceDirty
        | F::FenceSilent
        | F::FenceHangs
        | F::FenceLate
        | F::FenceAfterRejoin => (600, 6_000),
        F::FenceWrongNode | F::LyingStop => (2_000, 8_000),
        F::LyingStart | F::StopHangs | F::DiesAfterStart => (150, 2_500),
        F::ExecutedReversed => (300, 5_000),
        F::SilentDeath | F::ReportedDeath | F::FalseAlarm | F::GrayResource | F::SlowAgent => {
            (80, 5_000)
        }
        F::RaceFail | F::RaceEvict | F::RaceDrain | F::RaceCancel => (80, 5_000),
        F::DiesAtEdge | F::ConfirmedWrongly => (600, 10_000),
        _ => (20, 2_500),
    }
}

impl Swarm {
    fn draw(dice: &mut Dice, weather: Weather) -> Self {
        let tempo = dice.log_uniform(50, 600_000);
        let detection = dice.log_uniform(100, 60_000);
        let work = dice.log_uniform(5, 2_000);
        // One run in six has false reports; the resources and nodes concerned are not judged.
        let has_liars = dice.chance(1, 6);
        let mut rates = vec![0; FaultKind::ALL.len()];
        for (rate, kind) in rates.iter_mut().zip(FaultKind::ALL) {
            let (low, high) = range(*kind);
            let (is_on, drawn) = (dice.chance(1, 2), dice.log_uniform(low, high));
            let may_be = kind.applies() && (has_liars || !kind.is_lie());
            if is_on && may_be && weather == Weather::Hostile {
                *rate = drawn;
            }
        }
        let mut swarm = Self { rates, tempo, detection, work, travel: 20, outside: Vec::new() };
        swarm.add_up();
        if weather == Weather::Benign {
            swarm.calm();
        }
        swarm
    }

    /// Ends all faults.
    pub(crate) fn calm(&mut self) {
        self.rates.iter_mut().for_each(|rate| *rate = 0);
        self.add_up();
        self.detection = self.detection.min(5_000);
        // This is faster than any timeout.
        self.work = self.work.min(15);
    }

    /// Makes all messages and agents take a constant time.
    pub(crate) fn keep_time(&mut self) {
        self.work = 0;
        self.travel = 1;
    }

    /// Sets the rate of a message fault.
    pub(crate) fn provoke(&mut self, kind: FaultKind, often: u64) {
        if let Some(rate) = self.rates.get_mut(kind.index()) {
            *rate = often;
        }
    }

    fn add_up(&mut self) {
        let mut sum = 0_u64;
        self.outside.clear();
        for kind in FaultKind::ALL {
            let rate = self.rate(*kind);
            if kind.place() == super::fault::Place::World && rate > 0 {
                sum = sum.saturating_add(rate);
                self.outside.push((sum, *kind));
            }
        }
    }

    pub(crate) fn rate(&self, kind: FaultKind) -> u64 {
        self.rates.get(kind.index()).copied().unwrap_or(0)
    }

    /// Tells whether no fault ever strikes from outside.
    pub(crate) fn is_calm(&self) -> bool {
        self.outside.is_empty()
    }

    /// Draws the next fault from outside.
    pub(crate) fn next(&self, dice: &mut Dice) -> Option<FaultKind> {
        let (sum, _) = self.outside.last()?;
        let number = dice.below(*sum);
        self.outside.iter().find(|(up_to, _)| number < *up_to).map(|(_, kind)| *kind)
    }
}

/// Draws a small cluster; one in ten is the one of Exchange Server with four servers on seven
/// nodes.
fn cluster(dice: &mut Dice) -> ClusterDeclaration {
    let mut declaration = if dice.chance(1, 10) {
        exchange(dice)
    } else {
        let nodes = usize::try_from(dice.between(2, 7)).unwrap_or(2);
        let groups = usize::try_from(dice.between(1, 6)).unwrap_or(1);
        let numbers = dice.tape(700);
        declaration_of(nodes, groups, &mut Tape::new(&numbers))
    };
    slow_down_checks(&mut declaration, dice);
    declaration
}

/// Makes health checks rarer in most runs: a check every half second leaves no room for anything
/// else.
fn slow_down_checks(declaration: &mut ClusterDeclaration, dice: &mut Dice) {
    let slowest = dice.pick(&[3_600_000, 600_000, 60_000, 0]);
    if slowest == 0 {
        return;
    }
    let span = Duration::from_millis(slowest);
    for resource in declaration.groups.iter_mut().flat_map(|group| &mut group.resources) {
        let settings = resource.settings.get_or_insert_default();
        settings.looks_alive_interval = Some(Interval::Never);
        let declared = settings.is_alive_interval.unwrap_or(Interval::Every(span));
        settings.is_alive_interval = Some(declared.max(Interval::Every(span)));
    }
}

fn exchange(dice: &mut Dice) -> ClusterDeclaration {
    let fencing = match dice.below(3) {
        0 => Fencing::Trusted,
        1 => Fencing::Required,
        _ => Fencing::Lease {
            duration: Duration::from_millis(dice.log_uniform(500, 60_000)),
            margin: Duration::from_millis(dice.below(500)),
        },
    };
    let quorum = match dice.below(3) {
        0 => QuorumRule::NodeMajority,
        1 => QuorumRule::MajorityWithWitness,
        _ => QuorumRule::DiskOnly,
    };
    let cluster =
        ClusterDeclaration::new("mail").profile(Profile::Mscs2003).quorum(quorum).fencing(fencing);
    let cluster = (1..=7).fold(cluster, |of, k| of.node(node_name(k)));
    (1..=4).fold(cluster, |of, k| {
        let server = VirtualServer::new(Version::Exchange2003, std::format!("EVS{k}"))
            .disks(["F:"])
            .storage_groups(4)
            .mta(if k == 1 { MtaPlace::Here } else { MtaPlace::Elsewhere })
            .preferred_owners([k, 5, 6, 7].map(node_name));
        of.group(server.build())
    })
}

fn node_name(k: u32) -> String {
    std::format!("node{k}")
}
