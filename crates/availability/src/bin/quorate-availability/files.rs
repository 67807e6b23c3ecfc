//! Reads clusters, designs and rates from files.

use std::fs;
use std::path::{Path, PathBuf};

use quorate::spec::ClusterDeclaration;
use quorate_availability::{Design, Rates};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Failure;
use crate::options::Options;

/// The rates of a cluster that comes without rates.
const DEFAULT_RATES: &str = include_str!("../../../designs/rates.toml");

/// A design with its name in tables.
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) design: Design,
    /// Warnings about parts of the declaration that are valid but look wrong.
    pub(crate) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DesignFile {
    name: Option<String>,
    declaration: PathBuf,
    #[serde(default)]
    leave_out: Vec<String>,
    #[serde(default)]
    allow_no_spare: bool,
    rates: Option<RatesSource>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RatesSource {
    File(PathBuf),
    Table(toml::Table),
}

/// Reads a cluster or a design.
pub(crate) fn read(path: &Path, options: &Options) -> Result<Candidate, Failure> {
    let text = text_of(path)?;
    let table: toml::Table = parse(path, &text)?;
    // A cluster must have nodes, so a file without nodes is read as a design, perhaps a mistyped
    // one.
    let file = if table.contains_key("declaration") || !table.contains_key("nodes") {
        parse::<DesignFile>(path, &text)?
    } else {
        DesignFile {
            name: None,
            declaration: path.file_name().map(PathBuf::from).unwrap_or_default(),
            leave_out: Vec::new(),
            allow_no_spare: false,
            rates: None,
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let declaration_path = folder.join(&file.declaration);
    let declaration: ClusterDeclaration = parse(&declaration_path, &text_of(&declaration_path)?)?;
    let (rates_path, rates): (PathBuf, Rates) = match (&options.rates, file.rates) {
        (Some(path), _) => (path.clone(), parse(path, &text_of(path)?)?),
        (None, Some(RatesSource::File(name))) => {
            let path = folder.join(name);
            let rates = parse(&path, &text_of(&path)?)?;
            (path, rates)
        }
        (None, Some(RatesSource::Table(table))) => {
            let rates = Rates::deserialize(table).map_err(|error| Failure::file(path, error))?;
            (path.to_path_buf(), rates)
        }
        (None, None) => {
            let path = PathBuf::from("default rates");
            let rates = parse(&path, DEFAULT_RATES)?;
            (path, rates)
        }
    };
    rates.check().map_err(|error| Failure::file(&rates_path, error))?;
    // Errors in the declaration are reported when the design is built.
    let warnings = declaration.clone().build().map_or_else(
        |_| Vec::new(),
        |spec| spec.warnings().iter().map(ToString::to_string).collect(),
    );
    let name = file.name.unwrap_or_else(|| declaration.name.clone());
    let leave_out = file.leave_out.iter().map(String::as_str);
    let design = Design::new(declaration, options.adjust(rates))
        .without_nodes(leave_out)
        .map_err(|error| Failure::file(path, error))?;
    let design = if file.allow_no_spare { design.without_spare_rule() } else { design };
    let design = match options.failback() {
        Some(failback) => design.with_failback(failback),
        None => design,
    };
    Ok(Candidate { name, design, warnings })
}

fn text_of(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, error))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| Failure::file(path, error))
}
