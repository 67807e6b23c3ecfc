//! Every link in a page of the repository leads somewhere: to a file that is there, and to a heading
//! that this page has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of every page, by its path below the root.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut folders = vec![root()];
    let mut pages = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                // Built files, and the folders of git and of cargo.
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).expect("a page can be read");
                let below = path.strip_prefix(root()).expect("it was found there");
                pages.insert(below.to_path_buf(), text);
            }
        }
    }
    pages
}

/// The lines outside blocks of code.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of the links in a text. What is written as code is no link.
fn targets(text: &str) -> Vec<String> {
    let text: String = lines(text).flat_map(|line| [line, " "]).collect();
    let prose: String = text.split('`').step_by(2).flat_map(|part| [part, "`"]).collect();
    let after = prose.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The names by which the headings of a page can be linked, as GitHub gives them.
fn anchors(text: &str) -> Vec<String> {
    let headings = lines(text).filter(|line| line.starts_with('#'));
    let mut anchors: Vec<String> = Vec::new();
    for heading in headings {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|of| of.is_alphanumeric() || " -_".contains(*of));
        let name: String = kept.map(|of| if of == ' ' { '-' } else { of }).collect();
        let before = anchors.iter().filter(|known| **known == name).count();
        anchors.push(if before == 0 { name } else { format!("{name}-{before}") });
    }
    anchors
}

/// The path without its steps upwards.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{path:?} leaves the repository"),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => plain.push(part),
        }
    }
    plain
}

/// Tells whether a link in a page leads somewhere. Those into the world outside are not followed.
fn leads_somewhere(pages: &BTreeMap<PathBuf, String>, page: &Path, target: &str) -> bool {
    if target.starts_with("https://") {
        return true;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = page.parent().expect("a page stands in a folder");
    let to = if file.is_empty() { page.to_path_buf() } else { plain(&folder.join(file)) };
    if !anchor.is_empty() {
        return pages.get(&to).is_some_and(|text| anchors(text).iter().any(|of| of == anchor));
    }
    root().join(to).exists()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut seen = 0;
    let mut broken = Vec::new();
    for (page, text) in &pages {
        for target in targets(text) {
            seen += 1;
            if !leads_somewhere(&pages, page, &target) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links lead nowhere:\n{}", broken.join("\n"));
    assert!(seen > 200 && pages.len() > 10, "only {seen} links in {} pages", pages.len());
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    let text = "# Two words\n## A `b`-c\n## Two words\n```\n# No heading\n[no](link.md)\n```\n";
    assert_eq!(anchors(text), ["two-words", "a-b-c", "two-words-1"]);
    assert_eq!(targets(text), [""; 0]);
    assert_eq!(
        targets("[`a`](b.md) `[no](link.md)` [c](#d)\n[two\nlines](e.md)"),
        ["b.md", "#d", "e.md"]
    );
    let page = PathBuf::from("docs/page.md");
    let pages = BTreeMap::from([(page.clone(), text.to_owned())]);
    let leads = |target| leads_somewhere(&pages, &page, target);
    assert!(leads("#two-words-1") && leads("page.md#a-b-c") && leads("../Cargo.toml"));
    assert!(!leads("#no-heading") && !leads("page.md#nothing") && !leads("../Cargo.tom"));
}
