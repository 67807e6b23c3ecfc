//! The engine of one machine.

/// The engine of one machine, as far as the abstract log needs it.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Seat {
    /// The process runs.
    pub(in super::super) is_open: bool,
    /// The process stands still.
    pub(in super::super) is_frozen: bool,
    /// It sends nothing that would keep it leader.
    pub(in super::super) is_muted: bool,
    /// The term that it believes to lead.
    pub(super) leads: Option<u64>,
    /// The number of its own first entry in that term.
    pub(super) first: u64,
    /// It does not learn before this time that it was deposed.
    pub(super) unaware_until: u64,
    /// The last entry that it knows to be committed.
    pub(super) known: u64,
    pub(super) fetches_at: u64,
    /// Its disk hangs until this time: nothing is applied.
    pub(in super::super) hangs_until: u64,
}

impl Seat {
    /// Tells whether it answers.
    pub(super) const fn is_awake(&self) -> bool {
        self.is_open && !self.is_frozen
    }

    /// Tells whether it may lead.
    pub(super) const fn is_active(&self) -> bool {
        self.is_awake() && !self.is_muted
    }
}
