//! Bugs that are planted on purpose, to prove that the checks find them.
//!
//! A check that has never failed is not known to work. Each of these bugs breaks the engine in one
//! place, and the simulator and the model checker have to notice it. The switch is the compiler
//! flag `--cfg quorate_seeded_bugs`, which the build script of the package `ci/seeded_bugs` sets.
//! It is not a feature, so no dependency can turn it on. Without it the bugs are not compiled.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The planted bug of the whole process; 0 is none.
static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// Counts how often a bug that needs chance was asked for, because the engine has no random
/// numbers.
static ASKED: AtomicUsize = AtomicUsize::new(0);

macro_rules! bugs {
    ($($(#[doc = $title:literal])+ $bug:ident: $invariant:ident,)+) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum SeededBug {
            $($(#[doc = $title])+ $bug,)+
        }

        impl SeededBug {
            /// Every bug.
            pub const ALL: &'static [Self] = &[$(Self::$bug,)+];

            /// The defect, in words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$bug => concat!($($title),+).trim_ascii_start(),)+
                }
            }

            /// The number of the invariant that it is meant to break.
            #[must_use]
            pub const fn breaks(self) -> &'static str {
                match self {
                    $(Self::$bug => stringify!($invariant),)+
                }
            }
        }
    };
}

bugs! {
    /// the answer to an operation that has timed out still counts
    LateAnswerCounts: S8,
    /// a report from an earlier life of a node counts
    OldIncarnationCounts: S8,
    /// a report that a node is lost or off counts, whichever of its lives it is about
    LateReportCounts: S8,
    /// a report of a run that is over counts
    ReportOfEarlierRunCounts: S8,
    /// an operator's word that a resource is off is taken while a start of it may still come
    WordBeforeLateStart: S13,
    /// a terminate that was not answered counts as done
    TimeoutIsOff: S13,
    /// an agent carries out an operation behind a newer one of the same resource
    AgentForgetsLast: S1,
    /// an agent that stopped everything by itself goes on in the same life
    AgentOutlivesItsLife: S1,
    /// an agent carries out what was asked of an earlier life of its node
    AgentTakesAnyLife: S1,
    /// an agent that lost its memory goes on as if there had been nothing to remember
    AgentNeedsNoMemory: S1,
    /// a node counts as off as soon as its fence is asked for
    FenceNotAwaited: S9,
    /// a fence that was not answered counts as done
    FenceTimeoutIsOff: S26,
    /// without quorum a node that is only said to run nothing counts as off when votes change
    AbsenceIsProof: S6,
    /// half of the votes are a majority
    HalfIsMajority: S6,
    /// at a tie the witness counts for every part of the cluster
    WitnessForBoth: S6,
    /// a provider that failed is terminated beside what relies on it
    FailedProviderGoesFirst: S3,
    /// providers stop before their dependents
    ProviderStopsFirst: S3,
    /// what a member does not list stays online
    UnlistedStaysOnline: S2,
    /// after an inventory what was in flight is left to agents that remember nothing of it
    InventoryKeepsNumbers: S11,
    /// whatever a node lists when it is back counts as online
    ListedIsOnline: S2,
    /// a provider that is still starting is good enough to start on
    PendingProviderCounts: S2,
    /// one failover more than the threshold
    OneFailoverMore: S14,
    /// an entry that is exactly one period old has left the window
    WindowTooShort: S14,
    /// the failovers of a group are forgotten when it moves
    FailoversForgotten: S14,
    /// restarts never leave their window
    RestartsNeverExpire: S15,
    /// restarts leave their window while the resource is not online
    RestartsAgeOffline: S15,
    /// the restarts of a resource are forgotten at each restart
    RestartsForgotten: S15,
    /// a group fails over although its resource may be restarted once more
    FailsOverTooSoon: S15,
    /// an order to bring something online forgets its failure only if that was seen to its end
    OrderForgetsDoubt: S15,
    /// a failed start has the threshold of restarts, not its own
    StartThresholdIgnored: S15,
    /// a possible owner of any resource may own the group
    AnyPossibleOwner: S16,
    /// a group goes to a node on which one of its resources can never run
    BanIgnored: S16,
    /// a paused node is as good as any
    PausedEligible: S16,
    /// what need not run is started on a node that cannot run it
    NeedlessResourceTried: S16,
    /// a node may own a group only if it can run what need not run as well
    EveryResourceMustRun: S16,
    /// groups on their way take no room
    PendingTakesNoRoom: S17,
    /// a group that was off starts where it is, whether there is room or not
    StartsWithoutRoom: S17,
    /// a group that is off and wanted off takes room all the same
    OffTakesRoom: S17,
    /// groups are placed without a look at the capacity of the node
    CapacityIgnored: S17,
    /// classes and dimensions in another spelling are others
    SpellingCounts: S17,
    /// groups of low priority are placed first
    PriorityInverted: S18,
    /// groups that are to be offline start as well
    DesiredIgnored: S19,
    /// failback does not wait for the hold-down
    HoldDownIgnored: S20,
    /// a failback window across midnight is open by day
    MidnightInverted: S20,
    /// a group fails back more than once per window
    SecondFailback: S20,
    /// a group fails back once more when the clock is put back within its window
    ClockShiftIgnored: S20,
    /// a node that was removed keeps its vote
    RemovedNodeVotes: S6,
    /// after a restore the operation ids begin anew
    OperationIdReused: S11,
    /// a stop loses its timer when its move is canceled
    TimerLostOnCancel: S11,
    /// the answer to a superseded operation still counts
    SupersededAnswerCounts: S8,
    /// nodes are planned in an order that differs from run to run
    UnstableOrder: S23,
    /// what a joining node runs and does not own is taken for granted
    OrphanAdopted: S27,
    /// what is declared while the cluster runs is started although it may run already
    StartsUnasked: S27,
    /// only members are waited for, not nodes that are lost
    OnlyMembersAsked: S27,
    /// what a member says that it runs of what is newly declared is not looked at
    AnswerIgnored: S27,
    /// the answer to a question that was asked before more was declared counts for all
    OldQuestionStands: S27,
    /// a group takes over what runs although what that depends on does not
    TakenOverInPart: S27,
    /// a health check that came due while another one was in flight is left for a timer in the past
    TimeoutInThePast: S29,
    /// the time in which the core was down counts against what was under way
    DowntimeCounts: S29,
    /// a lease ends as soon as the core goes on, before anything is reported
    ResumeEndsLeases: S9,
    /// time may run backwards
    TimeRunsBackwards: S29,
    /// ownership changes while the group still runs
    MoveDoesNotWait: S4,
    /// a resource is stopped while its start is in flight
    StopOvertakesStart: S10,
    /// resources may depend on each other in a circle
    CircleAccepted: S21,
    /// a refused input counts as an input
    RefusalLeavesTrace: S22,
    /// without quorum everything runs on where it is to stop
    QuorumLossIgnored: S25,
    /// a resource that runs can be taken out of the configuration
    RemovedWhileRunning: S28,
    /// a group that was refused asks again at once
    RefusalRetriedAtOnce: S30,
    /// a snapshot forgets when resources were restarted
    SnapshotForgets: S31,
    /// a resource that does not affect its group moves it
    UncriticalMoves: S32,
    /// a failed start is online
    FailedStartIsOnline: S33,
    /// the reason given for a failed group is another one
    ReasonUntrue: S34,
    /// what was given up for want of a budget stays so when another configuration raises it
    RaisedBudgetIgnored: S34,
    /// a group that waits for a failover stays although a further node allows one
    AddedNodeIgnored: S34,
    /// that no node can own a group is not reported if the group waits for a node already
    PlacementUntold: S34,
    /// groups that need a node at the same time take one after the other what each likes best
    PlacesOneByOne: S37,
    /// what could never run in the last life of its node waits for a failover in the next one
    BarOutlivesLife: L5,
    /// a rehearsal begins when everything in flight has succeeded
    RehearsalFromRest: S34,
    /// where a group would go if its owner failed is told from a draw that is never made
    ExplainOtherDraw: S34,
    /// the reason names a resource without an operation in flight, not the one that is waited for
    WhyNamesWrong: S34,
    /// a change of configuration may cost the quorum
    ConfigureLosesQuorum: S35,
    /// a drain takes groups away that can go nowhere
    DrainToNowhere: S36,
    /// the group of an evicted node loses its owner and nobody is told
    EvictionUntold: S7,
    /// a change of owner leaves the epoch as it is
    EpochStands: S7,
    /// an operation that times out is not told to have ended
    OutcomeSwallowed: S12,
    /// a lease ends without its margin
    MarginIgnored: S9,
    /// the attributes of a node are kept when its life ends
    AttributesOutliveLife: S8,
    /// a fenced node comes back in the same life
    FencedNodeReturns: S26,
    /// fences have no budget
    FenceWithoutEnd: S26,
    /// a configuration strikes the owner of a group that runs there
    OwnerStruckAnyway: S18,
    /// a dependency is added though its provider is off, so that what runs is stopped
    DependencyNotAwaited: S28,
    /// drains and failbacks move locked groups
    LockIgnored: S18,
    /// what should be left for an operator is terminated
    LeftIsTerminated: S19,
    /// a group moves by itself though something of it is left for an operator
    LeftGroupMoves: S19,
    /// something starts on what failed and is left for an operator
    StartsOnLeft: S2,
    /// a drain stops groups of low priority before those of higher priority are online
    DrainAllAtOnce: S36,
    /// a group is stopped in order to move, and then waits for its start delay
    MovedIsDelayed: L13,
    /// a group waits for those of higher priority for ever
    PriorityWaitsForEver: L13,
    /// a restart that is due waits for groups of higher priority that are starting
    RestartAwaitsTurn: L13,
    /// a group is stopped in order to move, and then waits for groups of higher priority
    MovedAwaitsTurn: L13,
    /// a group that ran since the cluster formed waits for its preferred owner once more
    HomeAwaitedAgain: S34,
    /// groups without a node are forgotten when one comes up
    WaitingForgotten: L1,
    /// what cannot leave a paused node is said to be tried again at times at which nothing happens
    RetryOnPausedNode: S34,
    /// the timer of a failed resource that is to be tried again is lost
    RetryTimerLost: L5,
    /// a group goes back to the node that it has just failed on
    PingPong: L3,
    /// it does not count for a choice on which nodes a group failed
    FailureForgotten: L3,
    /// a group returns to a node on which it failed
    ReturnsToFailed: L3,
    /// a node that was fenced is never taken in again
    FencedNodeShutOut: L7,
    /// a drain forgets the groups that could not leave at first
    DrainForgotten: L11,
    /// groups of low priority wait for those that have failed
    FailedHoldsUpOthers: L13,
    /// what is in doubt counts as on its way while it is being probed
    DoubtEndsWhileAsked: L14,
    /// groups of low priority wait for those whose node is not off yet
    FenceHoldsUpOthers: L16,
    /// an entry of a leader that lost its charge counts in a later term
    EntryOfOtherTerm: S9,
    /// a report of a node counts each time it arrives
    ReportCountsTwice: S8,
    /// a replica that is restored has forgotten which reports counted
    SnapshotForgetsReports: S8,
    /// a lease of a node never ends
    LeaseNeverEnds: S9,
    /// a node starts things before it has a lease
    StartsWithoutLease: S9,
    /// a node starts things although its replica lags behind the leader
    LaggardStarts: S1,
    /// a new leader counts a silence from before it took charge
    ImpatientLeader: S9,
    /// a leader grants a lease to a node that it has proposed to be lost
    GrantWhileLosing: S9,
    /// a leader grants leases before a quorum has affirmed it
    GrantUnconfirmed: S9,
    /// a leader proposes losses without being affirmed by a quorum
    UnconfirmedLoss: S9,
    /// an operator's word about a node counts before its lease must have ended
    WordTooEarly: S9,
    /// a leader grants a lease to a node that decides by other rules
    AnyBehaviourGranted: S9,
}

/// The world that can find a bug.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum World {
    /// One core, and agents on nodes.
    Core,
    /// Several replicas, each on a machine of its own.
    Replicas,
}

impl SeededBug {
    /// Returns the world that can find it.
    #[must_use]
    pub const fn world(self) -> World {
        let is_of_replicas = matches!(
            self,
            Self::EntryOfOtherTerm
                | Self::ReportCountsTwice
                | Self::SnapshotForgetsReports
                | Self::LeaseNeverEnds
                | Self::StartsWithoutLease
                | Self::LaggardStarts
                | Self::ImpatientLeader
                | Self::GrantWhileLosing
                | Self::GrantUnconfirmed
                | Self::UnconfirmedLoss
                | Self::WordTooEarly
                | Self::AnyBehaviourGranted
        );
        if is_of_replicas { World::Replicas } else { World::Core }
    }
}

/// Plants a bug in place of the present one, or removes it.
pub fn plant(bug: Option<SeededBug>) {
    let number = bug.and_then(|bug| SeededBug::ALL.iter().position(|other| *other == bug));
    PLANTED.store(number.map_or(0, |at| at.saturating_add(1)), Ordering::SeqCst);
}

/// Tells whether this bug is planted.
pub(crate) fn is_planted(bug: SeededBug) -> bool {
    let number = PLANTED.load(Ordering::Relaxed);
    number != 0 && number.checked_sub(1).and_then(|at| SeededBug::ALL.get(at)) == Some(&bug)
}

/// Returns another answer each time, in the whole process.
pub(crate) fn whim() -> bool {
    ASKED.fetch_add(1, Ordering::Relaxed).is_multiple_of(3)
}

impl fmt::Display for SeededBug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
