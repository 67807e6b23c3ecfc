//! Layers of resource properties: those of the resource, of its kind and of the profile.

use alloc::boxed::Box;

use crate::kind::ResourceOverrides;
use crate::settings::ResourceSettings;

/// Returns the final properties of a resource: its own go before those of its kind, and these
/// before the defaults.
pub(super) fn settle(
    defaults: &ResourceSettings,
    kind: &ResourceOverrides,
    own: &ResourceOverrides,
) -> ResourceSettings {
    macro_rules! first {
        ($field:ident) => {
            own.$field.or(kind.$field).unwrap_or(defaults.$field)
        };
    }
    let pending_timeout = first!(pending_timeout);
    let restart_threshold = first!(restart_threshold);
    ResourceSettings {
        desired: own.desired.or(kind.desired).or(defaults.desired),
        restart_action: first!(restart_action),
        restart_threshold,
        start_threshold: own.start_threshold.or(kind.start_threshold).unwrap_or(restart_threshold),
        restart_period: first!(restart_period),
        restart_delay: first!(restart_delay),
        retry_period: first!(retry_period),
        pending_timeout,
        start_pending_timeout: own
            .start_pending_timeout
            .or(kind.start_pending_timeout)
            .unwrap_or(pending_timeout),
        start_deadline: first!(start_deadline),
        stop_deadline: first!(stop_deadline),
        deadlock_timeout: first!(deadlock_timeout),
        looks_alive_interval: first!(looks_alive_interval),
        is_alive_interval: first!(is_alive_interval),
        monitor: first!(monitor),
        maintenance: first!(maintenance),
        unconfirmed_stop: first!(unconfirmed_stop),
        on_unfixable: first!(on_unfixable),
    }
}

/// Returns the properties that a resource of this kind must declare to settle to these; `None` if
/// there are none.
pub(super) fn difference(
    defaults: &ResourceSettings,
    kind: &ResourceOverrides,
    settled: &ResourceSettings,
) -> Option<Box<ResourceOverrides>> {
    let inherited = settle(defaults, kind, &ResourceOverrides::default());
    macro_rules! changed {
        ($field:ident) => {
            (settled.$field != inherited.$field).then_some(settled.$field)
        };
    }
    let start_threshold = kind.start_threshold.unwrap_or(settled.restart_threshold);
    let start_pending_timeout = kind.start_pending_timeout.unwrap_or(settled.pending_timeout);
    let own = ResourceOverrides {
        desired: settled.desired.filter(|_| settled.desired != inherited.desired),
        restart_action: changed!(restart_action),
        restart_threshold: changed!(restart_threshold),
        start_threshold: (settled.start_threshold != start_threshold)
            .then_some(settled.start_threshold),
        restart_period: changed!(restart_period),
        restart_delay: changed!(restart_delay),
        retry_period: changed!(retry_period),
        pending_timeout: changed!(pending_timeout),
        start_pending_timeout: (settled.start_pending_timeout != start_pending_timeout)
            .then_some(settled.start_pending_timeout),
        start_deadline: changed!(start_deadline),
        stop_deadline: changed!(stop_deadline),
        deadlock_timeout: changed!(deadlock_timeout),
        looks_alive_interval: changed!(looks_alive_interval),
        is_alive_interval: changed!(is_alive_interval),
        monitor: changed!(monitor),
        maintenance: changed!(maintenance),
        unconfirmed_stop: changed!(unconfirmed_stop),
        on_unfixable: changed!(on_unfixable),
    };
    (own != ResourceOverrides::default()).then(|| Box::new(own))
}
