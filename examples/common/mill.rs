/// The cluster of the recipes of `quorate::guide::operate`, in which everything runs: three nodes,
/// with `sql` on anna and `web` on bert.
fn mill() -> Result<quorate::Cluster, Box<dyn std::error::Error>> {
    use quorate::policy::Ring;
    use quorate::spec::{ClusterDeclaration, GroupDeclaration, ResourceDeclaration};

    let service = |name: &'static str| ResourceDeclaration::new(name, "Generic Service");
    let sql = GroupDeclaration::new("sql").preferred_owners(["anna", "bert"]);
    let web = GroupDeclaration::new("web").preferred_owners(["bert", "carl"]);
    let spec = ClusterDeclaration::new("mill")
        .node("anna")
        .node("bert")
        .node("carl")
        .group(sql.resource(service("disk")).resource(service("db").needs("[disk]")))
        .group(web.resource(service("site")))
        .build()?;
    let mut cluster = quorate::Cluster::new(spec, Ring::new(), quorate::Timestamp::ZERO);
    for node in ["anna", "bert", "carl"] {
        let joined = quorate::Input::node_joined(node, quorate::Incarnation::new(1), []);
        tell(&mut cluster, joined)?;
    }
    Ok(cluster)
}

/// Hands in an input, and has everything succeed that is asked for, but for fences.
fn tell(
    cluster: &mut quorate::Cluster,
    input: quorate::Input<quorate::id::Names>,
) -> Result<(), Box<dyn std::error::Error>> {
    let now = quorate::Timestamp::from_millis(1_000);
    let input = cluster.spec().resolve(input)?;
    cluster.handle(now, input)?;
    while let Some(output) = cluster.poll_output() {
        let quorate::Output::Effect(effect) = output else { continue };
        if effect.resource.is_some() {
            let outcome = quorate::Outcome::Succeeded;
            cluster.handle(now, quorate::Input::operation_finished(effect.operation, outcome))?;
        }
    }
    Ok(())
}
