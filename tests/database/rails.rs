//! What the page on databases shows of Rails, run by ActiveRecord: a table of SQLite's that a migration makes
//! anew, and fixtures.

use phasegate_cli::live;
use phasegate_codegen::Loaded;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::{Dialect, Sql};
use phasegate_codegen::migrate::{Ask, migrate};

use crate::common::live::looked;
use crate::folders::{Project, RAILS};

const PAGE: &str = include_str!("../../docs/databases.md");

/// The block of the page that begins so.
pub(crate) fn block(start: &str) -> &'static str {
    let at = PAGE.find(start).unwrap();
    PAGE[at..].split("```").next().unwrap()
}

/// The table of these orders, with its migrations in a folder.
pub(crate) fn table(dialect: Dialect, folder: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = \"order\", initial = \"new\" }}\n\
         state = [{{ name = \"new\" }}, {{ name = \"paid\" }}, {{ name = \"sent\" }}]\n\
         transition = [{{ path = [\"new\", \"paid\", \"sent\"] }}]\n\
         [target.sql]\nowns = false\nstorage = \"text\"\nkey_type = \"bigint\"\ndialects = [\"{0}\"]\n\
         migrations = {{ {0} = \"{folder}\" }}\n",
        dialect.as_str()
    )
}

/// A project with the orders of an application, guarded.
pub(crate) async fn orders(dialect: Dialect) -> (Project, Loaded) {
    let project = Project::new(dialect, "sql", &[]).await;
    let id = match dialect {
        Dialect::Postgres => "bigserial PRIMARY KEY",
        Dialect::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
    };
    let own = format!(
        "CREATE TABLE orders (id {id}, status varchar NOT NULL DEFAULT 'new', note varchar)"
    );
    project.ok(&own).await;
    std::fs::write(project.path("table.toml"), table(dialect, "sql")).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
    for file in migrated.files.iter().filter(|file| file.ends_with(".sql")) {
        project.ok(&std::fs::read_to_string(project.path(file)).unwrap()).await;
    }
    for file in phasegate_codegen::render(&loaded, &[&Sql]) {
        let path = project.path(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.text).unwrap();
    }
    (project, loaded)
}

/// The address as ActiveRecord takes it.
fn address(project: &Project) -> String {
    match project.dialect {
        Dialect::Postgres => project.url.replace("postgres://", "postgresql://"),
        Dialect::Sqlite => project.url.replace("sqlite://", "sqlite3:"),
    }
}

#[tokio::test]
#[ignore = "needs ruby and ActiveRecord: run by tests/run"]
async fn a_migration_that_makes_the_table_anew_puts_the_guards_back() {
    let (project, loaded) = orders(Dialect::Sqlite).await;
    project.ok("INSERT INTO orders DEFAULT VALUES").await;
    std::fs::create_dir_all(project.path("db/migrate")).unwrap();
    let migration = block("class ShortenNote");
    std::fs::write(project.path("db/migrate/20260101000000_shorten_note.rb"), migration).unwrap();
    std::fs::write(project.path("migrate.rb"), RAILS).unwrap();
    project.tool_ok(&["ruby", "migrate.rb", &address(&project), "up"]);
    let made = project.rows("SELECT sql FROM sqlite_schema WHERE name = 'orders'").await;
    assert!(made[0][0].as_ref().unwrap().contains("varchar(40)"), "{made:?}");
    let found = looked(live::look(&loaded, &project.url).await).findings;
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.id).collect();
    // ActiveRecord 6.1 leaves AUTOINCREMENT out of the new table.
    assert_eq!(rules, ["key-given-again"], "{found:#?}");
    let refused = project.run("UPDATE orders SET status = 'sent'").await.unwrap_err();
    assert!(refused.contains("illegal transition of order from new"), "{refused}");
}

/// Loads the fixtures as each test class does, twice, and takes a step.
const FIXTURES: &str = r#"
require "active_record"
require "active_record/fixtures"
require "active_support/test_case"
ActiveRecord::Base.establish_connection(ARGV[0])
class Order < ActiveRecord::Base; end
class ActiveSupport::TestCase
  include ActiveRecord::TestFixtures
end
require "./helper"
# A role that is no superuser cannot disable the guards.
if ARGV[1] == "guarded"
  ActiveRecord::Base.connection.singleton_class.define_method(:disable_referential_integrity) { |&block| block.call }
end
class OrderTest < ActiveSupport::TestCase
  self.fixture_path = "."
  fixtures :orders
  def test_of_it
    orders(:done).update!(note: "x")
    orders(:open).update!(status: "sent")
    begin
      Order.transaction(requires_new: true) { orders(:done).update!(status: "new") }
      raise "it passed"
    rescue ActiveRecord::StatementInvalid => error
      raise unless error.message.include?("illegal transition")
    end
  end
end
2.times do
  ActiveRecord::TestFixtures.class_variable_set(:@@already_loaded_fixtures, {})
  result = OrderTest.new("test_of_it").run
  abort result.failures.map(&:message).join("\n") unless result.passed?
end
"#;

async fn fixtures_start_where_they_are(dialect: Dialect) {
    let (project, loaded) = orders(dialect).await;
    let helper = block("class ActiveSupport::TestCase\n  private");
    let helper = match dialect {
        Dialect::Postgres => helper.to_owned(),
        // As the page says it of SQLite.
        Dialect::Sqlite => {
            let tables = ["orders", "order_events", "order_reports", "order_pruned"];
            let delete = |table| format!("connection.execute(\"DELETE FROM {table}\")");
            let empties = tables.map(delete).join("; ");
            let line = helper.lines().find(|line| line.contains("TRUNCATE")).unwrap();
            let mut helper = helper.replace(line, &empties);
            for mode in ["test", "load"] {
                let set = format!("INSERT INTO order_set_mode (mode) VALUES ('{mode}')");
                helper = helper.replace(&format!("SELECT order_set_mode('{mode}')"), &set);
            }
            helper
        }
    };
    std::fs::write(project.path("helper.rb"), helper).unwrap();
    std::fs::write(project.path("fixtures.rb"), FIXTURES).unwrap();
    let rows = "open:\n  id: 1\n  status: paid\ndone:\n  id: 2\n  status: sent\n";
    std::fs::write(project.path("orders.yml"), rows).unwrap();
    for rights in ["guarded", "superuser"] {
        project.tool_ok(&["ruby", "fixtures.rb", &address(&project), rights]);
        let found = looked(live::look(&loaded, &project.url).await).findings;
        let rules: Vec<&str> = found.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(rules, ["other-mode"], "{found:#?}");
    }
}

#[tokio::test]
#[ignore = "needs ruby and ActiveRecord: run by tests/run"]
async fn fixtures_start_where_they_are_on_sqlite() {
    fixtures_start_where_they_are(Dialect::Sqlite).await;
}

#[tokio::test]
#[ignore = "needs ruby and ActiveRecord: run by tests/run"]
async fn fixtures_start_where_they_are_on_postgresql() {
    fixtures_start_where_they_are(Dialect::Postgres).await;
}
