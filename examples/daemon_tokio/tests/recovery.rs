//! The daemon is killed while a group moves. The next one finishes the move, leaves alone what ran
//! well, and nothing runs twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

mod support;

use support::{Daemon, wait_for};

/// Every service writes a line when it begins. It holds a lock that it shares with its copies on
/// the other nodes, as a disk would be; who finds it held writes `twice`.
const DECLARATION: &str = r#"
name = "mill"
nodes = ["anna", "bert", "carl"]

[[groups]]
name = "shop"
preferred_owners = ["anna", "bert"]

[[groups.resources]]
name = "database"
kind = "Generic Service"
parameters = { command = '''
    exec 9>>"$SHARED/$RESOURCE.disk"
    flock -n 9 || echo "$RESOURCE twice" >>"$SHARED/journal"
    echo "$RESOURCE $NODE $OPERATION" >>"$SHARED/journal"
    exec sleep 1000''' }

[[groups.resources]]
name = "web"
kind = "Generic Service"
depends_on = "[database]"
parameters = { check = 'test -e "$READY"', command = '''
    exec 9>>"$SHARED/$RESOURCE.disk"
    flock -n 9 || echo "$RESOURCE twice" >>"$SHARED/journal"
    echo "$RESOURCE $NODE $OPERATION" >>"$SHARED/journal"
    sleep 0.7
    touch "$READY"
    exec sleep 1000''' }

[[groups]]
name = "mail"
preferred_owners = ["carl"]

[[groups.resources]]
name = "queue"
kind = "Generic Service"
parameters = { command = '''
    echo "$RESOURCE $NODE $OPERATION" >>"$SHARED/journal"
    exec sleep 1000''' }
"#;

/// An empty folder for a test, and the declaration.
fn prepare(name: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let declaration = folder.with_extension("toml");
    fs::write(&declaration, DECLARATION).expect("a declaration");
    (folder, declaration)
}

fn journal(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("journal")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_operation_in_flight_is_recovered_after_a_kill() {
    let (folder, declaration) = prepare("recovery");
    let mut daemon = Daemon::start(&declaration, &folder);
    daemon.wait_until_online("shop", "anna");
    daemon.wait_until_online("mail", "carl");
    let queue = fs::read_to_string(folder.join("carl/queue.group")).expect("it runs");

    let (status, answer) = daemon.post("/groups/shop/move", r#"{"to": "bert"}"#);
    assert_eq!(status, 200, "{answer}");
    wait_for("web begins on bert", || {
        journal(&folder).iter().any(|line| line.starts_with("web bert")).then_some(())
    });
    assert_eq!(daemon.group("shop")["resources"][1]["state"], "online_pending");
    daemon.kill();
    assert!(!daemon.running().is_empty(), "services outlive the daemon");

    let mut daemon = Daemon::start(&declaration, &folder);
    let (_, events) = daemon.get("/events");
    let superseded = |event: &Value| event["event"]["operation_superseded"]["resource"] == "web";
    assert!(events.as_array().expect("a list").iter().any(superseded), "{events}");
    daemon.wait_until_online("shop", "bert");
    daemon.wait_until_online("mail", "carl");

    let journal = journal(&folder);
    let distinct: BTreeSet<&String> = journal.iter().collect();
    assert_eq!(distinct.len(), journal.len(), "an operation was carried out twice: {journal:?}");
    assert!(!journal.iter().any(|line| line.ends_with("twice")), "{journal:?}");
    let begun = |begin| journal.iter().filter(|line| line.starts_with(begin)).count();
    assert_eq!(begun("queue"), 1, "what ran well runs on: {journal:?}");
    assert_eq!(begun("database bert"), 1, "{journal:?}");
    assert_eq!(begun("web bert"), 2, "it is started once more: {journal:?}");
    let now = fs::read_to_string(folder.join("carl/queue.group")).expect("it runs");
    assert_eq!(now, queue, "another process");

    assert!(daemon.terminate().success());
    assert_eq!(daemon.running(), [], "a daemon that ends in good order leaves nothing running");

    // After that every node begins a new life, and the groups start where they were.
    let mut daemon = Daemon::start(&declaration, &folder);
    daemon.wait_until_online("shop", "bert");
    let (_, state) = daemon.get("/state");
    assert_eq!(state["nodes"][0]["incarnation"], 2);
    assert!(daemon.terminate().success());
}

#[test]
fn operators_ask_and_give_orders() {
    let (folder, declaration) = prepare("operators");
    let mut daemon = Daemon::start(&declaration, &folder);
    daemon.wait_until_online("shop", "anna");
    daemon.wait_until_online("mail", "carl");

    assert_eq!(daemon.get("/why/shop"), (200, Value::Null));
    let (status, explanation) = daemon.get("/explain/shop?trigger=drain");
    assert_eq!((status, &explanation["answer"]["chosen"]), (200, &"bert".into()));
    let lost = r#"[{"node_lost": {"node": "anna", "incarnation": 1}}]"#;
    let (status, forecast) = daemon.post("/what-if", lost);
    assert_eq!((status, &forecast["answer"]["groups"][0]["to"]), (200, &"bert".into()));
    let (status, page) = daemon.ask("GET", "/metrics", "");
    assert_eq!(status, 200);
    assert!(page.contains("quorate_group_online{group=\"shop\"} 1\n"), "{page}");

    // A node that is lost is fenced, its group starts elsewhere, and it comes back.
    let lost = r#"{"node_lost": {"node": "carl", "incarnation": 1}}"#;
    assert_eq!(daemon.post("/input", lost).0, 200);
    daemon.wait_until_online("mail", "anna");
    wait_for("carl is back", || {
        let (_, state) = daemon.get("/state");
        (state["nodes"][2]["incarnation"] == 2).then_some(())
    });
    assert_eq!(daemon.post("/nodes/anna/drain", "").0, 200);
    daemon.wait_until_online("shop", "bert");
    assert_eq!(daemon.post("/nodes/anna/resume", "").0, 200);
    daemon.wait_until_online("shop", "anna");
    assert_eq!(daemon.post("/groups/mail/offline", "").0, 200);
    wait_for("mail is offline", || (daemon.group("mail")["state"] == "offline").then_some(()));
    assert_eq!(daemon.post("/groups/mail/online", "").0, 200);

    let failures = [
        (daemon.get("/why/shob"), 404, "unknown_group"),
        (daemon.get("/nothing"), 404, "no_such_page"),
        (daemon.get("/explain/shop?trigger=rain"), 400, "malformed"),
        (daemon.get("/groups/shop/move"), 405, "method"),
        (daemon.post("/groups/shop/move", "{"), 400, "malformed"),
        (daemon.post("/groups/shop/move", r#"{"to": "dora"}"#), 404, "unknown_node"),
        (daemon.post("/nodes/bert/resume", ""), 409, "node_state"),
    ];
    for ((status, answer), expected, kind) in failures {
        assert_eq!((status, &answer["error"]["kind"]), (expected, &kind.into()), "{answer}");
        assert!(answer["error"]["message"].is_string());
    }
    assert!(daemon.terminate().success());
    assert_eq!(daemon.running(), []);
}
