//! Parts of messages in words.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use crate::kind::{RequiredProvider, ResourceClass};
use crate::time::text;

pub(super) struct Chain<'a>(pub(super) &'a [Box<str>]);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.0 {
            write!(f, "\"{name}\" -> ")?;
        }
        match self.0.first() {
            Some(first) => write!(f, "\"{first}\""),
            None => Ok(()),
        }
    }
}

pub(super) struct List<'a, T>(pub(super) &'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            write!(f, "{}\"{name}\"", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// The known names, in place of an unknown name.
pub(super) struct Known<'a>(pub(super) &'a [Box<str>], pub(super) usize);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "; the kinds are {}{}", List(self.0), More(self.1))
    }
}

pub(super) struct More(pub(super) usize);

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            omitted => write!(f, " and {omitted} more"),
        }
    }
}

pub(super) struct Required<'a>(pub(super) &'a RequiredProvider);

impl fmt::Display for Required<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RequiredProvider::Kind(kind) => write!(f, "a resource of kind \"{kind}\""),
            RequiredProvider::AnyKind(kinds) => {
                write!(f, "a resource of one of the kinds {}", List(kinds))
            }
            RequiredProvider::Class(class) => write!(f, "a {} resource", class_name(*class)),
            RequiredProvider::EveryOfClass(class) => {
                write!(f, "every {} resource of the group", class_name(*class))
            }
        }
    }
}

pub(super) struct Range(pub(super) Duration, pub(super) Duration, pub(super) Duration);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(found, least, most) = *self;
        if found > most && most == Duration::from_millis(u64::MAX) {
            write!(f, "which is too long: must be at most {}", text::format(most))
        } else if most == Duration::from_millis(u64::MAX) {
            write!(f, "must be at least {}", text::format(least))
        } else if least.is_zero() {
            write!(f, "must be at most {}", text::format(most))
        } else {
            write!(f, "must be {} to {}", text::format(least), text::format(most))
        }
    }
}

/// Returns the name of a class as messages have it.
pub(super) fn class_name(class: ResourceClass) -> &'static str {
    match class {
        ResourceClass::Storage => "storage",
        ResourceClass::Network => "network",
        ResourceClass::User => "user",
    }
}
