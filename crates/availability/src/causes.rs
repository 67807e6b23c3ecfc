//! Why a group is down, and a value for each reason.

use std::fmt;

use serde::Serialize;

/// Why a group is down at a moment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// There is no node for it: too many are down, or the votes do not suffice.
    Waiting,
    /// Its node failed, and it is on its way to another one without anybody's help.
    Failover,
    /// Its node failed and nothing happens: the failover is not covered and waits for an operator.
    Undetected,
    /// It goes home after a failure, or starts again where it was.
    Failback,
    /// It makes way for planned maintenance, or comes back after it.
    Planned,
    /// One of its resources failed and is restarted where it is.
    Restart,
    /// The site is out: power, storage or whatever else all nodes share.
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
    /// Of [`Cause::Waiting`].
    pub waiting: T,
    /// Of [`Cause::Failover`].
    pub failover: T,
    /// Of [`Cause::Undetected`].
    pub undetected: T,
    /// Of [`Cause::Failback`].
    pub failback: T,
    /// Of [`Cause::Planned`].
    pub planned: T,
    /// Of [`Cause::Restart`].
    pub restart: T,
    /// Of [`Cause::Site`].
    pub site: T,
}

impl<T: Copy> ByCause<T> {
    /// The value of one cause.
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

    /// The place of the value of one cause.
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

    /// The same for what a function makes of each value.
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

    /// The values, in the order of [`Cause::ALL`].
    pub fn values(self) -> impl Iterator<Item = T> {
        Cause::ALL.into_iter().map(move |cause| self.of(cause))
    }
}

impl ByCause<f64> {
    /// The sum over all causes.
    #[must_use]
    pub fn total(self) -> f64 {
        self.values().sum()
    }
}

impl ByCause<u64> {
    /// The sum over all causes.
    #[must_use]
    pub fn total(self) -> u64 {
        self.values().fold(0, u64::saturating_add)
    }
}
