//! `phasegate discover`: drafts a table from a history.

use clap::Args;

use super::audit::History;
use crate::draft::noise::NOISE;

#[derive(Args)]
pub(crate) struct Discover {
    #[command(flatten)]
    history: History,
    /// Read logs of reports: what repeats a row's state is a redelivery, and no step
    #[arg(long)]
    reports: bool,
    /// Leave out steps that are a smaller share of those out of their state, and such starts
    #[arg(long, value_name = "SHARE", default_value_t = NOISE, value_parser = share)]
    noise: f64,
    /// What the machine is called; by default what its first source is
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// A share of a whole.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("a share is from 0 to below 1".to_owned()),
    }
}

#[cfg(not(feature = "audit"))]
impl Discover {
    pub(crate) fn run(&self) -> super::CommandResult {
        Err(super::audit::without())
    }
}

#[cfg(feature = "audit")]
impl Discover {
    pub(crate) fn run(&self) -> super::CommandResult {
        use super::audit::on::Watch;
        use super::{Exit, Failure, count, print, say};
        use crate::draft::history::{draft, machine_name};
        use phasegate_codegen::load;

        let watch = Watch::new()?;
        let options = self.history.options(self.reports, false);
        let sources = &self.history.sources;
        let found = phasegate_audit::discover(sources, &options, &mut |seen| watch.see(seen));
        watch.end();
        let found = found?;
        if found.states.is_empty() {
            return Err(Failure::Message("there is no report to draft a table of".to_owned()));
        }
        let of_database = self.history.of_database.as_deref();
        let stem = std::path::Path::new(&sources[0]).file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = match &self.name {
            Some(name) => name.clone(),
            None => machine_name(of_database.unwrap_or(&stem)),
        };
        let drafted = draft(&found, &name, self.noise);
        print(&drafted.text)?;
        if found.troubles > 0 {
            let rows = usize::try_from(found.troubles).unwrap_or(usize::MAX);
            say(&format!("phasegate: passed over: {}", count(rows, "place that can't be read")));
        }
        if drafted.left_out > 0 {
            let steps = usize::try_from(drafted.left_out).unwrap_or(usize::MAX);
            say(&format!("phasegate: left out: {}", count(steps, "step")));
        }
        if found.stopped.is_some() {
            say("phasegate: stopped: the draft is of what was seen until then");
            return Err(Failure::Told);
        }
        match load::machine("draft", drafted.text.as_bytes()) {
            Ok(_) => Ok(Exit::Well),
            Err(_) => {
                say("phasegate: the draft is no valid table yet: `phasegate check` says why");
                Ok(Exit::Findings)
            }
        }
    }
}
