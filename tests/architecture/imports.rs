//! Which file of a crate imports from which, read from the sources without a compiler.
//!
//! A name that one file shows and another one declares is imported from the file that declares it,
//! and a file that only shows a name does not import it. A call of a method imports nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::tokens;

/// How many files may show a name one after the other.
const MOST_REEXPORTS: usize = 16;

/// The words that declare the name behind them.
const DECLARING: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "static"];

/// The names of a path, such as `crate`, `spec` and `NodeSpec`.
type Path = Vec<String>;

/// The files of a crate, by the paths of their modules.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<Path, File>);

/// The names that a file declares, and those of other files that it uses.
#[derive(Debug, Default)]
struct File {
    name: String,
    declared: BTreeSet<String>,
    imports: Vec<Import>,
    /// Every path of at least two names outside of `use`.
    paths: Vec<Path>,
    /// Every name outside of `use`.
    words: BTreeSet<String>,
}

/// One name of a `use`; `*` stands for all of them.
#[derive(Debug)]
struct Import {
    path: Path,
    name: String,
    is_public: bool,
    /// Not for one function or another block only.
    is_of_file: bool,
}

impl Files {
    /// Takes in a file, by its path below the root of the sources.
    pub(crate) fn add(&mut self, name: &str, code: &str) {
        let mut module: Path = name.trim_end_matches(".rs").split('/').map(String::from).collect();
        module.pop_if(|last| last == "mod");
        if module == ["lib"] {
            module.clear();
        }
        self.0.insert(module, File::read(name, &tokens(code)));
    }

    /// Each file with those that it imports from. The root is left out: it shows what there is.
    pub(crate) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let files = self.0.iter().filter(|(module, _)| !module.is_empty());
        files.map(|(module, file)| (file.name.as_str(), self.imports_of(module, file))).collect()
    }

    fn imports_of(&self, module: &Path, file: &File) -> BTreeSet<&str> {
        let is_used = |import: &&Import| !import.is_public || file.words.contains(&import.name);
        let imported = file.imports.iter().filter(is_used).map(|import| &import.path);
        let paths = imported.chain(&file.paths);
        let found = paths.filter_map(|path| self.declaring(module, path, MOST_REEXPORTS));
        let others = found.filter(|other| !other.is_empty() && *other != module);
        others.filter_map(|other| self.0.get(other)).map(|other| other.name.as_str()).collect()
    }

    /// The module that declares what a path leads to. There is none for a module as a whole, nor for
    /// what another crate declares.
    fn declaring(&self, from: &[String], path: &[String], reexports: usize) -> Option<&Path> {
        let mut module = from.to_vec();
        for (place, name) in path.iter().enumerate() {
            let (known, file) = self.0.get_key_value(&module)?;
            let is_last = place + 1 == path.len();
            match (name.as_str(), self.child(&module, name)) {
                ("self", _) => {}
                ("crate", _) => module.clear(),
                ("super", _) => drop(module.pop()?),
                (_, Some(child)) if !is_last => module = child,
                (_, _) if file.declared.contains(name) => return Some(known),
                (_, child) => {
                    let shown = self.shown(&module, &path[place..], reexports.checked_sub(1)?);
                    // Nobody declares what a macro made.
                    let is_made_here = place > 0 && child.is_none() && !file.imports_name(name);
                    return shown.or(is_made_here.then_some(known));
                }
            }
        }
        None
    }

    /// The module that declares what another one imports.
    fn shown(&self, module: &[String], path: &[String], reexports: usize) -> Option<&Path> {
        let (name, rest) = path.split_first()?;
        let imports = || self.0.get(module).into_iter().flat_map(|file| &file.imports);
        let named = imports().filter(|import| import.is_of_file && import.name == *name);
        let named = named.map(|import| [&import.path, rest].concat());
        let all = imports().filter_map(|import| match import.path.split_last()? {
            (last, above) if last == "*" && self.is_of_crate(module, above) => {
                Some([above, path].concat())
            }
            _ => None,
        });
        named.chain(all).find_map(|path| self.declaring(module, &path, reexports))
    }

    /// Tells whether a path leads to a module of this crate.
    fn is_of_crate(&self, module: &[String], path: &[String]) -> bool {
        path.first().is_some_and(|first| {
            ["crate", "self", "super"].contains(&first.as_str())
                || self.child(module, first).is_some()
        })
    }

    fn child(&self, module: &[String], name: &str) -> Option<Path> {
        let child = [module, &[name.to_owned()]].concat();
        self.0.contains_key(&child).then_some(child)
    }
}

impl File {
    fn read(name: &str, tokens: &[String]) -> Self {
        let mut file = Self { name: name.into(), ..Self::default() };
        let token = |at: usize| tokens.get(at).map_or("", String::as_str);
        let (mut at, mut depth, mut is_public) = (0, 0, false);
        // Where the modules end that are written out within the file.
        let mut inner = Vec::new();
        while at < tokens.len() {
            let was_public = std::mem::take(&mut is_public);
            match token(at) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    inner.pop_if(|end| *end == depth);
                }
                "pub" => {
                    is_public = true;
                    if token(at + 1) == "(" {
                        at += tokens[at..].iter().take_while(|token| *token != ")").count();
                    }
                }
                "use" if token(at + 1) != "<" => {
                    let mut names = Vec::new();
                    at = read_use(tokens, at + 1, &[], &mut names);
                    file.imports.extend(names.into_iter().map(|(path, name)| Import {
                        path: within(&inner, path),
                        name,
                        is_public: was_public,
                        is_of_file: depth == 0,
                    }));
                }
                "macro_rules" => drop(file.declared.insert(token(at + 2).into())),
                "mod" if token(at + 2) == "{" => {
                    file.declared.insert(token(at + 1).into());
                    inner.push(depth);
                }
                word if depth == 0 && DECLARING.contains(&word) => {
                    file.declared.insert(token(at + 1).into());
                }
                word if is_name(word) => {
                    let mut path = vec![word.to_owned()];
                    while token(at + 1) == "::" && is_name(token(at + 2)) {
                        path.push(token(at + 2).into());
                        at += 2;
                    }
                    file.words.extend(path.iter().cloned());
                    if path.len() > 1 {
                        file.paths.push(within(&inner, path));
                    }
                }
                _ => {}
            }
            at += 1;
        }
        file
    }

    fn imports_name(&self, name: &str) -> bool {
        self.imports.iter().any(|import| import.is_of_file && import.name == name)
    }
}

/// A path that begins within modules of its file, as it is for the file as a whole.
fn within(inner: &[i32], mut path: Path) -> Path {
    let above = path.iter().take_while(|name| *name == "super").count();
    path.drain(..above.min(inner.len()));
    path
}

/// Reads what comes after `use`, or within its braces, up to what ends it.
fn read_use(
    tokens: &[String],
    mut at: usize,
    above: &[String],
    names: &mut Vec<(Path, String)>,
) -> usize {
    let mut path = above.to_vec();
    let mut renamed = None;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                while tokens[at] != "}" {
                    at = read_use(tokens, at + 1, &path, names);
                }
                return at + 1;
            }
            "," | "}" | ";" => break,
            "::" => {}
            "as" => {
                at += 1;
                renamed = tokens.get(at).cloned();
            }
            _ => path.push(token.clone()),
        }
        at += 1;
    }
    if path.len() > above.len() {
        path.pop_if(|last| last == "self");
        let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
        names.push((path, name));
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Files that import from each other in a circle, with the first one again at the end.
pub(crate) fn circle<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut left = imports.clone();
    let mut count = usize::MAX;
    // A file that imports from none of those left is in no circle.
    while left.len() < count {
        count = left.len();
        let files: BTreeSet<&str> = left.keys().copied().collect();
        left.retain(|_, from| from.iter().any(|file| files.contains(file)));
    }
    let mut walked = vec![*left.keys().next()?];
    loop {
        let next = *left[walked.last()?].iter().find(|file| left.contains_key(*file))?;
        let first = walked.iter().position(|file| *file == next);
        walked.push(next);
        if let Some(first) = first {
            return Some(walked.split_off(first));
        }
    }
}
