//! The causes of downtime, and a value for each cause.

use std::fmt;

use serde::Serialize;

/// The cause of a group's downtime at a moment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// There is no node for the group: too many nodes are down, or the votes do not suffice.
    Waiting,
    /// Its node failed, and the group is moving to another node without help.
    Failover,
    /// Its node failed and nothing happens: the failover is not covered and waits for an operator.
    Undetected,
    /// The group returns home after a failure, or starts again in place.
    Failback,
    /// The group makes way for planned maintenance, or returns after it.
    Planned,
    /// One of its resources failed and is restarted in place.
    Restart,
    /// The site is out: power, storage or something else that all nodes share.
    Site,
}

impl Cause {
    /// Every cause, in the order of the columns of a report.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Failover,
        Self::Undetected,
        Self::Failback,
        Self::Planned,
        Self::Restart,
        Self::Site,
    ];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Failover => "failover",
            Self::Undetected => "undetected",
            Self::Failback => "failback",
            Self::Planned => "planned",
            Self::Restart => "restart",
            Self::Site => "site",
        })
    }
}

/// One value for each [`Cause`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
pub struct ByCause<T> {
    /// The value of [`Cause::Waiting`].
    pub waiting: T,
    /// The value of [`Cause::Failover`].
    pub failover: T,
    /// The value of [`Cause::Undetected`].
    pub undetected: T,
    /// The value of [`Cause::Failback`].
    pub failback: T,
    /// The value of [`Cause::Planned`].
    pub planned: T,
    /// The value of [`Cause::Restart`].
    pub restart: T,
    /// The value of [`Cause::Site`].
    pub site: T,
}

impl<T: Copy> ByCause<T> {
    /// Returns the value of one cause.
    #[must_use]
    pub const fn of(&self, cause: Cause) -> T {
        match cause {
            Cause::Waiting => self.waiting,
            Cause::Failover => self.failover,
            Cause::Undetected => self.undetected,
            Cause::Failback => self.failback,
            Cause::Planned => self.planned,
            Cause::Restart => self.restart,
            Cause::Site => self.site,
        }
    }

    /// Returns a reference to the value of one cause.
    pub const fn of_mut(&mut self, cause: Cause) -> &mut T {
        match cause {
            Cause::Waiting => &mut self.waiting,
            Cause::Failover => &mut self.failover,
            Cause::Undetected => &mut self.undetected,
            Cause::Failback => &mut self.failback,
            Cause::Planned => &mut self.planned,
            Cause::Restart => &mut self.restart,
            Cause::Site => &mut self.site,
        }
    }

    /// Applies a function to each value.
    #[must_use]
    pub fn map<U>(self, mut function: impl FnMut(T) -> U) -> ByCause<U> {
        ByCause {
            waiting: function(self.waiting),
            failover: function(self.failover),
            undetected: function(self.undetected),
            failback: function(self.failback),
            planned: function(self.planned),
            restart: function(self.restart),
            site: function(self.site),
        }
    }

    /// Returns the values, in the order of [`Cause::ALL`].
    pub fn values(self) -> impl Iterator<Item = T> {
        Cause::ALL.into_iter().map(move |cause| self.of(cause))
    }
}

impl ByCause<f64> {
    /// Returns the sum over all causes.
    #[must_use]
    pub fn total(self) -> f64 {
        self.values().sum()
    }
}

impl ByCause<u64> {
    /// Returns the sum over all causes.
    #[must_use]
    pub fn total(self) -> u64 {
        self.values().fold(0, u64::saturating_add)
    }
}
