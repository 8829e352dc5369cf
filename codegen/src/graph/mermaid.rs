//! The picture as a Mermaid flowchart.

use std::fmt::Write as _;

use super::{Drawing, FROM_ALL, INK, MARKS, Mark, REACHED, line, mark};
use crate::machine::StateId;

impl Drawing<'_> {
    /// The machine as a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart TB\n");
        let (grouped, alone) = self.groups();
        for (phase, states) in &grouped {
            let title = text(&self.machine.phase(*phase).title);
            line(&mut out, format_args!("  subgraph p{}[\"{title}\"]", phase.index()));
            states.iter().for_each(|&id| self.node(&mut out, "    ", id));
            out.push_str("  end\n");
        }
        alone.iter().for_each(|&id| self.node(&mut out, "  ", id));
        for id in &self.folded {
            let at = id.index();
            line(&mut out, format_args!("  e{at}[\"{FROM_ALL}\"]:::note --> s{at}"));
        }
        for edge in self.edges() {
            let (from, to) = (edge.from.index(), edge.to.index());
            let arrow = match (edge.taken > 0, edge.is_skip) {
                (true, _) => "==>",
                (false, false) => "-->",
                (false, true) => "-.->",
            };
            line(&mut out, format_args!("  s{from} {arrow} s{to}"));
        }
        if !self.folded.is_empty() {
            out.push_str("  classDef note fill:none,stroke:none\n");
        }
        for Mark { class, line: stroke, fill, .. } in MARKS {
            let is_marked =
                |id: StateId| mark(self.machine.state(id)).is_some_and(|mark| mark.class == *class);
            self.class(
                &mut out,
                class,
                &format!("fill:{fill},stroke:{stroke},color:{INK}"),
                is_marked,
            );
        }
        self.class(&mut out, "reached", &format!("stroke:{REACHED},stroke-width:2px"), |id| {
            self.is_reached(id)
        });
        self.class(&mut out, "current", &format!("stroke:{REACHED},stroke-width:4px"), |id| {
            self.is_current(id)
        });
        out
    }

    fn node(&self, out: &mut String, indent: &str, id: StateId) {
        let state = self.machine.state(id);
        let label = text(&state.title);
        // Rounded where a row starts, doubled where it ends.
        let (open, close) = if self.machine.is_initial(id) {
            ("([", "])")
        } else if state.is_ended() {
            ("[[", "]]")
        } else {
            ("[", "]")
        };
        line(out, format_args!("{indent}s{}{open}\"{label}\"{close}", id.index()));
    }

    /// How some states look; nothing where there are none.
    fn class(&self, out: &mut String, name: &str, looks: &str, is_in: impl Fn(StateId) -> bool) {
        let states = self.machine.state_ids().filter(|&id| is_in(id));
        let states: Vec<String> = states.map(|id| format!("s{}", id.index())).collect();
        if !states.is_empty() {
            line(out, format_args!("  classDef {name} {looks}"));
            line(out, format_args!("  class {} {name}", states.join(",")));
        }
    }
}

/// A label in Mermaid's quotes: whatever means something to it, or to HTML or Markdown, stands as
/// its code.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '~' | '\\' | ';' | '$' | '%' => {
                write!(out, "#{};", u32::from(char)).expect("a string takes all that is written");
            }
            _ if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => out.push(' '),
            _ => out.push(char),
        }
    }
    out
}
