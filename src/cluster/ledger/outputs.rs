//! Outputs that wait to be polled.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use crate::cluster::words::{Effect, Event, KeptOutputs, Output};
use crate::spec::ClusterSpec;

/// Outputs for which the queue keeps room when it is empty.
const OUTPUTS_KEPT: usize = 1_024;

/// The queue of outputs.
#[derive(Clone, Default)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    /// The outputs that are wanted. This is no part of the state.
    kept: KeptOutputs,
    /// The earlier declarations whose ids are used by outputs in the queue, oldest first. There is
    /// one for each change of configuration in the queue.
    earlier_specs: VecDeque<Arc<ClusterSpec>>,
}

impl Outputs {
    /// Puts an event into the queue, if events are kept.
    pub(super) fn add_event(&mut self, event: Event) {
        match self.kept {
            KeptOutputs::All | KeptOutputs::Events => self.queue.push_back(Output::Event(event)),
            KeptOutputs::Nothing => {}
        }
    }

    /// Puts an effect into the queue, if effects are kept.
    pub(super) fn add_effect(&mut self, effect: Effect) {
        match self.kept {
            KeptOutputs::All => self.queue.push_back(Output::Effect(effect)),
            KeptOutputs::Events | KeptOutputs::Nothing => {}
        }
    }

    /// Notes that another declaration is put in force than this one.
    pub(super) fn note_earlier_spec(&mut self, earlier: Arc<ClusterSpec>) {
        if self.kept != KeptOutputs::Nothing {
            self.earlier_specs.push_back(earlier);
        }
    }

    /// Returns the declaration whose ids the next output uses; `None` if it is the present one.
    pub(super) fn spec_of_next(&self) -> Option<&Arc<ClusterSpec>> {
        self.earlier_specs.front()
    }

    /// Changes which outputs are kept. Those in the queue that are not wanted any more are dropped.
    pub(super) fn keep(&mut self, kept: KeptOutputs) {
        self.kept = kept;
        match kept {
            KeptOutputs::All => {}
            KeptOutputs::Events => self.queue.retain(|output| matches!(output, Output::Event(_))),
            KeptOutputs::Nothing => self.forget(),
        }
    }

    /// Takes the next output out of the queue.
    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.queue.pop_front()?;
        if matches!(output, Output::Event(Event::ConfigurationChanged { .. })) {
            self.earlier_specs.pop_front();
        }
        if self.queue.is_empty() && self.queue.capacity() > OUTPUTS_KEPT {
            // Something large happened. Not every input pays for the room that it took.
            self.queue.shrink_to(OUTPUTS_KEPT);
        }
        Some(output)
    }

    /// Forgets all outputs in the queue.
    pub(super) fn forget(&mut self) {
        self.queue.clear();
        self.earlier_specs.clear();
    }
}
