//! The attribute of `confiture-fixtures` for tests that want a database; see there.

mod arguments;
mod expand;

use proc_macro::TokenStream;

/// Makes an asynchronous function a test with a database of its own.
///
/// The function takes a `TestDb` and returns nothing or a `Result`. Tests run in parallel under
/// `cargo test` and `cargo nextest`; each sees a fresh database, which is kept, and printed, when the test
/// fails. Attributes such as `#[ignore]` and `#[should_panic]` stay in force.
///
/// | Argument | Says | Without it |
/// |---|---|---|
/// | `migrations = "DIR"` | the directory, relative to the package | `"migrations"` |
/// | `at = "VERSION"` | the last migration to apply | all are |
/// | `rows = N` | generated rows in every table | no rows |
/// | `seed = N` | which rows | 0 |
/// | `layout = "NAME"` | the tool whose layout it is | recognised |
/// | `setup = "FILE"`, `setup = ["FILE", …]` | SQL to run before the first migration, relative to the package | none |
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let (arguments, function) = (arguments.into(), function.into());
    expand::expand(arguments, function).unwrap_or_else(|error| error.to_compile_error()).into()
}
