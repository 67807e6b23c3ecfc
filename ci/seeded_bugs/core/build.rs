//! Compiles the planted bugs in.

fn main() {
    println!("cargo:rustc-cfg=quorate_seeded_bugs");
    println!("cargo:rerun-if-changed=build.rs");
}
