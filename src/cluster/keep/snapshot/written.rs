//! The written form of a snapshot: every field, in its order.

use super::{
    DrainSnapshot, FailedNodeSnapshot, GroupSnapshot, MovementSnapshot, NodeSnapshot,
    OrphanSnapshot, QueuedSnapshot, ResourceSnapshot, SnapshotV1,
};
use crate::form::written;

written!(SnapshotV1 {
    always declaration,
    given policy,
    given behaviour,
    always now,
    always inputs,
    always next_operation,
    always configuration,
    given last_declared,
    given witness,
    given wall_clock,
    given quorate_since,
    given formed_at,
    given resumed_at,
    always nodes,
    given groups,
    given resources,
    given orphans,
});

written!(NodeSnapshot {
    always node,
    always state,
    given incarnation,
    always since,
    given up_in_input,
    given attraction,
    given pause,
    given drain,
    given proof,
    given fence,
    given fence_retry_at,
    given fence_attempts,
    given listed_in,
    given inquiry,
    given attributes,
});

written!(DrainSnapshot {
    always status,
    given mode,
    given target,
    given lock,
    given since,
});

written!(GroupSnapshot {
    always group,
    given owner,
    given epoch,
    always desired,
    given ordered_in,
    given default_owner,
    given failovers,
    given failed_on,
    given movement,
    given return_to,
    given queued,
    given lock,
    given drained_from,
    given last_failback,
    given placed_at,
    given placed_in_input,
    given home_wait,
    given room,
    given turn,
    given tenure,
});

written!(FailedNodeSnapshot {
    always node,
    always incarnation,
    always at,
    given for_good,
});

written!(MovementSnapshot {
    given to,
    always cause,
    given on_failure,
});

written!(QueuedSnapshot {
    given to,
    given on_failure,
    given lock,
});

written!(ResourceSnapshot {
    always resource,
    always state,
    always since,
    given desired,
    always maintenance,
    given operation,
    given late_start,
    given doubt,
    given restarts,
    given online_until,
    given recovery,
    given failed_while,
    given run,
    given retries,
    always started_at,
    always looked_alive_at,
    always known_alive_at,
    given sequence,
    given declared_in,
    given vouched,
});

written!(OrphanSnapshot {
    always node,
    always resource,
    always state,
    given operation,
});
