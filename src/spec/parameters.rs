//! Texts that a declaration hands on to agents.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// The parameters of a node, a group or a resource, by name.
///
/// Most things have none, so an empty map takes no memory of its own.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Parameters(Option<Box<BTreeMap<String, String>>>);

impl Parameters {
    /// Returns the parameters of a declaration.
    pub(super) fn new(declared: BTreeMap<String, String>) -> Self {
        Self((!declared.is_empty()).then(|| Box::new(declared)))
    }

    /// Returns the text of this name, which is compared exactly.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get(name).map(String::as_str)
    }

    /// Returns the names and texts, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter().flat_map(|all| all.iter());
        all.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Returns what was declared.
    pub(super) fn declared(&self) -> BTreeMap<String, String> {
        self.0.as_deref().cloned().unwrap_or_default()
    }
}
