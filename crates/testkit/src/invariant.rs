//! The promises of a cluster, by number.
//!
//! `S` stands for safety: these things never happen, whatever faults there are. `L` stands for
//! liveness: these things happen in the end, once the faults are over. The numbers never change;
//! reports, tables and the simulator refer to them.

use std::fmt;
use std::str::FromStr;

/// How far a promise can be judged with the parts that this crate has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// The whole promise is judged.
    Checked,
    /// The whole promise is judged. Clusters could promise more, but this crate left that out.
    Narrowed,
    /// The promise is judged, except for a part that belongs to this room.
    Partly(Room),
    /// No judge follows the promise. It belongs to this room.
    BelongsTo(Room),
}

/// The part of a failover cluster to which a promise belongs that is not judged, or not in full.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Room {
    /// The part that decides which nodes hear each other, which of them are members, and in which
    /// view.
    Membership,
    /// Several cores that share one log, and the choice of the core that may act.
    Replication,
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Membership => "membership",
            Self::Replication => "replication",
        })
    }
}

/// Defines the enum, its list and its texts from one table.
macro_rules! invariants {
    ($($name:ident $title:literal $scope:expr, $missing:expr;)+) => {
        /// A promise of the core.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Invariant {
            $(#[doc = $title] $name,)+
        }

        impl Invariant {
            /// All promises by number, the safety promises first.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the promise in one sentence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// Returns how far the promise is judged.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self { $(Self::$name => $scope),+ }
            }

            /// Returns the part of the promise that is not judged or was left out, with the reason;
            /// `None` if the whole promise is judged.
            #[must_use]
            pub const fn missing(self) -> Option<&'static str> {
                match self { $(Self::$name => $missing),+ }
            }

            /// Returns the number of the promise as it is written, such as `S1`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

use Room::{Membership, Replication};
use Scope::{BelongsTo, Checked, Narrowed, Partly};

invariants! {
    S1 "Each resource runs on at most one node; once something says otherwise, it is only stopped, until it is so again."
        Checked, None;
    S2 "A resource starts only when everything that it depends on is confirmed online on the same node."
        Checked, None;
    S3 "A resource is stopped only when everything that depends on it is off, or its node is; one that failed is terminated only when that was stopped and terminated, as far as it goes."
        Checked, None;
    S4 "A group stands on one node as a whole; nothing of it starts at the destination before all of it is off at the source."
        Checked, None;
    S5 "Nothing is started, fenced or given another owner without quorum; a change of votes that is accepted without quorum gives it back before anything is."
        Partly(Replication), Some("with replicas, which node may act; S25 and L6 judge that");
    S6 "Two sets of votes that suffice always share a vote, also across one change of configuration; without quorum one is accepted only if every absent node that could have a part in another set was fenced, left or is off on an operator's word."
        Checked, None;
    S7 "Epochs, incarnations and the number of the configuration never fall, and an epoch grows with each change of owner."
        Partly(Membership), Some("there are no views; that a term has one leader is judged as S24");
    S8 "What is older than what is known changes nothing."
        Partly(Membership), Some("inputs carry no id of the cluster; an entry of an earlier term is judged by what it leads to, as S1");
    S9 "A group is taken over only on proof: stopped by its owner, the owner fenced, its lease over, or an operator's word."
        Checked, None;
    S10 "A resource has at most one operation in flight on a node, and starts nowhere while one is in flight elsewhere."
        Checked, None;
    S11 "Every operation has an id that is never used again, the epoch and incarnation it is for, and a deadline for which a timer is set."
        Checked, None;
    S12 "Every operation ends exactly once: answered, timed out or superseded."
        Checked, None;
    S13 "What is not answered in time is in doubt, and doubt ends only by proof."
        Checked, None;
    S14 "Within each period a group fails over because of its resources at most as often as its threshold allows."
        Narrowed, Some("there is no count of failovers for other causes, such as the loss of a node");
    S15 "Within each period of its time online, or of the clock, a resource is restarted as often as its threshold allows, not more and, before its group fails over, not less; its count is forgotten only as declared."
        Checked, None;
    S16 "Nothing starts on a node that is not up, is paused or drained, or cannot run it, and no group is given to one that cannot run all that must run of it while there is one that can."
        Checked, None;
    S17 "No node gets more than it has room for, nor a neighbour that is forbidden to it; what is pending and in doubt counts."
        Checked, None;
    S18 "Where room is short, groups of higher priority are placed first, and no group is moved away for another one."
        Narrowed, Some("there is no preemption, so a group of higher priority waits for room that others take already");
    S19 "An operator's word goes before recovery: what is to be off is not started, and what failed and is left for an operator stays as it is, and its group where it is, until one has spoken."
        Checked, None;
    S20 "A group returns only if it may, to a better node that has been up long enough, within its window and once per window."
        Narrowed, Some("there is no shortest stay of a group before it returns");
    S21 "Dependencies have no cycle, stay within the group and name what is declared, after every input."
        Checked, None;
    S22 "An input that is refused changes nothing and puts nothing out."
        Checked, None;
    S23 "Equal inputs at equal times give equal outputs and states."
        Checked, None;
    S24 "Members of a view agree on who is in it, and all of them hear each other."
        Narrowed, Some("there are no views; members need to hear their leader, not each other, and each term has one leader");
    S25 "A cluster that loses quorum has stopped everything before another one may start it."
        Checked, None;
    S26 "Fences need quorum, are limited in number, and count only when confirmed; a fenced node returns only in a later life."
        Checked, None;
    S27 "What a joining node says that it runs never changes an owner; what it should not run is stopped there. What was declared while the cluster runs starts only when every node that is not off has said what it runs, or an operator vouches for it; only a group that never had an owner takes over what runs."
        Checked, None;
    S28 "Everything declared has exactly one record, every record is declared, and only what is off is removed."
        Checked, None;
    S29 "Time never runs backwards, no timer goes off early or is left in the past, no number wraps, and the clock on the wall decides about windows only."
        Checked, None;
    S30 "What one input puts out is bounded by the size of the cluster."
        Narrowed, Some("there is no limit on starts that run side by side");
    S31 "What is stored and restored goes on identically, and anything else is refused."
        Checked, None;
    S32 "A resource that does not affect its group never moves it; one that does moves it at most once per incident."
        Checked, None;
    S33 "Every event in every state has a declared answer; nothing happens outside the tables, and nothing panics."
        Checked, None;
    S34 "Whenever a group that should be online is not, there is exactly one reason, and it is true; a group goes where `explain` says."
        Checked, None;
    S35 "Answers from before a change of configuration cannot act on what is new, and no change drops quorum; one without quorum changes only nodes, votes and witness, and says so."
        Checked, None;
    S36 "A drain leaves what no other node can take where it is, unless it is forced, goes tier by tier, and costs no quorum."
        Checked, None;
    S37 "Groups that need a node at the same time are placed so that the most important set of them has one: by priority, then those that are off, then as many as possible, then the largest demands."
        Narrowed, Some("only where the declaration asks for joint placement");
    L1 "With quorum, a group that has a node to run on comes online within the time that its settings add up to."
        Checked, None;
    L2 "Some time after the last change nothing is asked for but health checks."
        Checked, None;
    L3 "A group does not return by itself to a node on which it failed, nor fail over to one while another can take it."
        Checked, None;
    L4 "Every operation ends by its deadline."
        Checked, None;
    L5 "Whatever is not at its end has an operation in flight, a timer, or a reason that only an operator can mend."
        Checked, None;
    L6 "A minority stops in time even if no agent answers."
        Checked, None;
    L7 "After a partition has healed all members soon share one view."
        Narrowed, Some("there are no views; every node that is up is a member again, and replicas are equal");
    L8 "A node that comes and goes is kept out for a time, and the others do not suffer from it."
        BelongsTo(Membership), Some("the quarantine of `replicate` keeps such a node out; unit tests check when it begins and ends, but no judge follows it through a run");
    L9 "A group returns in the first window in which all conditions hold, also when clocks are put forward or back."
        Checked, None;
    L10 "When all nodes are rebooted one after the other, a group is off only during its own moves, at most two per round."
        Checked, None;
    L11 "A drain ends: the node is empty, or a group is named that cannot leave."
        Checked, None;
    L12 "If some of the nodes hear each other for long enough, they form a view and keep it."
        Narrowed, Some("there are no views; nodes that a leader hears stay members and stop nothing by themselves, and groups are online while a majority hears the leader");
    L13 "No group waits for ever behind others."
        Narrowed, Some("there is no limit on starts that run side by side, so there is no queue for them");
    L14 "A node or agent that never answers delays no group that has nothing to do with it."
        Checked, None;
    L15 "A node on which resources fail again and again loses its groups."
        Narrowed, Some("nodes have no score of health, so other groups may still choose it");
    L16 "While a node cannot be fenced, only what needs that fence waits, and an operator's word ends the waiting."
        Checked, None;
    L17 "After power was lost and came back everywhere, everything comes online without help, and nothing is fenced for ever."
        Checked, None;
    L18 "A timer that goes off twice at one time does nothing the second time."
        Checked, None;
}

impl Invariant {
    /// Tells whether the promise is about safety; the others are about liveness.
    #[must_use]
    pub fn is_safety(self) -> bool {
        self <= Self::S37
    }

    /// Tells whether at least a part of the promise is judged.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        match self.scope() {
            Checked | Narrowed | Partly(_) => true,
            BelongsTo(_) => false,
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// The error for a number that no invariant has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownInvariant(pub String);

impl fmt::Display for UnknownInvariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no invariant is called {}", self.0)
    }
}

impl std::error::Error for UnknownInvariant {}

impl FromStr for Invariant {
    type Err = UnknownInvariant;

    fn from_str(number: &str) -> Result<Self, UnknownInvariant> {
        let found = Self::ALL.iter().find(|invariant| invariant.number() == number);
        found.copied().ok_or_else(|| UnknownInvariant(number.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_numbered_in_order() {
        let safety = (1..=37).map(|number| format!("S{number}"));
        let liveness = (1..=18).map(|number| format!("L{number}"));
        let numbers: Vec<_> = Invariant::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(numbers, safety.chain(liveness).collect::<Vec<_>>());
        assert!(Invariant::ALL.is_sorted());
        assert!(Invariant::S37.is_safety() && !Invariant::L1.is_safety());
        for number in numbers {
            assert_eq!(number.parse::<Invariant>().map(|found| found.to_string()), Ok(number));
        }
        assert!("S38".parse::<Invariant>().is_err());
    }

    #[test]
    fn every_room_is_needed() {
        let rooms = Invariant::ALL.iter().filter_map(|invariant| match invariant.scope() {
            Checked | Narrowed => None,
            Partly(room) | BelongsTo(room) => Some(room),
        });
        let rooms: std::collections::BTreeSet<Room> = rooms.collect();
        assert_eq!(rooms.into_iter().collect::<Vec<_>>(), [Membership, Replication]);
    }

    #[test]
    fn what_is_not_judged_has_a_reason_and_what_is_has_none() {
        for invariant in Invariant::ALL {
            let is_whole = invariant.scope() == Checked;
            assert_eq!(invariant.missing().is_none(), is_whole, "{invariant}");
        }
    }
}
