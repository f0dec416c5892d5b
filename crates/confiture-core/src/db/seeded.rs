//! Private servers that start with a template in them.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::cluster::{Cluster, ClusterOptions};
use super::discovery;
use super::error::{DbError, io_at};
use super::options::ServerOptions;
use super::scratch::ScratchDb;
use super::server::Server;
use super::template::{self, Template};

impl Server {
    /// A server and on it the template for `key`, as [`Server::template`] gives it. On a private server
    /// the data directory with the template in it is cached, so that other processes, now and later,
    /// start with it (about 100 ms) and do not build it again; processes that want the same key at the
    /// same time wait for the first.
    ///
    /// The directory of such a server is removed also when the process ends without dropping anything.
    ///
    /// # Errors
    /// Those of [`Server::open`], and what `build` returns.
    pub async fn with_template<E: From<DbError>>(
        options: &ServerOptions,
        key: &str,
        build: impl AsyncFn(&ScratchDb) -> Result<(), E>,
    ) -> Result<(Self, Template), E> {
        if !options.server_urls.is_empty() {
            let server = Self::open(options).await?;
            let template = server.template(key, build).await?;
            return Ok((server, template));
        }
        let wanted = options.clone();
        let found = blocking("look for PostgreSQL", move || discovery::find(&wanted)).await?;
        let seed = template::hash(key);
        let cluster = ClusterOptions { seed: Some(seed.clone()), ..options.cluster() };
        let server = Self::seeded(&found, options, &cluster).await?;
        if server.holds(key).await? {
            let template = server.template(key, build).await?;
            return Ok((server, template));
        }
        let seeds = options.cache_dir().join("seeds");
        let lock = blocking("wait for another process", move || Lock::take(&seeds, &seed)).await;
        let Ok(lock) = lock.inspect_err(|error| tracing::debug!(%error, "nothing is cached")) else {
            let template = server.template(key, build).await?;
            return Ok((server, template));
        };
        // Another process may have built it while we waited.
        let again = Self::seeded(&found, options, &cluster).await?;
        server.close().await;
        if !again.holds(key).await? {
            again.template(key, &build).await?;
            if let Some(cluster) = again.cluster()
                && let Err(error) = cluster.keep_seed().await
            {
                tracing::debug!(%error, "template not cached");
            }
            again.close().await;
            lock.release();
            let server = Self::seeded(&found, options, &cluster).await?;
            let template = server.template(key, build).await?;
            return Ok((server, template));
        }
        lock.release();
        let template = again.template(key, build).await?;
        Ok((again, template))
    }
}

/// A lock between processes, on the right to build one seed.
struct Lock {
    path: PathBuf,
    _held: File,
}

impl Lock {
    fn take(seeds: &Path, seed: &str) -> Result<Self, DbError> {
        std::fs::create_dir_all(seeds).map_err(io_at("create", seeds))?;
        let path = seeds.join(format!(".{seed}.lock"));
        let held = File::create(&path).map_err(io_at("create", &path))?;
        rustix::fs::flock(&held, FlockOperation::LockExclusive)
            .map_err(|errno| io_at("lock", &path)(errno.into()))?;
        Ok(Self { path, _held: held })
    }

    /// Whoever still waits finds the seed made; whoever comes later does not ask for the lock.
    fn release(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "lock file not removed");
        }
    }
}

async fn blocking<T: Send + 'static>(
    step: &str,
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(DbError::Cluster { step: step.to_owned(), reason: error.to_string(), log_tail: String::new() })
    })
}

impl Server {
    async fn seeded(
        found: &discovery::FoundServer,
        options: &ServerOptions,
        cluster: &ClusterOptions,
    ) -> Result<Self, DbError> {
        Self::on(Cluster::start(found, cluster).await?, found, options).await
    }
}
