//! `phasegate migrate --remove`: nothing of phasegate's is left in the database, nothing of the
//! application's is changed, and the next migration begins anew.

use phasegate_cli::live;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, Migrated, migrate};

use crate::common::live::looked;
use crate::common::sql::{Db as _, connect, ok};
use crate::folders::Project;

/// The names of everything in the database.
const POSTGRES: &str = "SELECT kind || ' ' || name FROM (
  SELECT 'relation', relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
  UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'default', pg_get_expr(adbin, adrelid) FROM pg_attrdef
) AS found(kind, name) ORDER BY 1";
const SQLITE: &str =
    "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1";

async fn names(project: &Project) -> Vec<String> {
    let sql = match project.dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
    };
    project.rows(sql).await.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

fn table(dialect: Dialect, more: &str) -> String {
    format!(
        "format = 1\n[machine]\nname = \"order\"\ninitial = \"new\"\n[[state]]\nname = \"new\"\n\
         [[state]]\nname = \"paid\"\n[[transition]]\npath = [\"new\", \"paid\"]\n[[transition]]\n\
         path = [\"paid\", \"new\", \"new\"]\n[target.sql]\nstorage = \"text\"\ndialects = [\"{0}\"]\n\
         migrations = {{ {0} = \"sql\" }}\n{more}\n",
        dialect.as_str()
    )
}

fn step(project: &Project, ask: Ask) -> Migrated {
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, ask, WriteMode::Write).unwrap();
    assert!(migrated.is_possible() && !migrated.files.is_empty(), "{migrated:?}");
    migrated
}

/// Writes a step and runs its files.
async fn run(project: &Project, ask: Ask) -> Vec<&'static str> {
    let migrated = step(project, ask);
    for file in migrated.files.iter().filter(|file| file.ends_with(".sql")) {
        project.ok(&std::fs::read_to_string(project.path(file)).unwrap()).await;
    }
    migrated.findings.iter().map(|finding| finding.rule.id).collect()
}

async fn an_adopted_table_is_as_it_was(dialect: Dialect) {
    let own = [
        "CREATE TABLE orders (id text PRIMARY KEY, status text DEFAULT 'new', note text)",
        "CREATE TABLE orders (id text, status text DEFAULT 'new', note text, PRIMARY KEY (id)) \
         PARTITION BY LIST (id); CREATE TABLE orders_a PARTITION OF orders FOR VALUES IN ('a'); \
         CREATE TABLE orders_rest PARTITION OF orders DEFAULT",
    ];
    let tables = if dialect == Dialect::Postgres { &own[..] } else { &own[..1] };
    for (own, more) in tables.iter().flat_map(|own| {
        ["mode = \"observe\"", "mode = \"enforce\"", "events = false"].map(|more| (own, more))
    }) {
        let project = Project::new(dialect, "sql", &[]).await;
        project.ok(own).await;
        project.ok("INSERT INTO orders VALUES ('a', 'new', 'kept'), ('b', 'paid', NULL)").await;
        let before = names(&project).await;
        let of = |more: &str| table(dialect, &format!("owns = false\n{more}"));
        std::fs::write(project.path("table.toml"), of(more)).unwrap();
        run(&project, Ask::Changes).await;
        project.ok("UPDATE orders SET status = 'paid' WHERE id = 'a'").await;
        if more == "mode = \"observe\"" {
            std::fs::write(project.path("table.toml"), of("mode = \"enforce\"")).unwrap();
            run(&project, Ask::Changes).await;
            // It takes out what is there, and not what the table says by now.
            std::fs::write(project.path("table.toml"), of(more)).unwrap();
        }
        let refused = project.run("UPDATE orders SET status = 'lost' WHERE id = 'a'").await;
        assert!(refused.is_err(), "it is guarded");
        let rows = "SELECT id, status, note FROM orders ORDER BY id";
        let kept = project.rows(rows).await;

        let said = run(&project, Ask::Remove).await;
        let lost = ["removed-for-good"];
        assert_eq!(said, if more == "events = false" { &[][..] } else { &lost }, "{more}");
        assert_eq!(names(&project).await, before, "{own} {more}");
        assert_eq!(project.rows(rows).await, kept);
        project.ok("UPDATE orders SET status = 'lost' WHERE id = 'a'").await;
        project.ok("UPDATE orders SET status = 'new' WHERE id = 'a'").await;

        // Twice there is nothing to take out, and `check` says nothing of what is gone.
        let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
        let again = migrate(&loaded, Ask::Remove, WriteMode::Write).unwrap();
        assert_eq!(again.findings[0].rule.id, "nothing-to-remove");
        assert!(phasegate_codegen::migrate::check(&loaded).unwrap().findings.is_empty());

        // Begun anew, it is as after the first time.
        std::fs::write(project.path("table.toml"), of("mode = \"enforce\"")).unwrap();
        run(&project, Ask::Changes).await;
        project.is_current().await;
        let refused = project.run("UPDATE orders SET status = 'lost' WHERE id = 'a'").await;
        assert!(refused.is_err(), "it is guarded again");
        run(&project, Ask::Remove).await;
        assert_eq!(names(&project).await, before, "{own} {more}");
    }
}

async fn a_table_that_phasegate_made_stays_with_its_rows(dialect: Dialect) {
    for storage in ["enum", "text"] {
        let project = Project::new(dialect, "sql", &[]).await;
        let of = |more: &str| {
            let text = table(dialect, more);
            text.replace("storage = \"text\"", &format!("storage = \"{storage}\""))
        };
        std::fs::write(project.path("table.toml"), of("")).unwrap();
        run(&project, Ask::Changes).await;
        project.ok("INSERT INTO orders (id, ref) VALUES ('a', 'main')").await;
        project.ok("UPDATE orders SET status = 'paid' WHERE id = 'a'").await;
        let said = run(&project, Ask::Remove).await;
        assert_eq!(said, ["removed-for-good"; 2]);
        let left = names(&project).await;
        let is_its = |name: &String| {
            let name = name.split_once(' ').unwrap().1;
            name.contains("orders")
                || name == "order_status"
                || name == "_order_status"
                || name.starts_with("'new'")
                || name == "clock_timestamp()"
        };
        assert!(left.iter().all(is_its), "{left:?}");
        project.ok("INSERT INTO orders (id) VALUES ('b')").await;
        let rows = project.rows("SELECT id, CAST(status AS text) FROM orders ORDER BY id").await;
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows, [[text("a"), text("paid")], [text("b"), text("new")]]);

        // The way that the finding names.
        std::fs::write(project.path("table.toml"), of("owns = false")).unwrap();
        run(&project, Ask::Changes).await;
        project.is_current().await;
        project.ok("UPDATE orders SET status = 'paid' WHERE id = 'b'").await;
    }
}

async fn what_is_pending_is_said_and_then_that_it_is_out(dialect: Dialect) {
    let project = Project::new(dialect, "sql", &[]).await;
    project.ok("CREATE TABLE orders (id text PRIMARY KEY, status text DEFAULT 'new')").await;
    std::fs::write(project.path("table.toml"), table(dialect, "owns = false")).unwrap();
    run(&project, Ask::Changes).await;
    // A rename, so that there are names of former rules.
    let renamed = table(dialect, "owns = false").replace("paid", "settled");
    let renamed =
        renamed.replacen("name = \"settled\"", "name = \"settled\"\nrenamed_from = \"paid\"", 1);
    std::fs::write(project.path("table.toml"), renamed).unwrap();
    run(&project, Ask::Changes).await;
    project.is_current().await;
    let removal = step(&project, Ask::Remove);
    let file = removal.files.iter().find(|file| file.ends_with(".sql")).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let found = looked(live::look(&loaded, &project.url).await).findings;
    assert_eq!(
        found.iter().map(|finding| finding.rule.id).collect::<Vec<_>>(),
        ["behind"],
        "{found:#?}"
    );
    assert!(
        found[0].message.contains("takes order out of the database is not applied yet"),
        "{found:#?}"
    );
    assert_eq!(found[0].help, format!("apply `{file}`"));
    project.ok(&std::fs::read_to_string(project.path(file)).unwrap()).await;
    let gone = looked(live::look(&loaded, &project.url).await);
    assert!(gone.removed && gone.findings.is_empty(), "{gone:#?}");
}

on_each_database! {
    [super::Dialect::Sqlite, super::Dialect::Postgres]
    an_adopted_table_is_as_it_was
    a_table_that_phasegate_made_stays_with_its_rows
    what_is_pending_is_said_and_then_that_it_is_out
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn an_open_writer_makes_the_removal_fail_and_not_everyone_wait() {
    let project = Project::new(Dialect::Postgres, "sql", &[]).await;
    project.ok("CREATE TABLE orders (id text PRIMARY KEY, status text DEFAULT 'new')").await;
    std::fs::write(project.path("table.toml"), table(Dialect::Postgres, "owns = false")).unwrap();
    run(&project, Ask::Changes).await;
    let removal = step(&project, Ask::Remove);
    let file = removal.files.iter().find(|file| file.ends_with(".sql")).unwrap();
    let file = std::fs::read_to_string(project.path(file)).unwrap();
    let (mut db, mut writer) = (connect(&project.url).await, connect(&project.url).await);
    ok(&mut writer, "BEGIN; INSERT INTO orders (id) VALUES ('a')").await;
    // Without a limit of its own it would wait for the writer, and others behind it.
    ok(&mut db, "SET lock_timeout = '30s'; BEGIN").await;
    let begun = std::time::Instant::now();
    let said = db.run(&file).await.unwrap_err();
    assert!(said.contains("lock timeout") && begun.elapsed().as_secs() < 29, "{said}");
    ok(&mut writer, "COMMIT; UPDATE orders SET status = 'paid'").await;
    ok(&mut db, &format!("ROLLBACK; BEGIN; {file}")).await;
    let one =
        "SELECT mode::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    assert_eq!(db.rows(one).await.len(), 1, "one migration of a machine at a time");
    ok(&mut db, "COMMIT; UPDATE orders SET status = 'lost'").await;
}
