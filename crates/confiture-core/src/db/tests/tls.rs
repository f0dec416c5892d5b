//! `sslmode` against a server with a throw-away certificate.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use super::*;

/// Makes `name.crt` and `name.key` for the host `localhost`.
fn certificate(directory: &Path, name: &str) {
    let made = Command::new("openssl")
        .current_dir(directory)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A private server that also listens on a loopback port, with TLS.
async fn listening(directory: &Path) -> (Server, u16) {
    let file = |name: &str| directory.join(name).to_string_lossy().into_owned();
    // Somebody else may take the port between our look and the server's.
    for _ in 0..10 {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let settings = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", file("server.crt")),
            ("ssl_key_file", file("server.key")),
        ];
        let server_settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        match Server::open(&ServerOptions { server_settings, ..options() }).await {
            Ok(server) => return (server, port),
            Err(error) => println!("port {port}: {error}"),
        }
    }
    panic!("no free port in ten tries");
}

/// How `sslmode` and its friends fare: `tls`, `plain`, or the error.
async fn check(port: u16, host: &str, query: &str, home: &Path) -> String {
    let env = Env::from_iter([("HOME", home.to_str().expect("UTF-8")), ("PGPASSWORD", "pass:word")]);
    let url = format!("postgresql://postgres@{host}:{port}/postgres?{query}");
    let endpoint = match Endpoint::parse(&url, &env) {
        Ok(endpoint) => endpoint,
        Err(error) => return error.to_string(),
    };
    match Session::read_only(&endpoint).await {
        Ok(session) => {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let rows = session.query(sql, &[]).await.expect("asked");
            if rows[0].get(0) { "tls".to_owned() } else { "plain".to_owned() }
        }
        Err(DbError::Connect { failure, .. }) => {
            assert!(!failure.message.contains("pass:word"));
            failure.message
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn sslmode_decides_what_is_trusted() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("openssl is not installed: sslmode is not tested against a server");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let here = directory.path();
    std::fs::set_permissions(here, std::fs::Permissions::from_mode(0o711)).expect("mode set");
    certificate(here, "server");
    certificate(here, "other");
    let key = here.join("server.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("mode set");
    if rustix::process::geteuid().is_root() {
        // The account the server runs as must own its key.
        let probe = private().await;
        let owner = probe.cluster().expect("ours").path().join("data").metadata().expect("its owner");
        std::os::unix::fs::chown(&key, Some(owner.uid()), Some(owner.gid())).expect("given");
        probe.close().await;
    }
    let (server, port) = listening(here).await;
    server.administer("ALTER ROLE postgres PASSWORD 'pass:word'").await.expect("a password");
    let check = async |host: &str, query: &str| check(port, host, query, here).await;
    let root = |name: &str| format!("sslrootcert={}", here.join(name).display());
    let (right, wrong) = (root("server.crt"), root("other.crt"));
    for (host, query, expected) in [
        ("localhost", "sslmode=disable".to_owned(), "plain"),
        ("localhost", "sslmode=allow".to_owned(), "plain"),
        ("localhost", String::new(), "tls"),
        ("localhost", "sslmode=require".to_owned(), "tls"),
        ("127.0.0.1", format!("sslmode=verify-ca&{right}"), "tls"),
        ("localhost", format!("sslmode=verify-full&{right}"), "tls"),
        ("127.0.0.1", format!("sslmode=verify-full&{right}"), "handshake"),
        ("localhost", format!("sslmode=verify-ca&{wrong}"), "handshake"),
        ("localhost", format!("sslmode=require&{wrong}"), "handshake"),
        ("localhost", "sslmode=verify-full".to_owned(), "sslrootcert"),
    ] {
        let got = check(host, &query).await;
        let query = query.replace(here.to_str().expect("UTF-8"), "…");
        println!("{host} {query}: {got}");
        let connected = ["tls", "plain"].contains(&expected);
        assert!(if connected { got == expected } else { got.contains(expected) }, "{host} {query}: {got}");
    }
    let options = ServerOptions { env: Env::from_iter([("PGPASSWORD", "wrong")]), ..options() };
    let place = format!("host=127.0.0.1 port={port} user=postgres");
    let refused = Server::given(&place, &options).await.expect_err("the wrong password");
    let text = refused.to_string();
    assert!(text.contains("28P01") && text.contains("PGPASSWORD"), "{text}");
    server.close().await;
}
