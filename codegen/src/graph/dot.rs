//! The picture as a DOT digraph, which Graphviz draws.

use super::{Drawing, FROM_ALL, INK, REACHED, line, mark};
use crate::machine::StateId;

impl Drawing<'_> {
    /// The machine as a DOT digraph.
    pub fn dot(&self) -> String {
        let machine = self.machine;
        let mut out = String::new();
        line(&mut out, format_args!("digraph {} {{", quoted(&machine.name)));
        line(
            &mut out,
            format_args!("  graph [rankdir=TB, label={}, labelloc=t];", quoted(&machine.title)),
        );
        out.push_str("  node [shape=box, style=rounded];\n");
        let (grouped, alone) = self.groups();
        for (phase, states) in &grouped {
            line(&mut out, format_args!("  subgraph cluster_{} {{", phase.index()));
            line(&mut out, format_args!("    label={};", quoted(&machine.phase(*phase).title)));
            states.iter().for_each(|&id| self.dot_node(&mut out, "    ", id));
            out.push_str("  }\n");
        }
        alone.iter().for_each(|&id| self.dot_node(&mut out, "  ", id));
        for id in &self.folded {
            let at = id.index();
            line(&mut out, format_args!("  e{at} [label=\"{FROM_ALL}\", shape=plaintext];"));
            line(&mut out, format_args!("  e{at} -> s{at};"));
        }
        for edge in self.edges() {
            let mut looks = Vec::new();
            if edge.is_skip {
                looks.push("style=dashed".to_owned());
            }
            if edge.taken > 0 {
                looks.push(format!("color=\"{REACHED}\", penwidth=2"));
            }
            let looks =
                if looks.is_empty() { String::new() } else { format!(" [{}]", looks.join(", ")) };
            line(
                &mut out,
                format_args!("  s{} -> s{}{looks};", edge.from.index(), edge.to.index()),
            );
        }
        out.push_str("}\n");
        out
    }

    fn dot_node(&self, out: &mut String, indent: &str, id: StateId) {
        let state = self.machine.state(id);
        let mut looks = vec![format!("label={}", quoted(&state.title))];
        let mark = mark(state);
        if let Some(mark) = mark {
            looks.push(format!(
                "peripheries=2, style=\"rounded,filled\", fillcolor=\"{}\", fontcolor=\"{INK}\"",
                mark.fill
            ));
        }
        // What the row has reached is more to see than how the state ends.
        let line_colour =
            if self.is_reached(id) { Some(REACHED) } else { mark.map(|mark| mark.line) };
        looks.extend(line_colour.map(|colour| format!("color=\"{colour}\"")));
        let width = if self.is_current(id) {
            4
        } else if self.machine.is_initial(id) || self.is_reached(id) {
            2
        } else {
            1
        };
        if width > 1 {
            looks.push(format!("penwidth={width}"));
        }
        line(out, format_args!("{indent}s{} [{}];", id.index(), looks.join(", ")));
    }
}

/// A string in DOT. A backslash would start an escape of its own.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            // DOT reads HTML entities in every label.
            '&' => out.push_str("&amp;"),
            _ if char.is_control() => out.push(' '),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}
