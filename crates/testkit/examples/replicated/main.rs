//! stub
use quorate_testkit::replicated::Simulator;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let from: u64 = args.get(1).and_then(|of| of.parse().ok()).unwrap_or(0);
    let count: u64 = args.get(2).and_then(|of| of.parse().ok()).unwrap_or(1);
    if args.get(3).is_some() {
        for line in Simulator::default().record(from) { println!("{line}"); }
        return;
    }
    let begin = std::time::Instant::now();
    let mut failed = 0;
    for seed in from..from + count {
        match Simulator::default().run(seed) {
            Ok(report) => if count < 5 { println!("{report:?}") },
            Err(failure) => { failed += 1; println!("{} | {} | {}", seed, failure.cluster, failure.breach); }
        }
    }
    println!("{failed} of {count} failed, {:?}", begin.elapsed());
}
