//! Connection settings as libpq reads them (manual, 34.1.1 and 34.2).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::passfile;
use crate::db::env::Env;
use crate::db::error::DbError;

/// Parameters we act on, each with libpq's environment variable.
const KNOWN: [(&str, &str); 24] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("service", "PGSERVICE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("keepalives", ""),
    ("keepalives_idle", ""),
    ("keepalives_interval", ""),
    ("keepalives_count", ""),
    ("tcp_user_timeout", ""),
];

/// Parameters libpq knows that mean nothing here: accepted, not used.
const IGNORED: [&str; 13] = [
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "replication",
    "require_auth",
    "sslcompression",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "sslcrl",
];

/// Every setting of one connection, after defaults; never printed.
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads a URL or a `key=value` string and fills what it leaves open: from the service it names,
    /// then from `PG*` variables, then the password from the password file.
    pub(crate) fn resolve(text: &str, env: &Env) -> Result<Self, DbError> {
        let mut given = parse(text).map_err(DbError::Settings)?;
        let service = given.get("service").cloned().or_else(|| env.get("PGSERVICE").map(str::to_owned));
        if let Some(service) = service {
            for (name, value) in service_settings(&service, env)? {
                given.entry(name).or_insert(value);
            }
        }
        for (name, variable) in KNOWN {
            if let Some(value) = env.get(variable) {
                given.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        if let Some(unknown) = given.keys().find(|name| !is_known(name)) {
            return Err(DbError::Settings(format!("there is no parameter {unknown:?}")));
        }
        // libpq takes an empty value for an absent one.
        given.retain(|_, value| !value.is_empty());
        let mut settings = Self(given);
        settings.default_place(env)?;
        if settings.get("password").is_none() {
            settings.password_from_file(env);
        }
        Ok(settings)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that lists one value per host, or one for all.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|value| value.split(',').collect()).unwrap_or_default()
    }

    /// A number, or an error that names the parameter.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, DbError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = |_| DbError::Settings(format!("{name} {value:?} is not a number"));
        value.trim().parse().map(Some).map_err(wrong)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn default_place(&mut self, env: &Env) -> Result<(), DbError> {
        if self.get("host").is_none() && self.get("hostaddr").is_none() {
            let port = self.get("port").unwrap_or("5432").to_owned();
            let socket = ["/var/run/postgresql", "/tmp"]
                .into_iter()
                .find(|directory| Path::new(directory).join(format!(".s.PGSQL.{port}")).exists());
            self.set("host", socket.unwrap_or("localhost"));
        }
        if self.get("user").is_none() {
            let user = account_name().or_else(|| env.get("USER").map(str::to_owned));
            let unknown = || DbError::Settings("no user is named, and this account has no name".to_owned());
            self.set("user", user.ok_or_else(unknown)?);
        }
        if self.get("dbname").is_none() {
            // libpq would take the user's name; we want a database that is there on every server.
            self.set("dbname", "postgres");
        }
        Ok(())
    }

    fn password_from_file(&mut self, env: &Env) {
        let home = env.os("HOME").map(PathBuf::from);
        let file = self.get("passfile").map(PathBuf::from).or_else(|| Some(home?.join(".pgpass")));
        let Some(text) = file.as_deref().and_then(passfile::read) else { return };
        let host = match self.list("host").first().or(self.list("hostaddr").first()) {
            // A socket in the usual place counts as localhost (manual, 34.16).
            Some(host) if ["/var/run/postgresql", "/tmp"].contains(host) => "localhost",
            Some(host) => host,
            None => "localhost",
        };
        let port = self.list("port").first().copied().unwrap_or("5432");
        let (database, user) = (self.get("dbname").unwrap_or_default(), self.get("user").unwrap_or_default());
        if let Some(password) = passfile::find(&text, &[host, port, database, user]) {
            self.set("password", password);
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.0.iter().filter(|(name, _)| *name != "password");
        f.debug_map().entries(shown).finish()
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(known, _)| *known == name) || IGNORED.contains(&name)
}

/// The name of the account we run as, from the system's list (libpq does not look at `USER`).
fn account_name() -> Option<String> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// Errors never quote the text: it may hold a password.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let text = text.trim();
    for scheme in ["postgresql://", "postgres://"] {
        if let Some(rest) = text.strip_prefix(scheme) {
            return parse_url(rest);
        }
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("the URL begins with {scheme:?}, not with postgresql://"));
    }
    parse_pairs(text)
}

fn parse_url(rest: &str) -> Result<BTreeMap<String, String>, String> {
    let mut settings = BTreeMap::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, places) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in places.split(',') {
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, after) = v6.split_once(']').ok_or("an IPv6 address lacks its ]")?;
                (host, after.strip_prefix(':').unwrap_or(""))
            }
            None => place.rsplit_once(':').unwrap_or((place, "")),
        };
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    let joined =
        |list: &[String]| if list.iter().all(String::is_empty) { String::new() } else { list.join(",") };
    for (name, value) in [
        ("user", decode(user)?),
        ("password", decode(password)?),
        ("dbname", decode(database)?),
        ("host", joined(&hosts)),
        ("port", joined(&ports)),
    ] {
        if !value.is_empty() {
            settings.insert(name.to_owned(), value);
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a query parameter has no value")?;
        let (name, value) = (decode(name)?, decode(value)?);
        match (name.as_str(), value.as_str()) {
            ("ssl", "true") => settings.insert("sslmode".to_owned(), "require".to_owned()),
            _ => settings.insert(name, value),
        };
    }
    Ok(settings)
}

fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let code = rest.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|byte| *byte != 0);
        bytes.push(byte.ok_or("the URL has a % that is not followed by two hexadecimal digits")?);
        rest = rest.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).map_err(|_| "the URL is not UTF-8".to_owned())
}

fn parse_pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut settings = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or("there is neither a URL nor key=value pairs")?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err("there is a word without a = after it".to_owned());
        }
        let after = after.trim_start();
        let quoted = after.strip_prefix('\'');
        let mut value = String::new();
        let mut characters = quoted.unwrap_or(after).chars();
        let mut closed = quoted.is_none();
        while let Some(c) = characters.next() {
            match c {
                '\\' => value.extend(characters.next()),
                '\'' if quoted.is_some() => {
                    closed = true;
                    break;
                }
                c if quoted.is_none() && c.is_whitespace() => break,
                c => value.push(c),
            }
        }
        if !closed {
            return Err(format!("the value of {name:?} lacks its closing quote"));
        }
        settings.insert(name.to_owned(), value);
        rest = characters.as_str().trim_start();
    }
    Ok(settings)
}

fn service_settings(service: &str, env: &Env) -> Result<BTreeMap<String, String>, DbError> {
    let home = env.os("HOME").map(|home| PathBuf::from(home).join(".pg_service.conf"));
    let own = env.os("PGSERVICEFILE").map(PathBuf::from).or(home);
    let system = env.os("PGSYSCONFDIR").map(|dir| PathBuf::from(dir).join("pg_service.conf"));
    let system = system.unwrap_or_else(|| PathBuf::from("/etc/postgresql-common/pg_service.conf"));
    for file in own.into_iter().chain([system]) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if let Some(settings) = section(&text, service) {
            return Ok(settings);
        }
    }
    Err(DbError::Settings(format!("no service file defines the service {service:?}")))
}

fn section(text: &str, wanted: &str) -> Option<BTreeMap<String, String>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let heading = |line: &str| Some(line.strip_prefix('[')?.strip_suffix(']')? == wanted);
    lines.by_ref().find(|line| heading(line) == Some(true))?;
    let inside = lines.take_while(|line| !line.starts_with('['));
    let pairs = inside.filter_map(|line| line.split_once('='));
    Some(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, env: &[(&str, &str)]) -> String {
        let env = env.iter().copied().collect();
        match Settings::resolve(text, &env) {
            Ok(settings) => {
                let pairs: Vec<String> =
                    settings.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
                pairs.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        insta::assert_snapshot!(
            check("postgresql://ada:p%40ss@db.example:6543/app?sslmode=require&connect_timeout=3", &[]),
            @"connect_timeout=3 dbname=app host=db.example password=p@ss port=6543 sslmode=require user=ada"
        );
        insta::assert_snapshot!(
            check("postgres://u@[::1]:1,b:2/d", &[]), @"dbname=d host=::1,b port=1,2 user=u");
        insta::assert_snapshot!(
            check("postgresql://u@%2Frun%2Fpg/d", &[]), @"dbname=d host=/run/pg user=u");
        insta::assert_snapshot!(
            check("postgresql:///d?host=/run/pg&user=u", &[]), @"dbname=d host=/run/pg user=u");
        insta::assert_snapshot!(check("mysql://u@h/d", &[]),
            @r#"read the connection settings: the URL begins with "mysql", not with postgresql://"#);
    }

    #[test]
    fn pairs_are_read_as_libpq_reads_them() {
        insta::assert_snapshot!(
            check(r"host = h user='a b\'c' password=x\ y dbname=d", &[]),
            @r"dbname=d host=h password=x y user=a b'c"
        );
        insta::assert_snapshot!(check("host='h", &[]),
            @r#"read the connection settings: the value of "host" lacks its closing quote"#);
        insta::assert_snapshot!(check("host=h user=u colour=red", &[]),
            @r#"read the connection settings: there is no parameter "colour""#);
    }

    #[test]
    fn environment_fills_only_what_is_left_open() {
        let env = [("PGHOST", "other"), ("PGUSER", "ada"), ("PGPASSWORD", "secret"), ("PGDATABASE", "app")];
        insta::assert_snapshot!(check("host=h dbname=d", &env), @"dbname=d host=h password=secret user=ada");
        insta::assert_snapshot!(check("host=h user=u", &[]), @"dbname=postgres host=h user=u");
    }

    #[test]
    fn database_url_is_never_read() {
        let env = [("DATABASE_URL", "postgresql://x@production/shop"), ("PGUSER", "ada"), ("PGHOST", "h")];
        insta::assert_snapshot!(check("", &env), @"dbname=postgres host=h user=ada");
    }

    #[test]
    fn service_stands_between_what_is_given_and_the_environment() {
        let home = tempfile::tempdir().expect("a directory");
        let file = home.path().join(".pg_service.conf");
        std::fs::write(&file, "# mine\n[a]\nhost=wrong\n\n[b]\nhost=served\nport = 7\nuser=s\n[c]\n")
            .expect("written");
        let home = home.path().to_str().expect("UTF-8");
        let env = [("HOME", home), ("PGPORT", "9"), ("PGSERVICE", "b")];
        insta::assert_snapshot!(check("user=u", &env), @"dbname=postgres host=served port=7 service=b user=u");
        insta::assert_snapshot!(check("service=x", &env),
            @r#"read the connection settings: no service file defines the service "x""#);
    }

    #[test]
    fn password_comes_from_a_private_password_file_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a directory");
        let file = home.path().join(".pgpass");
        std::fs::write(&file, "h:5432:*:u:from file\n").expect("written");
        let env = [("HOME", home.path().to_str().expect("UTF-8"))];
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("mode set");
        insta::assert_snapshot!(check("host=h user=u", &env), @"dbname=postgres host=h user=u");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("mode set");
        insta::assert_snapshot!(check("host=h user=u", &env), @"dbname=postgres host=h password=from file user=u");
        insta::assert_snapshot!(check("host=h user=other", &env), @"dbname=postgres host=h user=other");
    }

    #[test]
    fn passwords_are_never_shown() {
        let env = Env::from_iter([("PGPASSWORD", "hunter2")]);
        let settings = Settings::resolve("postgresql://u@h/d", &env).expect("settings");
        let endpoint = crate::db::Endpoint::parse("postgresql://u:hunter2@h/d", &env).expect("an endpoint");
        let broken = Settings::resolve("postgresql://u:hunter2@h/d?x", &env).expect_err("an error");
        let shown = format!("{env:?} {settings:?} {endpoint:?} {endpoint} {broken} {broken:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
