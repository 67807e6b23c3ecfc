//! Draws graphs as text for Graphviz and for Mermaid.
//!
//! Arrows run from provider to dependent, in the order of starts. A clause with several members is
//! a small node of its own with dashed arrows to it, because one member is enough.

use alloc::string::{String, ToString};
use core::fmt::{self, Formatter, Write};

use super::DependencyGraph;

impl DependencyGraph {
    /// Returns the graph in the language of Graphviz, with a title above it and a label for each
    /// position. Title and labels are plain text; a newline in them is kept as a line break.
    #[must_use]
    pub fn to_dot(&self, title: &str, label: impl Fn(usize) -> String) -> String {
        Dot { graph: self, title, label }.to_string()
    }

    /// Returns the graph as a Mermaid flow chart, with a label for each position. Labels are plain
    /// text; a newline in them is kept as a line break.
    #[must_use]
    pub fn to_mermaid(&self, label: impl Fn(usize) -> String) -> String {
        Mermaid { graph: self, label }.to_string()
    }
}

struct Dot<'a, L> {
    graph: &'a DependencyGraph,
    title: &'a str,
    label: L,
}

impl<L: Fn(usize) -> String> fmt::Display for Dot<'_, L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "digraph {{")?;
        writeln!(f, "  graph [label=\"{}\", labelloc=t];", DotText(self.title))?;
        writeln!(f, "  node [shape=box];")?;
        for position in 0..self.graph.len() {
            let label = (self.label)(position);
            writeln!(f, "  r{position} [label=\"{}\"];", DotText(&label))?;
        }
        let syntax = Syntax {
            or_node: " [label=\"or\", shape=diamond];",
            arrow: " -> ",
            dashed_arrow: " -> ",
            end: ";",
            dashed_end: " [style=dashed];",
        };
        write_arrows(f, self.graph, &syntax)?;
        writeln!(f, "}}")
    }
}

struct Mermaid<'a, L> {
    graph: &'a DependencyGraph,
    label: L,
}

impl<L: Fn(usize) -> String> fmt::Display for Mermaid<'_, L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "flowchart TD")?;
        for position in 0..self.graph.len() {
            let label = (self.label)(position);
            writeln!(f, "  r{position}[\"{}\"]", MermaidText(&label))?;
        }
        let syntax = Syntax {
            or_node: "{\"or\"}",
            arrow: " --> ",
            dashed_arrow: " -.-> ",
            end: "",
            dashed_end: "",
        };
        write_arrows(f, self.graph, &syntax)
    }
}

/// The differences between the two languages.
struct Syntax {
    /// The text after the identifier of an `or` node.
    or_node: &'static str,
    arrow: &'static str,
    dashed_arrow: &'static str,
    end: &'static str,
    dashed_end: &'static str,
}

fn write_arrows(f: &mut Formatter<'_>, graph: &DependencyGraph, syntax: &Syntax) -> fmt::Result {
    let Syntax { or_node, arrow, dashed_arrow, end, dashed_end } = syntax;
    for dependent in 0..graph.len() {
        for (number, members) in graph.clauses(dependent).enumerate() {
            if members.len() == 1 {
                for provider in members {
                    writeln!(f, "  r{provider}{arrow}r{dependent}{end}")?;
                }
                continue;
            }
            writeln!(f, "  any{dependent}_{number}{or_node}")?;
            for provider in members {
                writeln!(f, "  r{provider}{dashed_arrow}any{dependent}_{number}{dashed_end}")?;
            }
            writeln!(f, "  any{dependent}_{number}{arrow}r{dependent}{end}")?;
        }
    }
    Ok(())
}

/// Text within the quotes of a DOT label. Graphviz also reads HTML entities there.
struct DotText<'a>(&'a str);

impl fmt::Display for DotText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '&' => f.write_str("&amp;")?,
                control if control.is_control() => f.write_char(' ')?,
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}

/// Text within the quotes of a Mermaid node: everything that Mermaid, Markdown or HTML could take
/// for syntax becomes a numbered entity.
struct MermaidText<'a>(&'a str);

impl fmt::Display for MermaidText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("<br/>")?,
                control if control.is_control() => f.write_char(' ')?,
                ' ' | '-' | '.' | ',' | ':' | '/' | '(' | ')' => f.write_char(character)?,
                plain if plain.is_alphanumeric() || !plain.is_ascii() => f.write_char(plain)?,
                syntax => write!(f, "#{};", u32::from(syntax))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    /// A graph in which 2 needs 0 and one of 1 and 3.
    fn graph() -> DependencyGraph {
        let clauses = [vec![], vec![], vec![vec![0], vec![3, 1]], vec![]];
        DependencyGraph::build(&clauses, 100).unwrap()
    }

    fn label(position: usize) -> String {
        ["disk", "ip 1", "name", "ip 2"][position].to_string()
    }

    #[test]
    fn dot_points_from_provider_to_dependent() {
        assert_eq!(
            graph().to_dot("sql", label),
            r#"digraph {
  graph [label="sql", labelloc=t];
  node [shape=box];
  r0 [label="disk"];
  r1 [label="ip 1"];
  r2 [label="name"];
  r3 [label="ip 2"];
  r0 -> r2;
  any2_1 [label="or", shape=diamond];
  r3 -> any2_1 [style=dashed];
  r1 -> any2_1 [style=dashed];
  any2_1 -> r2;
}
"#
        );
    }

    #[test]
    fn mermaid_points_from_provider_to_dependent() {
        assert_eq!(
            graph().to_mermaid(label),
            r#"flowchart TD
  r0["disk"]
  r1["ip 1"]
  r2["name"]
  r3["ip 2"]
  r0 --> r2
  any2_1{"or"}
  r3 -.-> any2_1
  r1 -.-> any2_1
  any2_1 --> r2
"#
        );
    }

    #[test]
    fn empty_graphs_are_still_valid() {
        let empty = DependencyGraph::default();
        assert_eq!(
            empty.to_dot("", label),
            "digraph {\n  graph [label=\"\", labelloc=t];\n  node [shape=box];\n}\n"
        );
        assert_eq!(empty.to_mermaid(label), "flowchart TD\n");
    }

    #[test]
    fn dot_text_cannot_leave_its_quotes() {
        let text = DotText("a\"]; b\\\n&lt;\r\0").to_string();
        assert_eq!(text, r#"a\"]; b\\\n&amp;lt;  "#);
        assert_eq!(DotText("ends with \\").to_string(), r"ends with \\");
        let graph = DependencyGraph::build(&[vec![]], 1).unwrap();
        let dot = graph.to_dot("t\"\\", |_| "l\"".to_string());
        assert!(dot.contains(r#"graph [label="t\"\\","#), "{dot}");
        assert!(dot.contains(r#"r0 [label="l\""];"#), "{dot}");
    }

    #[test]
    fn mermaid_text_holds_no_syntax() {
        assert_eq!(
            MermaidText("\"]<b>&#35;`\\n%%{x}").to_string(),
            "#34;#93;#60;b#62;#38;#35;35#59;#96;#92;n#37;#37;#123;x#125;"
        );
        assert_eq!(MermaidText("IP (1)\nDisk F:\t磁盘").to_string(), "IP (1)<br/>Disk F: 磁盘");
    }
}
