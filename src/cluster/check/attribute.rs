//! Checks attributes of nodes.

use alloc::string::String;

use crate::cluster::check::accepted::Accepted;
use crate::cluster::view::Facts;
use crate::cluster::words::InputError;
use crate::id::NodeId;
use crate::spec::check_word;

impl Facts<'_> {
    /// Checks the name of an attribute, and that the node may have one more if it is new.
    pub(super) fn check_attribute(
        self,
        node: NodeId,
        name: String,
        value: i64,
    ) -> Result<Accepted, InputError> {
        let attributes = &self.state.node(node).ok_or(InputError::UnknownNode(node))?.attributes;
        match attributes.value(&name) {
            Some(known) if known == value => return Ok(Accepted::Unchanged),
            Some(_) => return Ok(Accepted::Attribute { node, name, value }),
            None => {}
        }
        let limits = self.spec.limits();
        if let Err(fault) = check_word(&name, limits.name_bytes) {
            return Err(InputError::AttributeName { node, fault });
        }
        let most = limits.node_attributes;
        if attributes.count() >= most {
            return Err(InputError::TooManyAttributes { node, most });
        }
        Ok(Accepted::Attribute { node, name, value })
    }
}
