//! The texts that people read: every error, reason, deadline, rejection and broken rule in words, compared
//! with a file that is read whenever it changes, and held to the rules that messages have.
//!
//! `UPDATE=1 cargo test --test words` writes the file anew.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use quorate::cluster::{
    DeadlineReason, InputError, Reason, StateRule, StateSubject, UnknownReference,
};
use quorate::graph::Expected;
use quorate::id::Names;
use quorate::machine::{NodeState, ResourceState};
use quorate::plan::{Drawback, Rejection, Tier};
use quorate::quorum::QuorumVerdict;
use quorate::settings::{DesiredState, Fencing};
use quorate::spec::{ClusterDeclaration, SpecErrors, WordFault};
use quorate::state::{NoRestartCause, OperationKind};
use quorate::{Incarnation, OpId, Timestamp, WallClock};

#[path = "words/samples.rs"]
mod samples;

use samples::{commands, effects, events, reports};

const AT: Timestamp = Timestamp::from_millis(90_000);

fn node() -> String {
    "a".into()
}

fn group() -> String {
    "sql".into()
}

fn resource() -> String {
    "disk".into()
}

fn input_errors() -> Vec<InputError<Names>> {
    use InputError as E;
    let latest = Timestamp::from_millis(90_001);
    let (reported, known) = (Incarnation::new(1), Incarnation::new(2));
    let clock = WallClock { utc_millis_of_day: 86_400_000, utc_offset_minutes: 60 };
    let rejection = Rejection::CurrentOwner;
    vec![
        E::TimeRanBackwards { now: AT, latest },
        E::TimeOutOfRange(AT),
        E::CounterExhausted,
        E::UnknownNode(node()),
        E::UnknownGroup(group()),
        E::UnknownResource(resource()),
        E::OperationNeverIssued(OpId::new(7)),
        E::StaleOperation(OpId::new(7)),
        E::OutcomeDoesNotFit { operation: OpId::new(7), action: OperationKind::Stop },
        E::OutcomeDoesNotFit { operation: OpId::new(7), action: OperationKind::Probe },
        E::OutcomeDoesNotFit { operation: OpId::new(7), action: OperationKind::Inventory },
        E::StaleIncarnation { node: node(), reported, known },
        E::IncarnationOutOfRange { node: node(), incarnation: known },
        E::NotTheOwner { resource: resource(), node: node() },
        E::ListedTwice(resource()),
        E::AttributeName { node: node(), fault: WordFault::Empty },
        E::AttributeName { node: node(), fault: WordFault::Long { bytes: 300, limit: 255 } },
        E::AttributeName { node: node(), fault: WordFault::Forbidden { character: '\u{202e}' } },
        E::TooManyAttributes { node: node(), most: 64 },
        E::ClockOutOfRange(clock),
        E::NodeState { node: node(), state: NodeState::Down },
        E::NoQuorum,
        E::ConfigurationWouldLoseQuorum,
        E::WouldLoseQuorum(node()),
        E::AbsentNotProvenOff(node()),
        E::WitnessNotHeld,
        E::MoreThanVotes(empty().errors()[0].path.clone()),
        E::NodePaused(node()),
        E::GroupLocked(group()),
        E::ResourceState { resource: resource(), state: ResourceState::InDoubt },
        E::LateStart(resource()),
        E::ResourceFailed(resource()),
        E::ResourceNotOnline(resource()),
        E::NodeCannotHost { group: group(), node: node(), because_of: "mail".into() },
        E::MoveRefused { group: group(), node: node(), rejection },
        E::NoCandidate(group()),
        E::NotMoving(group()),
        E::DrainTargetNotUp(node()),
        E::DrainInProgress(node()),
        E::NodeInUse { node: node(), resource: resource() },
        E::NodeNotOff(node()),
        E::OnlyPossibleOwner { node: node(), resource: resource() },
        E::LastNode(node()),
        E::FencingWhileUnclean(node()),
        E::OtherCluster { own: "mail".into(), declared: "web".into() },
        E::Declaration(empty()),
        E::NeededByDeclaration { node: node(), errors: empty() },
        E::RemovedWhileRunning(resource()),
        E::RegroupedWhileRunning(resource()),
        E::DependenciesWhileRunning(resource()),
        E::DependencyDoesNotHold(resource()),
        E::OwnerStruck { group: group(), node: node() },
        E::PolicyNotOffered {
            policy: "least_group".into(),
            suggestion: Some("least_groups".into()),
        },
        E::PolicyNotOffered { policy: "other".into(), suggestion: None },
    ]
}

fn empty() -> SpecErrors {
    ClusterDeclaration::new("empty").build().expect_err("it has no node")
}

fn unknown_references() -> Vec<UnknownReference> {
    use UnknownReference as U;
    let suggestion = None;
    vec![
        U::Node { name: node(), suggestion: suggestion.clone() },
        U::Group { name: group(), suggestion: suggestion.clone() },
        U::Resource { name: resource(), suggestion: suggestion.clone() },
        U::Dimension { name: "ram".into(), suggestion },
        U::Node { name: "nods".into(), suggestion: Some("node".into()) },
    ]
}

fn reasons() -> Vec<Reason<Names>> {
    use Reason as R;
    let lease = Fencing::Lease { duration: Duration::from_secs(5), margin: Duration::ZERO };
    let lost = |fencing, at| R::WaitingForNodeOff { node: node(), fencing, at };
    let cause = NoRestartCause::Restarts;
    vec![
        R::NoQuorum,
        lost(Fencing::Required, None),
        lost(Fencing::Required, Some(AT)),
        lost(lease, Some(AT)),
        lost(lease, None),
        lost(Fencing::Operator, None),
        R::OrphanRunning { resource: resource(), node: node() },
        R::InDoubt { resource: resource(), node: node() },
        R::NotStartedAutomatically,
        R::WaitingForPreferredOwner { node: node(), until: AT },
        R::NoCandidate,
        R::OwnerJoining { node: node() },
        R::OwnerPaused { node: node() },
        R::NotAdmitted { node: node(), because_of: group() },
        R::WaitingForPriority { group: group(), until: Timestamp::from_millis(300_000) },
        R::WaitingForInventory { resource: resource(), node: node() },
        R::StartDelayed { until: AT },
        R::Moving { to: Some(node()) },
        R::Moving { to: None },
        R::RestartScheduled { resource: resource(), at: AT },
        R::Failed { resource: resource(), cause, retry_at: None },
        R::Failed { resource: resource(), cause, retry_at: Some(AT) },
        R::Failed { resource: resource(), cause: NoRestartCause::ForGood, retry_at: None },
        R::Failed { resource: resource(), cause: NoRestartCause::Left, retry_at: None },
        R::OwnerNotPossible { resource: resource(), node: node() },
        R::InProgress { resource: resource() },
        R::WaitingForResource { resource: "ip".into(), on: resource() },
        R::ResourceHeldOffline { resource: resource() },
    ]
}

fn deadlines() -> Vec<DeadlineReason<Names>> {
    use DeadlineReason as D;
    vec![
        D::OperationTimeout { operation: OpId::new(7) },
        D::HealthCheck { resource: resource() },
        D::Restart { resource: resource() },
        D::Retry { resource: resource() },
        D::Probe { resource: resource() },
        D::FenceRetry { node: node() },
        D::LeaseEnd { node: node() },
        D::StartDelay { group: group() },
        D::PreferredOwnerWait { group: group() },
        D::PriorityWait { group: group() },
        D::DrainWait { node: node() },
        D::Failback { group: group() },
        D::OrphanRetry { node: node(), resource: resource() },
    ]
}

fn rejections() -> Vec<Rejection<Names>> {
    vec![
        Rejection::NotUp { state: NodeState::Joining },
        Rejection::CurrentOwner,
        Rejection::NoQuorum,
        Rejection::Barred { resource: resource() },
        Rejection::NotPossibleOwner { resource: resource() },
        Rejection::Capacity { dimension: "ram".into(), needed: 4, free: 3 },
        Rejection::AntiAffinity { group: group() },
        Rejection::Vetoed { reason: "too far away".into() },
    ]
}

fn drawbacks() -> Vec<Drawback<Names>> {
    vec![
        Drawback::BesideAntiAffine { group: group() },
        Drawback::OwnedOnly { resource: resource() },
        Drawback::Paused,
    ]
}

const TIERS: [Tier; 4] = [Tier::Eligible, Tier::BesideAntiAffine, Tier::OwnedOnly, Tier::Paused];

const VERDICTS: [QuorumVerdict; 2] = [
    QuorumVerdict::Quorate { votes: 3, needed: 2 },
    QuorumVerdict::Inquorate { votes: 1, needed: 2 },
];

fn subjects() -> Vec<StateSubject<Names>> {
    vec![
        StateSubject::Cluster,
        StateSubject::Node(node()),
        StateSubject::Group(group()),
        StateSubject::Resource(resource()),
        StateSubject::Orphan { node: node(), resource: resource() },
    ]
}

const EXPECTED: [Expected; 11] = [
    Expected::Clause,
    Expected::Resource,
    Expected::Brackets,
    Expected::Name,
    Expected::ClosingBracket,
    Expected::And,
    Expected::OrOrClosing,
    Expected::OrOrEnd,
    Expected::ParenthesesAroundOr,
    Expected::NoAndInside,
    Expected::NoNesting,
];

macro_rules! rules {
    ($($rule:ident)*) => {
        [$(StateRule::$rule),*]
    };
}

const RULES: &[StateRule] = &rules! {
    RecordCount UnknownReference CounterTooLarge InputNotAccepted TimeInFuture TimesOutOfOrder
    LogTooLong ClockOutOfRange OperationReused OperationNotIssued OperationDoesNotFit
    OperationOnNonMember StartOnNodeNotUp StartBesideOrphan StartWithoutProvider
    StopBeforeDependent UnopenedOnOwner RunsWithoutOwner RunsOnDownNode CertainOnLostNode
    MoveToOwner OwnerWithoutEpoch OrderedInLaterEpoch RoomDiffers OrphanOnDownNode
    OrphanBesideItself PauseDiffers FenceOfDownNode FenceRetryWithoutNeed DownWithoutProof
    AttributeNotAllowed DrainOfResumedNode RecoveryDoesNotFit FailureDoesNotFit RunDoesNotFit LateStartWithoutDoubt DoubtDiffers ConfigurationNotCounted
    FormationDiffers QuorumDiffers OccupancyDiffers VotesDiffer OutstandingDiffers IndexDiffers
};

/// One line each under a head. No two say the same, none is empty, and none ends in a full stop.
fn section<T: Display + Debug>(head: &str, items: &[T]) -> String {
    let mut said = BTreeSet::new();
    let mut text = format!("{head}\n");
    for item in items {
        let words = item.to_string();
        let words = words.trim_end();
        assert!(!words.is_empty() && !words.ends_with('.'), "{item:?} says {words:?}");
        assert!(said.insert(words.to_owned()), "{item:?} says what another one says: {words}");
        text += &format!("  {words}\n");
    }
    text + "\n"
}

#[test]
fn everything_is_said_in_words_of_its_own() {
    let text = [
        section("inputs that are refused", &input_errors()),
        section("names that are not known", &unknown_references()),
        section("why a group is not online", &reasons()),
        section("deadlines", &deadlines()),
        section("why a node is rejected", &rejections()),
        section("what speaks against a node", &drawbacks()),
        section("how well nodes are suited", &TIERS),
        section("quorum", &VERDICTS),
        section("what is to be done", &effects()),
        section("what happened", &events()),
        section("what was reported", &reports()),
        section("what was asked for", &commands()),
        section("what is desired", &[DesiredState::Online, DesiredState::Offline]),
        section("what a state is wrong about", &subjects()),
        section("what is wrong with a state", RULES),
        section("what was expected in an expression", &EXPECTED),
    ]
    .concat();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/words.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("the golden files can be written");
    }
    let told = fs::read_to_string(&path).unwrap_or_default();
    assert!(told == text, "the words have changed; they would be\n{text}");
}

/// Errors are written as they were, and read. `UPDATE=1 cargo test --test words` writes them anew.
#[test]
fn errors_have_a_written_form_that_stays() {
    let line = |error| serde_json::to_string(error).expect("it is written") + "\n";
    let text: String = input_errors().iter().map(line).collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/errors_v1.jsonl");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("the golden files can be written");
    }
    let told = fs::read_to_string(&path).unwrap_or_default();
    assert!(told == text, "the written forms have changed; they would be\n{text}");
    let read: Vec<InputError<Names>> =
        told.lines().map(|line| serde_json::from_str(line).expect("it is read")).collect();
    assert_eq!(read, input_errors());
}

/// The kind of an error is the name of its variant in snake case.
#[test]
fn errors_have_a_kind_that_stays() {
    for error in input_errors() {
        assert_eq!(error.kind(), snake_case(&error));
    }
    for unknown in unknown_references() {
        assert_eq!(unknown.kind(), format!("unknown_{}", snake_case(&unknown)));
    }
}

/// The name of a variant, which `Debug` begins with.
fn snake_case(of: &impl Debug) -> String {
    let text = format!("{of:?}");
    let name = text.chars().take_while(|letter| letter.is_alphanumeric());
    name.enumerate().fold(String::new(), |mut snake, (index, letter)| {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        snake
    })
}
