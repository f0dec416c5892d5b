//! `confiture doctor`: what is here, what is missing, what to do.

use std::time::Instant;

use confiture_core::db::{Server, ServerOptions, installed};
use confiture_core::plugin::Registry;

use super::print;
use super::server::options;
use crate::args::ServerArgs;
use crate::exit::ExitStatus;
use crate::settings;

/// Looks at the machine, starts a private server and creates and drops a database in it.
pub(super) async fn run(args: ServerArgs, registry: &Registry) -> anyhow::Result<ExitStatus> {
    let args = settings::server(args, settings::load(None, None)?);
    let base = options(&args);
    let mut text = format!("confiture {}\n", env!("CARGO_PKG_VERSION"));
    let mut status = ExitStatus::Passed;
    let kinds = registry.list();
    text.push_str(&format!("plugins      {} linked\n", kinds.len()));
    for server in installed(&base) {
        text.push_str(&format!(
            "found        PostgreSQL {} in {} ({})\n",
            server.version,
            server.bindir.display(),
            server.origin
        ));
    }
    let mut asked: Vec<ServerOptions> = args
        .server
        .iter()
        .map(|url| ServerOptions { server_urls: vec![url.clone()], ..base.clone() })
        .collect();
    asked.extend(args.pg.iter().map(|major| ServerOptions { version: Some(*major), ..base.clone() }));
    if asked.is_empty() {
        asked.push(base);
    }
    for options in asked {
        let started = Instant::now();
        match probe(&options).await {
            Ok(found) => text.push_str(&format!(
                "ok           {found}; server and scratch database made and removed in {} ms\n",
                started.elapsed().as_millis()
            )),
            Err(error) => {
                status = ExitStatus::NoServer;
                text.push_str(&format!("problem      failed to {error}\n"));
            }
        }
    }
    let git =
        std::process::Command::new("git").arg("--version").output().is_ok_and(|out| out.status.success());
    text.push_str(if git { "ok           git\n" } else { "missing      git, which --changed-since needs\n" });
    let npm =
        std::process::Command::new("npm").arg("--version").output().is_ok_and(|out| out.status.success());
    text.push_str(match npm {
        true => "ok           npm, with which missing PostgreSQL versions are fetched\n",
        false => "missing      npm, with which missing PostgreSQL versions are fetched\n",
    });
    if std::env::var_os("DATABASE_URL").is_some() {
        text.push_str(
            "note         DATABASE_URL is set; confiture never uses it (--server names a server)\n",
        );
    }
    print(&text)?;
    Ok(status)
}

async fn probe(options: &ServerOptions) -> Result<String, confiture_core::db::DbError> {
    let server = Server::open(options).await?;
    let found = format!("PostgreSQL {}, {}", server.version(), server.kind().as_str());
    let database = server.create_database("doctor").await?;
    database.close().await?;
    server.close().await;
    Ok(found)
}
