//! The device that switches nodes off.

use std::collections::BTreeMap;

use quorate::cluster::{Effect, Input, Outcome};
use quorate::id::Names;
use tokio::sync::{mpsc, oneshot};

use crate::inbox::Inbox;
use crate::machine::ToMachine;

/// Carries out fences. It answers that a node is off only if nothing of it runs any more.
pub(crate) async fn run(
    mut orders: mpsc::Receiver<Effect<Names>>,
    machines: BTreeMap<String, mpsc::Sender<ToMachine>>,
    core: Inbox,
) -> anyhow::Result<()> {
    while let Some(order) = orders.recv().await {
        let machine = machines.get(&order.node).cloned();
        let core = core.clone();
        // A fence that takes long holds up no other, and the core least of all.
        tokio::spawn(async move {
            let is_off = match machine {
                Some(machine) => power_cycle(&machine).await,
                None => false,
            };
            let outcome = if is_off { Outcome::Succeeded } else { Outcome::Failed };
            core.report(Input::operation_finished(order.operation, outcome)).await;
        });
    }
    Ok(())
}

async fn power_cycle(machine: &mpsc::Sender<ToMachine>) -> bool {
    let (off, is_off) = oneshot::channel();
    machine.send(ToMachine::PowerCycle(off)).await.is_ok() && matches!(is_off.await, Ok(Ok(())))
}
