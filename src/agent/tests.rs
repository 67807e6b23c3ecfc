use alloc::string::{String, ToString};

use super::*;
use crate::id::Names;
use crate::state::OperationKind::{self, CheckIsAlive, Probe, Start, Stop, Terminate};

const ONE: Incarnation = Incarnation::new(1);

fn order_in(life: u64, number: u64, action: OperationKind, epoch: u64) -> Order<Names> {
    let (operation, epoch) = (OpId::new(number), Epoch::new(epoch));
    let task = Task { operation, action, epoch, incarnation: Incarnation::new(life) };
    Order { task, resource: "db".into(), group: "sql".into() }
}

fn order(number: u64, action: OperationKind) -> Order<Names> {
    order_in(1, number, action, 1)
}

fn agent() -> Agent<Names> {
    Agent::new(ONE)
}

fn db() -> String {
    "db".to_string()
}

/// Admits an order that begins at once, and lets it succeed.
#[track_caller]
fn done(agent: &mut Agent<Names>, order: &Order<Names>) {
    assert_eq!(agent.admit(order), Ok(Admission::Begin));
    let ending = agent.end(&order.resource, order.task.operation, Outcome::Succeeded);
    assert_eq!(ending, Ending::Report);
}

/// Start 1 is late; terminate 2 succeeded here, and start 3 went to another node.
#[test]
fn a_late_start_is_refused_behind_the_terminate() {
    let mut agent = agent();
    done(&mut agent, &order(2, Terminate));
    let by = OpId::new(2);
    assert_eq!(agent.admit(&order(1, Start)), Err(Refusal::Superseded { by }));
    assert_eq!(agent.run(&db()), None);
}

/// A duplicate of start 1 comes after the node stopped itself at the end of its lease, and came
/// back.
#[test]
fn a_late_duplicate_is_refused_after_the_node_stopped_itself() {
    let mut agent = agent();
    done(&mut agent, &order(1, Start));
    agent.stop_itself();
    let over = Err(Refusal::LifeOver(LifeOver::StoppedItself));
    assert_eq!(agent.admit(&order(1, Start)), over);
    assert_eq!(agent.admit(&order(2, Start)), over);
    assert_eq!(agent.is_over(), Some(LifeOver::StoppedItself));
    let two = Incarnation::new(2);
    let mut agent = Agent::new(two);
    let other = Refusal::OtherLife { asked: ONE, known: two };
    assert_eq!(agent.admit(&order(1, Start)), Err(other));
    assert_eq!(agent.admit(&order_in(2, 5, Start, 4)), Ok(Admission::Begin));
}

/// An operation that was under way when the node stopped itself is not reported.
#[test]
fn what_ends_after_the_life_is_not_reported() {
    let mut agent = agent();
    assert_eq!(agent.admit(&order(1, Start)), Ok(Admission::Begin));
    agent.stop_itself();
    assert_eq!(agent.end(&db(), OpId::new(1), Outcome::Succeeded), Ending::Unknown);
}

#[test]
fn a_start_under_an_old_epoch_is_refused_and_a_stop_is_not() {
    let mut agent = agent();
    let other = Order { resource: "disk".into(), ..order_in(1, 5, Probe, 4) };
    done(&mut agent, &other);
    let old = Refusal::OldEpoch { asked: Epoch::new(3), known: Epoch::new(4) };
    assert_eq!(agent.admit(&order_in(1, 6, Start, 3)), Err(old));
    done(&mut agent, &order_in(1, 6, Stop, 3));
    done(&mut agent, &order_in(1, 7, Terminate, 3));
    done(&mut agent, &order_in(1, 8, CheckIsAlive, 3));
    done(&mut agent, &order_in(1, 9, Probe, 3));
    agent.learn_epoch(&"sql".to_string(), Epoch::new(5));
    let old = Refusal::OldEpoch { asked: Epoch::new(4), known: Epoch::new(5) };
    assert_eq!(agent.admit(&order_in(1, 10, Start, 4)), Err(old));
}

#[test]
fn a_terminate_cancels_the_start_and_begins_when_that_has_ended() {
    let mut agent = agent();
    let (start, terminate) = (order(1, Start), order(2, Terminate));
    assert_eq!(agent.admit(&start), Ok(Admission::Begin));
    assert_eq!(agent.run(&db()), Some(OpId::new(1)));
    let wait = Admission::Wait { behind: start.task, meanwhile: Meanwhile::Cancel };
    assert_eq!(agent.admit(&terminate), Ok(wait));
    assert_eq!(agent.admit(&terminate), Ok(Admission::UnderWay));
    let begin = Ending::Begin(terminate.task);
    assert_eq!(agent.end(&db(), OpId::new(1), Outcome::Failed), begin);
    assert_eq!(agent.admit(&terminate), Ok(Admission::UnderWay));
    assert_eq!(agent.end(&db(), OpId::new(2), Outcome::Succeeded), Ending::Report);
    assert_eq!(agent.run(&db()), None);
    assert_eq!(agent.end(&db(), OpId::new(2), Outcome::Succeeded), Ending::Unknown);
}

/// Of the operations that wait only the newest is kept; the others are never reported.
#[test]
fn the_newest_of_those_that_wait_begins() {
    let mut agent = agent();
    assert_eq!(agent.admit(&order(1, Terminate)), Ok(Admission::Begin));
    for number in 2..50 {
        let behind = order(1, Terminate).task;
        let wait = Admission::Wait { behind, meanwhile: Meanwhile::LetItEnd };
        assert_eq!(agent.admit(&order(number, Probe)), Ok(wait));
    }
    let begin = Ending::Begin(order(49, Probe).task);
    assert_eq!(agent.end(&db(), OpId::new(1), Outcome::Succeeded), begin);
    assert_eq!(agent.end(&db(), OpId::new(49), Outcome::NotRunning), Ending::Report);
}

/// An agent that was restarted in the same life admits nothing until it has a floor.
#[test]
fn without_memory_nothing_is_admitted_up_to_the_floor() {
    let mut agent = Agent::<Names>::without_memory(ONE);
    assert!(agent.life().awaits_floor());
    assert_eq!(agent.admit(&order(9, Start)), Err(Refusal::NoMemory));
    assert_eq!(agent.admit(&order(9, Terminate)), Err(Refusal::NoMemory));
    let floor = OpId::new(7);
    agent.set_floor(floor);
    assert_eq!(agent.admit(&order(7, Terminate)), Err(Refusal::Forgotten { floor }));
    done(&mut agent, &order(8, Terminate));
    assert_eq!(agent.admit(&order(6, Start)), Err(Refusal::Superseded { by: OpId::new(8) }));
}

#[test]
fn what_is_forgotten_leaves_a_floor() {
    let mut agent = agent();
    done(&mut agent, &order(3, Start));
    done(&mut agent, &order(4, Stop));
    let disk = Order { resource: "disk".into(), ..order(2, Start) };
    done(&mut agent, &disk);
    agent.forget(|resource| resource == "disk", |_| false);
    assert_eq!(agent.desk(&db()), None);
    let floor = OpId::new(4);
    assert_eq!(agent.admit(&order(3, Start)), Err(Refusal::Forgotten { floor }));
    // A resource with a record goes by its record.
    let disk = Order { resource: "disk".into(), ..order(3, Stop) };
    done(&mut agent, &disk);
    // An operation under way is not forgotten.
    assert_eq!(agent.admit(&order(5, Start)), Ok(Admission::Begin));
    agent.forget(|_| false, |_| false);
    assert_eq!(agent.end(&db(), OpId::new(5), Outcome::Succeeded), Ending::Report);
}

/// A core that went back uses numbers again: every node begins a new life.
#[test]
fn a_core_that_went_back() {
    let mut agent = agent();
    done(&mut agent, &order(5, Terminate));
    let twice = Refusal::AnotherHistory(OpId::new(5));
    assert_eq!(agent.admit(&order(5, Start)), Err(twice));
    agent.core_went_back();
    let over = Refusal::LifeOver(LifeOver::CoreWentBack);
    assert_eq!(agent.admit(&order(6, Start)), Err(over));
}

/// An agent that remembers its operations answers an inventory, and nothing changes.
#[test]
fn an_inventory_is_answered_in_its_life_and_changes_nothing() {
    let mut agent = agent();
    assert_eq!(agent.admit(&order(1, Start)), Ok(Admission::Begin));
    let before = agent.clone();
    assert_eq!(agent.answers(OpId::new(2), ONE), Ok(()));
    assert_eq!(agent.answers(OpId::new(2), ONE), Ok(()), "asked twice");
    let two = Incarnation::new(2);
    assert_eq!(
        agent.answers(OpId::new(2), two),
        Err(Refusal::OtherLife { asked: two, known: ONE })
    );
    assert_eq!(agent.admit(&order(3, OperationKind::Inventory)), Err(Refusal::Inventory));
    assert_eq!(agent, before);
    assert_eq!(agent.end(&db(), OpId::new(1), Outcome::Succeeded), Ending::Report);

    let mut forgetful = Agent::<Names>::without_memory(ONE);
    assert_eq!(forgetful.answers(OpId::new(9), ONE), Err(Refusal::NoMemory));
    let floor = OpId::new(9);
    forgetful.set_floor(floor);
    assert_eq!(forgetful.answers(OpId::new(9), ONE), Err(Refusal::Forgotten { floor }));
    assert_eq!(forgetful.answers(OpId::new(10), ONE), Ok(()));
    forgetful.stop_itself();
    let over = Refusal::LifeOver(LifeOver::StoppedItself);
    assert_eq!(forgetful.answers(OpId::new(11), ONE), Err(over));
}

#[test]
fn a_fence_is_for_nobody_on_the_node() {
    assert_eq!(agent().admit(&order(1, OperationKind::Fence)), Err(Refusal::Fence));
}

/// A refusal changes nothing.
#[test]
fn a_refusal_leaves_no_trace() {
    let mut agent = agent();
    done(&mut agent, &order_in(1, 5, Start, 3));
    let before = agent.clone();
    for refused in [
        order(4, Terminate),
        order_in(2, 9, Start, 9),
        order_in(1, 9, Start, 2),
        order(5, Stop),
        order(9, OperationKind::Fence),
    ] {
        assert!(agent.admit(&refused).is_err());
        assert_eq!(agent, before);
    }
}
