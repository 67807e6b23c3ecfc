use quorate::policy::Ring;
use quorate::spec::{ClusterDeclaration, Fencing, GroupDeclaration, QuorumRule, ResourceDeclaration};
use quorate::*;
use quorate::quorum::WitnessState;

fn group(k: u32) -> GroupDeclaration {
    let n = |s: &str| format!("{s} {k}");
    let mut g = GroupDeclaration::new(format!("EVS{k}"))
        .preferred_owners([format!("node{k}"), "node5".into(), "node6".into(), "node7".into()])
        .anti_affinity_class("EVS");
    g = g.resource(ResourceDeclaration::new(n("Disk"), "Physical Disk"))
        .resource(ResourceDeclaration::new(n("IP"), "IP Address"))
        .resource(ResourceDeclaration::new(n("Name"), "Network Name").needs(format!("[IP {k}]")))
        .resource(ResourceDeclaration::new(n("SA"), "Exchange System Attendant").needs(format!("[Disk {k}] and [Name {k}]")))
        .resource(ResourceDeclaration::new(n("IS"), "Exchange Information Store").needs(format!("[SA {k}]")));
    g
}

fn run(c: &mut Cluster, now: Timestamp) {
    loop {
        let mut acts = vec![];
        while let Some(o) = c.poll_output() {
            match o {
                Output::Effect(e) => { println!("  {now} -> {}", c.spec().named(e.clone())); acts.push(e.operation) }
                Output::Event(e) => println!("  {now}    {:?}", c.spec().named(e)),
            }
        }
        c.check_invariants().unwrap();
        if acts.is_empty() { break }
        for a in acts {
            let _ = c.handle(now, Input::OperationFinished { operation: a, outcome: Outcome::Succeeded });
        }
    }
}

#[test]
fn smoke() {
    let mut d = ClusterDeclaration::new("mail").profile(quorate::spec::Profile::Mscs2003)
        .quorum(QuorumRule::DiskOnly).fencing(Fencing::Trusted);
    for k in 1..=7 { d = d.node(format!("node{k}")); }
    for k in 1..=4 { d = d.group(group(k)); }
    let spec = d.build().unwrap();
    let t = Timestamp::from_millis(0);
    let mut c = Cluster::new(spec, Ring::new(), t);
    c.handle(t, Input::WitnessChanged { witness: WitnessState::Up }).unwrap();
    for k in 1..=7 {
        let node = c.spec().node_id(&format!("node{k}")).unwrap();
        println!("join {k}");
        c.handle(t, Input::NodeJoined { node, incarnation: Incarnation::new(1), running: vec![] }).unwrap();
        run(&mut c, t);
    }
    for k in [1u32,2,3,4] {
        println!("lose {k}");
        let node = c.spec().node_id(&format!("node{k}")).unwrap();
        c.handle(t, Input::NodeLost { node }).unwrap();
        run(&mut c, t);
    }
    for g in 1..=4 {
        let id = c.spec().group_id(&format!("EVS{g}")).unwrap();
        println!("EVS{g}: {:?} {:?} {:?}", c.state().owner(id), c.state().group_state(c.spec(), id), c.why(id).map(|w| c.spec().named(w)).map(|w| w.to_string()));
    }
    println!("{:?}", c.poll_timeout());
    let node = c.spec().node_id("node1").unwrap();
    c.handle(t, Input::NodeJoined { node, incarnation: Incarnation::new(2), running: vec![] }).unwrap();
    run(&mut c, t);
    for g in 1..=4 {
        let id = c.spec().group_id(&format!("EVS{g}")).unwrap();
        println!("EVS{g}: {:?} {:?} {:?}", c.state().owner(id), c.state().group_state(c.spec(), id), c.why(id).map(|w| c.spec().named(w)).map(|w| w.to_string()));
    }
    println!("{:?}", c.poll_timeout());
    let s = c.snapshot();
    let json = serde_json::to_string(&s).unwrap();
    let r = Cluster::restore(serde_json::from_str(&json).unwrap(), Ring::new()).unwrap();
    assert_eq!(r.digest(), c.digest());
    assert_eq!(r.poll_timeout(), c.poll_timeout());
}
