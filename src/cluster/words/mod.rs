//! Words: inputs, outputs, errors, reasons, deadlines and rules.

mod command;
mod constructors;
mod deadline;
mod error;
mod input;
mod life;
mod named_error;
mod naming;
mod obstacle;
mod output;
mod reason;
mod run;
mod running;
mod unknown;
mod violation;

pub use command::{Command, ConfigurationMoves, ResumeFailback, WhenRefused};
pub use constructors::commands::{
    ClearGroupFailures, Configure, DrainNode, MoveGroup, ResumeNode, Switch,
};
pub use constructors::reports::{Inventory, ResourceReport};
pub use deadline::{Deadline, DeadlineReason};
pub use error::InputError;
pub use input::Input;
pub use life::Life;
pub use named_error::NamedInputError;
pub use naming::Translate;
pub use obstacle::DrainObstacle;
pub use output::{Effect, Event, KeptOutputs, Output};
pub use reason::Reason;
pub use run::Run;
pub use running::{Running, RunningState};
pub use unknown::UnknownReference;
pub use violation::{Inconsistency, StateRule, StateSubject};
