//! Accounts and transfers: a small program with a database, as an example of how to test one.

use tokio_postgres::{Client, Error};

/// Opens an account and returns its id.
///
/// # Errors
/// What the server refused: an owner that is empty.
pub async fn open_account(client: &Client, owner: &str) -> Result<i64, Error> {
    let sql = "INSERT INTO accounts (owner) VALUES ($1) RETURNING id";
    Ok(client.query_one(sql, &[&owner]).await?.get(0))
}

/// Moves `cents` from one account to another; both or neither change.
///
/// # Errors
/// What the server refused: more than there is, an account that is not there.
pub async fn transfer(client: &mut Client, from: i64, to: i64, cents: i64) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    let sql = "UPDATE accounts SET balance = balance + $2 WHERE id = $1";
    transaction.execute(sql, &[&from, &-cents]).await?;
    transaction.execute(sql, &[&to, &cents]).await?;
    let sql = "INSERT INTO transfers (sender, receiver, cents) VALUES ($1, $2, $3)";
    transaction.execute(sql, &[&from, &to, &cents]).await?;
    transaction.commit().await
}

/// What is on an account, in cents; `None` when there is no such account.
///
/// # Errors
/// What the server refused.
pub async fn balance(client: &Client, account: i64) -> Result<Option<i64>, Error> {
    let row = client.query_opt("SELECT balance FROM accounts WHERE id = $1", &[&account]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Whether `name` can be the name of a column that reports are grouped by, and how SQL writes it.
pub fn group_column(name: &str) -> Option<String> {
    let fits = !name.is_empty() && name.len() <= 63 && !name.contains('\0');
    fits.then(|| format!("\"{}\"", name.replace('"', "\"\"")))
}
