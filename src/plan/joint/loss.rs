//! The groups that an assignment leaves out, and the most that a search may leave out.

use alloc::vec;
use alloc::vec::Vec;

use super::field::Field;
use super::kind::Kind;

/// The groups of one tier that are left out; less is better, the number first.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Loss {
    /// How many they are.
    pub(super) groups: usize,
    /// The sum of their demands, by dimension.
    demands: Vec<u128>,
}

impl Loss {
    /// No loss in any tier.
    pub(super) fn none(field: &Field) -> Vec<Self> {
        let demands = vec![0; field.rooms().dimensions()];
        vec![Self { groups: 0, demands }; field.tiers()]
    }

    /// Adds so many groups of a kind to the loss.
    pub(super) fn add(&mut self, kind: &Kind, count: usize) {
        self.groups = self.groups.saturating_add(count);
        self.change(kind, count, u128::saturating_add);
    }

    /// Takes so many groups of a kind out of the loss.
    pub(super) fn subtract(&mut self, kind: &Kind, count: usize) {
        self.groups = self.groups.saturating_sub(count);
        self.change(kind, count, u128::saturating_sub);
    }

    /// Replaces a part of the loss.
    pub(super) fn exchange(&mut self, before: &Self, after: &Self) {
        let groups = self.groups.saturating_sub(before.groups);
        self.groups = groups.saturating_add(after.groups);
        let parts = before.demands.iter().zip(&after.demands);
        for (sum, (before, after)) in self.demands.iter_mut().zip(parts) {
            *sum = sum.saturating_sub(*before).saturating_add(*after);
        }
    }

    fn change(&mut self, kind: &Kind, count: usize, by: fn(u128, u128) -> u128) {
        for (dimension, amount) in &kind.demands {
            if let Some(sum) = self.demands.get_mut(*dimension) {
                *sum = by(*sum, total(*amount, count));
            }
        }
    }
}

/// The demand of so many groups.
pub(super) fn total(amount: u64, count: usize) -> u128 {
    u128::from(amount).saturating_mul(u128::try_from(count).unwrap_or(u128::MAX))
}

/// The most that a search may leave out of one tier.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    groups: usize,
    /// `None` if demands do not matter.
    demands: Option<Vec<u128>>,
}

impl Limit {
    /// At most so many groups, whatever their demands.
    pub(super) const fn groups(groups: usize) -> Self {
        Self { groups, demands: None }
    }

    /// At most this loss.
    pub(super) fn of(loss: &Loss) -> Self {
        Self { groups: loss.groups, demands: Some(loss.demands.clone()) }
    }

    /// As many groups as this loss has, with smaller demands; `None` if there are no smaller ones.
    pub(super) fn below(loss: &Loss) -> Option<Self> {
        let mut demands = loss.demands.clone();
        let last = demands.iter().rposition(|amount| *amount > 0)?;
        for (dimension, amount) in demands.iter_mut().enumerate().skip(last) {
            *amount = if dimension == last { amount.saturating_sub(1) } else { u128::MAX };
        }
        Some(Self { groups: loss.groups, demands: Some(demands) })
    }
}

/// The groups that a search may leave out, and those that it has left out by now, by tier.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    limits: Vec<Limit>,
    losses: Vec<Loss>,
    /// How many more groups may be left out.
    spares: Vec<usize>,
}

impl Goal {
    /// Returns the goal with these limits, one for each tier, of a search that has left nothing out
    /// yet.
    pub(super) fn new(field: &Field, limits: Vec<Limit>) -> Self {
        let spares = limits.iter().map(|limit| limit.groups).collect();
        Self { limits, losses: Loss::none(field), spares }
    }

    /// Sets the limit of a tier, before anything is left out.
    pub(super) fn set_limit(&mut self, tier: usize, limit: Limit) {
        if let Some(spare) = self.spares.get_mut(tier) {
            *spare = limit.groups;
        }
        if let Some(of_tier) = self.limits.get_mut(tier) {
            *of_tier = limit;
        }
    }

    /// How many more groups of each tier may be left out.
    pub(super) fn spares(&self) -> &[usize] {
        &self.spares
    }

    /// How many more groups of a tier may be left out.
    pub(super) fn spare(&self, tier: usize) -> usize {
        self.spares.get(tier).copied().unwrap_or(0)
    }

    /// How much more demand a tier may lose in the first dimension.
    pub(super) fn spare_demand(&self, tier: usize) -> u128 {
        let limit = self.limits.get(tier).and_then(|limit| limit.demands.as_ref()?.first());
        let lost = self.losses.get(tier).and_then(|loss| loss.demands.first());
        limit.map_or(u128::MAX, |limit| limit.saturating_sub(lost.copied().unwrap_or(0)))
    }

    /// Leaves out groups of a kind. Tells whether the goal can still be reached.
    pub(super) fn leave_out(&mut self, kind: &Kind, count: usize) -> bool {
        self.change(kind, |loss| loss.add(kind, count))
    }

    /// Takes back what was left out.
    pub(super) fn take_back(&mut self, kind: &Kind, count: usize) {
        self.change(kind, |loss| loss.subtract(kind, count));
    }

    /// Changes the loss of a tier. Tells whether it is within the limit.
    fn change(&mut self, kind: &Kind, by: impl FnOnce(&mut Loss)) -> bool {
        let (loss, limit) = (self.losses.get_mut(kind.tier), self.limits.get(kind.tier));
        let (Some(loss), Some(limit)) = (loss, limit) else { return false };
        by(loss);
        if let Some(spare) = self.spares.get_mut(kind.tier) {
            *spare = limit.groups.saturating_sub(loss.groups);
        }
        let is_cheap = limit.demands.as_ref().is_none_or(|most| loss.demands <= *most);
        loss.groups <= limit.groups && is_cheap
    }
}
