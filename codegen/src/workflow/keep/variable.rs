//! Steps that write a variable for the steps below them.

use super::document::Node;

/// Whether a step may set a variable for those below it: its script writes into the file that the runner
/// reads them from, or has a function do that.
pub(super) fn writes_variable(step: &Node, name: &str) -> bool {
    let given = step.get("with").map_or(&[][..], Node::entries).iter();
    let scripts = given.map(|(_, value)| value).chain(step.get("run"));
    scripts.filter_map(Node::text).any(|script| writes(script, name) || exports(script, name))
}

/// Whether a script writes into the file, and names the variable as what is set there.
fn writes(script: &str, name: &str) -> bool {
    let is_set = |(at, _): (usize, &str)| {
        let before = script[..at].chars().next_back();
        let after = script[at + name.len()..].trim_start();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && (after.starts_with('=') || after.starts_with("<<"))
    };
    script.to_uppercase().contains("GITHUB_ENV") && script.match_indices(name).any(is_set)
}

/// Whether a script calls the function of GitHub's toolkit for the variable, or for one whose name is
/// worked out.
fn exports(script: &str, name: &str) -> bool {
    script.match_indices(EXPORT).any(|(at, _)| {
        let call = script[at + EXPORT.len()..].trim_start();
        let Some(given) = call.strip_prefix('(') else { return false };
        let given = given.trim_start();
        let quoted = given.chars().next().filter(|quote| "'\"`".contains(*quote));
        let Some(quote) = quoted else { return true };
        let text = &given[1..];
        let Some((text, rest)) = text.split_once(quote) else { return true };
        let is_whole = rest.trim_start().starts_with(',') && !text.contains(['$', '\\']);
        !is_whole || text == name
    })
}

/// The function that sets a variable.
const EXPORT: &str = "exportVariable";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_set_is_told_from_others() {
        for script in [
            "core.exportVariable(\"RESULT\", \"success\")",
            "core.exportVariable( 'RESULT' , x)",
            "core.exportVariable(`RESULT`, x)",
            "core.exportVariable(`RES${x}`, x)",
            "core.exportVariable('RES' + 'ULT', x)",
            "for (const [name, of] of all) core.exportVariable(name, of)",
        ] {
            assert!(exports(script, "RESULT"), "{script}");
        }
        for script in [
            "core.exportVariable('OTHER', process.env.RESULT)",
            "core.setOutput('RESULT', 'success')",
            "// nothing for exportVariable here",
        ] {
            assert!(!exports(script, "RESULT"), "{script}");
        }
        assert!(writes("echo RESULT=success >> \"$GITHUB_ENV\"", "RESULT"));
        assert!(!writes("echo \"X=$RESULT\" >> \"$GITHUB_ENV\"", "RESULT"));
        assert!(!writes("echo MY_RESULT=x >> $GITHUB_ENV", "RESULT"));
    }
}
