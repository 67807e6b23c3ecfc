//! The work of an agent: it carries out one operation on one service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use quorate::OpId;
use quorate::agent::Task;
use quorate::cluster::Outcome;
use quorate::state::OperationKind;
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::service::Service;

/// Work that has ended.
pub(crate) struct Ended {
    pub(crate) resource: String,
    pub(crate) operation: OpId,
    pub(crate) outcome: Outcome,
    /// The process that was started.
    pub(crate) child: Option<Child>,
}

/// Carries out a task, unless it is cancelled before. Doing it twice does no harm.
pub(crate) async fn work(
    resource: String,
    task: Task,
    service: Option<Arc<Service>>,
    cancel: Arc<Notify>,
) -> Ended {
    let mut child = None;
    let carried_out = async {
        match service {
            Some(service) => carry_out(task, &service, &mut child).await,
            // A resource that is not declared here.
            None => Ok(Outcome::Failed),
        }
    };
    let outcome = tokio::select! {
        outcome = carried_out => outcome,
        // The operation that follows looks after a process that was started.
        () = cancel.notified() => Ok(Outcome::Failed),
    };
    let outcome = outcome.unwrap_or_else(|error| {
        println!("{task} of {resource}: {error}");
        Outcome::Failed
    });
    Ended { resource, operation: task.operation, outcome, child }
}

async fn carry_out(
    task: Task,
    service: &Service,
    child: &mut Option<Child>,
) -> io::Result<Outcome> {
    let well = |is_well| if is_well { Outcome::Succeeded } else { Outcome::Failed };
    Ok(match task.action {
        OperationKind::Start if !service.has_command() => Outcome::FailedForGood,
        OperationKind::Start => {
            *child = service.start(task.operation).await?;
            well(becomes_well(service).await?)
        }
        OperationKind::Stop => {
            service.stop().await?;
            Outcome::Succeeded
        }
        OperationKind::Terminate => {
            service.kill().await?;
            Outcome::Succeeded
        }
        OperationKind::CheckLooksAlive => well(service.runs().await?),
        OperationKind::CheckIsAlive => well(service.is_well().await?),
        OperationKind::Probe if service.runs().await? => Outcome::Running,
        OperationKind::Probe => Outcome::NotRunning,
        // The others are not about a resource, or this agent does not know them.
        _ => Outcome::Failed,
    })
}

/// Waits until a service is well. The core ends a start that takes too long.
async fn becomes_well(service: &Service) -> io::Result<bool> {
    loop {
        sleep(Duration::from_millis(50)).await;
        if service.is_well().await? {
            return Ok(true);
        }
        if !service.runs().await? {
            return Ok(false);
        }
    }
}
