//! The spans by which leases, losses and stops fit together.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::settings::{Fencing, ResourceSettings};
use crate::spec::ClusterSpec;
use crate::time::whole_millis;

/// The spans of a replicated cluster. They are equal on every node.
///
/// [`check`](Self::check) tells whether they keep two nodes from running one resource, and a
/// healthy majority from stopping itself. [`fitting`](Self::fitting) proposes values.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// How long a grant lets a life run, from the moment at which its beat was sent.
    #[serde(with = "crate::time::text::plain")]
    pub lease: Duration,
    /// The longest time from the end of a lease until everything on the node has stopped. If it has
    /// not, the machine is reset.
    #[serde(with = "crate::time::text::plain")]
    pub stop: Duration,
    /// The longest time for which a whole machine may stand still without being reset: the timeout
    /// of its watchdog, with the latency of the reset. Software watchdogs of Linux count whole
    /// seconds. A virtual machine that is paused pauses its clock and its watchdog as well: there
    /// only [`Fencing::Required`] is safe.
    #[serde(with = "crate::time::text::plain")]
    pub watchdog: Duration,
    /// The silence after which a leader proposes that a node is lost.
    #[serde(with = "crate::time::text::plain")]
    pub detection: Duration,
    /// The interval at which every node sends a beat.
    #[serde(with = "crate::time::text::plain")]
    pub beat: Duration,
    /// The longest time in which the engine elects a leader, from the moment at which the old one
    /// falls silent; two rounds of it are allowed for.
    #[serde(with = "crate::time::text::plain")]
    pub election: Duration,
    /// The longest time from an election until the new leader has applied everything that earlier
    /// leaders left, and has had its leadership confirmed once.
    #[serde(with = "crate::time::text::plain")]
    pub charge: Duration,
    /// The largest deviation of a machine's clock, in millionths.
    pub drift_ppm: u32,
}

/// The reason why spans do not fit.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TimingError {
    /// A span that has to be longer than nothing is zero.
    #[error("{0} must be longer than nothing")]
    Zero(TimingField),
    /// A node could still run something when another one takes over.
    #[error(
        "a node may run until {runs_until:?} after its last beat, and another one takes over after \
         {taken_over_after:?}: shorten lease, stop or watchdog, or lengthen {mend}"
    )]
    TakenOverTooSoon {
        /// The longest time from the last beat until everything is off, with drift.
        runs_until: Duration,
        /// The shortest time from the last beat until another node takes over.
        taken_over_after: Duration,
        /// The span to lengthen.
        mend: TimingField,
    },
    /// A lease could end while a healthy majority elects a leader.
    #[error(
        "a lease of {lease:?} may end while a majority elects a leader, which takes up to \
         {needed:?}: lengthen lease, or shorten detection, election or charge"
    )]
    LeaseOutrunByElection {
        /// The lease.
        lease: Duration,
        /// The longest time from a beat to a grant by the next leader.
        needed: Duration,
    },
    /// An operation could time out while a node that lags behind has a lease.
    #[error(
        "a lease of {lease:?} is longer than the shortest timeout of an operation, {timeout:?}: a \
         node that lags behind could begin an operation that was given up"
    )]
    LeaseOutlivesOperation {
        /// The lease.
        lease: Duration,
        /// The shortest timeout of an operation.
        timeout: Duration,
    },
    /// The clock deviates too much to be used.
    #[error("the clock deviates by {0} millionths, more than a tenth")]
    Drift(u32),
}

/// A span by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TimingField {
    /// [`Timing::lease`].
    Lease,
    /// [`Timing::detection`].
    Detection,
    /// [`Timing::beat`].
    Beat,
    /// [`Timing::election`].
    Election,
    /// The margin of [`Fencing::Lease`].
    Margin,
}

impl fmt::Display for TimingField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lease => "lease",
            Self::Detection => "detection",
            Self::Beat => "beat",
            Self::Election => "election",
            Self::Margin => "the margin of the lease in the declaration",
        })
    }
}

impl Timing {
    /// The largest drift that is accepted: a tenth.
    pub const MOST_DRIFT_PPM: u32 = 100_000;

    /// Returns the shortest lease and detection that fit these spans, for membership that vouches
    /// for lost nodes ([`Fencing::Trusted`]), with a drift of 200 millionths.
    ///
    /// ```
    /// use core::time::Duration;
    /// use quorate::replicate::Timing;
    ///
    /// let millis = Duration::from_millis;
    /// let timing = Timing::fitting(millis(100), millis(300), millis(300), Duration::ZERO);
    /// assert_eq!((timing.lease, timing.detection), (millis(1_909), millis(2_211)));
    /// ```
    #[must_use]
    pub fn fitting(beat: Duration, election: Duration, stop: Duration, watchdog: Duration) -> Self {
        let charge = beat;
        let spans = Self {
            lease: Duration::ZERO,
            stop,
            watchdog,
            detection: Duration::ZERO,
            beat,
            election,
            charge,
            drift_ppm: 200,
        };
        // lease > needed + detection / 2 and detection ≥ lease + rest, with a little for drift.
        let needed = spans.grant_after(Duration::ZERO);
        let rest = stop.saturating_add(watchdog);
        let half = needed.saturating_add(rest);
        let lease = half.saturating_add(needed).saturating_add(part(half, 200));
        let lease = lease.saturating_add(Duration::from_millis(4));
        let lease = Duration::from_millis(whole_millis(lease));
        let spans = Self { lease, ..spans };
        Self { detection: spans.runs_until(), ..spans }
    }

    /// Checks that the spans fit each other and a declaration.
    ///
    /// Safety: let d be the drift. Everything of a life is off
    /// (lease + stop + watchdog) × (1 + d) / (1 − d) + 1 ms after its last granted beat. This has to
    /// be no later than detection under [`Fencing::Trusted`], and no later than duration + margin
    /// under [`Fencing::Lease`]. Under the other two a fence or an operator gives the proof.
    ///
    /// Peace: beat + detection / 2 + 2 × election + charge has to be shorter than the lease, or a
    /// healthy majority stops itself when its leader fails. And no lease may be longer than the
    /// shortest timeout of an operation.
    ///
    /// # Errors
    ///
    /// The first condition that does not hold, with both of its sides.
    pub fn check(&self, spec: &ClusterSpec) -> Result<(), TimingError> {
        if self.drift_ppm > Self::MOST_DRIFT_PPM {
            return Err(TimingError::Drift(self.drift_ppm));
        }
        for (span, field) in [
            (self.lease, TimingField::Lease),
            (self.detection, TimingField::Detection),
            (self.beat, TimingField::Beat),
            (self.election, TimingField::Election),
        ] {
            if span.is_zero() {
                return Err(TimingError::Zero(field));
            }
        }
        self.check_takeover(spec.settings().fencing)?;
        let needed = self.grant_after(self.confirmation());
        if needed >= self.lease {
            return Err(TimingError::LeaseOutrunByElection { lease: self.lease, needed });
        }
        let shortest = spec.resources().map(|(_, of)| shortest_timeout(of.settings())).min();
        match shortest.filter(|timeout| *timeout < self.lease) {
            Some(timeout) => {
                Err(TimingError::LeaseOutlivesOperation { lease: self.lease, timeout })
            }
            None => Ok(()),
        }
    }

    fn check_takeover(&self, fencing: Fencing) -> Result<(), TimingError> {
        let (taken_over_after, mend) = match fencing {
            Fencing::Trusted => (self.detection, TimingField::Detection),
            Fencing::Lease { duration, margin } => {
                (duration.saturating_add(margin), TimingField::Margin)
            }
            Fencing::Required | Fencing::Operator => return Ok(()),
        };
        let runs_until = self.runs_until();
        if runs_until > taken_over_after {
            return Err(TimingError::TakenOverTooSoon { runs_until, taken_over_after, mend });
        }
        Ok(())
    }

    /// Returns the longest time from the moment at which a beat was sent until everything of that
    /// life is off, by the clock of any other machine.
    #[must_use]
    pub fn runs_until(&self) -> Duration {
        let span = self.lease.saturating_add(self.stop).saturating_add(self.watchdog);
        let drift = u64::from(self.drift_ppm.min(Self::MOST_DRIFT_PPM));
        let fast = 1_000_000_u64.saturating_add(drift);
        let slow = 1_000_000_u64.saturating_sub(drift).max(1);
        let millis = whole_millis(span).saturating_mul(fast).div_ceil(slow);
        Duration::from_millis(millis.saturating_add(1))
    }

    /// Returns the age from which on a confirmation of the leadership no longer counts: half of
    /// detection.
    #[must_use]
    pub fn confirmation(&self) -> Duration {
        part(self.detection, 2)
    }

    /// Returns the longest time from a beat to a grant by the next leader, if the old one is noticed
    /// to be cut off after `noticed`.
    fn grant_after(&self, noticed: Duration) -> Duration {
        let elections = self.election.saturating_mul(2);
        self.beat.saturating_add(noticed).saturating_add(elections).saturating_add(self.charge)
    }
}

/// Returns one of so many equal parts of a span.
pub(super) fn part(span: Duration, parts: u32) -> Duration {
    span.checked_div(parts).unwrap_or_default()
}

/// Returns the shortest time after which the core gives up an operation on a resource.
fn shortest_timeout(settings: &ResourceSettings) -> Duration {
    settings
        .pending_timeout
        .min(settings.start_pending_timeout)
        .min(settings.start_deadline)
        .min(settings.stop_deadline)
        .min(settings.deadlock_timeout)
}
