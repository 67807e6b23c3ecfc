//! Every order in which the seven nodes can fail, alone, together, or in two batches.
//!
//! However it happens, with the quorum disk alone deciding, as many servers are online as there
//! are nodes left, four at most; with a majority of nodes none are once four nodes are lost.

use quorate::settings::QuorumRule;

use super::drive::{Drive, fixture_7};

const NODES: usize = 7;
const SERVERS: usize = 4;

fn expected(rule: QuorumRule, failed: usize) -> usize {
    let left = NODES - failed;
    match rule {
        QuorumRule::DiskOnly => left.min(SERVERS),
        QuorumRule::NodeMajority if left > NODES / 2 => left.min(SERVERS),
        QuorumRule::NodeMajority => 0,
        QuorumRule::MajorityWithWitness | QuorumRule::Agreed => {
            unreachable!("not part of the oracle")
        }
    }
}

/// Loses these nodes at one moment; the agents answer only afterwards.
fn lose_together(drive: &mut Drive, nodes: &[usize]) {
    for k in nodes {
        drive.lose(*k);
    }
    drive.settle();
}

fn verify(rule: QuorumRule, drive: &Drive, history: &[&[usize]]) {
    let failed = history.iter().map(|batch| batch.len()).sum();
    assert_eq!(drive.online(), expected(rule, failed), "{rule:?} after {history:?}");
    drive.cluster.check_invariants().unwrap_or_else(|defect| panic!("{defect:?}: {history:?}"));
    let mut taken: Vec<usize> = drive.places().into_iter().flatten().collect();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), drive.online(), "servers share a node after {history:?}");
}

/// Goes on with every node that has not failed yet; gives how many sequences were seen.
fn every_order(rule: QuorumRule, drive: &Drive, failed: &mut Vec<usize>) -> usize {
    let mut seen = 1;
    for k in 1..=NODES {
        if failed.contains(&k) {
            continue;
        }
        let mut next = drive.clone();
        failed.push(k);
        lose_together(&mut next, &[k]);
        verify(rule, &next, &[failed]);
        seen += every_order(rule, &next, failed);
        failed.pop();
    }
    seen
}

#[test]
fn every_order_of_failures_with_a_quorum_disk() {
    let start = Drive::start(fixture_7(QuorumRule::DiskOnly));
    assert_eq!(every_order(QuorumRule::DiskOnly, &start, &mut Vec::new()), 13_700);
}

#[test]
fn every_order_of_failures_with_a_node_majority() {
    let start = Drive::start(fixture_7(QuorumRule::NodeMajority));
    assert_eq!(every_order(QuorumRule::NodeMajority, &start, &mut Vec::new()), 13_700);
}

/// The nodes whose digit in base 3 is `digit`, ascending.
fn batch(number: usize, digit: usize) -> Vec<usize> {
    let mut rest = number;
    let digits = (1..=NODES).map(|k| {
        let own = rest % 3;
        rest /= 3;
        (k, own)
    });
    digits.filter(|(_, own)| *own == digit).map(|(k, _)| k).collect()
}

/// Splits without a second batch are the simultaneous sets, 128 of the 2,187.
#[test]
fn every_set_of_failures_in_one_or_two_batches() {
    for rule in [QuorumRule::DiskOnly, QuorumRule::NodeMajority] {
        let start = Drive::start(fixture_7(rule));
        let mut single_batches = 0;
        for number in 0..3_usize.pow(7) {
            let (mut first, second) = (batch(number, 1), batch(number, 2));
            let mut drive = start.clone();
            lose_together(&mut drive, &first);
            verify(rule, &drive, &[&first]);
            lose_together(&mut drive, &second);
            verify(rule, &drive, &[&first, &second]);
            if second.is_empty() {
                single_batches += 1;
                // In the opposite order the same number of servers is online.
                first.reverse();
                let mut drive = start.clone();
                lose_together(&mut drive, &first);
                verify(rule, &drive, &[&first]);
            }
        }
        assert_eq!(single_batches, 128);
    }
}
