//! Clients that others opened.

use super::error::DbError;
use super::failure::DbFailure;
use super::marker::{Marker, Purpose};
use super::quote::{identifier, literal};
use super::session::Session;

/// The database a client is in: name, mark, whether it belongs to the server itself, whether we may
/// comment on it, and our role.
const WHERE: &str = "SELECT datname::text, shobj_description(oid, 'pg_database'), \
    datistemplate OR datname IN ('postgres', 'template0', 'template1'), \
    pg_has_role(datdba, 'usage'), current_user::text, pg_backend_pid() \
    FROM pg_database WHERE datname = current_database()";

/// Up to three things somebody created. OIDs from 16384 on are given in normal operation only (transam.h,
/// `FirstNormalObjectId`); schemas of temporary tables come and go by themselves.
const HELD: &str = "SELECT pg_describe_object(class, oid, 0) FROM ( \
    SELECT 'pg_extension'::regclass AS class, oid FROM pg_extension \
    UNION ALL SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relpersistence <> 't' \
        AND relnamespace <> 'pg_toast'::regnamespace \
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc \
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace \
        WHERE nspname NOT LIKE 'pg\\_temp\\_%' AND nspname NOT LIKE 'pg\\_toast\\_temp\\_%' \
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type \
        WHERE typrelid = 0 AND typelem = 0 \
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language \
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator \
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass \
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily \
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am \
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast \
    UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform \
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation \
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion \
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser \
    UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template \
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict \
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config \
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper \
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server \
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger \
    UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication \
    UNION ALL SELECT 'pg_subscription'::regclass, oid FROM pg_subscription \
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    UNION ALL SELECT 'pg_default_acl'::regclass, oid FROM pg_default_acl \
    UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata \
    ) AS held WHERE oid >= 16384 LIMIT 3";

impl Session {
    /// Makes a session of a client that was opened elsewhere, so that everything that takes a session
    /// works on it. Its connection stays driven by whoever opened it; [`into_client`](Self::into_client)
    /// gives it back.
    ///
    /// Only in a database that carries confiture's mark, or that holds nothing at all: no object, no
    /// extension, no large object, no comment. An empty one is marked (`COMMENT ON DATABASE`); confiture never
    /// drops it. There is no override. Costs one query, and two more where the mark is missing.
    ///
    /// A deadline cancels over a connection without TLS, and cannot terminate a backend that does not
    /// listen; notices stay with whoever drives the connection.
    ///
    /// # Errors
    /// [`DbError::NotEmpty`] for a database that holds something, is a template or belongs to the
    /// server itself; [`DbError::Permission`] when the role does not own an unmarked one;
    /// [`DbError::Refused`]. The client is closed then.
    ///
    /// # Example
    /// ```no_run
    /// # async fn example(client: tokio_postgres::Client) -> Result<(), confiture_core::db::DbError> {
    /// use confiture_core::db::Session;
    ///
    /// let session = Session::adopt(client).await?;
    /// session.execute("CREATE TABLE users (name text)").await.ok();
    /// let client: tokio_postgres::Client = session.into_client();
    /// # Ok(()) }
    /// ```
    pub async fn adopt(client: tokio_postgres::Client) -> Result<Self, DbError> {
        let refused = |sql: &str, error: tokio_postgres::Error| DbError::Refused {
            step: "look at the database of a client".to_owned(),
            failure: DbFailure::from_driver(&error, sql),
        };
        let place = client.query_one(WHERE, &[]).await.map_err(|error| refused(WHERE, error))?;
        let (database, mark): (String, Option<String>) = (place.get(0), place.get(1));
        if place.get(2) {
            return Err(DbError::NotEmpty { database, reason: "it is the server's own".to_owned() });
        }
        if Marker::parse(mark.as_deref()).is_none() {
            if mark.is_some() {
                return Err(DbError::NotEmpty { database, reason: "it has a comment of its own".to_owned() });
            }
            let held = client.query(HELD, &[]).await.map_err(|error| refused(HELD, error))?;
            if !held.is_empty() {
                let held = held.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default());
                let reason = format!("it holds {}", held.collect::<Vec<_>>().join(", "));
                return Err(DbError::NotEmpty { database, reason });
            }
            if !place.get::<_, bool>(3) {
                let role: String = place.get(4);
                let grant =
                    format!("ALTER DATABASE {} OWNER TO {};", identifier(&database), identifier(&role));
                return Err(DbError::Permission { step: format!("mark database {database:?}"), role, grant });
            }
            let comment = Marker::new(Purpose::Adopted, 0).comment();
            let mark = format!("COMMENT ON DATABASE {} IS {}", identifier(&database), literal(&comment));
            client.batch_execute(&mark).await.map_err(|error| refused(&mark, error))?;
        }
        Ok(Self::over(client, place.get(5)))
    }
}
