//! TLS to PostgreSQL: whose certificate is believed, and by which the client says who it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::cluster::Cluster;
use phasegate::store::Error;
use phasegate::{Schema, Store};

/// Files that the server's role may read, and no key that others may.
fn files(folder: &Path) {
    let files: [(&str, &[u8]); 5] = [
        ("root.pem", include_bytes!("tls/root.pem")),
        ("server.pem", include_bytes!("tls/server.pem")),
        ("server.key", include_bytes!("tls/server.key")),
        // None comes without TLS; `app` comes with a certificate.
        (
            "hba",
            b"hostnossl all all all reject\nhostssl all app all cert\nhostssl all all all trust\n",
        ),
        ("empty", b""),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let key = folder.join("server.key");
    let shell = "chmod 755 \"$1\" && chmod 600 \"$2\" && { [ \"$(id -u)\" != 0 ] || chown -R postgres \"$1\"; }";
    let status =
        Command::new("sh").args(["-c", shell, "sh"]).arg(folder).arg(key).status().unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_connection_is_encrypted_to_whom_the_address_says_and_to_no_one_else() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", at("server.pem")),
        format!("ssl_key_file={}", at("server.key")),
        format!("ssl_ca_file={}", at("root.pem")),
        format!("hba_file={}", at("hba")),
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|one| ["-c", one.as_str()]).collect();
    let cluster = Cluster::start(&settings);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime/tls");
    let own = |name: &str| own.join(name).display().to_string();
    let looked = |who: &str, host: &str, query: &str| {
        let url = format!("postgres://{who}@{host}:{}/postgres?{query}", cluster.port);
        runtime.block_on(async {
            let store = Store::open(&url, Schema::named("deploy")).await.unwrap();
            let fit = store.fit().await;
            store.close().await;
            fit
        })
    };
    let root = format!("sslrootcert={}", own("root.pem"));
    let other = format!("sslrootcert={}", own("other.pem"));
    // The database is empty: what comes is that it lacks the table.
    for (host, query) in [
        ("localhost", format!("sslmode=verify-full&{root}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{root}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("localhost", String::new()),
    ] {
        let fit =
            looked("postgres", host, &query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(fit.missing, ["there is no table \"deploys\""], "{query}");
    }
    for (host, query, why) in [
        ("localhost", format!("sslmode=verify-full&{other}"), "another root"),
        ("localhost", format!("sslmode=verify-ca&{other}"), "another root"),
        ("127.0.0.1", format!("sslmode=verify-full&{root}"), "a name that it has not"),
        ("localhost", "sslmode=verify-full".to_owned(), "the system's roots"),
        ("localhost", "sslmode=disable".to_owned(), "no TLS"),
    ] {
        let fit = looked("postgres", host, &query);
        assert!(matches!(fit, Err(Error::Unavailable(_))), "{why}: {fit:?}");
    }
    // By a certificate, and not without.
    runtime.block_on(async {
        use sqlx::Connection as _;
        let url = format!(
            "postgres://postgres@localhost:{}/postgres?sslmode=verify-full&{root}",
            cluster.port
        );
        let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
        sqlx::query("CREATE ROLE app LOGIN").execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
    });
    let bare = format!("sslmode=verify-full&{root}");
    assert!(matches!(looked("app", "localhost", &bare), Err(Error::Unavailable(_))));
    let with = format!("{bare}&sslcert={}&sslkey={}", own("client.pem"), own("client.key"));
    assert_eq!(looked("app", "localhost", &with).unwrap().missing.len(), 1);
}
