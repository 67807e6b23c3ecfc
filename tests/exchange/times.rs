//! How long a server takes to start and to move, against the closed forms.
//!
//! ```text
//! base  = max(disk, ip + name) + attendant
//! T2003 = base + max(store + search, mta, routing, smtp, http, imap, pop)
//! T2000 = base + max(mta, routing, store + max(smtp, http, imap, pop, search))
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use quorate::catalog::exchange::{MtaPlace, Protocol, SearchParent, Version, VirtualServer};
use quorate::cluster::Command;
use quorate::machine::GroupState;
use quorate::settings::QuorumRule;
use quorate::state::OperationKind;
use quorate::{Effect, NodeId, OpId, Timestamp};

use super::drive::{Drive, cluster_of, evs};

/// Milliseconds that each resource takes.
#[derive(Clone, Copy, Debug)]
struct Times {
    disks: [u64; 2],
    ip: u64,
    name: u64,
    attendant: u64,
    store: u64,
    search: u64,
    mta: u64,
    routing: u64,
    smtp: u64,
    http: u64,
    imap: u64,
    pop: u64,
}

/// The worked example, in seconds.
const EXAMPLE: Times = Times {
    disks: [5, 0],
    ip: 1,
    name: 3,
    attendant: 20,
    store: 60,
    search: 5,
    mta: 5,
    routing: 3,
    smtp: 10,
    http: 2,
    imap: 1,
    pop: 1,
};

impl Times {
    fn scaled(self, factor: u64) -> Self {
        let of = |time: u64| time * factor;
        Self {
            disks: self.disks.map(of),
            ip: of(self.ip),
            name: of(self.name),
            attendant: of(self.attendant),
            store: of(self.store),
            search: of(self.search),
            mta: of(self.mta),
            routing: of(self.routing),
            smtp: of(self.smtp),
            http: of(self.http),
            imap: of(self.imap),
            pop: of(self.pop),
        }
    }

    fn of(&self, resource: &str) -> u64 {
        match resource.trim_start_matches("EVS1 ") {
            "Disk F:" => self.disks[0],
            "Disk G:" => self.disks[1],
            "IP Address" => self.ip,
            "Network Name" => self.name,
            "System Attendant" => self.attendant,
            "Information Store" => self.store,
            "MS Search" => self.search,
            "MTA" => self.mta,
            "Routing" => self.routing,
            "SMTP" => self.smtp,
            "HTTP" => self.http,
            "IMAP4" => self.imap,
            "POP3" => self.pop,
            other => panic!("no time for {other}"),
        }
    }

    fn closed_form(&self, version: Version, search: SearchParent) -> u64 {
        let disk = self.disks[0].max(self.disks[1]);
        let base = disk.max(self.ip + self.name) + self.attendant;
        let protocols = self.smtp.max(self.http).max(self.imap).max(self.pop);
        let (above_store, beside_store) = match (version, search) {
            (Version::Exchange2003, SearchParent::InformationStore) => (self.search, protocols),
            (Version::Exchange2003, SearchParent::SystemAttendant) => {
                (0, protocols.max(self.search))
            }
            (Version::Exchange2000, SearchParent::InformationStore) => {
                (protocols.max(self.search), 0)
            }
            (Version::Exchange2000, SearchParent::SystemAttendant) => (protocols, self.search),
        };
        base + (self.store + above_store).max(self.mta).max(self.routing).max(beside_store)
    }

    fn sum(&self) -> u64 {
        let first = self.disks[0] + self.disks[1] + self.ip + self.name + self.attendant;
        let second = self.store + self.search + self.mta + self.routing;
        first + second + self.smtp + self.http + self.imap + self.pop
    }
}

/// How many things an agent does at once.
#[derive(Clone, Copy, Debug)]
enum Hands {
    Many,
    One,
}

fn server(version: Version, search: SearchParent) -> Drive {
    let server = VirtualServer::new(version, "EVS1")
        .disks(["F:", "G:"])
        .protocols([Protocol::Smtp, Protocol::Http, Protocol::Imap4, Protocol::Pop3])
        .mta(MtaPlace::Here)
        .search_parent(search);
    Drive::form(cluster_of(2, QuorumRule::DiskOnly, [server.build()]))
}

/// When the steps of a start or a move were over.
struct Run {
    /// When the server came to another owner.
    moved: Option<Timestamp>,
    online: Timestamp,
}

/// Lets the agents work until nothing is left to do and the server is online.
fn run(drive: &mut Drive, start: &Times, stop: &Times, hands: Hands) -> Run {
    let owner = drive.cluster.state().owner(evs(1));
    let mut moved = None;
    let mut working: BTreeMap<(Timestamp, OpId), Effect> = BTreeMap::new();
    let mut waiting: VecDeque<Effect> = VecDeque::new();
    loop {
        if moved.is_none() && drive.cluster.state().owner(evs(1)) != owner {
            moved = Some(drive.now);
        }
        waiting.extend(drive.take().0);
        let is_free = |working: &BTreeMap<_, _>| match hands {
            Hands::Many => true,
            Hands::One => working.is_empty(),
        };
        while is_free(&working)
            && let Some(effect) = waiting.pop_front()
        {
            let name = drive.name(effect.resource.expect("nothing is fenced"));
            let millis = match effect.action {
                OperationKind::Start => start.of(name),
                OperationKind::Stop => stop.of(name),
                OperationKind::CheckLooksAlive | OperationKind::CheckIsAlive => 0,
                other => panic!("nothing fails here: {other}"),
            };
            let done = drive.now.after(Duration::from_millis(millis));
            working.insert((done, effect.operation), effect);
        }
        let due = drive.cluster.poll_timeout().map(|deadline| deadline.at);
        let done = working.first_key_value().map(|((at, _), _)| *at);
        match (done, due) {
            (Some(done), due) if due.is_none_or(|due| done <= due) => {
                drive.now = done;
                let ((_, _), effect) = working.pop_first().expect("it was just seen");
                drive.succeed(&effect);
            }
            (None, _) => {
                let state = drive.cluster.state().group_state(drive.cluster.spec(), evs(1));
                assert_eq!(state, GroupState::Online);
                return Run { moved, online: drive.now };
            }
            (Some(_), None) => unreachable!("then it is done first"),
            (Some(_), Some(due)) => {
                drive.now = due.max(drive.now);
                drive.cluster.handle_timeout(drive.now);
            }
        }
    }
}

fn time_to_online(version: Version, search: SearchParent, times: &Times, hands: Hands) -> u64 {
    run(&mut server(version, search), times, times, hands).online.as_millis()
}

#[test]
fn the_worked_example() {
    let store = SearchParent::InformationStore;
    let seconds = EXAMPLE.scaled(1_000);
    for (version, expected) in [(Version::Exchange2003, 90_000), (Version::Exchange2000, 95_000)] {
        assert_eq!(seconds.closed_form(version, store), expected);
        assert_eq!(time_to_online(version, store, &seconds, Hands::Many), expected);
        // One hand: health checks of what runs already wait their turn and take no time.
        assert_eq!(time_to_online(version, store, &seconds, Hands::One), 116_000);
    }
    assert_eq!(seconds.sum(), 116_000);
}

fn times() -> impl Strategy<Value = Times> {
    // Below the interval of the first health check in all.
    proptest::array::uniform13(0..200_u64).prop_map(|of| Times {
        disks: [of[0], of[1]],
        ip: of[2],
        name: of[3],
        attendant: of[4],
        store: of[5],
        search: of[6],
        mta: of[7],
        routing: of[8],
        smtp: of[9],
        http: of[10],
        imap: of[11],
        pop: of[12],
    })
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Exchange2000), Just(Version::Exchange2003)]
}

fn parent() -> impl Strategy<Value = SearchParent> {
    prop_oneof![Just(SearchParent::InformationStore), Just(SearchParent::SystemAttendant)]
}

proptest! {
    #[test]
    fn a_start_takes_the_longest_path(
        version in version(), search in parent(), times in times(),
    ) {
        let many = time_to_online(version, search, &times, Hands::Many);
        prop_assert_eq!(many, times.closed_form(version, search));
        prop_assert_eq!(time_to_online(version, search, &times, Hands::One), times.sum());
    }

    #[test]
    fn the_newer_version_is_never_slower(search in parent(), times in times()) {
        let newer = time_to_online(Version::Exchange2003, search, &times, Hands::Many);
        let older = time_to_online(Version::Exchange2000, search, &times, Hands::Many);
        prop_assert!(newer <= older, "{} > {}", newer, older);
    }

    /// The graph reversed has the same longest path.
    #[test]
    fn a_move_takes_a_stop_and_a_start(
        version in version(), search in parent(), start in times(), stop in times(),
    ) {
        let mut drive = server(version, search);
        let began = run(&mut drive, &start, &stop, Hands::Many).online;
        drive.input(Command::move_group(evs(1)).to(NodeId::new(1)).into());
        let run = run(&mut drive, &start, &stop, Hands::Many);
        let stopped = run.moved.expect("it went to the other node").since(began);
        let offline = Duration::from_millis(stop.closed_form(version, search));
        let online = Duration::from_millis(start.closed_form(version, search));
        prop_assert_eq!(stopped, offline);
        prop_assert_eq!(run.online.since(began), offline + online);
    }
}
