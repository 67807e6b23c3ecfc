//! Declarations: what they build to, what is refused, what is warned of.

use quorate::spec::{ClusterDeclaration, ClusterSpec, GroupDeclaration, ResourceDeclaration};

mod builder;
mod errors;
mod exchange;
mod limits;
mod parts;
mod profiles;
mod ranges;
mod round_trip;
mod warnings;

/// Three nodes, a, b and c, and nothing else.
fn cluster() -> ClusterDeclaration {
    ClusterDeclaration::new("test").node("a").node("b").node("c")
}

fn group(name: &str) -> GroupDeclaration {
    GroupDeclaration::new(name)
}

fn service(name: &str) -> ResourceDeclaration {
    ResourceDeclaration::new(name, "Generic Service")
}

fn disk(name: &str) -> ResourceDeclaration {
    ResourceDeclaration::new(name, "Physical Disk")
}

fn read(text: &str) -> ClusterDeclaration {
    toml::from_str(text).expect("the text is a declaration")
}

fn built(declaration: ClusterDeclaration) -> ClusterSpec {
    declaration.build().expect("the declaration is sound")
}

/// The errors as they are printed, one per line.
fn errors_of(declaration: ClusterDeclaration) -> Vec<String> {
    let errors = declaration.build().expect_err("the declaration is wrong");
    assert_eq!(errors.to_string().lines().count(), errors.errors().len());
    errors.iter().map(ToString::to_string).collect()
}

fn warnings_of(declaration: ClusterDeclaration) -> Vec<String> {
    built(declaration).warnings().iter().map(ToString::to_string).collect()
}
