//! The layout of a scenario: blocks of commands, each with its expected output.

use std::fmt;

/// A line that is not understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Misspelt {
    /// The line, counted from 1.
    pub line: usize,
    /// The mistake in it.
    pub message: String,
}

impl fmt::Display for Misspelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Plays every command and returns the text with the real output in place of the expected one.
pub(crate) fn fill(
    text: &str,
    mut play: impl FnMut(&str) -> Result<Vec<String>, String>,
) -> Result<String, Misspelt> {
    let mut filled = Vec::new();
    let mut output = Vec::new();
    let mut place = Place::Between;
    for (index, line) in text.lines().map(str::trim_end).enumerate() {
        match place {
            Place::Expected if line.is_empty() => {
                filled.push(String::new());
                place = Place::Between;
            }
            Place::Expected => {}
            Place::Between | Place::Commands if line == RULE => {
                filled.push(RULE.into());
                filled.append(&mut output);
                place = Place::Expected;
            }
            Place::Commands if line.is_empty() => {
                filled.push(RULE.into());
                filled.append(&mut output);
                filled.push(String::new());
                place = Place::Between;
            }
            Place::Between | Place::Commands => {
                filled.push(line.into());
                if !is_comment(line) {
                    let lines = play(line);
                    output.extend(lines.map_err(|message| Misspelt { line: index + 1, message })?);
                    place = Place::Commands;
                }
            }
        }
    }
    if let Place::Commands = place {
        filled.push(RULE.into());
        filled.append(&mut output);
    }
    let kept = filled.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    filled.truncate(kept);
    Ok(filled.join("\n") + "\n")
}

const RULE: &str = "----";

enum Place {
    Between,
    Commands,
    Expected,
}

fn is_comment(line: &str) -> bool {
    line.trim_start().is_empty() || line.trim_start().starts_with('#')
}
