//! Down and up again: in a transaction where that tells the same, on a clone where it does not.

use confiture_core::catalog::{Catalog, Change, Difference, Kind, Observed};
use confiture_core::db::Session;
use confiture_core::migration::{Direction, Script, TransactionMode};
use confiture_core::plugin::{RoundTrip, ScriptRun};

use super::{Ladder, dropped, open, reading};
use crate::error::FixtureError;
use crate::runner::{ScriptTraits, run_in_transaction, run_script};

/// Where a round trip is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a transaction that is rolled back.
    Transaction,
    /// Committed.
    Clone,
}

impl Place {
    async fn observe(self, session: &Session, base: &Observed) -> Result<Observed, FixtureError> {
        let observed = match self {
            Self::Transaction => base.refresh_within(session).await,
            Self::Clone => base.refresh(session).await,
        };
        observed.map_err(reading)
    }
}

impl Ladder<'_> {
    /// Rolls the migration just applied back and applies it again, leaving the chain as it is.
    ///
    /// Most scripts are tried in one transaction that is rolled back: the catalog is read inside it, and
    /// it costs no clone. That is exact for a rollback whose tool wraps it in a transaction anyway. It is
    /// not believed when a script cannot run in a transaction block, when a tool runs the script in
    /// autocommit and something is wrong, or when the second up fails (it shares the transaction with the
    /// rollback, in which new enum values and pending trigger events get in the way): then a clone decides.
    pub(super) async fn round_trip(
        &mut self,
        up: &Script,
        down: &Script,
        before: &Catalog,
    ) -> Result<RoundTrip, FixtureError> {
        let traits = [ScriptTraits::of(up), ScriptTraits::of(down)];
        if traits.iter().all(|traits| traits.transaction_safe) {
            let trip = self.stable(Place::Transaction, self.session()?, up, down, before).await?;
            let wrapped = down.transaction != TransactionMode::Autocommit || traits[1].own_transaction;
            let re_up_failed = trip.re_up.as_ref().is_some_and(|run| run.failure.is_some());
            let suspicious = trip.down.failure.is_some() || !trip.down_differences.is_empty();
            if !re_up_failed && (wrapped || !suspicious) {
                return Ok(trip);
            }
        }
        let clone = self.clone_here("rollback").await?;
        let session = open(&clone, &self.options).await?;
        let trip = self.stable(Place::Clone, &session, up, down, before).await;
        session.close().await;
        dropped(clone).await;
        trip
    }

    /// A round trip, repeated when it shows differences: what comes out otherwise the second time is the
    /// SQL's own doing (`'now'` frozen in a view, a partition named by the date), not the rollback's.
    async fn stable(
        &self,
        place: Place,
        session: &Session,
        up: &Script,
        down: &Script,
        before: &Catalog,
    ) -> Result<RoundTrip, FixtureError> {
        let (mut trip, after_re_up) = self.once(place, session, up, down, before).await?;
        if trip.down_differences.is_empty() && trip.re_up_differences.is_empty() {
            return Ok(trip);
        }
        let (again, after_second) = self.once(place, session, up, down, before).await?;
        if again.down.failure.is_none() {
            let changing = trip.after_down.diff(&again.after_down);
            trip.down_unstable = take_unstable(&mut trip.down_differences, &changing);
        }
        if let (Some(first), Some(second)) = (after_re_up, after_second) {
            let changing = first.diff(&second);
            trip.re_up_unstable = take_unstable(&mut trip.re_up_differences, &changing);
        }
        Ok(trip)
    }

    /// One rollback and second up; also the catalog after the second up.
    async fn once(
        &self,
        place: Place,
        session: &Session,
        up: &Script,
        down: &Script,
        before: &Catalog,
    ) -> Result<(RoundTrip, Option<Catalog>), FixtureError> {
        if place == Place::Transaction {
            let begun = session.execute("BEGIN").await;
            begun.map_err(|source| FixtureError::Query { doing: "begin a transaction", source })?;
        }
        let result = self.down_and_up(place, session, up, down, before).await;
        if place == Place::Transaction {
            let ended = session.execute("ROLLBACK").await;
            if result.is_ok() && session.is_usable() {
                ended.map_err(|source| FixtureError::Query { doing: "roll back a transaction", source })?;
            }
        }
        result
    }

    async fn down_and_up(
        &self,
        place: Place,
        session: &Session,
        up: &Script,
        down: &Script,
        before: &Catalog,
    ) -> Result<(RoundTrip, Option<Catalog>), FixtureError> {
        let after = self.observed.catalog();
        let down = self.run(place, session, down, Direction::Down).await?;
        if down.failure.is_some() {
            let trip = RoundTrip {
                down,
                after_down: after.clone(),
                down_differences: Vec::new(),
                down_unstable: Vec::new(),
                re_up: None,
                re_up_differences: Vec::new(),
                re_up_unstable: Vec::new(),
            };
            return Ok((trip, None));
        }
        let rolled_back = place.observe(session, &self.observed).await?;
        let re_up = self.run(place, session, up, Direction::Up).await?;
        let again = match re_up.failure {
            None => Some(place.observe(session, &rolled_back).await?),
            Some(_) => None,
        };
        let trip = RoundTrip {
            down,
            down_differences: before.diff(rolled_back.catalog()),
            after_down: rolled_back.catalog().clone(),
            down_unstable: Vec::new(),
            re_up: Some(re_up),
            re_up_differences: again.as_ref().map_or_else(Vec::new, |again| after.diff(again.catalog())),
            re_up_unstable: Vec::new(),
        };
        Ok((trip, again.map(|again: Observed| again.catalog().clone())))
    }

    async fn run(
        &self,
        place: Place,
        session: &Session,
        script: &Script,
        direction: Direction,
    ) -> Result<ScriptRun, FixtureError> {
        let run = match place {
            Place::Transaction => run_in_transaction(session, script, direction).await,
            Place::Clone => {
                let mut run = run_script(session, script, direction).await;
                run.isolation = confiture_core::plugin::Isolation::Clone;
                run
            }
        };
        self.lost(&run).await?;
        Ok(run)
    }
}

/// Moves the differences whose object changes from one run to the next out of `differences`.
///
/// An object that gets another name in every run shows as one lost and one added; only the added one
/// changes from run to run, so as many lost ones of its kind go with it.
fn take_unstable(differences: &mut Vec<Difference>, changing: &[Difference]) -> Vec<Difference> {
    let (mut unstable, mut stable): (Vec<_>, Vec<_>) = std::mem::take(differences)
        .into_iter()
        .partition(|difference| changing.iter().any(|other| other.object == difference.object));
    let named_anew: Vec<Kind> =
        unstable.iter().filter(|d| d.change == Change::Added).map(|d| d.object.kind()).collect();
    for kind in named_anew {
        let lost = stable.iter().position(|d| d.change == Change::Removed && d.object.kind() == kind);
        unstable.extend(lost.map(|at| stable.remove(at)));
    }
    *differences = stable;
    unstable
}
