//! Schedules: histories written by hand. Each shows one way to break a promise that is closed.

use super::run::Failure;
use super::setup::Flaw;
use crate::Breach;

mod down;
mod leases;
mod lives;
mod records;
mod stage;

use stage::Stage;

/// A history written by hand.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Its name.
    pub name: &'static str,
    /// The story in one sentence.
    pub about: &'static str,
    play: fn(&mut Stage) -> Result<(), Breach>,
}

macro_rules! schedules {
    ($($(#[doc = $about:literal])+ $room:ident::$name:ident,)+) => {
        impl Schedule {
            /// Every schedule.
            pub const ALL: &'static [Self] = &[$(Self {
                name: stringify!($name),
                about: concat!($($about),+).trim_ascii_start(),
                play: $room::$name,
            },)+];
        }
    };
}

schedules! {
    /// An entry of a leader that lost its charge stalls, and reaches the engine when the same node leads again.
    leases::entry_of_an_earlier_charge,
    /// A lost node is heard between the proposal of its loss and its commit.
    leases::beat_while_being_lost,
    /// A leader learns late that a quorum affirmed it, when another one leads already.
    leases::late_affirmation,
    /// A new leader has never heard of anybody.
    leases::new_leader_knows_no_silence,
    /// A node is a member, and its first grant does not arrive.
    leases::no_first_grant,
    /// An owner is cut off from everybody, and its daemon owns what runs.
    leases::owner_cut_off,
    /// An operator says that a node is off while its lease lasts.
    leases::word_while_leased,
    /// An operator says without a number that a node is off while its lease lasts, and at a node.
    leases::word_without_a_life,
    /// The disk under the log of a node hangs until its start was given up.
    leases::laggard_wakes,
    /// A daemon is killed while something of its life dies slowly.
    lives::restart_while_something_dies,
    /// A daemon stands still, and what it ran cannot be killed.
    lives::nobody_to_reset,
    /// A node leaves while the cluster starts something on it.
    lives::leaving_node,
    /// A keeper stops everything a moment before a grant arrives.
    lives::keeper_is_first,
    /// A node lost the number of its life.
    lives::number_lost,
    /// The leader hears nobody; the others go on.
    down::deaf_leader,
    /// The disk of the leader hangs while everything else of it works.
    down::leader_behind,
    /// The leader loses power; the others go on.
    down::dead_leader,
    /// A leader is cut off for longer than a detection, and nobody else can lead.
    down::everybody_silent,
    /// A leader is cut off for a little more than a detection, while all leases last.
    down::short_gap,
    /// A node is heard by all and hears nobody.
    down::node_that_hears_nobody,
    /// Leaders change every few seconds while nothing happens.
    down::idle_log,
    /// A witness wins the election, and the leader is to be fenced.
    down::witness_wins,
    /// Power is lost everywhere.
    down::power_lost_everywhere,
    /// A node dies that cannot be fenced.
    down::fence_without_answer,
    /// The links of two of five nodes are cut to everybody but the leader.
    down::gaps_between_links,
    /// The engine hands an entry out twice.
    records::entry_lands_twice,
    /// The engine loses a report, and others follow it closely.
    records::lost_report,
    /// A node that lags behind goes on from a snapshot.
    records::snapshot_for_a_laggard,
    /// A node changes to a release with other rules.
    records::other_rules,
}

impl Schedule {
    /// Plays it.
    ///
    /// # Errors
    ///
    /// The promise that was broken, with the last lines of the record.
    pub fn play(&self) -> Result<(), Box<Failure>> {
        self.play_with(Flaw::None)
    }

    /// Plays it with a mistake of those who build on the parts.
    ///
    /// # Errors
    ///
    /// The promise that was broken, with the last lines of the record.
    pub fn play_with(&self, flaw: Flaw) -> Result<(), Box<Failure>> {
        let mut stage = Stage { flaw, world: None };
        (self.play)(&mut stage).map_err(|breach| {
            let trace = stage.lines();
            Box::new(Failure { of: self.name.into(), cluster: self.about.into(), breach, trace })
        })
    }

    /// Plays it, and returns the last lines of the record, with the broken promise if there is one.
    #[must_use]
    pub fn record(&self) -> Vec<String> {
        let mut stage = Stage { flaw: Flaw::None, world: None };
        let result = (self.play)(&mut stage);
        let mut lines = stage.lines();
        lines.extend(result.err().map(|breach| breach.to_string()));
        lines
    }
}
