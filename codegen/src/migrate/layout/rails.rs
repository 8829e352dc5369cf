//! Rails: `db/migrate/20240101000000_words.rb`, a class in Ruby.

use std::collections::BTreeSet;
use std::path::Path;

use super::tool::{Layout, NO_WAY_BACK, Step, WHY};
use crate::emit::sql::Dialect;
use crate::migrate::Runner;
use crate::migrate::folder::Folder;

pub(super) struct Rails;

impl Layout for Rails {
    fn tool(&self) -> &'static str {
        "Rails"
    }

    fn runner(&self, _: &Path) -> Option<Runner> {
        Some(Runner { tool: self.tool(), command: "bin/rails db:migrate" })
    }

    fn homes(&self) -> &'static [&'static str] {
        &["db/migrate"]
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        self.version(name).is_some() && name.ends_with(".rb") && folder.join(name).is_file()
    }

    fn write(&self, folder: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let words = |name: &String| Some(name.strip_suffix(".rb")?.split_once('_')?.1.to_owned());
        let mut taken: BTreeSet<String> = folder.names.iter().filter_map(words).collect();
        let mut files = Vec::new();
        for step in steps {
            // It refuses two classes of one name.
            let mut name = step.name.to_owned();
            let mut nth = 1;
            while !taken.insert(name.clone()) {
                nth += 1;
                name = format!("{}_{nth}", step.name);
            }
            files.push((format!("{}_{name}.rb", step.version.text), class(&name, step)));
        }
        files
    }

    fn warning(&self, folder: &Path, _: &str) -> Option<(String, String)> {
        (!keeps_sql(folder)).then(|| (
            "Rails' `db/schema.rb` has neither functions nor triggers: a database that is loaded from \
             it has no guards"
                .to_owned(),
            "say `config.active_record.schema_format = :sql` in config/application.rb".to_owned(),
        ))
    }
}

/// Whether the application that a folder of migrations is in keeps its schema as SQL.
fn keeps_sql(folder: &Path) -> bool {
    let says = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        code.split_once("schema_format").is_some_and(|(_, value)| value.contains(":sql"))
    };
    folder.ancestors().skip(1).any(|root| {
        let settings = std::fs::read_to_string(root.join("config/application.rb"));
        settings.is_ok_and(|settings| settings.lines().any(says))
    })
}

/// `create_job` as `CreateJob`.
fn camel(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    name.split('_').map(word).collect()
}

fn class(name: &str, step: &Step<'_>) -> String {
    let (header, sql) = step.parts();
    let call = match step.dialect {
        Dialect::Postgres => "execute",
        // Of several statements `execute` would run the first.
        Dialect::Sqlite => "raw_connection.execute_batch2",
    };
    format!(
        "# {header}\nclass {} < ActiveRecord::Migration[ActiveRecord::Migration.current_version]\n  \
         def up\n    connection.{call}(<<-'PHASEGATE')\n{sql}    PHASEGATE\n  end\n\n  # phasegate: {}\n  def down\n    \
         raise ActiveRecord::IrreversibleMigration, \"{NO_WAY_BACK}\"\n  end\nend\n",
        camel(name),
        WHY.join("\n  # ")
    )
}
