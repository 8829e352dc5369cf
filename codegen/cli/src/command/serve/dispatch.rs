//! What starts the work of rows: the settings.

use std::path::PathBuf;

use clap::Args;
use phasegate::http::{By, Github, Options};

use super::settings::secret;
use super::table::Served;
use crate::command::Failure;

#[derive(Args)]
pub(super) struct DispatchArgs {
    /// Start a run on GitHub for each row that is started: the repository (`octo/shop`)
    #[arg(
        long,
        value_name = "REPOSITORY",
        env = "PHASEGATE_DISPATCH_REPOSITORY",
        requires = "dispatch_workflow"
    )]
    dispatch_repository: Option<String>,
    /// The workflow that does the work (`deploy.yml`); of several tables, one for each (`orders=order.yml`)
    #[arg(
        long,
        value_name = "FILE",
        env = "PHASEGATE_DISPATCH_WORKFLOW",
        value_delimiter = ',',
        requires = "dispatch_repository"
    )]
    dispatch_workflow: Vec<String>,
    /// The branch or tag whose workflow is run where the row has no `ref`
    #[arg(long, value_name = "REF", env = "PHASEGATE_DISPATCH_REF", default_value = "main")]
    dispatch_ref: String,
    /// A file with a token that may write the repository's actions
    #[arg(
        long,
        value_name = "FILE",
        env = "PHASEGATE_DISPATCH_TOKEN_FILE",
        requires = "dispatch_repository"
    )]
    dispatch_token_file: Option<PathBuf>,
    /// Instead of a token: the app's client id
    #[arg(
        long,
        value_name = "ID",
        env = "PHASEGATE_DISPATCH_APP_ID",
        requires = "dispatch_app_key_file",
        conflicts_with = "dispatch_token_file"
    )]
    dispatch_app_id: Option<String>,
    /// The app's private key, as GitHub gives it
    #[arg(
        long,
        value_name = "FILE",
        env = "PHASEGATE_DISPATCH_APP_KEY_FILE",
        requires = "dispatch_app_id"
    )]
    dispatch_app_key_file: Option<PathBuf>,
    /// The address of GitHub's API; of an Enterprise Server `https://HOST/api/v3`
    #[arg(long, value_name = "URL", env = "PHASEGATE_DISPATCH_API", default_value = Github::API)]
    dispatch_api: String,
}

impl DispatchArgs {
    /// Who asks GitHub; no one where nothing is to be started.
    pub(super) fn by(&self) -> Result<Option<By>, Failure> {
        if self.dispatch_repository.is_none() {
            return Ok(None);
        }
        match (&self.dispatch_token_file, &self.dispatch_app_id, &self.dispatch_app_key_file) {
            (Some(file), _, _) => Ok(Some(By::Token(secret(file)?))),
            (None, Some(id), Some(file)) => {
                let shown = crate::command::shown(file);
                let failed = |what: String| Failure::Message(format!("{shown}: {what}"));
                let pem = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
                By::app(id, &pem).map(Some).map_err(failed)
            }
            (None, _, _) => Err(Failure::Message(
                "--dispatch-repository without --dispatch-token-file or --dispatch-app-id: GitHub would not \
                 know who asks"
                    .to_owned(),
            )),
        }
    }

    /// The options of a table whose rows' work is started; `tokens`: its jobs report by the row's token.
    pub(super) fn options(
        &self,
        options: &Options,
        by: Option<&By>,
        table: &Served,
        tokens: bool,
    ) -> Result<Options, Failure> {
        let (Some(by), Some(repository)) = (by, &self.dispatch_repository) else {
            return Ok(options.clone());
        };
        let name = &table.schema.table;
        let of = |given: &String| match given.split_once('=') {
            Some((of, workflow)) => (of == name).then(|| workflow.to_owned()),
            None => Some(given.clone()),
        };
        let Some(workflow) = self.dispatch_workflow.iter().find_map(of) else {
            return Ok(options.clone());
        };
        let (id, token) = table.inputs();
        if id.contains('.') {
            return Err(Failure::Message(format!(
                "{}: `id_input = \"{id}\"` is no input of a workflow_dispatch, which is what is started",
                table.shown
            )));
        }
        let github =
            Github::new(&self.dispatch_api, repository, &workflow, &self.dispatch_ref, by.clone())
                .map_err(|what| Failure::Message(format!("--dispatch-repository: {what}")))?;
        let github = github.inputs(id, tokens.then(|| token.to_owned()));
        Ok(options.clone().dispatcher(github, table.ends.clone()))
    }

    /// How the log says what starts the work.
    pub(super) fn workflows_are(&self) -> Option<String> {
        let repository = self.dispatch_repository.as_ref()?;
        Some(format!("{} of {repository}", self.dispatch_workflow.join(", ")))
    }
}
