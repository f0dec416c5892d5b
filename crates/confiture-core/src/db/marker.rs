//! The mark on every database that is ours.

use serde::{Deserialize, Serialize};

const PREFIX: &str = "confiture:";

/// What a marked database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// One run's own; dropped when its owner is gone.
    Scratch,
    /// A sealed template that later runs may clone.
    Template,
    /// Kept for the user to look at; theirs to drop.
    Kept,
    /// The user's own, empty when we first saw it; confiture may write there and never drops it.
    Adopted,
}

/// The comment on a database that confiture created or was handed empty: `confiture:{…}`.
///
/// It is the only thing that allows confiture to write in a database or to drop it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    pub(crate) purpose: Purpose,
    /// Names the advisory lock that the creating process holds for as long as it lives.
    pub(crate) owner: i32,
    /// Creation time, or of a template the last use, in seconds since 1970.
    pub(crate) at: u64,
    /// Version of confiture that wrote it.
    pub(crate) by: String,
}

impl Marker {
    pub(crate) fn new(purpose: Purpose, owner: i32) -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let at = since.map_or(0, |since| since.as_secs());
        Self { purpose, owner, at, by: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Reads a database's comment; `None` when it is not our mark.
    pub(crate) fn parse(comment: Option<&str>) -> Option<Self> {
        serde_json::from_str(comment?.strip_prefix(PREFIX)?).ok()
    }

    pub(crate) fn comment(&self) -> String {
        // A struct of numbers and strings always serialises.
        format!("{PREFIX}{}", serde_json::to_string(self).unwrap_or_default())
    }
}
