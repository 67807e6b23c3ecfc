//! Texts that a declaration hands on to agents.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// The parameters of a node, a group or a resource, by name.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Parameters(Box<[(Box<str>, Box<str>)]>);

impl Parameters {
    /// Returns the parameters of a declaration.
    pub(super) fn new(declared: BTreeMap<String, String>) -> Self {
        Self(declared.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
    }

    /// Returns the text of this name, which is compared exactly.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.0.get(place).map(|(_, text)| &**text)
    }

    /// Returns the names and texts, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (&**name, &**text))
    }

    /// Returns what was declared.
    pub(super) fn declared(&self) -> BTreeMap<String, String> {
        self.iter().map(|(name, text)| (name.into(), text.into())).collect()
    }
}
