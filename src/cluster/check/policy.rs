//! Checks a change of the policy.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use crate::cluster::check::accepted::Accepted;
use crate::cluster::view::View;
use crate::cluster::words::InputError;
use crate::policy::Shelf;
use crate::spec::nearest;

impl View<'_> {
    /// Checks that a policy of this name is offered, or is in force already.
    pub(super) fn check_policy(
        self,
        name: String,
        offered: &Shelf,
    ) -> Result<Accepted, InputError> {
        let present = self.policy.name();
        if present == name {
            return Ok(Accepted::Unchanged);
        }
        match offered.find(&name) {
            Some(policy) => Ok(Accepted::Policy(Arc::clone(policy))),
            None => {
                let known: Vec<&str> = iter::once(&*present).chain(offered.names()).collect();
                let suggestion = nearest(&name, known.into_iter());
                Err(InputError::PolicyNotOffered { policy: name, suggestion })
            }
        }
    }
}
