//! Changes to a workflow's text, as somebody makes them who follows a help.

/// A workflow, line by line.
pub(crate) struct Text(Vec<String>);

/// What stands in a text between two others; to its end where the second is nowhere.
pub(crate) fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    Some(rest.split(to).next().unwrap_or(rest))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Text {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    pub(crate) fn whole(&self) -> String {
        self.0.join("\n") + "\n"
    }

    /// The job in which a line stands, from 1.
    pub(crate) fn job_at(&self, line: usize) -> String {
        let lines = self.0[..line.min(self.0.len())].iter().rev();
        let mut names =
            lines.filter(|line| indentation(line) == 2 && line.trim_end().ends_with(':'));
        names.next().map(|line| line.trim().trim_end_matches(':').to_owned()).unwrap_or_default()
    }

    /// The lines of a job, without its name.
    fn job(&self, name: &str) -> std::ops::Range<usize> {
        let jobs = self.0.iter().position(|line| line == "jobs:").unwrap();
        let is_it = |line: &String| *line == format!("  {name}:");
        let from = jobs
            + 1
            + self.0[jobs + 1..].iter().position(is_it).unwrap_or_else(|| panic!("{name}"));
        let ends = |line: &String| !line.trim().is_empty() && indentation(line) < 4;
        let length = self.0[from + 1..].iter().position(ends).unwrap_or(self.0.len() - from - 1);
        from + 1..from + 1 + length
    }

    /// The line of a key in some lines, at a column.
    fn key(&self, within: std::ops::Range<usize>, column: usize, key: &str) -> Option<usize> {
        let mut lines = within;
        lines.find(|&at| {
            let line = &self.0[at];
            indentation(line) == column && line.trim_start().starts_with(&format!("{key}:"))
        })
    }

    /// The lines of what stands at a line, those below it included that are further in.
    fn block(&self, at: usize) -> std::ops::Range<usize> {
        let column = indentation(&self.0[at]);
        let goes_on = |line: &&String| line.trim().is_empty() || indentation(line) > column;
        at..at + 1 + self.0[at + 1..].iter().take_while(goes_on).count()
    }

    pub(crate) fn drop_key(&mut self, job: &str, key: &str) {
        if let Some(at) = self.key(self.job(job), 4, key) {
            let block = self.block(at);
            self.0.drain(block);
        }
    }

    pub(crate) fn drop_top(&mut self, key: &str) {
        if let Some(at) = self.key(0..self.0.len(), 0, key) {
            let block = self.block(at);
            self.0.drain(block);
        }
    }

    pub(crate) fn set(&mut self, job: &str, key: &str, value: &str) {
        self.drop_key(job, key);
        let at = self.job(job).start;
        self.0.insert(at, format!("    {key}: {value}"));
    }

    /// Gives a job lines of its own in the place of a key.
    pub(crate) fn set_block(&mut self, job: &str, key: &str, block: &[&str]) {
        self.drop_key(job, key);
        let at = self.job(job).start;
        self.0.splice(at..at, block.iter().map(|line| (*line).to_owned()));
    }

    /// Adds lines below a key of a job.
    pub(crate) fn add_below(&mut self, job: &str, key: &str, lines: &[String]) {
        let at = self.key(self.job(job), 4, key).unwrap();
        self.0.splice(at + 1..at + 1, lines.iter().cloned());
    }

    pub(crate) fn drop_job(&mut self, job: &str) {
        let within = self.job(job);
        self.0.drain(within.start - 1..within.end);
    }

    pub(crate) fn add_event(&mut self, event: &str) {
        let at = self.0.iter().position(|line| line == "on:").unwrap();
        self.0.insert(at + 1, format!("  {event}:"));
    }

    /// Calls the key on a line otherwise.
    pub(crate) fn rename_key(&mut self, line: usize, key: &str) {
        let column = indentation(&self.0[line - 1]);
        let (_, value) = self.0[line - 1].split_once(':').unwrap();
        self.0[line - 1] = format!("{}{key}:{value}", " ".repeat(column));
    }

    pub(crate) fn set_value(&mut self, line: usize, value: &str) {
        let (key, _) = self.0[line - 1].split_once(':').unwrap();
        self.0[line - 1] = format!("{key}: {value}");
    }

    /// Takes a key off that stands on a line or below it, with what stands below it.
    pub(crate) fn drop_line(&mut self, line: usize, key: &str) {
        let is_it = |line: &String| line.trim_start().starts_with(&format!("{key}:"));
        let at = line - 1 + self.0[line - 1..].iter().position(is_it).unwrap();
        let block = self.block(at);
        self.0.drain(block);
    }

    pub(crate) fn replace_once(&mut self, from: &str, to: &str) {
        let line = self.0.iter_mut().find(|line| line.contains(from)).unwrap();
        *line = line.replace(from, to);
    }

    pub(crate) fn add_needs(&mut self, job: &str, names: &str) {
        let at = self.key(self.job(job), 4, "needs").unwrap();
        let (_, now) = self.0[at].split_once("needs:").unwrap();
        let now = now.trim().trim_matches(['[', ']']).to_owned();
        self.0[at] = format!("    needs: [{now}, {names}]");
    }

    pub(crate) fn set_result(&mut self, job: &str, result: &str) {
        let within = self.job(job);
        let line = format!("      RESULT: {result}");
        match self.key(within.clone(), 6, "RESULT") {
            Some(at) => {
                let block = self.block(at);
                self.0.splice(block, [line]);
            }
            None => {
                self.0.insert(within.start, line);
                self.0.insert(within.start, "    env:".to_owned());
            }
        }
    }

    pub(crate) fn add_input(&mut self, name: &str) {
        let at = self.0.iter().position(|line| line == "    inputs:").unwrap();
        self.0.insert(at + 1, format!("      {name}: {{type: string}}"));
    }

    pub(crate) fn set_group(&mut self, group: &str) {
        self.drop_top("concurrency");
        let jobs = self.0.iter().position(|line| line == "jobs:").unwrap();
        self.0.insert(jobs, format!("concurrency: {group}"));
    }

    /// Sets a key below a line, whatever column it has, or takes it off.
    pub(crate) fn set_line(&mut self, after: usize, key: &str, value: &str) {
        let is_it = |line: &String| line.trim_start().starts_with(&format!("{key}:"));
        let at = after + self.0[after..].iter().position(is_it).unwrap();
        let column = indentation(&self.0[at]);
        match value.is_empty() {
            true => drop(self.0.remove(at)),
            false => self.0[at] = format!("{}{key}: {value}", " ".repeat(column)),
        }
    }

    pub(crate) fn drop_of_step(&mut self, step: usize, key: &str) {
        let block = self.block(step - 1);
        let of_key = |line: &String| line.trim_start().starts_with(&format!("{key}:"));
        let at = block.start + self.0[block].iter().position(of_key).unwrap();
        self.0.remove(at);
    }

    /// Moves a step above a line.
    pub(crate) fn move_step(&mut self, step: usize, above: usize) {
        let block = self.block(step - 1);
        let lines: Vec<String> = self.0.drain(block).collect();
        assert!(above < step, "it moves up");
        self.0.splice(above - 1..above - 1, lines);
    }

    /// Moves a region below a step.
    pub(crate) fn drop_region(&mut self, begin: usize) -> Vec<String> {
        let end = begin - 1
            + self.0[begin - 1..].iter().position(|line| line.contains("# phasegate:end")).unwrap();
        self.0.drain(begin - 1..=end).collect()
    }

    pub(crate) fn move_region(&mut self, begin: usize, below: usize) {
        let lines = self.drop_region(begin);
        let step = below - 1 - lines.len();
        let at = self.block(step).end;
        self.0.splice(at..at, lines);
    }

    /// Moves a region above a line, the empty line below it along.
    pub(crate) fn move_region_to(&mut self, begin: usize, above: usize) {
        let end = begin - 1
            + self.0[begin - 1..].iter().position(|line| line.contains("# phasegate:end")).unwrap();
        let lines: Vec<String> = self.0.drain(begin - 1..=end).collect();
        let at = if above > begin { above - 1 - lines.len() } else { above - 1 };
        self.0.splice(at..at, lines);
    }

    /// The line, from 1, at which a region begins.
    pub(crate) fn region(&self, name: &str) -> usize {
        let begin = format!("# phasegate:begin {name}");
        1 + self.0.iter().position(|line| line.trim() == begin).unwrap()
    }

    /// Lets a step set a variable of another name.
    pub(crate) fn set_other(&mut self, step: usize) {
        for at in self.block(step - 1) {
            let line = self.0[at].replace("RESULT=", "OTHER=");
            self.0[at] = match between(&line, "exportVariable(", ",") {
                Some(name) => line.replacen(name, "\"OTHER\"", 1),
                None => line,
            };
        }
    }

    pub(crate) fn insert(&mut self, above: usize, lines: &str) {
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        self.0.splice(above - 1..above - 1, lines);
    }

    pub(crate) fn first_step(&mut self, job: &str, step: &str) {
        let at = self.key(self.job(job), 4, "steps").unwrap();
        let lines: Vec<String> = step.lines().map(|line| format!("      {line}")).collect();
        self.0.splice(at + 1..at + 1, lines);
    }

    /// A step below the job's first report; its first step where it has none.
    pub(crate) fn below_start(&mut self, job: &str, step: &str) {
        let within = self.job(job);
        let begin = format!("# phasegate:begin {job}.start");
        let from = within.clone().find(|&at| self.0[at].contains(&begin));
        let end =
            |from: usize| (from..within.end).find(|&at| self.0[at].contains("# phasegate:end"));
        match from.and_then(end) {
            Some(at) => {
                let lines: Vec<String> = step.lines().map(|line| format!("      {line}")).collect();
                self.0.splice(at + 1..at + 1, lines);
            }
            None => self.first_step(job, step),
        }
    }

    pub(crate) fn set_image(&mut self, image: &str) {
        let at = self.0.iter().position(|line| line.trim_start().starts_with("image: ")).unwrap();
        let column = indentation(&self.0[at]);
        self.0[at] = format!("{}image: {image}", " ".repeat(column));
    }

    /// The workflow in which a job is called otherwise; those that need it need what follows it.
    pub(crate) fn renamed(mut self, job: &str, other: &str) -> Self {
        let at = self.job(job).start - 1;
        self.0[at] = format!("  {other}:");
        self
    }
}
