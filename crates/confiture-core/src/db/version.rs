//! Version numbers as PostgreSQL counts them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A server version as `server_version_num` gives it: `150018` is 15.18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerVersion(u32);

impl ServerVersion {
    /// Oldest major confiture works with.
    pub const OLDEST_MAJOR: u32 = 14;
    /// Newest major confiture is tested with.
    pub const NEWEST_MAJOR: u32 = 18;
    /// The major acquired when nothing is installed and none was asked for.
    pub const DEFAULT_MAJOR: u32 = 17;

    /// From `server_version_num`.
    pub const fn from_num(num: u32) -> Self {
        Self(num)
    }

    /// As `server_version_num` gives it.
    pub const fn num(self) -> u32 {
        self.0
    }

    /// `15` of 15.18.
    pub const fn major(self) -> u32 {
        self.0 / 10_000
    }

    /// `18` of 15.18.
    pub const fn minor(self) -> u32 {
        self.0 % 10_000
    }

    /// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` and the like; 0 for the minor of a
    /// development version (`19devel`, `18beta1`).
    ///
    /// # Example
    /// ```
    /// use confiture_core::db::ServerVersion;
    /// let version = ServerVersion::parse("postgres (PostgreSQL) 15.18 (Debian)").unwrap();
    /// assert_eq!((version.num(), version.to_string()), (150018, "15.18".to_owned()));
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text
            .split_once("(PostgreSQL)")
            .or_else(|| text.split_once("PostgreSQL "))
            .map_or(text, |(_, v)| v);
        let text = text.trim_start();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (major, rest) = text.split_at(digits(text));
        let minor = rest.strip_prefix('.').map_or("", |rest| &rest[..digits(rest)]);
        let major: u32 = major.parse().ok()?;
        let minor: u32 = if minor.is_empty() { 0 } else { minor.parse().ok()? };
        Some(Self(major.checked_mul(10_000)?.checked_add(minor)?))
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.minor())
    }
}
