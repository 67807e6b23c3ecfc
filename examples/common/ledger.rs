//! The record of outages: what was down, when and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate::{ResourceId, Timestamp};

/// Outages of some resources, as their users see them: from the moment at which a resource really
/// stops serving until it serves again. A resource that has never served is not down.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    services: BTreeMap<ResourceId, Service>,
    most_at_once: usize,
}

/// The record of one resource.
#[derive(Clone, Debug, Default)]
pub struct Service {
    pub outages: Vec<Outage>,
    has_served: bool,
}

/// One outage; it goes on as long as it has no end.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

impl Ledger {
    pub fn new(resources: impl IntoIterator<Item = ResourceId>) -> Self {
        let services = resources.into_iter().map(|resource| (resource, Service::default()));
        Self { services: services.collect(), most_at_once: 0 }
    }

    /// Notes that a resource began to serve. Resources that are not watched are ignored.
    pub fn up(&mut self, now: Timestamp, resource: ResourceId) {
        if let Some(service) = self.services.get_mut(&resource) {
            service.has_served = true;
            if let Some(outage) = service.current() {
                outage.until = Some(now);
            }
        }
    }

    /// Notes that a resource ceased to serve.
    pub fn down(&mut self, now: Timestamp, resource: ResourceId) {
        if let Some(service) = self.services.get_mut(&resource)
            && service.has_served
            && service.current().is_none()
        {
            service.outages.push(Outage { from: now, until: None });
        }
        self.most_at_once = self.most_at_once.max(self.services().filter(|s| s.is_down()).count());
    }

    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    pub fn service(&self, resource: ResourceId) -> Option<&Service> {
        self.services.get(&resource)
    }

    /// Returns the number of resources that serve now.
    pub fn serving(&self) -> usize {
        self.services().filter(|service| service.has_served && !service.is_down()).count()
    }

    /// Returns the largest number of resources that were down at one time.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once
    }
}

impl Service {
    fn current(&mut self) -> Option<&mut Outage> {
        self.outages.last_mut().filter(|outage| outage.until.is_none())
    }

    pub fn is_down(&self) -> bool {
        self.outages.last().is_some_and(|outage| outage.until.is_none())
    }

    pub fn total(&self, now: Timestamp) -> Duration {
        self.outages.iter().map(|outage| outage.length(now)).sum()
    }

    pub fn longest(&self, now: Timestamp) -> Duration {
        self.outages.iter().map(|outage| outage.length(now)).max().unwrap_or_default()
    }
}

impl Outage {
    pub fn length(&self, now: Timestamp) -> Duration {
        self.until.unwrap_or(now).since(self.from)
    }
}
