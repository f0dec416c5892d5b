//! What project manifests say: which tool a Cargo.toml, go.mod or package.json depends on.

use super::{Confidence, Detection, Dir};

/// Where a tool shows up as a dependency.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traces {
    /// Crates of Cargo.toml.
    pub(super) crates: &'static [&'static str],
    /// Parts of module paths of go.mod.
    pub(super) go: &'static [&'static str],
    /// Packages of package.json.
    pub(super) node: &'static [&'static str],
    /// Words of pom.xml, build.gradle or build.gradle.kts.
    pub(super) jvm: &'static [&'static str],
    /// Gems of a Gemfile or gemspec.
    pub(super) ruby: &'static [&'static str],
}

impl Traces {
    /// Raises names or shape to [`Confidence::Manifest`] when a manifest around `dir` names the tool.
    pub(super) fn raise(&self, dir: &Dir, mut detection: Detection) -> Detection {
        if !matches!(detection.confidence, Confidence::Names | Confidence::Shape) {
            return detection;
        }
        if let Some(reason) = self.found(dir) {
            detection.confidence = Confidence::Manifest;
            detection.reasons.push(reason);
        }
        detection
    }

    /// The manifest that names the tool, as a reason.
    pub(super) fn found(&self, dir: &Dir) -> Option<String> {
        let manifests: [(&str, &[&str]); 7] = [
            ("Cargo.toml", self.crates),
            ("go.mod", self.go),
            ("package.json", self.node),
            ("pom.xml", self.jvm),
            ("build.gradle", self.jvm),
            ("build.gradle.kts", self.jvm),
            ("Gemfile", self.ruby),
        ];
        manifests.iter().filter(|(_, words)| !words.is_empty()).find_map(|(name, words)| {
            nearest_naming(dir, name, words).map(|(word, path)| format!("{path} depends on {word}"))
        })
    }
}

/// The first of `words` that the manifest `name` depends on: the nearest manifest that has any of them.
fn nearest_naming<'w>(dir: &Dir, name: &str, words: &[&'w str]) -> Option<(&'w str, String)> {
    dir.configs(name).into_iter().find_map(|found| {
        let word = words.iter().find(|word| depends_on(name, &found.text, word))?;
        Some((*word, found.path.display().to_string()))
    })
}

fn depends_on(manifest: &str, text: &str, word: &str) -> bool {
    match manifest {
        "Cargo.toml" => toml::from_str::<toml::Table>(text).is_ok_and(|table| crate_named(&table, word)),
        "package.json" => serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| {
            ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"]
                .iter()
                .any(|section| json.get(section).and_then(|names| names.get(word)).is_some())
                || json.get("name").and_then(|name| name.as_str()) == Some(word)
        }),
        // A module that only comes along with another one is no trace.
        "go.mod" => text.lines().any(|line| line.contains(word) && !line.contains("// indirect")),
        _ => text.contains(word),
    }
}

/// Whether a table of dependencies anywhere in a Cargo.toml has the crate.
fn crate_named(table: &toml::Table, word: &str) -> bool {
    table.iter().any(|(key, value)| {
        let Some(inner) = value.as_table() else { return false };
        match key.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => inner.contains_key(word),
            "workspace" | "target" => crate_named(inner, word),
            key if key.starts_with("cfg(") => crate_named(inner, word),
            _ => false,
        }
    })
}
