//! S20: the whole truth table of failback. A group returns exactly when it may, its preferred owner
//! is up and has been for the hold-down, its window is open and was not used yet, and nothing of it
//! is on its way.

use core::time::Duration;

use quorate::cluster::{Command, Event, Life, Output};
use quorate::policy::Ring;
use quorate::settings::{Failback, FailbackWindow, Fencing};
use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};
use quorate::state::MovementCause;
use quorate::{
    Cluster, GroupId, Incarnation, Input, NodeId, Outcome, ResourceId, Timestamp, WallClock,
};

const HOME: NodeId = NodeId::new(0);
const AWAY: NodeId = NodeId::new(1);
const THIRD: NodeId = NodeId::new(2);
const GROUP: GroupId = GroupId::new(0);
const DB: ResourceId = ResourceId::new(0);

/// A minute of hold-down; everything else takes seconds.
const HOLD_DOWN: u64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Window {
    None,
    Open,
    Closed,
    /// The clock on the wall was never read.
    Unread,
    /// Open, and the group returned in it before.
    Used,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Home {
    Up,
    Paused,
    Down,
    /// Up, and has been since before the group came to where it is.
    UpBefore,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    failback: Failback,
    home: Home,
    is_held_down: bool,
    window: Window,
    is_busy: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for failback in [Failback::Allow, Failback::Prevent] {
            for home in [Home::Up, Home::Paused, Home::Down, Home::UpBefore] {
                for window in
                    [Window::None, Window::Open, Window::Closed, Window::Unread, Window::Used]
                {
                    for (is_held_down, is_busy) in
                        [(false, false), (false, true), (true, false), (true, true)]
                    {
                        all.push(Self { failback, home, is_held_down, window, is_busy });
                    }
                }
            }
        }
        all
    }

    /// Cases that cannot come about: a group that may not return has not returned before.
    fn is_possible(&self) -> bool {
        !(self.window == Window::Used && self.failback == Failback::Prevent)
    }

    fn returns(&self) -> bool {
        self.failback == Failback::Allow
            && self.home == Home::Up
            && !self.is_held_down
            && matches!(self.window, Window::None | Window::Open)
            && !self.is_busy
    }
}

struct Run {
    cluster: Cluster,
    now: u64,
    returns: usize,
}

impl Run {
    fn new(case: &Case) -> Self {
        let window = match case.window {
            Window::None => None,
            Window::Open | Window::Unread | Window::Used => Some((10, 14)),
            Window::Closed => Some((14, 10)),
        };
        let mut group = GroupDeclaration::new("g")
            .preferred_owners(["home", "away"])
            .resource(ResourceDeclaration::new("db", "Generic Service"));
        group.failback = Some(case.failback);
        group.failback_hold_down = Some(Duration::from_millis(HOLD_DOWN));
        group.failback_window =
            window.map(|(start_hour, end_hour)| FailbackWindow { start_hour, end_hour });
        let mut declared = ClusterDeclaration::new("c")
            .node("home")
            .node("away")
            .node("third")
            .fencing(Fencing::Trusted)
            .group(group);
        declared.group_wait_delay = Some(Duration::ZERO);
        let spec = declared.build().expect("a valid declaration");
        let cluster = Cluster::new(spec, Ring::new(), Timestamp::ZERO);
        Self { cluster, now: 1_000, returns: 0 }
    }

    fn feed(&mut self, input: Input) {
        self.cluster.handle(Timestamp::from_millis(self.now), input).expect("it is accepted");
        self.take_outputs();
    }

    fn take_outputs(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            let Output::Event(Event::MoveStarted { cause: MovementCause::Failback, to, .. }) =
                output
            else {
                continue;
            };
            assert_eq!(to, Some(HOME));
            self.returns += 1;
        }
    }

    fn answer_all(&mut self) {
        loop {
            let asked = self.cluster.outstanding().next().map(|effect| effect.operation);
            let Some(operation) = asked else { return };
            self.feed(Input::operation_finished(operation, Outcome::Succeeded));
        }
    }

    fn join(&mut self, node: NodeId, life: u64) {
        let incarnation = Incarnation::new(life);
        self.feed(Input::node_joined(node, incarnation, vec![]));
    }

    /// Time passes; every timer on the way goes off.
    fn pass(&mut self, span: u64) {
        let end = self.now + span;
        while let Some(at) = self.cluster.poll_timeout().map(|deadline| deadline.at.as_millis()) {
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            self.cluster.handle_timeout(Timestamp::from_millis(self.now));
            self.take_outputs();
        }
        self.now = end;
        self.cluster.handle_timeout(Timestamp::from_millis(self.now));
        self.take_outputs();
    }

    /// The story that leads to the case; how often the group returned at its end.
    fn play(mut self, case: &Case) -> usize {
        if matches!(case.window, Window::Open | Window::Closed | Window::Used) {
            // Noon, wherever this is.
            let reading = WallClock { utc_millis_of_day: 12 * 3_600_000, utc_offset_minutes: 0 };
            self.feed(Input::wall_clock_read(reading));
        }
        for node in [AWAY, THIRD] {
            self.join(node, 1);
        }
        self.answer_all();
        let mut life = 1;
        if case.window == Window::Used {
            self.return_once();
            life = 2;
        }
        assert_eq!(self.cluster.state().owner(GROUP), Some(AWAY));
        if case.home == Home::UpBefore {
            // It is there first, and the group comes to the other node by an operator's word.
            self.join(HOME, life);
            self.move_away_from_third();
        }
        if case.is_busy {
            let incarnation = Incarnation::new(1);
            self.feed(Input::resource_failed(DB, AWAY, incarnation).into());
        } else {
            self.answer_all();
        }
        match case.home {
            Home::Up => self.join(HOME, life),
            Home::Paused => {
                self.join(HOME, life);
                self.feed(Input::Command(Command::pause_node(HOME)));
            }
            Home::Down | Home::UpBefore => {}
        }
        self.returns = 0;
        self.pass(if case.is_held_down { HOLD_DOWN - 1 } else { HOLD_DOWN });
        self.returns
    }

    /// The group returns, and its owner is lost.
    fn return_once(&mut self) {
        self.join(HOME, 1);
        self.pass(HOLD_DOWN);
        self.answer_all();
        assert_eq!(self.cluster.state().owner(GROUP), Some(HOME), "it returned");
        self.feed(Input::node_lost(HOME, Life::Known));
        self.answer_all();
    }

    fn move_away_from_third(&mut self) {
        for to in [THIRD, AWAY] {
            self.feed(Command::move_group(GROUP).to(to).override_lock().into());
            self.answer_all();
        }
    }
}

#[test]
fn a_group_returns_exactly_when_everything_holds() {
    let (mut possible, mut returned) = (0, 0);
    for case in Case::all().into_iter().filter(Case::is_possible) {
        let returns = Run::new(&case).play(&case);
        assert_eq!(returns, usize::from(case.returns()), "{case:?}");
        possible += 1;
        returned += returns;
    }
    assert_eq!((possible, returned), (144, 2));
}
