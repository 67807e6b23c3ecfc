//! The laws, each with the defect in a real product that led to it.

use std::fmt;

/// Defines the enum, its lists and its texts from one table.
macro_rules! laws {
    ($($kind:ident $name:ident $title:literal $source:literal $($doc:literal)*;)+) => {
        /// A rule that a failover policy has to keep.
        ///
        /// Some laws hold for every policy and are tried by default. The others are for some
        /// policies only, and are added with [`Conformance::also`](super::Conformance::also).
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Law {
            $(
                #[doc = $title]
                #[doc = ""]
                $(#[doc = $doc])*
                #[doc = ""]
                #[doc = concat!("Comes from: ", $source)]
                $name,
            )+
        }

        impl Law {
            /// Every law, in the order in which they are judged.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the law in one sentence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// Returns the source of the law: a defect of a product, with the place where it is
            /// published, or the contract of [`FailoverPolicy`](quorate::policy::FailoverPolicy).
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source),+ }
            }

            /// Returns the name of the law, as it is written in Rust.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// Tells whether the law holds for every policy.
            #[must_use]
            pub const fn is_for_all(self) -> bool {
                match self { $(Self::$name => laws!(@ $kind)),+ }
            }
        }
    };
    (@ all) => { true };
    (@ some) => { false };
}

laws! {
    all Total
        "Every question is answered, and nothing panics."
        "OpenSVC 3, `shift` in daemon/imon/main_cmd.go: a slice beyond the end of the list."
        "Asked of clusters with 1 to 64 nodes in every state, with demands and capacities from nothing to the largest number."
        "A policy that panics is judged by no other law.";
    all Deterministic
        "Equal questions get equal answers, whatever was asked in between."
        "rgmanager, daemons/groups.c, and Nomad, scheduler: nodes are shuffled. LifeKeeper: failback depends on the event that revealed a node, not on the state."
        "Equal means an equal declaration, state, group and trigger. The policy is asked again, about a copy, and after other questions."
        "A policy that has a memory, a clock or dice is judged by no other law.";
    all AnyOrder
        "The order in which candidates are asked, and in which the other groups were declared, does not count."
        "rgmanager, daemons/groups.c: the last of equal scores wins. Nomad, scheduler/feasible/spread.go: a minimum over an unordered map.";
    all KnownNodes
        "A walk begins behind a node that is declared."
        "The contract of `FailoverPolicy`: there is no way to name another node but this one.";
    all Named
        "Every key and every veto says in words what it is."
        "Veritas Cluster Server: groups that are auto-disabled or in jeopardy do not fail over, and do not say so where the operator looks.";
    all SameKeys
        "All candidates of one question get the same keys, with the same names and directions in the same order."
        "Nomad, mean of score terms: a term that is left out is not the same as one that is zero."
        "A key that is missing counts as zero, and moves the keys of the policies that come after it with `then`.";
    all WalkAgrees
        "The walk and the ranks give one order."
        "OpenSVC 3, `shift` in daemon/imon/main_cmd.go: one list is sorted, another one is used.";
    all SomeNode
        "If nothing speaks against any node, not all of them are vetoed."
        "OpenSVC 3, `load avg` in daemon/imon/main_cmd.go: a sorter without a case that calls it, so that no node is ever chosen."
        "Asked where all nodes are up, empty, without limits and sites, and the group prefers all of them or none.";
    all IrrelevantChange
        "What happens to a node that is out of the question changes nothing."
        "Apache Helix #518: assignments change when nothing relevant did."
        "A node is out of the question if the core rejects it before and after the change, it is not the owner, and no candidate is at its site."
        "What happens to it: it is down in another way, it has other capacities, attributes or another name, a group comes to it or leaves it."
        "And a group that stands nowhere is declared. What happens on candidates, at their sites and to the owner is relevant, and so is time.";
    all NodeLeaves
        "A candidate that goes down changes nothing in the order of the others."
        "Apache Helix #650: more moves than a change of the nodes makes necessary."
        "So a node that is lost moves the groups that stood on it, and no others.";
    all NodeJoins
        "A node that is added takes a place, and changes nothing in the order of the others."
        "Apache Helix #650: extra moves when a node joins."
        "So a node that joins gets groups from others, and no group moves between the others.";
    all Settled
        "A group that is placed stays there when it is asked for again."
        "Apache Helix #931: partitions bounce: the plan for the state that a plan led to is another one."
        "Asked for starts: the other triggers are there to leave the owner. The epoch of the group is a later one then.";
    all Convergent
        "Groups that are asked for again and again come to rest: no ping-pong."
        "Keepalived, VRRP sync groups with mixed priorities: documented to elect for ever."
        "All nodes are up, no group excludes another one, and each in turn goes to where a start would put it. How often a group may go back to where it failed is not a matter of policies: the core limits it by failover threshold and period.";
    all LoadRepels
        "A node that carries more is not better for it."
        "OpenSVC 3, `load avg` in daemon/imon/main_cmd.go: the comparison puts the highest load first."
        "A group without an owner is put on a node, whose place among the candidates must not improve."
        "Policies that fill nodes one after the other ask for `LoadAttracts` instead; those for which the right load is neither the least nor the most ask for none of them.";
    some LoadAttracts
        "A node that carries more is not worse for it, as long as the group fits."
        "Policies that fill as few nodes as they can: bin packing."
        "The opposite of `LoadRepels`. Only nodes to which the core has the same to say before and after are compared.";
    some VisitsAll
        "A group that fails wherever it goes is on every node once before it comes back to any."
        "KB 299631, the ring of Windows server clusters. OpenSVC 3, `shift`: a bound where a remainder belongs."
        "Asked where all nodes are up. For policies that go round; those that go to the best node return to it when the next one failed.";
    some Spread
        "The groups of a failed node spread over the others."
        "OpenSVC 3, `spread` in daemon/imon/main_cmd.go: the hash is that of nothing, so that every group prefers the same node."
        "250 groups without preferred owners and five equal nodes: a chi-square test at 0.1 %.";
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
