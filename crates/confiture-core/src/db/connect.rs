//! Where to connect and how, as libpq would.

mod passfile;
mod settings;
pub(super) mod tls;

use std::path::Path;
use std::time::Duration;

use tokio_postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::env::Env;
use super::error::DbError;
use super::failure::DbFailure;
use settings::Settings;

/// How long a connection attempt may take when `connect_timeout` does not say.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Everything needed to open sessions in one database; prints without its password.
#[derive(Clone)]
pub struct Endpoint {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    mode: tls::Mode,
    root_certificate: Option<String>,
}

impl Endpoint {
    /// Reads a URL or a `key=value` string as libpq does: what it leaves open comes from its service,
    /// then from `PG*` variables of `env`, then from the password file. `DATABASE_URL` is not read.
    ///
    /// # Errors
    /// [`DbError::Settings`]; its text never quotes `settings`.
    ///
    /// # Example
    /// ```
    /// use confiture_core::db::{Endpoint, Env};
    /// let endpoint = Endpoint::parse("postgresql://ada:secret@db:6543/app", &Env::empty()).unwrap();
    /// assert_eq!(endpoint.to_string(), "postgresql://ada@db:6543/app");
    /// ```
    pub fn parse(settings: &str, env: &Env) -> Result<Self, DbError> {
        let settings = Settings::resolve(settings, env)?;
        let mode = tls::Mode::of(&settings)?;
        let config = config(&settings, mode)?;
        let sockets_only = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let tls = if mode == tls::Mode::Disable || (sockets_only && config.get_hostaddrs().is_empty()) {
            tls::none()
        } else {
            tls::connector(&settings, mode, env)?
        };
        let root_certificate = settings.get("sslrootcert").map(str::to_owned);
        let mut endpoint = Self { config, tls, mode, root_certificate };
        if sockets_only && endpoint.config.get_hostaddrs().is_empty() {
            endpoint.config.ssl_mode(SslMode::Disable);
            endpoint.mode = tls::Mode::Disable;
        }
        Ok(endpoint)
    }

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
            .connect_timeout(CONNECT_LIMIT);
        Self { config, tls: tls::none(), mode: tls::Mode::Disable, root_certificate: None }
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        other
    }

    /// The same database, with settings that hold in every session from its start.
    #[must_use]
    pub fn with_session_settings(&self, settings: &[(String, String)]) -> Self {
        if settings.is_empty() {
            return self.clone();
        }
        let mut options = self.config.get_options().unwrap_or_default().to_owned();
        for (name, value) in settings {
            // Spaces and backslashes are escaped by a backslash (manual, 34.1.2, options).
            let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
            options.push_str(&format!(" -c {name}={value}"));
        }
        let mut other = self.clone();
        other.config.options(options.trim_start());
        other
    }

    /// The database sessions are opened in.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The role sessions run as.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// What a child process needs to connect to the same place: `DATABASE_URL`, `PGHOST`, … .
    ///
    /// The values may hold a password: for a child's environment, not for a message or an argument.
    pub fn child_environment(&self) -> Vec<(&'static str, String)> {
        let (hosts, ports) = self.places();
        let mut variables = vec![
            ("PGHOST", hosts.join(",")),
            ("PGPORT", ports.join(",")),
            ("PGUSER", self.user().to_owned()),
            ("PGDATABASE", self.database().to_owned()),
            ("PGSSLMODE", self.mode.name().to_owned()),
        ];
        let password = self.config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        variables.push(("DATABASE_URL", self.url(password.as_deref())));
        variables.extend(password.map(|password| ("PGPASSWORD", password)));
        variables.extend(self.root_certificate.clone().map(|file| ("PGSSLROOTCERT", file)));
        variables.extend(self.config.get_options().map(|options| ("PGOPTIONS", options.to_owned())));
        variables
    }

    /// Connects, in each way `sslmode` allows until one is accepted, and remembers that way.
    ///
    /// # Errors
    /// [`DbError::Connect`] with what the first way met.
    pub(crate) async fn settle(mut self) -> Result<Self, DbError> {
        let ways: &[SslMode] = match self.mode {
            tls::Mode::Disable => &[SslMode::Disable],
            tls::Mode::Allow => &[SslMode::Disable, SslMode::Require],
            tls::Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
            tls::Mode::Require | tls::Mode::VerifyCa | tls::Mode::VerifyFull => &[SslMode::Require],
        };
        let mut first = None;
        for way in ways {
            self.config.ssl_mode(*way);
            match self.config.connect(self.tls.clone()).await {
                Ok(_) => return Ok(self),
                Err(error) => {
                    let failure = DbFailure::from_driver(&error, "");
                    // Only a refusal, or a failed handshake, may be different without TLS.
                    let again = !failure.is_connection_lost() || failure.message.contains("TLS");
                    let failure = first.get_or_insert(failure).clone();
                    if !again {
                        return Err(self.refused(failure));
                    }
                }
            }
        }
        Err(self.refused(first.unwrap_or_default()))
    }

    /// Opens a plain connection, driven in the background.
    ///
    /// # Errors
    /// [`DbError::Connect`].
    pub(crate) async fn client(&self) -> Result<tokio_postgres::Client, DbError> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) =
            connected.map_err(|error| self.refused(DbFailure::from_driver(&error, "")))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(failure = %DbFailure::from_driver(&error, ""), "connection ended");
            }
        });
        Ok(client)
    }

    /// The URL with the password in it, where there is one: for drivers and pools, never for a message.
    pub fn url_with_password(&self) -> String {
        let password = self.config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        self.url(password.as_deref())
    }

    /// The settings as `tokio_postgres` takes them, with the password; TLS comes from elsewhere.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    pub(crate) fn tls(&self) -> &MakeRustlsConnect {
        &self.tls
    }

    pub(crate) fn refused(&self, failure: DbFailure) -> DbError {
        let hint_text = match failure.sqlstate.as_deref() {
            Some("28P01") => "give the password by PGPASSWORD or ~/.pgpass",
            Some("28000") => "pg_hba.conf on the server does not let this role, database or address in",
            Some("3D000") => "name a database that exists, such as postgres, at the end of the URL",
            Some("53300") => "raise max_connections or lower --jobs",
            None if failure.message.contains("password") => "give the password by PGPASSWORD or ~/.pgpass",
            _ => "",
        };
        DbError::Connect { to: self.to_string(), failure, hint_text: hint_text.to_owned() }
    }

    fn places(&self) -> (Vec<String>, Vec<String>) {
        let addresses = self.config.get_hostaddrs().iter().map(ToString::to_string);
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<String> =
            if self.config.get_hosts().is_empty() { addresses.collect() } else { hosts.collect() };
        let ports = self.config.get_ports();
        let ports = if ports.is_empty() {
            vec!["5432".to_owned()]
        } else {
            ports.iter().map(u16::to_string).collect()
        };
        (hosts, ports)
    }

    fn url(&self, password: Option<&str>) -> String {
        let (hosts, ports) = self.places();
        let password = password.map(|password| format!(":{}", encode(password))).unwrap_or_default();
        let login = format!("{}{password}", encode(self.user()));
        let database = encode(self.database());
        if hosts.iter().any(|host| host.starts_with('/')) {
            let (hosts, ports) = (encode(&hosts.join(",")).replace("%2F", "/"), ports.join(","));
            return format!("postgresql://{login}@/{database}?host={hosts}&port={ports}");
        }
        let place = |(at, host): (usize, &String)| {
            let host = if host.contains(':') { format!("[{host}]") } else { encode(host) };
            let port = ports.get(at).or(ports.first()).map_or("5432", String::as_str);
            format!("{host}:{port}")
        };
        let places: Vec<String> = hosts.iter().enumerate().map(place).collect();
        let mode = match self.mode {
            tls::Mode::Prefer => String::new(),
            mode => format!("?sslmode={}", mode.name()),
        };
        format!("postgresql://{login}@{}/{database}{mode}", places.join(","))
    }
}

/// A URL without the password.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url(None))
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn config(settings: &Settings, mode: tls::Mode) -> Result<tokio_postgres::Config, DbError> {
    let mut config = tokio_postgres::Config::new();
    for host in settings.list("host") {
        config.host(host);
    }
    for address in settings.list("hostaddr") {
        // What was given may be a part of a password that was cut in the wrong place: it is not shown.
        let wrong = |_| DbError::Settings("hostaddr is not an address".to_owned());
        config.hostaddr(address.parse().map_err(wrong)?);
    }
    for port in settings.list("port") {
        let wrong = |_| {
            let advice = "the port is not a number; / : @ in a password have to be written %2F %3A %40";
            DbError::Settings(advice.to_owned())
        };
        config.port(if port.is_empty() { 5432 } else { port.parse().map_err(wrong)? });
    }
    if let Some(user) = settings.get("user") {
        config.user(user);
    }
    if let Some(database) = settings.get("dbname") {
        config.dbname(database);
    }
    if let Some(password) = settings.get("password") {
        config.password(password);
    }
    if let Some(options) = settings.get("options") {
        config.options(options);
    }
    config.application_name(settings.get("application_name").unwrap_or("confiture"));
    let limit = settings.number("connect_timeout")?.filter(|seconds: &i64| *seconds > 0);
    let limit = limit.map_or(CONNECT_LIMIT, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    config.connect_timeout(limit);
    config.ssl_mode(match mode {
        tls::Mode::Disable | tls::Mode::Allow => SslMode::Disable,
        tls::Mode::Prefer => SslMode::Prefer,
        tls::Mode::Require | tls::Mode::VerifyCa | tls::Mode::VerifyFull => SslMode::Require,
    });
    keepalives(settings, &mut config)?;
    let choice = |name: &str, default: &str| settings.get(name).unwrap_or(default).to_owned();
    let wrong = |name: &str, value: &str| DbError::Settings(format!("there is no {name} {value:?}"));
    config.ssl_negotiation(match choice("sslnegotiation", "postgres").as_str() {
        "postgres" => SslNegotiation::Postgres,
        "direct" => SslNegotiation::Direct,
        other => return Err(wrong("sslnegotiation", other)),
    });
    config.channel_binding(match choice("channel_binding", "prefer").as_str() {
        "prefer" => ChannelBinding::Prefer,
        "disable" => ChannelBinding::Disable,
        "require" => ChannelBinding::Require,
        other => return Err(wrong("channel_binding", other)),
    });
    config.target_session_attrs(match choice("target_session_attrs", "any").as_str() {
        "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
        "read-only" | "standby" => TargetSessionAttrs::ReadOnly,
        "any" | "prefer-standby" => TargetSessionAttrs::Any,
        other => return Err(wrong("target_session_attrs", other)),
    });
    config.load_balance_hosts(match choice("load_balance_hosts", "disable").as_str() {
        "disable" => LoadBalanceHosts::Disable,
        "random" => LoadBalanceHosts::Random,
        other => return Err(wrong("load_balance_hosts", other)),
    });
    Ok(config)
}

fn keepalives(settings: &Settings, config: &mut tokio_postgres::Config) -> Result<(), DbError> {
    if let Some(on) = settings.number::<u32>("keepalives")? {
        config.keepalives(on != 0);
    }
    if let Some(seconds) = settings.number("keepalives_idle")? {
        config.keepalives_idle(Duration::from_secs(seconds));
    }
    if let Some(seconds) = settings.number("keepalives_interval")? {
        config.keepalives_interval(Duration::from_secs(seconds));
    }
    if let Some(count) = settings.number("keepalives_count")? {
        config.keepalives_retries(count);
    }
    if let Some(milliseconds) = settings.number("tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds));
    }
    Ok(())
}
