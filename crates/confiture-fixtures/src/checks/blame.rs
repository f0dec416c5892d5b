//! Where to point, and what to advise.

use std::ops::Range;

use confiture_core::catalog::ObjectId;
use confiture_core::db::DbFailure;
use confiture_core::migration::{Direction, Script, TransactionMode};

use crate::mention::contains;

/// The bytes of `script` to show for a finding about `object`: the first line of the statement that
/// mentions its name, else of the first statement, else the script's start.
pub(super) fn blame(script: &Script, object: &ObjectId) -> Range<usize> {
    // The own name says more than the table's it belongs to: ask for it first.
    let names = [object.name(), object.owner_path().map_or("", |(_, relation)| relation)];
    let named = names
        .iter()
        .filter(|name| !name.is_empty())
        .find_map(|name| script.statements.iter().find(|s| contains(&s.sql, name)));
    match named.or(script.statements.first()) {
        Some(statement) => first_line(&script.source.text, statement.span.clone()),
        None => script.span.start..script.span.start,
    }
}

fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let line = text.get(span.clone()).and_then(|statement| statement.find('\n'));
    span.start..line.map_or(span.end, |at| span.start + at)
}

/// The condition name of a SQLSTATE (manual, appendix A), where migrations meet it.
pub(crate) fn sqlstate_name(code: &str) -> &'static str {
    match code {
        "0A000" => "feature_not_supported",
        "21000" => "cardinality_violation",
        "22001" => "string_data_right_truncation",
        "22003" => "numeric_value_out_of_range",
        "22004" => "null_value_not_allowed",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22012" => "division_by_zero",
        "22023" => "invalid_parameter_value",
        "2201E" => "invalid_argument_for_logarithm",
        "2201F" => "invalid_argument_for_power_function",
        "2202E" => "array_subscript_error",
        "22P02" => "invalid_text_representation",
        "23502" => "not_null_violation",
        "23503" => "foreign_key_violation",
        "23505" => "unique_violation",
        "23514" => "check_violation",
        "23P01" => "exclusion_violation",
        "25001" => "active_sql_transaction",
        "25P02" => "in_failed_sql_transaction",
        "2BP01" => "dependent_objects_still_exist",
        "3F000" => "invalid_schema_name",
        "40P01" => "deadlock_detected",
        "42501" => "insufficient_privilege",
        "42601" => "syntax_error",
        "42611" => "invalid_column_definition",
        "42701" => "duplicate_column",
        "42703" => "undefined_column",
        "42704" => "undefined_object",
        "42710" => "duplicate_object",
        "42723" => "duplicate_function",
        "42804" => "datatype_mismatch",
        "42809" => "wrong_object_type",
        "42830" => "invalid_foreign_key",
        "42846" => "cannot_coerce",
        "42883" => "undefined_function",
        "42939" => "reserved_name",
        "42P01" => "undefined_table",
        "42P06" => "duplicate_schema",
        "42P07" => "duplicate_table",
        "42P16" => "invalid_table_definition",
        "42P17" => "invalid_object_definition",
        "53100" => "disk_full",
        "53200" => "out_of_memory",
        "55000" => "object_not_in_prerequisite_state",
        "55006" => "object_in_use",
        "55P03" => "lock_not_available",
        "55P04" => "unsafe_new_enum_value_usage",
        "57014" => "query_canceled",
        "58P01" => "undefined_file",
        "P0001" => "raise_exception",
        "XX000" => "internal_error",
        _ => "",
    }
}

/// The extension, quoted where SQL needs it, that holds what a message misses, for those that migrations
/// take for granted most.
pub(super) fn extension_of(message: &str) -> Option<&'static str> {
    const HELD: &[(&str, &str)] = &[
        ("citext", "citext"),
        ("uuid_generate_v", "\"uuid-ossp\""),
        ("gin_trgm_ops", "pg_trgm"),
        ("gist_trgm_ops", "pg_trgm"),
        ("function similarity(", "pg_trgm"),
        ("hstore", "hstore"),
        ("ltree", "ltree"),
        ("function digest(", "pgcrypto"),
        ("function crypt(", "pgcrypto"),
        ("function gen_salt(", "pgcrypto"),
        ("function gen_random_bytes(", "pgcrypto"),
        ("function unaccent(", "unaccent"),
        ("type \"geometry\"", "postgis"),
        ("type \"geography\"", "postgis"),
        ("type \"vector\"", "vector"),
        ("type \"vector(", "vector"),
    ];
    HELD.iter().find(|(held, _)| message.contains(held)).map(|(_, extension)| *extension)
}

/// What to do about a refusal, where more can be said than the server did.
pub(super) fn sqlstate_help(
    failure: &DbFailure,
    direction: Direction,
    transaction: TransactionMode,
) -> Option<String> {
    let code = failure.sqlstate.as_deref()?;
    if matches!(code, "42704" | "42883")
        && let Some(extension) = extension_of(&failure.message)
    {
        return Some(format!(
            "CREATE EXTENSION IF NOT EXISTS {extension};  in an earlier migration, or in a setup file (--setup)"
        ));
    }
    let help = match code {
        "42P01" | "42703" | "42704" | "42883" if direction == Direction::Down => {
            "the up made nothing of that name, or a statement above has dropped it already: compare the two scripts"
        }
        "25001" if transaction == TransactionMode::Batch => {
            "put this statement alone in a migration: several statements of one file run in one transaction"
        }
        "25001" => {
            "put this statement in a migration of its own and mark that script as not transactional \
             (see `confiture explain up-fails` for each tool's marker)"
        }
        "55P04" => "add the enum value in a migration of its own, committed before the one that uses it",
        "0A000" if failure.message.contains("extension") => {
            "install the extension on the server that confiture uses, or name a server that has it with --server"
        }
        "58P01" => {
            "install the extension's package on the server that confiture uses, or name a server that has it with --server"
        }
        "42704" if failure.message.contains("role") => {
            "create the role in a setup file and pass it:  --setup setup.sql  with  CREATE ROLE …;"
        }
        "3F000" => {
            "create the schema in an earlier migration, or in a setup file (--setup) when the host owns it"
        }
        "42P01" => {
            "create it in an earlier migration, or in a setup file (--setup) when another application owns it"
        }
        "2BP01" => "drop what depends on it first, in the reverse order of the up",
        "42501" => "run as a role that may do this, or grant it in a setup file (--setup)",
        "53100" => "free space where the server keeps its data, or choose another place with TMPDIR",
        _ => return None,
    };
    Some(help.to_owned())
}
