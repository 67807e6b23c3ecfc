//! A program without std that declares a cluster, hands it an input and asks it something.
#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use quorate::policy::Ring;
use quorate::spec::ClusterDeclaration;
use quorate::{Cluster, Incarnation, Input, Timestamp};

/// Has no memory to give; nothing here is ever run.
struct Nothing;

// SAFETY: it never hands out memory.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Uses the core from one end to the other.
#[unsafe(no_mangle)]
pub extern "C" fn no_std_check() -> u64 {
    let Ok(spec) = ClusterDeclaration::new("check").node("a").build() else { return 0 };
    let Some(node) = spec.node_id("a") else { return 0 };
    let mut cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
    let join = Input::node_joined(node, Incarnation::new(1), []);
    if cluster.handle(Timestamp::ZERO, join).is_err() {
        return 0;
    }
    while cluster.poll_output().is_some() {}
    cluster.digest()
}
