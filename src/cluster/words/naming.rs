//! Translation between ids and names: the edge of the core.
//!
//! Everything that refers to nodes, groups or resources is generic over a [`Naming`] and can
//! [`Translate`] itself into another one. A [`ClusterSpec`] is the [`Translator`] in both
//! directions: [`resolve`](ClusterSpec::resolve) takes names and gives ids, and fails at an unknown
//! name; [`named`](ClusterSpec::named) takes ids and gives names, and never fails.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;

use crate::cluster::words::UnknownReference;
use crate::id::{DimensionId, GroupId, Ids, Names, Naming, NodeId, ResourceId};
use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ResourceSpec};

#[macro_use]
mod variants;
mod answers;
mod inputs;
mod outputs;

/// Turns references of one naming into references of another.
pub trait Translator<A: Naming, B: Naming> {
    /// The error for a reference that has no counterpart.
    type Unknown;

    /// Translates a node.
    ///
    /// # Errors
    ///
    /// The node is not known.
    fn node(&self, node: A::Node) -> Result<B::Node, Self::Unknown>;

    /// Translates a group.
    ///
    /// # Errors
    ///
    /// The group is not known.
    fn group(&self, group: A::Group) -> Result<B::Group, Self::Unknown>;

    /// Translates a resource.
    ///
    /// # Errors
    ///
    /// The resource is not known.
    fn resource(&self, resource: A::Resource) -> Result<B::Resource, Self::Unknown>;

    /// Translates a dimension of capacity.
    ///
    /// # Errors
    ///
    /// The dimension is not known.
    fn dimension(&self, dimension: A::Dimension) -> Result<B::Dimension, Self::Unknown>;

    /// Translates a node, if there is one.
    ///
    /// # Errors
    ///
    /// The node is not known.
    fn optional_node(&self, node: Option<A::Node>) -> Result<Option<B::Node>, Self::Unknown> {
        node.map(|node| self.node(node)).transpose()
    }

    /// Translates a group, if there is one.
    ///
    /// # Errors
    ///
    /// The group is not known.
    fn optional_group(&self, group: Option<A::Group>) -> Result<Option<B::Group>, Self::Unknown> {
        group.map(|group| self.group(group)).transpose()
    }

    /// Translates a resource, if there is one.
    ///
    /// # Errors
    ///
    /// The resource is not known.
    fn optional_resource(
        &self,
        resource: Option<A::Resource>,
    ) -> Result<Option<B::Resource>, Self::Unknown> {
        resource.map(|resource| self.resource(resource)).transpose()
    }

    /// Translates resources, in their order.
    ///
    /// # Errors
    ///
    /// A resource is not known.
    fn resources(&self, resources: Vec<A::Resource>) -> Result<Vec<B::Resource>, Self::Unknown> {
        resources.into_iter().map(|resource| self.resource(resource)).collect()
    }

    /// Translates a thing that holds references.
    ///
    /// # Errors
    ///
    /// The thing refers to something that is not known.
    fn thing<T: Translate<A>>(&self, thing: T) -> Result<T::To<B>, Self::Unknown>
    where
        Self: Sized,
    {
        thing.translate(self)
    }

    /// Returns a value without references, as it is.
    ///
    /// # Errors
    ///
    /// None.
    fn same<T>(&self, value: T) -> Result<T, Self::Unknown> {
        Ok(value)
    }
}

/// Something that refers to nodes, groups or resources and can do so in another naming.
///
/// [`ClusterSpec::resolve`] and [`ClusterSpec::named`] take such things: inputs, outputs, errors
/// and answers, alone or in an [`Option`] or a [`Vec`]. Only this crate implements it. A function
/// that passes things on names it:
///
/// ```
/// use quorate::cluster::Translate;
/// use quorate::id::{Ids, Names};
/// use quorate::spec::ClusterSpec;
///
/// /// Prints something by names.
/// fn say<T: Translate<Ids>>(spec: &ClusterSpec, thing: T)
/// where
///     T::To<Names>: std::fmt::Display,
/// {
///     println!("{}", spec.named(thing));
/// }
/// ```
pub trait Translate<A: Naming>: Sized {
    /// The type of the thing with references of another naming.
    type To<B: Naming>;

    /// Replaces every reference.
    ///
    /// # Errors
    ///
    /// The first reference that the translator does not know.
    #[doc(hidden)]
    fn translate<B: Naming, T: Translator<A, B>>(self, by: &T) -> Result<Self::To<B>, T::Unknown>;
}

impl<A: Naming, T: Translate<A>> Translate<A> for Option<T> {
    type To<B: Naming> = Option<T::To<B>>;

    fn translate<B: Naming, R: Translator<A, B>>(self, by: &R) -> Result<Self::To<B>, R::Unknown> {
        self.map(|thing| thing.translate(by)).transpose()
    }
}

impl<A: Naming, T: Translate<A>> Translate<A> for Vec<T> {
    type To<B: Naming> = Vec<T::To<B>>;

    fn translate<B: Naming, R: Translator<A, B>>(self, by: &R) -> Result<Self::To<B>, R::Unknown> {
        self.into_iter().map(|thing| thing.translate(by)).collect()
    }
}

impl ClusterSpec {
    /// Replaces names by the ids of this configuration; names are compared without case.
    ///
    /// # Errors
    ///
    /// The first name that this configuration does not hold.
    pub fn resolve<T: Translate<Names>>(&self, thing: T) -> Result<T::To<Ids>, UnknownReference> {
        thing.translate(self)
    }

    /// Returns the node with this name, as [`node_id`](Self::node_id) does.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn resolve_node(&self, name: &str) -> Result<NodeId, UnknownReference> {
        self.node_id(name).ok_or_else(|| UnknownReference::node(self, name.into()))
    }

    /// Returns the group with this name, as [`group_id`](Self::group_id) does.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn resolve_group(&self, name: &str) -> Result<GroupId, UnknownReference> {
        self.group_id(name).ok_or_else(|| UnknownReference::group(self, name.into()))
    }

    /// Returns the resource with this name, as [`resource_id`](Self::resource_id) does.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn resolve_resource(&self, name: &str) -> Result<ResourceId, UnknownReference> {
        self.resource_id(name).ok_or_else(|| UnknownReference::resource(self, name.into()))
    }

    /// Replaces ids by the names of this configuration. An id of another configuration becomes
    /// its [`Debug`](core::fmt::Debug) form, such as `n9`.
    pub fn named<T: Translate<Ids>>(&self, thing: T) -> T::To<Names> {
        match thing.translate(self) {
            Ok(thing) => thing,
            Err(never) => match never {},
        }
    }
}

impl Translator<Names, Ids> for ClusterSpec {
    type Unknown = UnknownReference;

    fn node(&self, node: String) -> Result<NodeId, UnknownReference> {
        self.resolve_node(&node)
    }

    fn group(&self, group: String) -> Result<GroupId, UnknownReference> {
        self.resolve_group(&group)
    }

    fn resource(&self, resource: String) -> Result<ResourceId, UnknownReference> {
        self.resolve_resource(&resource)
    }

    fn dimension(&self, dimension: String) -> Result<DimensionId, UnknownReference> {
        let id = self.dimension_id(&dimension);
        id.ok_or_else(|| UnknownReference::dimension(self, dimension))
    }
}

impl Translator<Ids, Names> for ClusterSpec {
    type Unknown = Infallible;

    fn node(&self, node: NodeId) -> Result<String, Infallible> {
        Ok(self.node(node).map(NodeSpec::name).map_or_else(|| format!("{node:?}"), String::from))
    }

    fn group(&self, group: GroupId) -> Result<String, Infallible> {
        let name = self.group(group).map(GroupSpec::name);
        Ok(name.map_or_else(|| format!("{group:?}"), String::from))
    }

    fn resource(&self, resource: ResourceId) -> Result<String, Infallible> {
        let name = self.resource(resource).map(ResourceSpec::name);
        Ok(name.map_or_else(|| format!("{resource:?}"), String::from))
    }

    fn dimension(&self, dimension: DimensionId) -> Result<String, Infallible> {
        let name = self.dimensions().nth(dimension.index());
        Ok(name.map_or_else(|| dimension.to_string(), String::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Command, Input, InputError};
    use crate::plan::Rejection;
    use crate::spec::{ClusterDeclaration, GroupDeclaration, NodeDeclaration};

    fn spec() -> ClusterSpec {
        ClusterDeclaration::new("pair")
            .node(NodeDeclaration::new("a").capacity("mailboxes", 10))
            .node("b")
            .group(GroupDeclaration::new("mail").demand("mailboxes", 4))
            .build()
            .unwrap()
    }

    fn evict(node: &str) -> Input<Names> {
        Input::Command(Command::EvictNode { node: node.into() })
    }

    #[test]
    fn names_become_ids_and_names_again() {
        let spec = spec();
        let input = spec.resolve(evict("B")).unwrap();
        assert_eq!(input, Input::Command(Command::EvictNode { node: NodeId::new(1) }));
        assert_eq!(spec.named(input), evict("b"));
    }

    #[test]
    fn an_unknown_name_is_told() {
        let unknown = UnknownReference::Node { name: "nobody".into(), suggestion: None };
        assert_eq!(spec().resolve(evict("nobody")), Err(unknown));
        let unknown = spec().resolve_group("mails").map_err(|unknown| unknown.to_string());
        assert_eq!(unknown, Err("no group \"mails\"; did you mean \"mail\"?".into()));
    }

    #[test]
    fn an_unknown_id_is_shown_as_it_is() {
        let error = InputError::NodePaused(NodeId::new(9));
        assert_eq!(spec().named(error).to_string(), "node n9 is paused");
    }

    #[test]
    fn what_is_inside_is_named_too() {
        let error = InputError::MoveRefused {
            group: GroupId::new(0),
            node: NodeId::new(1),
            rejection: Rejection::Capacity { dimension: DimensionId::new(0), needed: 4, free: 3 },
        };
        let error = spec().named(error);
        assert_eq!(error.kind(), "move_refused");
        assert_eq!(
            error.to_string(),
            "group mail cannot move to node b: no room: mailboxes needs 4, has 3 free"
        );
    }
}
