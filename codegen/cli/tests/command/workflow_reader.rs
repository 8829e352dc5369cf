//! Somebody who follows each help to the letter and knows nothing else.

use crate::binary::Folder;
use crate::hand_written::*;
use crate::workflow_edits::{Text, between};

/// Two jobs, as most workflows of these tests have them.
pub(crate) const PLAIN: &str = include_str!("workflows/trials/plain.yml");
pub(crate) const ALL: &str = ".github/workflows/all.yml";

/// A finding: its file, its rule, its line, what is said, and the way out.
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) rule: String,
    pub(crate) line: usize,
    pub(crate) help: String,
}

pub(crate) fn findings(folder: &Folder) -> Vec<Finding> {
    let json = folder.run(&["check", "--format", "json"]).json();
    let all = json["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of = |finding: &serde_json::Value| Finding {
        path: text(&finding["path"]),
        rule: text(&finding["rule"]),
        line: usize::try_from(finding["line"].as_u64().unwrap_or(1)).unwrap(),
        help: text(&finding["help"]),
    };
    all.map(of).filter(|finding| finding.path.ends_with(".yml")).collect()
}

/// Follows one help. Where it names several ways, the first that is wanted is taken, else the first.
fn follow(folder: &Folder, finding: &Finding, wanted: &[&str]) {
    let help = finding.help.split("; the shortest run").next().unwrap();
    let mut ways: Vec<&str> = help.split("; ").flat_map(|way| way.split(", or ")).collect();
    ways.sort_by_key(|way| !wanted.iter().any(|wanted| way.contains(wanted)));
    let at = if finding.path.ends_with("all.yml") { ALL } else { AT };
    let mut text = Text::of(&folder.read(at));
    let job = text.job_at(finding.line);
    if let Some(snippet) = between(help, "which reports:\n", "\u{0}") {
        let other = between(help, "call this job `", "`").unwrap();
        take_off(folder, help);
        let text = Text::of(&outside_of_markers(&folder.read(at)));
        let text = text.renamed(&job, other);
        folder.write(at, format!("{}{snippet}\n", text.whole()));
        return;
    }
    let way = ways.into_iter().find(|way| apply(folder, &mut text, &job, finding, way));
    assert!(way.is_some(), "no way of it is known: {help}");
    folder.write(at, text.whole());
}

/// Takes off a job in the table what a help names; whether it names something.
fn take_off(folder: &Folder, help: &str) -> bool {
    let Some(keys) = between(help, "take ", " off `").filter(|_| help.contains("in the table"))
    else {
        return false;
    };
    let job = between(help, " off `", "`").unwrap();
    let table = folder.read("ship.toml");
    let row = format!("[[job]]\nname = \"{job}\"\n");
    let (before, its) = table.split_once(&row).unwrap();
    let (its, after) = its.split_once("\n\n").unwrap();
    let keys = keys.replace('`', "");
    let is_left = |line: &&str| !keys.split(", ").any(|key| line.starts_with(&format!("{key} = ")));
    let its: Vec<&str> = its.lines().filter(is_left).collect();
    let mut table = format!("{before}{row}{}\n\n{after}", its.join("\n"));
    let states = between(help, "`optional = true` at ", ", call").unwrap_or_default();
    let states = states.split(", and").next().unwrap_or_default();
    for state in states.split(", ").filter(|state| !state.is_empty()) {
        let name = format!("name = \"{}\"\n", state.replace('`', ""));
        table = changed(&table, &name, &format!("{name}optional = true\n"));
    }
    folder.write("ship.toml", table);
    true
}

/// A workflow without the reports, which `adopt` puts where they belong.
fn outside_of_markers(text: &str) -> String {
    let text = outside(text);
    text.split_inclusive('\n').filter(|line| !is_marker(line, "# phasegate:")).collect()
}

/// The key and the lines below it that a way prints.
fn below(way: &str, from: &str) -> Option<(String, Vec<String>)> {
    let (_, rest) = way.split_once(from)?;
    let mut lines = rest.lines();
    let key = lines.next()?.to_owned();
    Some((key, lines.take_while(|line| line.starts_with("      ")).map(str::to_owned).collect()))
}

/// Does what one way says; whether it is one that is known.
fn apply(folder: &Folder, text: &mut Text, job: &str, finding: &Finding, way: &str) -> bool {
    let number = |from: &str| -> Option<usize> {
        let digits: String =
            way.split_once(from)?.1.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let part = |from: &str, to: &str| {
        between(way, from, to).filter(|part| part.len() + from.len() < way.len()).map(str::to_owned)
    };
    if way.contains(" off `") && way.contains("in the table") {
        text.drop_region(finding.line);
        return take_off(folder, way);
    }
    if let Some(condition) = part("`- if: ", "` with") {
        text.drop_key(job, "if");
        let step = format!("- if: {condition}\n  run: exit 1\n");
        text.below_start(job, &step);
    } else if way.contains("give it\n    permissions:\n") {
        let (_, block) = way.split_once("give it\n").unwrap();
        let is_its = |line: &&str| line.starts_with("    ");
        let block: Vec<&str> = block.lines().take_while(is_its).collect();
        text.set_block(job, "permissions", &block);
    } else if let Some((_, block)) = below(way, "add to its `") {
        let key = part("add to its `", ":`").unwrap();
        text.add_below(job, &key, &block);
    } else if let Some((key, mut block)) =
        below(way, "give it\n    ").or_else(|| below(way, "give the job\n    "))
    {
        block.insert(0, format!("    {key}"));
        let block: Vec<&str> = block.iter().map(String::as_str).collect();
        text.set_block(job, key.trim_end_matches(':'), &block);
    } else if let Some(event) = part("add `", ":` to the `on:`") {
        let path = part("to the `on:` of `", "`").unwrap();
        let mut other = Text::of(&folder.read(&path));
        other.add_event(&event);
        folder.write(&path, other.whole());
    } else if let Some(near) = part("did you mean `", "`") {
        text.rename_key(finding.line, &near);
    } else if way.contains("take the job off") {
        text.drop_job(job);
    } else if way.contains("write `default: \"\"`") {
        text.replace_once("default: abc", "default: \"\"");
    } else if way.contains("write `type: string`") {
        text.replace_once("type: number", "type: string");
    } else if let Some(value) = part("such as `", "`").filter(|_| finding.rule == "bad-setting") {
        text.set_value(finding.line, &value);
    } else if way.contains("write at most 300") {
        text.set_value(finding.line, "300");
    } else if let Some(input) = part("add the input `", "`") {
        text.add_input(&input);
    } else if let Some(names) =
        part("add ", " to its `needs`").filter(|_| way.contains("to its `needs`"))
    {
        text.add_needs(job, &names.replace('`', ""));
        if let Some(condition) = part("give it `if: ", "`") {
            text.set(job, "if", &condition);
        }
        if let Some(result) = part("RESULT: ", "`") {
            text.set_result(job, &result);
        }
    } else if let Some(condition) = part("give it `if: ", "`") {
        text.set(job, "if", &condition);
    } else if way.contains("take its `if:` off") {
        text.drop_key(job, "if");
    } else if way.contains("write `skippable = true`") {
        let row = format!("[[job]]\nname = \"{job}\"\n");
        folder.write(
            "ship.toml",
            changed(&folder.read("ship.toml"), &row, &format!("{row}skippable = true\n")),
        );
    } else if let Some(result) = part("`RESULT: ", "`") {
        text.set_result(job, &result);
    } else if let Some(group) = part("let that group be `", "`") {
        text.set_group(&group);
    } else if let Some(of) = part("take `concurrency` off the job `", "`") {
        text.drop_key(&of, "concurrency");
    } else if let Some(of) = part("take `concurrency` off `", "`") {
        match of.ends_with(".yml") {
            true => {
                let mut called = Text::of(&folder.read(&of));
                called.drop_top("concurrency");
                folder.write(&of, called.whole());
            }
            false => text.drop_key(&of, "concurrency"),
        }
    } else if let Some(given) = part("write `ship_id: ", "`") {
        text.set_line(finding.line, "ship_id", &given);
    } else if way.contains("take `ship_id` off") {
        text.set_line(finding.line, "ship_id", "");
    } else if way.contains("take the `if: ") {
        text.drop_of_step(number("step on line ").unwrap(), "if");
    } else if way.contains("take `continue-on-error` off the step") {
        text.drop_of_step(number("step on line ").unwrap(), "continue-on-error");
    } else if way.contains("move the step on line ") {
        text.move_step(number("the step on line ").unwrap(), number("above line ").unwrap());
    } else if way.contains("move the region below the step") {
        text.move_region(finding.line, number("below the step on line ").unwrap());
    } else if let Some((text_read, instead)) = part("write `fromJSON(", " || 'null')` there")
        .map(|read| (format!("fromJSON({read})"), format!("fromJSON({read} || 'null')")))
        .or_else(|| {
            let read = part("write `", "` there in the place of `")?;
            Some((format!("fromJSON({read})"), read))
        })
    {
        *text = Text::of(&changed(&text.whole(), &text_read, &instead));
    } else if way.contains("let the step on line ")
        && way.contains("set a variable of another name")
    {
        text.set_other(number("let the step on line ").unwrap());
    } else if let Some(of) = part("take the job `", "` off") {
        text.drop_job(&of);
    } else if let Some(name) = part("move the region `", "` above line ") {
        text.move_region_to(text.region(&name), number("` above line ").unwrap());
    } else if let Some(line) = number("move the region above line ")
        .or_else(|| number("move the region right above line "))
    {
        text.move_region_to(finding.line, line);
    } else if let Some(line) = number("move the region below line ") {
        text.move_region_to(finding.line, line + 1);
    } else if let Some(run) = part("`- run: ", "`") {
        text.first_step(job, &format!("- run: {run}\n"));
    } else if way.contains("check this repository out once more") {
        text.insert(number("the region on line ").unwrap(), "      - uses: actions/checkout@v4\n");
    } else if let Some(action) = part("write `action = \"", "\"") {
        let table = folder.read("ship.toml");
        let line = table.lines().find(|line| line.starts_with("action = ")).unwrap().to_owned();
        folder.write("ship.toml", table.replace(&line, &format!("action = \"{action}\"")));
    } else if let Some(image) =
        way.contains("give the job another image").then_some("ghcr.io/acme/builder:1")
    {
        text.set_image(image);
    } else if let Some(key) = part("take `", "` off") {
        text.drop_line(finding.line, &key);
    } else {
        return false;
    }
    true
}

/// Follows every help until nothing is found, and gives the rules that were found on the way.
#[track_caller]
pub(crate) fn followed(folder: &Folder, wanted: &[&str]) -> Vec<String> {
    let mut rules = Vec::new();
    for _ in 0..10 {
        let found = findings(folder);
        let Some(first) = found.into_iter().find(|finding| finding.rule != "stale") else {
            return rules;
        };
        rules.push(first.rule.clone());
        follow(folder, &first, wanted);
        folder.run(&["workflow", "adopt", AT]);
        folder.run(&["generate"]);
    }
    let now = folder.run(&["check"]);
    panic!("it leads nowhere: {rules:?}\n{}\n{}", now.out, folder.read(AT));
}

#[track_caller]
pub(crate) fn leads_out(workflow: &str, changes: &[(&str, &str)], wanted: &[&str], first: &str) {
    let folder = tried(workflow, changes);
    let rules = followed(&folder, wanted);
    assert_eq!(rules.first().map(String::as_str), Some(first), "{rules:?}");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
}

/// A job that the table lacks, before the deploy, which has another `needs` and `if`.
pub(crate) fn gated(gate: &str, deploy: &str) -> String {
    let job = format!("  gate:\n{gate}    runs-on: x\n    steps: [{{run: ./ask}}]\n");
    changed(PLAIN, "  deploy:\n    needs: build\n", &format!("{job}  deploy:\n{deploy}"))
}

/// A concluding job that somebody wrote.
pub(crate) fn concluding(needs: &str, result: &str) -> String {
    format!(
        "  conclude:\n    needs: {needs}\n    if: always() && inputs.ship_id != ''\n    runs-on: x\n    env:\n      \
         RESULT: >-\n        ${{{{ {result} }}}}\n    steps:\n      - run: echo\n"
    )
}

pub(crate) const OF_ALL: &str = "contains(needs.*.result, 'failure') && 'failure' || contains(needs.*.result, 'cancelled') && \
                      'cancelled' || contains(needs.*.result, 'skipped') && 'failure' || 'success'";

/// A workflow that a console starts, and that calls the kept one.
pub(crate) const CALLER: &str = "name: all\non:\n  workflow_dispatch:\n    inputs:\n      row: {type: string}\n      \
    callback_token: {type: string}\njobs:\n  ship:\n    uses: ./.github/workflows/release.yml\n    with:\n      \
    tag: x\n      ship_id: ${{ inputs.row }}\n";

/// The kept workflow, which is called, with its caller.
pub(crate) fn called(kept: &str, caller: &str) -> Folder {
    let folder = tried(kept, &[]);
    folder.write(ALL, caller);
    folder
}
