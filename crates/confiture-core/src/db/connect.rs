//! Where to connect and how.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::DbError;
use super::failure::DbFailure;

/// Everything needed to open sessions in one database; prints without its password.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls: MakeRustlsConnect,
    place: String,
}

impl Endpoint {
    /// A unix socket without a password.
    pub(crate) fn socket(directory: &Path, port: u16, user: &str, database: &str) -> Self {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(directory)
            .port(port)
            .user(user)
            .dbname(database)
            .ssl_mode(SslMode::Disable)
            .application_name("confiture")
            .connect_timeout(Duration::from_secs(10));
        Self { config, tls: no_tls(), place: directory.display().to_string() }
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        other
    }

    /// The database sessions are opened in.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    pub(crate) fn refused(&self, failure: DbFailure) -> DbError {
        DbError::Connect { to: self.to_string(), failure, hint_text: String::new() }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (database {})", self.place, self.database())
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

fn no_tls() -> MakeRustlsConnect {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore::empty();
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth());
    match config {
        Ok(config) => MakeRustlsConnect::new(config),
        Err(error) => unreachable!("ring speaks TLS 1.2 and 1.3: {error}"),
    }
}
