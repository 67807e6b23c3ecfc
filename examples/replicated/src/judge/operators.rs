//! Questions and orders of operators, at any node.

use serde_json::{Value, json};

use super::round::wait_for_peace;
use crate::Failure;
use crate::client;
use crate::launch::Farm;

/// Asks and orders everything once.
pub async fn play(farm: &mut Farm) -> Result<(), Failure> {
    wait_for_peace(farm).await?;
    // Commands at three nodes: two of them do not lead.
    for name in farm.names() {
        farm.post(&name, &format!("/move?group=mail&to={name}")).await?;
        wait_for_peace(farm).await?;
        let owner = group(farm, &name, "mail").await?["owner"].clone();
        check(owner == name.as_str(), format!("mail is on {owner} in place of {name}"))?;
    }
    let names = farm.names();
    let [anna, bert, ..] = names.as_slice() else { return Err(Failure("too few nodes".into())) };
    questions(farm, anna).await?;
    switches(farm, anna, bert).await?;
    refusals(farm, bert).await?;
    configuration(farm, bert).await?;
    let text = client::text(farm.file(anna)?.http, "/metrics").await?;
    for part in ["quorate_in_charge{node=", "quorate_group_online{group=\"web\",owner=\""] {
        check(text.contains(part), format!("the metrics lack {part}: {text}"))?;
    }
    println!("operators: questions, commands at every node, a configuration, metrics");
    Ok(())
}

fn check(is_so: bool, what: impl Into<String>) -> Result<(), Failure> {
    if is_so { Ok(()) } else { Err(Failure(what.into())) }
}

async fn group(farm: &Farm, at: &str, name: &str) -> Result<Value, Failure> {
    let state = farm.get(at, "/state").await?;
    let groups = state["answer"]["groups"].as_array();
    let found = groups.and_then(|all| all.iter().find(|of| of["name"] == name));
    found.cloned().ok_or_else(|| Failure(format!("there is no group {name}")))
}

async fn questions(farm: &Farm, at: &str) -> Result<(), Failure> {
    let address = farm.file(at)?.http;
    let why = farm.get(at, "/why/mail").await?;
    check(why == json!({ "answer": null }), format!("mail is online, but: {why}"))?;
    let explained = farm.get(at, "/explain/web").await?;
    check(explained["answer"]["text"].is_string(), explained.to_string())?;
    let inputs = json!([{ "command": { "drain_node": { "node": at } } }]);
    let forecast = client::post(address, "/what-if", &inputs).await?;
    check(forecast["answer"].is_object(), forecast.to_string())?;
    let digest = client::post(address, "/query", &json!("digest")).await?;
    check(digest["answer"].is_string(), digest.to_string())
}

async fn switches(farm: &Farm, at: &str, node: &str) -> Result<(), Failure> {
    farm.post(at, "/offline?group=web").await?;
    let state = group(farm, at, "web").await?;
    check(state["desired"] == "offline", state.to_string())?;
    farm.post(node, "/online?group=web").await?;
    wait_for_peace(farm).await?;
    farm.post(at, &format!("/drain?node={node}")).await?;
    let state = farm.get(at, "/state").await?;
    let nodes = state["answer"]["nodes"].as_array();
    let drained = nodes.and_then(|all| all.iter().find(|of| of["name"] == node));
    check(drained.is_some_and(|of| of["paused"] == true), state.to_string())?;
    wait_for_peace(farm).await?;
    farm.post(at, &format!("/resume?node={node}")).await?;
    wait_for_peace(farm).await
}

/// A refused order changes nothing, and the answer says why.
async fn refusals(farm: &Farm, at: &str) -> Result<(), Failure> {
    for (path, part) in [
        ("/move?group=nothing&to=anna", "nothing"),
        ("/move?to=anna", "`group` is missing"),
        ("/drain?node=nobody", "nobody"),
    ] {
        let refused = farm.post(at, path).await;
        let is_told = refused.as_ref().is_err_and(|failure| failure.0.contains(part));
        check(is_told, format!("{path}: {refused:?}"))?;
    }
    Ok(())
}

/// Another resource is declared, and comes online where its group is.
async fn configuration(farm: &Farm, at: &str) -> Result<(), Failure> {
    let mut declaration = serde_json::to_value(farm.declaration())?;
    let resources = declaration["groups"][0]["resources"].as_array_mut();
    let more = json!({ "name": "web log", "kind": "Stand-in" });
    resources.ok_or_else(|| Failure("no resources".into()))?.push(more);
    client::post(farm.file(at)?.http, "/configure", &declaration).await?;
    wait_for_peace(farm).await?;
    let state = farm.get(at, "/state").await?;
    let resources = state["answer"]["resources"].as_array();
    let found = resources.and_then(|all| all.iter().find(|of| of["name"] == "web log"));
    check(found.is_some_and(|of| of["state"] == "online"), state.to_string())
}
