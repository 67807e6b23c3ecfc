//! Runs seeds.
use quorate::sim::{Atlas, Simulator};
use std::time::Instant;
fn main() {
    let args: Vec<u64> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let (from, count) = (args.first().copied().unwrap_or(0), args.get(1).copied().unwrap_or(20));
    let sim = Simulator::default();
    if args.len() > 2 {
        for line in sim.record(
            from,
            if count == 0 { quorate::sim::Weather::Benign } else { quorate::sim::Weather::Hostile },
        ) {
            println!("{line}");
        }
        return;
    }
    let mut atlas = Atlas::default();
    let begin = Instant::now();
    let (mut inputs, mut failures) = (0, 0);
    for seed in from..from + count {
        eprint!("{seed} {:.1} ", begin.elapsed().as_secs_f64());
        for (what, answer) in [("benign", sim.run_benign(seed)), ("hostile", sim.run(seed))] {
            match answer {
                Ok(report) => {
                    inputs += report.inputs;
                    atlas.add(&report.atlas);
                }
                Err(failure) => {
                    failures += 1;
                    println!("{what} {failure}");
                }
            }
        }
    }
    let took = begin.elapsed().as_secs_f64();
    println!("{atlas}");
    println!(
        "{count} seeds {failures} failures {inputs} inputs {} faults {took:.1}s {:.0} faults/min {:.0} inputs/s",
        atlas.total(),
        atlas.total() as f64 / took * 60.0,
        inputs as f64 / took
    );
}
