//! One value of every variant that the bridge writes and never reads.
//!
//! `docs/bridge.md` shows them, a block of lines for each list. A field that is new does not
//! compile here until it has a value; that no variant is missing is checked against the sources.

use std::time::Duration;

use quorate::Timestamp;
use quorate::cluster::{
    Deadline, DeadlineReason, DrainObstacle, Fate, Forecast, ForecastEnd, ForecastGroup,
    ForecastOperation, Reason,
};
use quorate::id::{Names, OpId};
use quorate::machine::{Budget, GroupState, NodeState};
use quorate::plan::{Candidate, CandidateVerdict, Difference, Drawback, Explanation, Rejection};
use quorate::policy::{FailedHere, Trigger};
use quorate::settings::Fencing;
use quorate::state::{NoRestartCause, Operation, OperationKind, OrphanState, Recovery};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A fenced block of the document, what it shows, and where the variants are declared.
pub(crate) struct Block {
    pub(crate) language: &'static str,
    pub(crate) lines: Vec<String>,
    pub(crate) items: &'static [(&'static str, &'static str)],
}

fn block<T: Serialize>(
    language: &'static str,
    items: &'static [(&'static str, &'static str)],
    samples: Vec<T>,
) -> Block {
    let line = |sample: &T| serde_json::to_string(sample).expect("plain data");
    Block { language, lines: samples.iter().map(line).collect(), items }
}

/// The value with this written form, for types that others cannot build.
fn built<T: DeserializeOwned>(written: Value) -> T {
    serde_json::from_value(written).expect("it is a value of this type")
}

pub(crate) fn blocks() -> Vec<Block> {
    let mut blocks = answers();
    blocks.extend(records());
    blocks
}

/// The answers to questions, and timeouts.
fn answers() -> Vec<Block> {
    vec![
        block(
            "json deadlines",
            &[("src/cluster/words/deadline.rs", "deadline_reasons! {")],
            deadlines(),
        ),
        block(
            "json obstacles",
            &[("src/cluster/words/obstacle.rs", "pub enum DrainObstacle<")],
            obstacles(),
        ),
        block("json reasons", &[("src/cluster/words/reason.rs", "pub enum Reason<")], reasons()),
        block(
            "json verdicts",
            &[
                ("src/plan/explain.rs", "pub enum CandidateVerdict<"),
                ("src/plan/explain.rs", "pub enum Difference "),
                ("src/plan/verdict.rs", "pub enum Rejection<"),
                ("src/plan/verdict.rs", "pub enum Drawback<"),
            ],
            verdicts(),
        ),
        block(
            "json explanations",
            &[
                ("src/plan/explain.rs", "pub struct Explanation<"),
                ("src/plan/explain.rs", "pub struct Candidate<"),
            ],
            vec![explanation()],
        ),
        block(
            "json plans",
            &[
                ("src/cluster/questions/forecast.rs", "pub struct Forecast "),
                ("src/cluster/questions/forecast.rs", "pub struct ForecastGroup "),
                ("src/cluster/questions/forecast.rs", "pub struct ForecastDrain "),
                ("src/cluster/questions/forecast.rs", "pub struct ForecastBlocked "),
                ("src/cluster/questions/forecast.rs", "pub struct ForecastOperation "),
                ("src/cluster/questions/forecast.rs", "pub enum Fate "),
                ("src/cluster/questions/forecast.rs", "pub enum ForecastEnd "),
            ],
            plans(),
        ),
    ]
}

/// The records that the view of the state shows.
fn records() -> Vec<Block> {
    vec![
        block(
            "json recoveries",
            &[("src/state/recovery.rs", "pub enum Recovery ")],
            vec![
                Recovery::None,
                Recovery::RestartAt(at(1_500)),
                Recovery::Failover,
                Recovery::RetryAt { at: Some(at(3_601_000)), cause: NoRestartCause::Failovers },
                Recovery::RetryAt { at: None, cause: NoRestartCause::Retries },
                Recovery::RetryAt { at: None, cause: NoRestartCause::Left },
            ],
        ),
        block(
            "json operations",
            &[("src/state/operation.rs", "pub struct Operation ")],
            vec![built::<Operation>(json!({
                "id": OpId::new(17),
                "kind": OperationKind::Start,
                "issued_at": at(1_000),
                "progress_at": at(31_000),
            }))],
        ),
        block(
            "json budgets",
            &[("src/machine/budget.rs", "pub struct Budget ")],
            vec![built::<Budget>(
                json!({"threshold": 3, "remaining": 2, "renews_at": at(901_000)}),
            )],
        ),
        block(
            "json orphans",
            &[("src/state/orphan.rs", "pub enum OrphanState ")],
            vec![
                OrphanState::Running,
                OrphanState::Unsettled,
                OrphanState::Stopping,
                OrphanState::Terminating,
                OrphanState::InDoubt(at(181_000)),
            ],
        ),
    ]
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn name(name: &str) -> String {
    name.into()
}

fn deadlines() -> Vec<Deadline<Names>> {
    let (node, group, resource) = (|| name("a"), || name("sql"), || name("db"));
    [
        DeadlineReason::OperationTimeout { operation: OpId::new(17) },
        DeadlineReason::HealthCheck { resource: resource() },
        DeadlineReason::Restart { resource: resource() },
        DeadlineReason::Retry { resource: resource() },
        DeadlineReason::Probe { resource: resource() },
        DeadlineReason::FenceRetry { node: node() },
        DeadlineReason::LeaseEnd { node: node() },
        DeadlineReason::StartDelay { group: group() },
        DeadlineReason::PreferredOwnerWait { group: group() },
        DeadlineReason::PriorityWait { group: group() },
        DeadlineReason::DrainWait { node: node() },
        DeadlineReason::Failback { group: group() },
        DeadlineReason::OrphanRetry { node: node(), resource: resource() },
    ]
    .map(|reason: DeadlineReason<Names>| {
        // Its reason stands among its own fields.
        let mut written = serde_json::to_value(reason).expect("plain data");
        written["at"] = json!(at(5_000));
        built(written)
    })
    .into()
}

fn reasons() -> Vec<Reason<Names>> {
    let (node, group, resource) = (|| name("a"), || name("sql"), || name("db"));
    let lease =
        Fencing::Lease { duration: Duration::from_secs(30), margin: Duration::from_secs(5) };
    vec![
        Reason::NoQuorum,
        Reason::WaitingForNodeOff { node: node(), fencing: Fencing::Required, at: None },
        Reason::WaitingForNodeOff { node: node(), fencing: lease, at: Some(at(35_000)) },
        Reason::OrphanRunning { resource: resource(), node: node() },
        Reason::InDoubt { resource: resource(), node: node() },
        Reason::NotStartedAutomatically,
        Reason::WaitingForPreferredOwner { node: node(), until: at(120_000) },
        Reason::NoCandidate,
        Reason::OwnerJoining { node: node() },
        Reason::OwnerPaused { node: node() },
        Reason::NotAdmitted { node: node(), because_of: name("mail") },
        Reason::WaitingForPriority { group: group(), until: at(300_000) },
        Reason::WaitingForInventory { resource: resource(), node: name("b") },
        Reason::StartDelayed { until: at(10_000) },
        Reason::Moving { to: Some(name("b")) },
        Reason::Moving { to: None },
        Reason::RestartScheduled { resource: resource(), at: at(1_500) },
        Reason::Failed {
            resource: resource(),
            cause: NoRestartCause::Failovers,
            retry_at: Some(at(3_601_000)),
        },
        Reason::Failed { resource: resource(), cause: NoRestartCause::Left, retry_at: None },
        Reason::OwnerNotPossible { resource: resource(), node: node() },
        Reason::InProgress { resource: resource() },
        Reason::WaitingForResource { resource: resource(), on: name("disk") },
        Reason::ResourceHeldOffline { resource: name("disk") },
    ]
}

fn verdicts() -> Vec<CandidateVerdict<Names>> {
    let behind = |by| CandidateVerdict::Behind { node: name("b"), by };
    let (group, resource) = (|| name("mail"), || name("db"));
    vec![
        CandidateVerdict::Chosen { drawback: None },
        CandidateVerdict::Chosen { drawback: Some(Drawback::BesideAntiAffine { group: group() }) },
        behind(Difference::Key { name: "groups on node", own: 4, better: 2 }),
        behind(Difference::RunsLess),
        behind(Difference::Failed),
        behind(Difference::UnderWay),
        behind(Difference::Owner),
        behind(Difference::NodeList),
        CandidateVerdict::LastResort(Drawback::BesideAntiAffine { group: group() }),
        CandidateVerdict::LastResort(Drawback::OwnedOnly { resource: resource() }),
        CandidateVerdict::LastResort(Drawback::Paused),
        CandidateVerdict::Rejected(Rejection::NotUp { state: NodeState::Unclean }),
        CandidateVerdict::Rejected(Rejection::CurrentOwner),
        CandidateVerdict::Rejected(Rejection::NoQuorum),
        CandidateVerdict::Rejected(Rejection::Barred { resource: resource() }),
        CandidateVerdict::Rejected(Rejection::NotPossibleOwner { resource: resource() }),
        CandidateVerdict::Rejected(Rejection::Capacity {
            dimension: name("mb"),
            needed: 64,
            free: 16,
        }),
        CandidateVerdict::Rejected(Rejection::AntiAffinity { group: group() }),
        CandidateVerdict::Rejected(Rejection::KeptFor { group: Some(group()) }),
        CandidateVerdict::Rejected(Rejection::KeptFor { group: None }),
        CandidateVerdict::Rejected(Rejection::Vetoed { reason: "not a preferred owner".into() }),
    ]
}

fn candidate(node: &str, verdict: CandidateVerdict<Names>) -> Candidate<Names> {
    Candidate::new(name(node), verdict)
}

fn explanation() -> Explanation<Names> {
    let rejected = Rejection::NotUp { state: NodeState::Paused };
    let mut paused = candidate("c", CandidateVerdict::Rejected(rejected));
    paused.failed_here = Some(FailedHere::new(at(1_000), at(21_601_000), Duration::from_secs(60)));
    let candidates = vec![
        candidate("b", CandidateVerdict::Chosen { drawback: None }),
        candidate("a", CandidateVerdict::Rejected(Rejection::CurrentOwner)),
        paused,
    ];
    let mut explanation = Explanation::new(name("sql"), Trigger::NodeFailure, candidates);
    explanation.owner = Some(name("a"));
    explanation.chosen = Some(name("b"));
    explanation
}

/// Why groups stay on drained nodes.
fn obstacles() -> Vec<DrainObstacle<Names>> {
    vec![
        DrainObstacle::InDoubt { resource: name("db") },
        DrainObstacle::Locked,
        DrainObstacle::Left { resource: name("db") },
        DrainObstacle::Target { node: name("b") },
        DrainObstacle::NoCandidate,
    ]
}

fn plans() -> Vec<Forecast> {
    let group = |fate, state, why: Option<Reason<Names>>| -> ForecastGroup {
        let written = json!({
            "group": "sql",
            "fate": fate,
            "from": (fate != Fate::Added).then_some("a"),
            "to": (fate != Fate::Removed).then_some("b"),
            "state": state,
            "why": why,
        });
        built(written)
    };
    let groups = vec![
        group(Fate::Kept, GroupState::Failed, Some(Reason::NoCandidate)),
        group(Fate::Added, GroupState::Online, None),
        group(Fate::Removed, GroupState::Offline, None),
    ];
    let operation = |action, resource: Option<&str>| -> ForecastOperation {
        let written = json!({"action": action, "node": "a", "resource": resource});
        built(written)
    };
    let operations =
        vec![operation(OperationKind::Stop, Some("db")), operation(OperationKind::Fence, None)];
    let blocked: Vec<_> =
        obstacles().iter().map(|because| json!({"group": "sql", "because": because})).collect();
    let settled = json!({
        "groups": groups,
        "drains": [
            {"node": "a", "status": "failed", "blocked": blocked},
            {"node": "b", "status": "in_progress", "blocked": []},
        ],
        "operations": operations,
        "unanswered": [operation(OperationKind::Probe, Some("db"))],
        "end": ForecastEnd::Settled,
    });
    let cut_off =
        json!({"groups": [], "drains": [], "operations": [], "unanswered": [], "end": "cut_off"});
    vec![built(settled), built(cut_off)]
}
