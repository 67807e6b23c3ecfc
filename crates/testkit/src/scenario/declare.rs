//! Lines that declare a cluster, or change its declaration.

use crate::policies::Misbehaving;
use quorate::id::name::is_same;
use quorate::policy::{
    ByAttribute, FailoverPolicy, FirstPreferred, LeastGroups, LeastLoaded, Ring, StrictPreferred,
};
use quorate::spec::ClusterDeclaration;
use serde_json::{Map, Value, json};

use super::words::Arguments;

/// A declaration in the making, in its file format.
#[derive(Clone, Debug)]
pub(crate) struct Draft(Value);

impl Default for Draft {
    fn default() -> Self {
        Self(json!({ "name": "scenario", "nodes": [] }))
    }
}

impl Draft {
    /// Returns the draft of the declaration that a cluster works with.
    pub(crate) fn of(declaration: &ClusterDeclaration) -> Self {
        Self(serde_json::to_value(declaration).unwrap_or_default())
    }

    /// Reads a declaration as it stands in a file.
    pub(crate) fn read(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map(Self).map_err(|error| error.to_string())
    }

    pub(crate) fn finish(&self) -> Result<ClusterDeclaration, String> {
        serde_json::from_value(self.0.clone()).map_err(|error| error.to_string())
    }

    /// Adds a line that declares something.
    pub(crate) fn add(&mut self, sort: &str, mut arguments: Arguments) -> Result<(), String> {
        if sort == "cluster" {
            let name = arguments.plain.pop();
            let pairs = name.map(|name| ("name".to_owned(), name)).into_iter();
            return assign(&mut self.0, sort, pairs.chain(arguments.pairs).collect());
        }
        let group = arguments.take("group");
        let pairs = std::mem::take(&mut arguments.pairs);
        let name = arguments.one("one name")?;
        let mut entry = json!({ "name": name });
        assign(&mut entry, sort, pairs)?;
        let list = match sort {
            "resource" => list_of(self.group(group.as_deref())?, "resources"),
            "node" => list_of(&mut self.0, "nodes"),
            "group" => list_of(&mut self.0, "groups"),
            "kind" => list_of(&mut self.0, "kinds"),
            _ => return Err(format!("{sort} is neither node, group, resource nor kind")),
        };
        list.push(entry);
        Ok(())
    }

    /// Changes the declaration: `add …`, `set …`, `unset …`, `remove …`.
    pub(crate) fn edit(&mut self, words: &[String]) -> Result<(), String> {
        let [verb, sort, rest @ ..] = words else {
            return Err("expected add, set, unset or remove, and what".into());
        };
        let mut arguments = Arguments::of(rest);
        match verb.as_str() {
            "add" => self.add(sort, arguments),
            "set" if sort == "cluster" => assign(&mut self.0, sort, arguments.pairs),
            "set" => {
                let pairs = std::mem::take(&mut arguments.pairs);
                let entry = self.entry(sort, &arguments.one("one name")?)?;
                assign(entry, sort, pairs)
            }
            "unset" => {
                let [name, keys @ ..] = &arguments.plain[..] else {
                    return Err("expected a name and keys".into());
                };
                let entry = self.entry(sort, name)?;
                for key in keys {
                    let path = path_of(sort, key);
                    let (last, above) = path.split_last().ok_or("no key")?;
                    let place = above.iter().fold(&mut *entry, |place, step| &mut place[*step]);
                    place.as_object_mut().and_then(|fields| fields.remove(*last));
                }
                Ok(())
            }
            "remove" => {
                let name = arguments.one("one name")?;
                self.entry(sort, &name)?;
                for list in self.lists(sort) {
                    list.retain(|entry| !has_name(entry, &name));
                }
                Ok(())
            }
            _ => Err(format!("{verb} is neither add, set, unset nor remove")),
        }
    }

    fn entry(&mut self, sort: &str, name: &str) -> Result<&mut Value, String> {
        let lists = self.lists(sort);
        let mut entries = lists.into_iter().flatten();
        entries.find(|entry| has_name(entry, name)).ok_or(format!("no {sort} {name}"))
    }

    /// Returns the lists that hold things of this sort.
    fn lists(&mut self, sort: &str) -> Vec<&mut Vec<Value>> {
        match sort {
            "node" => vec![list_of(&mut self.0, "nodes")],
            "group" => vec![list_of(&mut self.0, "groups")],
            "kind" => vec![list_of(&mut self.0, "kinds")],
            "resource" => list_of(&mut self.0, "groups")
                .iter_mut()
                .map(|group| list_of(group, "resources"))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn group(&mut self, name: Option<&str>) -> Result<&mut Value, String> {
        match name {
            Some(name) => self.entry("group", name),
            None => list_of(&mut self.0, "groups").last_mut().ok_or("no group yet".into()),
        }
    }
}

/// Returns the policies that are named in a row; each breaks the ties of those before it.
pub(crate) fn policy(words: &[String]) -> Result<Box<dyn FailoverPolicy>, String> {
    let mut composed: Option<Box<dyn FailoverPolicy>> = None;
    for word in words {
        let next: Box<dyn FailoverPolicy> = match word.split_once(':').unwrap_or((word, "")) {
            ("ring", "") => Box::new(Ring::new()),
            ("ring", seed) => {
                Box::new(Ring::seeded(seed.parse().map_err(|_| format!("{seed} is no seed"))?))
            }
            ("first_preferred", _) => Box::new(FirstPreferred),
            ("strict_preferred", _) => Box::new(StrictPreferred),
            ("least_groups", _) => Box::new(LeastGroups),
            ("least_loaded", _) => Box::new(LeastLoaded),
            ("smallest", name) => Box::new(ByAttribute::smallest(name.to_owned())),
            ("largest", name) => Box::new(ByAttribute::largest(name.to_owned())),
            (name, _) => match Misbehaving::named(name) {
                Some(policy) => Box::new(policy),
                None => return Err(format!("no policy {word}")),
            },
        };
        composed = Some(match composed {
            Some(first) => Box::new(first.then(next)),
            None => next,
        });
    }
    composed.ok_or("expected a policy".into())
}

fn assign(entry: &mut Value, sort: &str, pairs: Vec<(String, String)>) -> Result<(), String> {
    for (key, text) in pairs {
        let path = path_of(sort, &key);
        let value = value_of(&path, &text)?;
        let place = path.iter().fold(&mut *entry, |place, step| {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            &mut place[*step]
        });
        *place = value;
    }
    Ok(())
}

/// Returns the path of a short key in the file format.
fn path_of<'a>(sort: &str, key: &'a str) -> Vec<&'a str> {
    let mut path: Vec<&str> = key.split('.').collect();
    path[0] = match (sort, path[0]) {
        ("node", "vote") => "vote_weight",
        ("group", "prefer") => "preferred_owners",
        ("group", "class") => "anti_affinity_classes",
        ("group", "demand") => "demands",
        ("resource", "needs") => "depends_on",
        ("resource", "possible") => "possible_owners",
        (_, long) => long,
    };
    let own = ["name", "kind", "depends_on", "possible_owners", "settings"];
    if sort == "resource" && !own.contains(&path[0]) {
        path.insert(0, "settings");
    }
    path
}

fn value_of(path: &[&str], text: &str) -> Result<Value, String> {
    let key = path.last().copied().unwrap_or_default();
    let listed = ["preferred_owners", "anti_affinity_classes", "possible_owners"];
    match key {
        "name" | "site" | "kind" | "depends_on" => Ok(json!(text)),
        "fencing" => Ok(match text.strip_prefix("lease:").and_then(|rest| rest.split_once('+')) {
            Some((duration, margin)) => {
                json!({ "lease": { "duration": duration, "margin": margin } })
            }
            None => json!(text),
        }),
        "failback_window" => {
            let hours = text.split_once('-').and_then(|(start, end)| {
                Some((start.parse::<u8>().ok()?, end.parse::<u8>().ok()?))
            });
            let (start, end) = hours.ok_or("expected hours such as 22-6")?;
            Ok(json!({ "start_hour": start, "end_hour": end }))
        }
        _ if listed.contains(&key) => {
            let names = text.split(',').filter(|name| !name.is_empty());
            Ok(json!(names.collect::<Vec<_>>()))
        }
        _ if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        _ => Ok(text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))),
    }
}

fn list_of<'a>(entry: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    let list = &mut entry[key];
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut().expect("it was made an array")
}

fn has_name(entry: &Value, name: &str) -> bool {
    entry["name"].as_str().is_some_and(|own| is_same(own, name))
}
