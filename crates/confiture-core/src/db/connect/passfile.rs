//! The password file (manual, 34.16): `host:port:database:user:password`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Reads it; `None` when there is none, or when others may read it too, as libpq does.
pub(crate) fn read(file: &Path) -> Option<String> {
    let meta = file.metadata().ok()?;
    if !meta.is_file() {
        return None;
    }
    if meta.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %file.display(), "password file ignored: others may read it; run chmod 0600");
        return None;
    }
    std::fs::read_to_string(file).ok()
}

/// The password of the first line whose four fields match.
pub(crate) fn find(text: &str, wanted: &[&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for want in wanted {
            let (field, after, raw) = field(rest);
            // Only an unescaped * stands for everything.
            if raw != "*" && field != *want {
                return None;
            }
            rest = after?;
        }
        // The password ends at the line's end or at an unescaped colon.
        Some(field(rest).0)
    })
}

/// The first field unescaped, what follows its colon if there is one, and the field as written.
fn field(text: &str) -> (String, Option<&str>, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            ':' => return (value, Some(&text[at + 1..]), &text[..at]),
            c => value.push(c),
        }
    }
    (value, None, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        find(text, &["h", "5432", "d:b", "u"]).unwrap_or_else(|| "none".to_owned())
    }

    #[test]
    fn first_matching_line_wins_and_escapes_count() {
        insta::assert_snapshot!(check("other:*:*:*:no\nh:5432:d\\:b:u:first\n*:*:*:*:second"), @"first");
        insta::assert_snapshot!(check("# h:*:*:*:no\n*:*:*:*:a\\:b\\\\c"), @r"a:b\c");
        insta::assert_snapshot!(check("h:5433:*:*:no"), @"none");
        insta::assert_snapshot!(check("\\*:*:*:*:no"), @"none");
        insta::assert_snapshot!(check("h:5432"), @"none");
    }
}
