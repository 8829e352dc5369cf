//! The migrations that are checked in are byte for byte what the library gives for the tables that
//! are kept beside them.

use std::fs;
use std::path::Path;

use phasegate_codegen::target::sql::migrations;
use phasegate_codegen::targets::Dialect;

#[test]
fn the_migrations_are_what_the_tables_beside_them_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let machine = |number: &str| {
        phasegate_codegen::load(&root.join("tables").join(number)).unwrap().machine
    };
    let tables = [machine("0001.toml"), machine("0002.toml")];
    for dialect in Dialect::ALL {
        let mut expected = Vec::new();
        let mut before = None;
        for table in &tables {
            for migration in migrations(before, table, dialect).unwrap() {
                let number = u32::try_from(expected.len() + 1).unwrap();
                expected.push((migration.file_name(number), migration.text));
            }
            before = Some(table);
        }
        let folder = root.join(dialect.as_str());
        let mut found: Vec<(String, String)> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(&path).unwrap())
            })
            .collect();
        found.sort();
        let names = |files: &[(String, String)]| -> Vec<String> {
            files.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&found), names(&expected), "in {}", folder.display());
        assert_eq!(expected.len(), 2);
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{name} of {}", dialect.as_str());
        }
    }
}

#[test]
fn the_table_as_it_is_needs_no_further_migration() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let last = phasegate_codegen::load(&root.join("migrations/tables/0002.toml")).unwrap().machine;
    let now = phasegate_codegen::load(&root.join("deploy.toml")).unwrap().machine;
    for dialect in Dialect::ALL {
        assert_eq!(migrations(Some(&last), &now, dialect).unwrap(), []);
    }
    assert_eq!(last.fingerprints, now.fingerprints);
}
