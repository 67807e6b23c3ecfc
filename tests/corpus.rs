//! The committed seeds of the fuzz targets, without a fuzzer.

use std::fs;
use std::path::Path;

#[path = "../fuzz/bodies.rs"]
mod bodies;

#[test]
fn every_seed_is_survived() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, body) in bodies::TARGETS {
        let seeds = fs::read_dir(corpus.join(name)).expect("every target has a corpus");
        let mut played = 0;
        for seed in seeds {
            let path = seed.expect("a readable seed").path();
            let bytes = fs::read(&path).expect("a readable seed");
            println!("{}", path.display());
            body(&bytes);
            played += 1;
        }
        assert!(played > 0, "{name} has no seeds");
    }
}

/// A target that is not in the list would never be replayed.
#[test]
fn every_target_is_listed() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    for entry in fs::read_dir(targets).expect("there are targets") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(bodies::TARGETS.iter().any(|(target, _)| *target == name), "{name}");
    }
}

/// Nothing of a text may cost more than it is long, or the stack.
#[test]
fn prefixes_of_seeds_are_survived() {
    let text = include_str!("golden/spec_v1.toml");
    for end in (0..text.len()).step_by(97) {
        bodies::spec_text(text.get(..end).unwrap_or_default().as_bytes());
    }
    bodies::expression("(".repeat(100_000).as_bytes());
    bodies::spec_text("[".repeat(10_000).as_bytes());
    bodies::snapshot("[".repeat(100_000).as_bytes());
}
