//! The picture of the cluster.

use std::collections::{BTreeMap, VecDeque};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Table};
use serde_json::Value;

/// Everything that is shown.
#[derive(Debug, Default)]
pub struct Picture {
    names: Vec<String>,
    statuses: BTreeMap<String, Option<Value>>,
    health: BTreeMap<String, Health>,
    /// The state as the replica sees it that has applied the most.
    state: Value,
    events: VecDeque<String>,
    told: u64,
    node: usize,
    group: usize,
    message: String,
}

/// The harm that was done to a node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Health {
    /// Nothing.
    #[default]
    Well,
    /// Its daemon was killed.
    Killed,
    /// Its daemon is frozen.
    Frozen,
    /// Some of its wires are cut.
    Cut,
}

/// A direction in a list.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Towards the end.
    On,
    /// Towards the beginning.
    Back,
}

impl Picture {
    /// Returns the picture of nodes before anything is known.
    pub fn of(names: &[String]) -> Self {
        Self { names: names.to_vec(), ..Self::default() }
    }

    /// Returns the chosen node and group, and what was done to the node.
    pub fn chosen(&self) -> (String, Option<String>, Health) {
        let node = self.names[self.node].clone();
        let group = self.groups().get(self.group).map(|of| text(&of["name"]));
        let health = self.health.get(&node).copied().unwrap_or_default();
        (node, group, health)
    }

    /// Chooses another node.
    pub fn choose_node(&mut self, step: Step) {
        let count = self.names.len();
        self.node = match step {
            Step::On => (self.node + 1) % count,
            Step::Back => (self.node + count - 1) % count,
        };
    }

    /// Chooses the next group.
    pub fn choose_group(&mut self) {
        self.group = (self.group + 1) % self.groups().len().max(1);
    }

    /// Notes what was done to a node.
    pub fn mark(&mut self, node: &str, health: Health) {
        self.health.insert(node.to_owned(), health);
    }

    /// Shows a message.
    pub fn say(&mut self, message: String) {
        self.message = message;
    }

    /// The last entry of the log whose events are known.
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// Takes in the answer of a node, or that there was none.
    pub fn take_status(&mut self, name: &str, status: Option<Value>) {
        self.statuses.insert(name.to_owned(), status);
    }

    /// Takes in the state as one replica sees it.
    pub fn take_state(&mut self, state: Value) {
        let now = |of: &Value| of["answer"]["now"].as_u64();
        if now(&state) >= now(&self.state) {
            self.state = state;
        }
    }

    /// Takes in events, unless they are known.
    pub fn take_events(&mut self, answer: &Value) {
        let last = answer["last"].as_u64().unwrap_or_default();
        if last <= self.told {
            return;
        }
        self.told = last;
        self.events.extend(answer["events"].as_array().into_iter().flatten().map(text));
        while self.events.len() > 500 {
            self.events.pop_front();
        }
    }

    fn groups(&self) -> &[Value] {
        self.state["answer"]["groups"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let nodes = u16::try_from(self.names.len()).unwrap_or(u16::MAX).saturating_add(3);
        let rows = [Constraint::Length(nodes), Constraint::Min(6), Constraint::Length(2)];
        let [top, middle, bottom] = Layout::vertical(rows).areas(frame.area());
        let halves = [Constraint::Percentage(55), Constraint::Percentage(45)];
        let [left, right] = Layout::horizontal(halves).areas(middle);
        self.draw_nodes(frame, top);
        self.draw_groups(frame, left);
        self.draw_events(frame, right);
        let keys = "↑↓ node  Tab group  k kill/start  f freeze/go on  c cut/heal  e deaf  d drain  \
                    r resume  m move  q quit";
        let lines = vec![Line::from(keys).dim(), Line::from(self.message.as_str()).red()];
        frame.render_widget(Paragraph::new(lines), bottom);
    }

    fn draw_nodes(&self, frame: &mut Frame<'_>, area: Rect) {
        let heads = ["", "node", "state", "engine", "term", "life", "lease", "entry", "runs", ""];
        let rows = self.names.iter().enumerate().map(|(position, name)| {
            let status = self.statuses.get(name).and_then(Option::as_ref);
            let health = self.health.get(name).copied().unwrap_or_default();
            let mark = if position == self.node { "▶" } else { " " };
            node_row(mark, name, status, self.node_state(name), health)
        });
        let widths = [1, 10, 9, 14, 5, 5, 18, 7, 5, 14].map(Constraint::Length);
        let table = Table::new(rows, widths).header(Row::new(heads).bold());
        frame.render_widget(table.block(Block::bordered().title(" nodes ")), area);
    }

    fn node_state(&self, name: &str) -> String {
        let nodes = self.state["answer"]["nodes"].as_array().into_iter().flatten();
        let mut found = nodes.filter(|of| of["name"] == name);
        found.next().map_or_else(|| "?".into(), |of| text(&of["state"]))
    }

    fn draw_groups(&self, frame: &mut Frame<'_>, area: Rect) {
        let resources = self.state["answer"]["resources"].as_array();
        let mut lines = Vec::new();
        for (position, group) in self.groups().iter().enumerate() {
            let mark = if position == self.group { "▶ " } else { "  " };
            let owner = group["owner"].as_str().unwrap_or("no node");
            let state = text(&group["state"]);
            let why = group["why"]["text"].as_str().unwrap_or_default();
            lines.push(Line::from(vec![
                Span::raw(mark),
                Span::raw(format!("{} ", text(&group["name"]))).bold(),
                Span::raw(format!("on {owner}: ")),
                Span::styled(state.clone(), colour(&state)),
                Span::raw(format!(" {why}")).dim(),
            ]));
            let own = resources.into_iter().flatten().filter(|of| of["group"] == group["name"]);
            let mut spans = vec![Span::raw("    ")];
            for resource in own {
                let state = text(&resource["state"]);
                spans.push(Span::styled(format!("{}  ", text(&resource["name"])), colour(&state)));
            }
            lines.push(Line::from(spans));
        }
        let block = Block::bordered().title(" groups ");
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }

    fn draw_events(&self, frame: &mut Frame<'_>, area: Rect) {
        let room = usize::from(area.height.saturating_sub(2));
        let skipped = self.events.len().saturating_sub(room);
        let latest = self.events.iter().skip(skipped);
        let lines: Vec<Line<'_>> = latest.map(|event| Line::from(event.as_str())).collect();
        let block = Block::bordered().title(" events ");
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }
}

fn node_row(
    mark: &str,
    name: &str,
    status: Option<&Value>,
    state: String,
    health: Health,
) -> Row<'static> {
    let done = match health {
        Health::Well => "",
        Health::Killed => "killed",
        Health::Frozen => "frozen",
        Health::Cut => "cut",
    };
    let Some(status) = status else {
        let silent = [mark, name, &state, "-", "", "", "", "", "", done].map(str::to_owned);
        return Row::new(silent).style(Style::new().fg(Color::DarkGray));
    };
    let votes = status["voters"].as_array().is_some_and(|all| all.iter().any(|of| of == name));
    let role = match (status["is_in_charge"] == true, status["is_silent"] == true, votes) {
        (true, true, _) => "leads, silent",
        (true, false, _) => "leads",
        (false, _, true) => "votes",
        (false, _, false) => "learns",
    };
    let lease = status["lease_left_ms"].as_u64().unwrap_or_default();
    let bars = usize::try_from(lease / 300).unwrap_or_default().min(10);
    let lease = format!("{lease:>5} ms {}", "▮".repeat(bars));
    let running = status["running"].as_array().map_or(0, Vec::len).to_string();
    let number = |value: &Value| value.as_u64().map_or_else(String::new, |of| of.to_string());
    let (term, entry) = (number(&status["term"]), number(&status["applied"]));
    let life = number(&status["life"]["incarnation"]);
    let colours = colour(&state);
    let cells = [mark, name, &state, role, &term, &life, &lease, &entry, &running, done];
    Row::new(cells.map(str::to_owned)).style(colours)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

fn colour(state: &str) -> Style {
    match state {
        "online" | "up" => Style::new().fg(Color::Green),
        "offline" | "down" => Style::new().fg(Color::DarkGray),
        "failed" | "unclean" | "in_doubt" | "unknown" => Style::new().fg(Color::Red),
        _ => Style::new().fg(Color::Yellow),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_shown() {
        let mut picture = Picture::of(&["anna".into(), "bert".into()]);
        picture.take_status("anna", Some(json!({
            "voters": ["anna"], "is_in_charge": true, "lease_left_ms": 1200, "running": ["page"],
            "term": 7, "applied": 41, "life": {"incarnation": 3},
        })));
        picture.take_status("bert", None);
        picture.take_state(json!({"answer": {
            "now": 5,
            "nodes": [{"name": "anna", "state": "up"}, {"name": "bert", "state": "unclean"}],
            "groups": [{"name": "web", "owner": "anna", "state": "online", "why": null}],
            "resources": [{"name": "page", "group": "web", "state": "online"}],
        }}));
        picture.take_events(&json!({"last": 9, "events": ["web: online"]}));
        picture.take_events(&json!({"last": 9, "events": ["web: online"]}));
        picture.mark("bert", Health::Frozen);
        picture.choose_node(Step::Back);
        picture.choose_group();
        assert_eq!(picture.chosen(), ("bert".into(), Some("web".into()), Health::Frozen));
        let mut terminal = Terminal::new(TestBackend::new(110, 20)).expect("it is in memory");
        terminal.draw(|frame| picture.draw(frame)).expect("it is in memory");
        let shown = terminal.backend().to_string();
        for part in ["▶ bert", "unclean", "frozen", "leads", "1200 ms ▮▮▮▮", "▶ web on anna", "41"]
        {
            assert!(shown.contains(part), "{part} is missing in\n{shown}");
        }
        assert_eq!(shown.matches("web: online").count(), 1);
    }
}
