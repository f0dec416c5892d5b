//! Environment variables as a value, so that nothing here reads the process's own.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The environment a command was started in.
///
/// Libraries take this instead of reading the process environment; `cli` builds it once with
/// `std::env::vars_os().collect()`. Values are never printed: `PGPASSWORD` may be among them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<OsString, OsString>);

impl Env {
    /// No variables at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The value of `name` when it is set, not empty, and UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(|value| value.to_str())
    }

    /// The value of `name` when it is set and not empty.
    pub fn os(&self, name: &str) -> Option<&std::ffi::OsStr> {
        self.0.get(std::ffi::OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Every variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&std::ffi::OsStr, &std::ffi::OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The file that running `name` would run, by `PATH`.
    pub(crate) fn program(&self, name: &str) -> Option<std::path::PathBuf> {
        std::env::split_paths(self.os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Env {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(variables: T) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
