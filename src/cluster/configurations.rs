//! The change of the configuration that is in force.

use alloc::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::check::configuration::Configuration;

impl Cluster {
    /// Puts a checked configuration in force.
    pub(super) fn reconfigure(&mut self, configuration: Configuration) {
        let Configuration { spec, authority } = configuration;
        let (state, handover) = self.planner().leave_configuration(&spec);
        self.store.replace(Arc::new(spec), state);
        self.planner().enter_configuration(handover, authority);
    }
}
