//! The findings about a declaration.

use std::fmt;

use quorate::spec::{ClusterDeclaration, ClusterSpec};
use serde_json::{Value, json};

/// A declaration that was checked.
pub(crate) enum Report {
    /// The declaration can be used.
    Valid(Box<ClusterSpec>),
    /// It is a declaration in TOML, and it has problems.
    Problems(Vec<Remark>),
    /// It is not TOML, or has an unknown field or value. Then only the first such place is known.
    Unreadable {
        /// Line and column, counted from 1; `None` if something is missing in the file as a whole.
        place: Option<(usize, usize)>,
        message: String,
    },
}

/// One finding.
pub(crate) struct Remark {
    path: String,
    message: String,
}

impl Report {
    /// Checks the text of a declaration.
    pub(crate) fn of(text: &str) -> Self {
        let declaration: ClusterDeclaration = match toml::from_str(text) {
            Ok(declaration) => declaration,
            Err(error) => {
                let place = error.span().map(|span| place(text, span.start));
                return Self::Unreadable { place, message: error.message().to_owned() };
            }
        };
        match declaration.build() {
            Ok(spec) => Self::Valid(Box::new(spec)),
            Err(errors) => Self::Problems(
                errors.iter().map(|error| Remark::new(&error.path, &error.problem)).collect(),
            ),
        }
    }

    pub(crate) const fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }

    pub(crate) fn warnings(&self) -> Vec<Remark> {
        match self {
            Self::Valid(spec) => {
                let warnings = spec.warnings().iter();
                warnings.map(|warning| Remark::new(&warning.path, &warning.caution)).collect()
            }
            Self::Problems(_) | Self::Unreadable { .. } => Vec::new(),
        }
    }

    /// Returns the report as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let warnings: Vec<Value> = self.warnings().iter().map(Remark::to_json).collect();
        match self {
            Self::Valid(spec) => json!({
                "valid": true,
                "nodes": spec.nodes().len(),
                "groups": spec.groups().len(),
                "resources": spec.resources().len(),
                "problems": [],
                "warnings": warnings,
            }),
            Self::Problems(problems) => {
                let problems: Vec<Value> = problems.iter().map(Remark::to_json).collect();
                json!({ "valid": false, "problems": problems, "warnings": warnings })
            }
            Self::Unreadable { place, message } => {
                let (line, column) = place.unzip();
                let problem =
                    json!({ "path": null, "line": line, "column": column, "message": message });
                json!({ "valid": false, "problems": [problem], "warnings": warnings })
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid(spec) => writeln!(
                f,
                "valid: {}, {}, {}",
                count(spec.nodes().len(), "node"),
                count(spec.groups().len(), "group"),
                count(spec.resources().len(), "resource"),
            )?,
            Self::Problems(problems) => {
                problems.iter().try_for_each(|problem| writeln!(f, "problem: {problem}"))?;
            }
            Self::Unreadable { place: Some((line, column)), message } => {
                writeln!(f, "problem: line {line}, column {column}: {message}")?;
            }
            Self::Unreadable { place: None, message } => writeln!(f, "problem: {message}")?,
        }
        self.warnings().iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}

impl Remark {
    fn new(path: &impl fmt::Display, message: &impl fmt::Display) -> Self {
        Self { path: path.to_string(), message: message.to_string() }
    }

    fn to_json(&self) -> Value {
        json!({ "path": self.path, "message": self.message })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Returns line and column of a byte, counted from 1.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.split('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
