//! The generated script with the tools that machines have: a curl of 2013, the jq of Windows, the bash
//! of macOS, any locale.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::workflow::generated::Generated;
use crate::workflow::script::{APPLIED, Ran, Script, answering};
use crate::workflow::stub::Stub;
use crate::workflow::tries::calls_with;

/// Every long option of curl 7.29, of its source.
const OPTIONS_OF_7_29: &str = "anyauth append basic buffer cacert cert cert-type ciphers compressed config \
    connect-timeout continue-at cookie cookie-jar create-dirs crlf crlfile data data-ascii \
    data-binary data-urlencode delegation digest disable disable-eprt disable-epsv dump-header \
    egd-file engine environment eprt epsv fail form form-string ftp-account \
    ftp-alternative-to-user ftp-create-dirs ftp-method ftp-pasv ftp-port ftp-pret \
    ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-ccc-mode ftp-ssl-control ftp-ssl-reqd ftpport \
    get globoff head header help hostpubmd5 http-request http1.0 ignore-content-length include \
    insecure interface ipv4 ipv6 junk-session-cookies keepalive keepalive-time key key-type \
    krb krb4 libcurl limit-rate list-only local-port location location-trusted mail-auth \
    mail-from mail-rcpt manual max-filesize max-redirs max-time metalink negotiate netrc \
    netrc-file netrc-optional noproxy ntlm ntlm-wb output pass post301 post302 post303 \
    progress-bar proto proto-redir proxy proxy-anyauth proxy-basic proxy-digest \
    proxy-negotiate proxy-ntlm proxy-user proxy1.0 proxytunnel pubkey quote random-file range \
    raw referer remote-header-name remote-name remote-name-all remote-time request resolve \
    retry retry-delay retry-max-time sessionid show-error silent socks socks4 socks4a socks5 \
    socks5-gssapi-nec socks5-gssapi-service socks5-hostname speed-limit speed-time ssl \
    ssl-allow-beast ssl-reqd sslv2 sslv3 stderr tcp-nodelay telnet-options tftp-blksize \
    time-cond tlsauthtype tlspassword tlsuser tlsv1 tr-encoding trace trace-ascii trace-time \
    upload-file url use-ascii user user-agent verbose version wdebug write-out xattr";

/// Runs the script with the curl of this machine, which refuses what 7.29 lacks.
fn with_an_old_curl(script: Script) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let curl = folder.path().join("curl");
    let text = format!(
        r#"#!/usr/bin/env bash
previous=
for word; do
  case "$previous/$word" in
    --header/@* | --connect-timeout/*.* | --max-time/*.*) echo "curl: 7.29 takes no $word" >&2; exit 2 ;;
  esac
  case "$word" in
    --*) [[ ' {OPTIONS_OF_7_29} ' == *" ${{word#--}} "* ]] || {{ echo "curl: option $word: is unknown" >&2; exit 2; }} ;;
  esac
  previous=$word
done
PATH=${{PATH#*:}} exec curl "$@"
"#
    );
    fs::write(&curl, text).unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    script.with("PATH", &path).run()
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn curl_7_29_is_enough() {
    let stub = answering(&[(200, APPLIED)]);
    with_an_old_curl(Script::deploy(&stub.url))
        .is(0, "200 applied, queued -> smoke_running (seq 2)");
    assert_eq!(stub.requests().len(), 1);
    let stub = answering(&[(422, r#"{"title":"Illegal transition"}"#)]);
    with_an_old_curl(Script::deploy(&stub.url)).is(1, "was refused: 422 Illegal transition");
    let stub = answering(&[(503, "{}"), (200, APPLIED)]);
    with_an_old_curl(Script::deploy(&stub.url)).is(0, "200 applied");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_id_of_dots_stays_in_the_address_or_is_not_sent() {
    for id in [".", ".."] {
        let stub = answering(&[(200, APPLIED)]);
        Script::deploy(&stub.url).with("NOTIFY_ID", id).run().is(0, "200 applied");
        let line = format!("POST /api/deploys/{id}/callbacks HTTP/1.1");
        assert_eq!(stub.requests()[0].line, line);
        with_an_old_curl(Script::deploy(&stub.url).with("NOTIFY_ID", id)).is(1, "leave the id");
        assert_eq!(stub.requests().len(), 1);
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_address_is_one_address_whatever_curl_could_make_of_it() {
    let stub = answering(&[(200, APPLIED)]);
    Script::deploy(&format!("{}/{{a,b}}/[1-3]", stub.url)).run().is(0, "200 applied");
    let [request] = &stub.requests()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /{a,b}/[1-3]/api/deploys/d1/callbacks HTTP/1.1");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn nothing_but_http_is_spoken() {
    let stub = answering(&[(200, APPLIED)]);
    let generated = Generated::from("deploy.toml");
    let calls = calls_with(generated.text("notify.sh"), &stub, &[], 0, "200 applied");
    assert!(calls.curls[0].contains("--proto =http,https "), "{}", calls.curls[0]);
    // Whatever a machine's own settings add.
    let script = Script::deploy(&stub.url);
    fs::write(script.path(".curlrc"), "url = \"file:///etc/passwd\"\n").unwrap();
    let home = script.path("").display().to_string();
    let ran = script.with("HOME", &home).run();
    assert!(!ran.said.contains("root:"), "{}", ran.said);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_jq_of_windows_ends_its_lines_with_carriage_returns() {
    let windows = |stub: &Stub| {
        let script = Script::deploy(&stub.url);
        let before = "set -o pipefail\njq() { command jq \"$@\" | sed $'s/$/\\r/'; }\n";
        fs::write(script.path("before"), before).unwrap();
        let before = script.path("before").display().to_string();
        script.with("BASH_ENV", &before).with("NOTIFY_ID", "a b").run()
    };
    let stub = answering(&[(200, APPLIED)]);
    windows(&stub).is(0, "200 applied, queued -> smoke_running (seq 2)\n");
    let request = &stub.requests()[0];
    assert_eq!(request.line, "POST /api/deploys/a%20b/callbacks HTTP/1.1");
    assert_eq!(request.authorization, format!("Bearer {}", crate::workflow::script::TOKEN));
    let stub = answering(&[(422, r#"{"title":"Illegal transition","detail":"no"}"#)]);
    windows(&stub).is(1, "was refused: 422 Illegal transition: no\n");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_argument_that_begins_with_a_slash_is_no_path_to_the_bash_of_windows() {
    let stub = answering(&[(200, APPLIED)]);
    let script = Script::deploy(&stub.url);
    let tool = |name: &str| {
        format!(
            "{name}() {{ local all=() word; for word; do [[ ${{MSYS2_ARG_CONV_EXCL:-}} == '*' ]] || \
             word=${{word/#\\//C:/Git/}}; all+=(\"$word\"); done; command {name} \"${{all[@]}}\"; }}\n"
        )
    };
    fs::write(script.path("before"), tool("jq") + &tool("curl")).unwrap();
    let before = script.path("before").display().to_string();
    script.with("BASH_ENV", &before).with("NOTIFY_ID", "/d/1").run().is(0, "200 applied");
    assert_eq!(stub.requests()[0].line, "POST /api/deploys/%2Fd%2F1/callbacks HTTP/1.1");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_token_is_the_same_in_any_locale() {
    let said = Command::new("locale").arg("-a").output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said);
    let locales: Vec<&str> = said.lines().collect();
    assert!(locales.len() > 1, "{locales:?}");
    for locale in locales {
        for token in ["t\u{fc}r-\u{65e5}\u{672c}", r#"a"b\c'$(d)%"#] {
            let stub = answering(&[(200, APPLIED)]);
            let script = Script::deploy(&stub.url).with("LC_ALL", locale);
            let event = json!({ "inputs": { "callback_token": token } });
            fs::write(script.path("event.json"), event.to_string()).unwrap();
            script.run().is(0, "200 applied");
            assert_eq!(stub.requests()[0].authorization, format!("Bearer {token}"), "{locale}");
        }
        for token in ["a b", "a\u{1}", "a\tb", "a\nb"] {
            let script = Script::deploy("http://127.0.0.1:1").with("LC_ALL", locale);
            let event = json!({ "inputs": { "callback_token": token } });
            fs::write(script.path("event.json"), event.to_string()).unwrap();
            script.run().is(1, "holds white space");
        }
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_token_is_masked_before_anything_else_is_said() {
    for (key, value) in [
        ("NOTIFY_STATE", "nowhere"),
        ("NOTIFY_URL", "none"),
        ("NOTIFY_TRIES", "x"),
        ("NOTIFY_LOG", "none.log"),
    ] {
        let ran =
            Script::deploy("http://127.0.0.1:1").with("NOTIFY_TRIES", "1").with(key, value).run();
        assert!(ran.said.starts_with("::add-mask::tok-"), "{key}: {}", ran.said);
    }
}

/// What bash 3.2, of macOS, does not know, each with how it would look.
const SINCE_3_2: [&str; 25] = [
    "declare -A",
    "local -A",
    "declare -n",
    "local -n",
    "readonly -A",
    "mapfile",
    "readarray",
    "coproc",
    "|&",
    "&>>",
    ";;&",
    ";&",
    "[[ -v",
    "wait -n",
    "BASHPID",
    "EPOCHSECONDS",
    "EPOCHREALTIME",
    "SRANDOM",
    "globstar",
    "inherit_errexit",
    "lastpipe",
    "%(",
    "@Q}",
    ",,}",
    "^^}",
];

#[test]
fn the_bash_of_macos_knows_all_that_is_written() {
    let generated = Generated::from("deploy.toml");
    let text = generated.text("notify.sh");
    for word in SINCE_3_2 {
        assert!(!text.contains(word), "{word}");
    }
    for line in text.lines() {
        // An end that counts from behind; and, in a substitution, a pattern's single parenthesis.
        assert!(!line.contains(": -") && !line.contains("[-1]"), "{line}");
    }
    // It reads a substitution to its first unpaired parenthesis or quotation mark, in comments too.
    let substitutions = text.split("$(\n").skip(1).map(|rest| rest.split("\n  )").next().unwrap());
    for line in substitutions.flat_map(str::lines).map(str::trim_start) {
        assert!(!line.starts_with("case "), "{line}");
        assert!(!line.starts_with('#') || !line.contains(['\'', '"', '(', ')', '`']), "{line}");
    }
}
