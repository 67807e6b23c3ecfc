//! Paths: places in a declaration.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::name::is_forbidden;

/// The thing that an error or a warning is about.
///
/// It is displayed as the way to the thing through the declaration, with names in place of
/// positions: `groups.EVS1.resources."Disk F:".depends_on`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    subject: Subject,
    field: Option<Cow<'static, str>>,
}

/// The thing that a [`Path`] leads to, apart from the field.
///
/// Names longer than 255 bytes are cut, so that errors stay small.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Subject {
    /// The cluster itself.
    Cluster,
    /// The node with this name.
    Node(Box<str>),
    /// The kind with this name.
    Kind(Box<str>),
    /// The group with this name.
    Group(Box<str>),
    /// A resource of a group.
    Resource {
        /// The group.
        group: Box<str>,
        /// The resource.
        resource: Box<str>,
    },
}

impl Path {
    /// The thing, apart from the field.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The field at fault, as the declaration calls it, with a dot for fields of a part, such as
    /// `settings.restart_period`. `None` is the thing as a whole.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Cluster => return f.write_str(self.field().unwrap_or("cluster")),
            Subject::Node(name) => write!(f, "nodes.{}", Key(name))?,
            Subject::Kind(name) => write!(f, "kinds.{}", Key(name))?,
            Subject::Group(name) => write!(f, "groups.{}", Key(name))?,
            Subject::Resource { group, resource } => {
                write!(f, "groups.{}.resources.{}", Key(group), Key(resource))?;
            }
        }
        match self.field() {
            Some(field) => write!(f, ".{field}"),
            None => Ok(()),
        }
    }
}

/// A [`Subject`] that borrows its names, made into a path only when there is a problem.
#[derive(Clone, Copy, Debug)]
pub(in crate::spec) enum Place<'a> {
    Cluster,
    Node(&'a str),
    Kind(&'a str),
    Group(&'a str),
    Resource { group: &'a str, resource: &'a str },
}

impl Place<'_> {
    /// The path to a field.
    pub(in crate::spec) fn field(self, field: &'static str) -> Path {
        Path { field: Some(Cow::Borrowed(field)), ..self.whole() }
    }

    /// The path to the thing as a whole.
    pub(in crate::spec) fn whole(self) -> Path {
        let subject = match self {
            Self::Cluster => Subject::Cluster,
            Self::Node(name) => Subject::Node(shown(name)),
            Self::Kind(name) => Subject::Kind(shown(name)),
            Self::Group(name) => Subject::Group(shown(name)),
            Self::Resource { group, resource } => {
                Subject::Resource { group: shown(group), resource: shown(resource) }
            }
        };
        Path { subject, field: None }
    }
}

/// Returns a name for an error, cut if it is very long: the name of a group stands in the error of
/// each of its resources.
pub(in crate::spec) fn shown(name: &str) -> Box<str> {
    if name.len() <= 255 {
        return name.into();
    }
    let mut cut: String = name.chars().take(60).collect();
    cut.push('…');
    cut.into_boxed_str()
}

/// A name as TOML writes a key.
struct Key<'a>(&'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if !self.0.is_empty() && self.0.chars().all(bare) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                odd if is_forbidden(odd) => write!(f, "{}", odd.escape_default())?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}
