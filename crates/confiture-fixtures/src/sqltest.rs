//! The user's own tests: SQL files with directives, verify scripts, pgTAP files, and commands.
//!
//! [`load`] finds and reads them, [`UserTest::needs`] says on which state of the chain one starts, and [`run`]
//! runs one on a database that is in that state and the test's alone. Neither needs the command line.
//!
//! ```sql
//! -- confiture: migrate to 0006
//! INSERT INTO users (name) VALUES ('Ada Lovelace');
//! -- confiture: migrate to 0007
//! -- confiture: assert
//! SELECT first = 'Ada' AND last = 'Lovelace' FROM users;
//! ```

mod bench;
mod command;
mod directive;
mod expect;
mod load;
mod locks;
mod suite;
mod tap;
mod test;

pub use bench::{Bench, NOT_REACHED, TestOutcome, run, run_within};
pub use load::{TestFiles, load};
pub(crate) use suite::Suite;
pub use tap::{Tap, TapStatus, TapTest, parse_tap};
pub use test::{Needs, TestKind, UserTest};
