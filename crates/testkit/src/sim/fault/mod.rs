//! The kinds of faults, each with its number in the catalogue of faults.

mod atlas;
mod regions;

use crate::Room;

pub use atlas::Atlas;

/// The source of a kind of fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// The fault strikes from outside, at its own rate.
    World,
    /// The fault affects a message or an operation, with its own probability.
    Message,
    /// The fault is a property of a whole run.
    Run,
    /// The fault needs something that a single core does not have, so another room has to cause it.
    BelongsTo(Room),
}

/// Declares the enum, its list and its texts from one table.
macro_rules! faults {
    ($($id:literal { $($name:ident $place:expr, $title:literal;)+ })+) => {
        /// A kind of fault.
        ///
        /// The first part of [`catalogue_id`](Self::catalogue_id) is the family: `F-N` nodes, `F-L`
        /// links, `F-A` agents and fencing devices, `F-E` embedders, `F-O` operators.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum FaultKind {
            $($(#[doc = $title] $name,)+)+
        }

        impl FaultKind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            /// Returns a description of the kind.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $($(Self::$name => $title,)+)+ }
            }

            /// Returns the number of the kind in the catalogue of faults, which several kinds can
            /// share.
            #[must_use]
            pub const fn catalogue_id(self) -> &'static str {
                match self { $($(Self::$name => $id,)+)+ }
            }

            /// Returns the source of the kind.
            #[must_use]
            pub const fn place(self) -> Place {
                match self { $($(Self::$name => $place,)+)+ }
            }
        }
    };
}

use Place::{BelongsTo, Message, Run, World};
use Room::Membership;

faults! {
    "F-N1" {
        CrashShort World, "a node crashes and is back within seconds, perhaps before anybody noticed";
        CrashLong World, "a node crashes and stays off for minutes or hours";
        CoreRestart World, "the core is restarted from its last snapshot";
        CoreDown World, "the core is down for a while, and goes on";
    }
    "F-N2" {
        PauseShort World, "a node stands still for less than a second";
        PauseLong World, "a node stands still for up to ten minutes, often past its lease or a deadline, and goes on with old beliefs";
    }
    "F-N3" {
        SlowAgent World, "an agent is slower by a factor of 2 to 1,000, and its node is heard as ever";
        GrayResource World, "a resource fails again and again on a node that is heard as ever";
    }
    "F-N4" {
        KillSome World, "a rack or a site crashes at once, and its nodes come back one by one";
        KillAll World, "every node crashes at once, and they come back one by one";
    }
    "F-N5" {
        RollingReboot World, "nodes are drained, restarted and resumed one after the other, in any order";
        Leaves World, "a node stops everything, leaves, and comes back";
        RollingAborted World, "the same, given up half-way";
    }
    "F-N6" {
        WitnessLost World, "the witness is lost for a while";
        WitnessFlap World, "the witness comes and goes";
        WitnessTwice BelongsTo(Membership), "two nodes are told that they hold the witness";
    }
    "F-L1" {
        IsolateOne World, "one node is cut off";
        Split World, "half of the nodes are cut off";
        DeafNode World, "a node is heard and hears nothing";
        MuteNode World, "a node hears and is not heard";
        Swizzle World, "nodes are cut off one by one and come back in another order";
        MajorityRing BelongsTo(Membership), "every node hears another majority";
        Bridge BelongsTo(Membership), "two halves hear each other through one node only";
    }
    "F-L2" {
        NonTransitive BelongsTo(Membership), "links that are not transitive";
    }
    "F-L3" {
        OrderLost Message, "an order is lost on its way";
        AnswerLost Message, "an answer is lost on its way";
        OrderTwice Message, "an order arrives twice";
        AnswerTwice Message, "an answer arrives twice";
        Reordered Message, "an order arrives after later ones";
        Delayed Message, "a message takes up to 5 s";
        HeavyTail Message, "a message takes ten times as long as anybody waits";
    }
    "F-L4" {
        LinkFlap World, "a link comes and goes in the time that it takes to notice";
    }
    "F-L5" {
        StaleNear World, "one of the last answers arrives again";
        StaleFar World, "any earlier answer arrives again";
        StaleReport World, "a report of an earlier life, of a former owner or of an earlier run arrives";
        StaleJoin World, "a node is said to join in a life that is over";
        LateNews World, "a report that a node is off or lost is about an earlier life";
    }
    "F-A1" {
        NoReply Message, "an agent does its work and never answers";
        LateReply Message, "an agent answers after the deadline";
        DoubleReply Message, "an agent answers twice";
        UnorderedReply Message, "an agent answers after later answers";
        GivenUp Message, "the embedder stops waiting for an agent";
    }
    "F-A2" {
        Contradiction Message, "an agent says one thing and then the opposite";
        FailedButDone Message, "an agent says that it failed, and has done it all the same";
        ClaimedTwice World, "a joining node runs what another node owns";
    }
    "F-A3" {
        SilentDeath World, "a resource dies and nobody says so";
        ReportedDeath World, "a resource dies and its agent says so";
        FalseAlarm World, "an agent says that a resource failed that is well";
        UnaskedAlive World, "an agent says that a resource is alive that may not be";
        Rogue World, "a joining node runs what nobody asked for";
    }
    "F-A4" {
        WorkFails Message, "a start, stop, check or probe fails";
        DiesAfterStart Message, "a start succeeds and the resource dies soon after";
        DiesAtEdge World, "a resource dies at the very moment in which an earlier failure leaves its window, or a millisecond about it";
        StartHangs Message, "a start takes much longer than its deadline";
        StopHangs Message, "a stop never ends";
        LyingStop Message, "an agent says that a resource stopped, and it runs on; no promise covers that copy";
        LyingStart Message, "an agent says that a resource started, and it does not run";
    }
    "F-A5" {
        FenceFails Message, "a fence fails";
        FenceDirty Message, "a fence is said to fail and works all the same";
        FenceSilent Message, "a fence works and is never answered";
        FenceHangs Message, "a fence is never carried out nor answered";
        FenceLate Message, "a fence is answered after its deadline";
        FenceAfterRejoin Message, "a fence strikes so late that the node may be back";
        FenceWrongNode Message, "a fence strikes another node and is said to have worked; no promise covers what then runs on";
        FenceBySomebody World, "somebody else fences a node and says so";
        FenceBothWays BelongsTo(Membership), "two halves fence each other";
    }
    "F-A6" {
        AgentsRecount World, "restarted agents say what their node runs, and are told a floor";
        AgentForgets World, "the agents of a node are restarted in the same life and remember nothing";
    }
    "F-E1" {
        UnknownNode World, "an input is about a node that does not exist";
        UnknownResource World, "an input is about a resource that does not exist or was removed";
        NeverIssued World, "an answer to an operation that was never asked for";
        ListedTwice World, "a joining node lists a resource twice";
        ImpossibleLife World, "a joining node is in a life beyond all counting";
        WrongOutcome World, "an answer that does not fit its operation";
        ForeignName World, "a command with a name that nobody declared";
    }
    "F-E2" {
        TimeBackwards World, "an input is of an earlier time";
        TimeBeyond World, "an input is of a time that cannot be";
        TimeJump World, "time jumps forward, by up to a year, and nobody was called in between";
        TimeStuck World, "the clock stands still while things happen";
        TickStarved World, "timers go off late for a while, then all at once";
        TickEarly World, "a timer goes off early";
    }
    "F-E3" {
        ClockForward World, "local time goes an hour forward";
        ClockBack World, "local time goes an hour back";
        ClockZone World, "the offset of local time changes";
        ClockMidnight World, "the clock is read about midnight";
        ClockLeapDay World, "a day is put in, and the clock shows the same time of day";
        ClockWindow World, "the hours in which a group may return change";
        ClockInvalid World, "the clock shows what no clock can show";
    }
    "F-E4" {
        OrderDropped Message, "the embedder forgets an order";
        ExecutedTwice Message, "an order is handed to its agent a second time, much later";
        ExecutedReversed Message, "orders are carried out in reverse";
        ExecutedAfterRestore World, "after a restore all orders are sent again";
    }
    "F-E5" {
        OlderSnapshot World, "an older snapshot is restored and the log is played to its end";
        LogTwice World, "a part of the log is played a second time";
    }
    "F-E6" {
        EditNode World, "a node is added, removed or given another vote, quorum changes";
        EditGroup World, "a group is added or removed, or groups change places";
        EditResource World, "a resource is added, removed, moved or made of another kind";
        EditDependency World, "a dependency is removed or added, perhaps to a cycle";
        EditOwners World, "possible or preferred owners change, perhaps to nobody";
        EditPlacement World, "priorities, classes or demands change";
        EditLimits World, "a threshold or period becomes 0 or as large as can be";
    }
    "F-E7" {
        Oversize World, "a configuration beyond every limit";
    }
    "F-E8" {
        PolicyWhim Run, "a policy orders by a whim and vetoes for no reason";
        PolicyWorst Run, "a policy sends every group where it just failed";
        PolicyVeto Run, "a policy vetoes every node";
        PolicyExtreme Run, "a policy ranks with the largest and smallest numbers";
    }
    "F-O1" {
        RaceMove World, "a move is asked for while something is under way";
        RaceOffline World, "a group or resource is taken offline while something is under way";
        RaceOnline World, "a group or resource is brought online while something is under way";
        RaceDrain World, "a node is paused, drained or resumed while something is under way";
        RaceCancel World, "a move is cancelled";
        RaceClear World, "failures are cleared, perhaps with a word that something is off";
        RaceFail World, "a resource is made to fail, or maintained";
        RaceLock World, "a group is locked or unlocked";
        RacePolicy World, "nodes are chosen by another policy from now on";
        RaceEvict World, "a node is evicted";
        VotesTakenAway World, "without quorum an operator vouches for absent nodes and takes their votes away";
        TwoOperators World, "two operators ask for opposite things at once";
        ConfirmedDown World, "an operator takes a lost node off and says so";
        ConfirmedWrongly World, "an operator says that a node is off that runs; no promise covers what runs there";
    }
}

impl FaultKind {
    /// Returns the index of the kind in [`ALL`](Self::ALL).
    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(usize::MAX)
    }

    /// Tells whether the kind can happen in this simulator.
    #[must_use]
    pub const fn applies(self) -> bool {
        match self.place() {
            World | Message | Run => true,
            BelongsTo(_) => false,
        }
    }

    /// Tells whether the kind breaks an assumption of the cluster, so that its promises do not
    /// hold: a resource or node that still runs is reported to be off.
    pub(crate) const fn is_lie(self) -> bool {
        matches!(self, Self::LyingStop | Self::FenceWrongNode | Self::ConfirmedWrongly)
    }
}
