//! What single values of a workflow are made of: what a step uses, what a job calls, when a schedule runs.

/// Whether a step can use that: an action at a path of the repository, one of another at a ref, or an image.
pub(super) fn is_action(text: &str) -> bool {
    if ["./", ".\\", "$/", "docker://"].iter().any(|start| text.starts_with(start)) {
        return true;
    }
    let Some((path, name)) = text.split_once('@') else { return false };
    path.split(['/', '\\']).filter(|folder| !folder.is_empty()).count() > 1
        && !name.is_empty()
        && !name.contains('@')
}

/// Whether a job can call that: a workflow of the repository, or one of another at a ref.
pub(super) fn is_workflow(text: &str) -> bool {
    let is_file =
        |path: &str| [".yml", ".yaml"].iter().any(|end| path.ends_with(end)) && !path.contains('/');
    let local = text.strip_prefix("./").or_else(|| text.strip_prefix("$/"));
    if let Some(path) = local {
        return path.strip_prefix(FOLDER).is_some_and(is_file);
    }
    let Some((path, name)) = text.split_once('@') else { return false };
    let Some((repository, file)) = path.split_once(&format!("/{FOLDER}")) else { return false };
    let of: Vec<&str> = repository.split('/').collect();
    let is_repository = matches!(of[..], [owner, name] if !owner.is_empty() && !name.is_empty());
    is_repository && is_file(file) && !name.is_empty() && !name.contains('@')
}

/// Where the workflows of a repository lie.
const FOLDER: &str = ".github/workflows/";

/// The five parts of a schedule: the least and the most, and the names that some have.
const PARTS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// Whether a schedule has five parts, each of values that there are.
pub(super) fn is_cron(text: &str) -> bool {
    let parts: Vec<&str> = text.split_whitespace().collect();
    parts.len() == PARTS.len()
        && parts.iter().zip(PARTS).all(|(part, (least, most, names))| {
            part.split(',').all(|each| is_part(each, least, most, names))
        })
}

/// Whether one of the values of a part is there: any, one, a span, or each so many-th of them.
fn is_part(text: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let (values, step) = match text.split_once('/') {
        Some((values, step)) => (values, Some(step)),
        None => (text, None),
    };
    let number = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(at) = named {
            return Some(least + u32::try_from(at).ok()?);
        }
        let is_digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let number = is_digits.then(|| text.parse().ok())??;
        (least <= number && number <= most).then_some(number)
    };
    let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
    is_step
        && match values.split_once('-') {
            Some((from, to)) => {
                matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to)
            }
            None => matches!(values, "*" | "?") || number(values).is_some(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_uses_is_a_path_an_image_or_an_action_at_a_ref() {
        for text in ["./x", "./", "$/x/y", "docker://alpine:3", "a/b@v1", "a/b/c@main", "a/b@x/y"] {
            assert!(is_action(text), "{text}");
        }
        for text in ["actions/setup-node", "setup-node@v1", "a/b@", "a/b@v1@2", "x", ".", "../x"] {
            assert!(!is_action(text), "{text}");
        }
    }

    #[test]
    fn what_a_job_calls_is_a_workflow_of_this_repository_or_of_another_at_a_ref() {
        for text in [
            "./.github/workflows/x.yml",
            "$/.github/workflows/x.yaml",
            "a/b/.github/workflows/x.yml@v1",
        ] {
            assert!(is_workflow(text), "{text}");
        }
        for text in [
            "./.github/workflows/x.yml@v1",
            "./.github/workflows/x/y.yml",
            "./workflows/x.yml",
            "a/b/.github/workflows/x.yml",
            "a/.github/workflows/x.yml@v1",
            "a/b@v1",
        ] {
            assert!(!is_workflow(text), "{text}");
        }
    }

    #[test]
    fn a_schedule_has_five_parts_of_values_that_there_are() {
        for text in [
            "0 5 * * 1",
            "*/15 0-23/2 1,15 JAN-mar mon-FRI",
            "59 23 31 12 7",
            "0 0 ? * sun",
            "5/10 * * * *",
        ] {
            assert!(is_cron(text), "{text}");
        }
        for text in [
            "60 5 * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 32 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "0 0 * * mo",
            "0 0 * *",
            "0 0 * * * *",
            "*/0 * * * *",
            "30-10 * * * *",
            "@daily",
            "x 0 * * *",
        ] {
            assert!(!is_cron(text), "{text}");
        }
    }
}
