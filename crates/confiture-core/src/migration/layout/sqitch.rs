//! Sqitch (Perl).

use super::assemble::Recipe;
use super::gather::{Gather, Pair};
use super::sections::lines;
use super::template::Template;
use super::{Confidence, Detection, Dir, DirFile, Layout, LayoutError, LoadOptions, Loaded, Tracking};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::migration::{Step, TransactionMode};
use crate::plugin::PluginMeta;

/// `deploy/x.sql`, `revert/x.sql` and `verify/x.sql` in the order of `sqitch.plan`.
#[derive(Debug, Default)]
pub struct Sqitch;

crate::register!(layout Sqitch);

impl Layout for Sqitch {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "sqitch",
            summary: "Sqitch: sqitch.plan with deploy/x.sql, revert/x.sql and verify/x.sql",
            docs: include_str!("sqitch.md"),
        };
        &META
    }

    fn detect(&self, dir: &Dir) -> Detection {
        if dir.file("sqitch.plan").is_some() {
            return Detection::new(Confidence::Config, "sqitch.plan is in it");
        }
        if beside_plan(dir) {
            return Detection::new(Confidence::Config, "sqitch.plan is beside it");
        }
        Detection::no()
    }

    fn load(&self, dir: &Dir, options: &LoadOptions) -> Result<Loaded, LayoutError> {
        if dir.file("sqitch.plan").is_none() && beside_plan(dir) {
            return self.load(&dir.parent()?, options);
        }
        let Some(plan) = dir.file("sqitch.plan") else {
            let reason = "there is no sqitch.plan".to_owned();
            return Err(LayoutError::Empty { path: dir.path.clone(), reason });
        };
        let text = match plan.source() {
            Ok(source) => source.text.as_str(),
            Err(reason) => {
                return Err(LayoutError::Broken { path: plan.path.clone(), reason: reason.to_owned() });
            }
        };
        let plan_read = Plan::read(text);
        let top = top_dir(dir);
        let mut gather = Gather::new(dir);
        gather.used(plan);
        let recipe = Recipe { psql: true, ..Recipe::new(TransactionMode::Autocommit, &options.vars) }
            .template(Template::Psql);
        for (index, change) in plan_read.changes.iter().enumerate() {
            let stem = script_stem(dir, &top, &plan_read, index);
            let script = |kind: &str| dir.file(&format!("{top}{kind}/{stem}.sql"));
            let (deploy, revert) = (script("deploy"), script("revert"));
            if deploy.is_none() {
                missing(&mut gather, plan, change, &format!("{top}deploy/{stem}.sql"));
            }
            let pair = Pair {
                id: stem.clone(),
                version: stem.clone(),
                name: change.name.to_owned(),
                up: deploy,
                down: revert,
            };
            let up = match deploy {
                None => Step::NotRunnable {
                    file: dir.path.join(format!("{top}deploy/{stem}.sql")),
                    reason: "sqitch.plan names it, and there is no such file".to_owned(),
                },
                file => recipe.file(file),
            };
            let down = recipe.file(revert);
            gather.push(pair, up, down);
            if let (Some(verify), Some(migration)) = (script("verify"), gather.loaded.migrations.last_mut()) {
                migration.verify = Some(verify.path.clone());
                gather.used(verify);
            }
        }
        gather.loaded.tracking = Some(tracking(&plan_read.project));
        for kind in ["deploy", "revert", "verify"] {
            let prefix = format!("{top}{kind}/");
            for file in dir.files().iter().filter(|file| file.rel.starts_with(&prefix)) {
                if file.name().ends_with(".sql") {
                    gather.ignore(file, "sqitch.plan does not name it", false);
                }
            }
        }
        // The rest of a Sqitch project's root is the project's own.
        Ok(gather.loaded)
    }
}

/// Whether this is `deploy/` (or a sister) of a project whose plan is above.
fn beside_plan(dir: &Dir) -> bool {
    matches!(dir.name(), "deploy" | "revert" | "verify")
        && dir.config("sqitch.plan").is_some_and(|plan| plan.up == 1)
}

/// `top_dir` of sqitch.conf, with a slash; empty when the scripts are beside the plan.
fn top_dir(dir: &Dir) -> String {
    let conf = dir.file("sqitch.conf").map_or("", DirFile::text);
    let value = lines(conf).find_map(|line| {
        let (key, value) = line.text.split_once('=')?;
        (key.trim() == "top_dir").then(|| value.trim().trim_matches('"').trim_end_matches('/').to_owned())
    });
    match value.filter(|value| !value.is_empty() && value != ".") {
        Some(top) => format!("{top}/"),
        None => String::new(),
    }
}

#[derive(Debug, Default)]
struct Plan<'a> {
    project: String,
    changes: Vec<Change<'a>>,
    /// Tags with the number of changes before them.
    tags: Vec<(&'a str, usize)>,
}

#[derive(Debug)]
struct Change<'a> {
    name: &'a str,
    start: usize,
}

impl<'a> Plan<'a> {
    fn read(text: &'a str) -> Self {
        let mut plan = Self::default();
        for line in lines(text) {
            let content = line.text.trim();
            if let Some(pragma) = content.strip_prefix('%') {
                if let Some(("project", name)) = pragma.split_once('=') {
                    plan.project = name.trim().to_owned();
                }
                continue;
            }
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let word = content.split_whitespace().next().unwrap_or(content);
            match word.strip_prefix('@') {
                Some(tag) => plan.tags.push((tag, plan.changes.len())),
                // A change may be marked as deploying (`+`).
                None => plan.changes.push(Change { name: word.trim_start_matches('+'), start: line.start }),
            }
        }
        plan
    }

    /// The tags between this change and the next of the same name, nearest first; `None` without a next.
    fn rework_tags(&self, index: usize) -> Option<Vec<&'a str>> {
        let name = self.changes.get(index)?.name;
        let next = self.changes.iter().enumerate().skip(index + 1).find(|(_, change)| change.name == name)?.0;
        let between = self.tags.iter().filter(|(_, at)| index < *at && *at <= next);
        Some(between.map(|(tag, _)| *tag).rev().collect())
    }
}

/// Scripts of a change that was reworked later carry the tag before the rework: `x@v1.sql`.
fn script_stem(dir: &Dir, top: &str, plan: &Plan<'_>, index: usize) -> String {
    let Some(change) = plan.changes.get(index) else { return String::new() };
    let Some(tags) = plan.rework_tags(index) else { return change.name.to_owned() };
    let stems: Vec<_> = tags.iter().map(|tag| format!("{}@{tag}", change.name)).collect();
    let found = stems.iter().find(|stem| dir.file(&format!("{top}deploy/{stem}.sql")).is_some());
    found.or(stems.first()).cloned().unwrap_or_else(|| format!("{}@{index}", change.name))
}

fn missing(gather: &mut Gather<'_>, plan: &DirFile, change: &Change<'_>, script: &str) {
    let span = change.start..change.start + change.name.len();
    let problem = Diagnostic::new(
        "stale-journal",
        Severity::High,
        format!("sqitch.plan names {}, and there is no {script}", change.name),
    )
    .with_help("restore the script; sqitch fails there")
    .at(Location::new(&plan.path, plan.text(), span));
    gather.loaded.problems.push(problem);
}

fn tracking(project: &str) -> Tracking {
    let project = project.replace('\'', "''");
    let people = "committer_name, committer_email, planned_at, planner_name, planner_email";
    Tracking {
        create: vec![
            "CREATE SCHEMA IF NOT EXISTS sqitch".to_owned(),
            "CREATE TABLE IF NOT EXISTS sqitch.projects (\n    project         TEXT        PRIMARY KEY,\n    \
             uri             TEXT            NULL UNIQUE,\n    created_at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),\n    \
             creator_name    TEXT        NOT NULL,\n    creator_email   TEXT        NOT NULL\n)"
                .to_owned(),
            "CREATE TABLE IF NOT EXISTS sqitch.changes (\n    change_id       TEXT        PRIMARY KEY,\n    \
             script_hash     TEXT            NULL,\n    change          TEXT        NOT NULL,\n    \
             project         TEXT        NOT NULL REFERENCES sqitch.projects(project) ON UPDATE CASCADE,\n    \
             note            TEXT        NOT NULL DEFAULT '',\n    committed_at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),\n    \
             committer_name  TEXT        NOT NULL,\n    committer_email TEXT        NOT NULL,\n    \
             planned_at      TIMESTAMPTZ NOT NULL,\n    planner_name    TEXT        NOT NULL,\n    \
             planner_email   TEXT        NOT NULL,\n    UNIQUE(project, script_hash)\n)"
                .to_owned(),
            format!(
                "INSERT INTO sqitch.projects (project, creator_name, creator_email) \
                 VALUES ('{project}', 'confiture', 'confiture@localhost') ON CONFLICT DO NOTHING"
            ),
        ],
        insert: format!(
            "INSERT INTO sqitch.changes (change_id, change, project, {people}) VALUES ($VERSION, $NAME, '{project}', \
             'confiture', 'confiture@localhost', now(), 'confiture', 'confiture@localhost')"
        ),
        delete: "DELETE FROM sqitch.changes WHERE change_id = $VERSION".to_owned(),
        select: "SELECT change_id FROM sqitch.changes ORDER BY committed_at".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::project;

    #[test]
    fn the_plan_gives_order_and_reworked_scripts() {
        insta::assert_snapshot!(project(&[
            ("sqitch.plan", "%syntax-version=1.0.0\n%project=shop\n\nusers 2024-01-01T00:00:00Z A <a@b> # first\n@v1 2024-01-02T00:00:00Z A <a@b>\ntables/orders [users] 2024-01-03T00:00:00Z A <a@b>\nusers [users@v1] 2024-01-04T00:00:00Z A <a@b>\ngone 2024-01-05T00:00:00Z A <a@b>\n"),
            ("deploy/users.sql", "\\set ON_ERROR_STOP 1\nbegin;\nselect 2;\ncommit;"),
            ("deploy/users@v1.sql", "begin; select 1; commit;"),
            ("revert/users@v1.sql", "select -1;"),
            ("verify/users.sql", "select 1/count(*) from users;"),
            ("deploy/tables/orders.sql", "create table orders (owner text default :'who');"),
            ("deploy/extra.sql", "select 9;"),
            ("src/main.sql", "select 9;"),
        ])
        .read(""), @r"
        sqitch: sqitch.plan is in it
        users@v1 (users@v1, users)
          up autocommit [1:1 begin | 1:8 select 1 | 1:18 commit]
          down autocommit [1:1 select -1]
        tables/orders (tables/orders, tables/orders)
          up not run: the template value who (line 1) has not been given: --var who=VALUE
          down absent
        users (users, users) verified
          up autocommit [2:1 begin | 3:1 select 2 | 4:1 commit]
          down absent
        gone (gone, gone)
          up not run: sqitch.plan names it, and there is no such file
          down absent
        ? deploy/extra.sql: sqitch.plan does not name it
        stale-journal: sqitch.plan names gone, and there is no deploy/gone.sql
        ");
    }

    #[test]
    fn the_deploy_directory_leads_to_the_plan() {
        insta::assert_snapshot!(project(&[("sqitch.plan", "a 2024-01-01T00:00:00Z A <a@b>\n"), ("deploy/a.sql", "\\c other\nselect 1;")])
            .read("deploy"), @r"
        sqitch: sqitch.plan is beside it
        a (a, a)
          up not run: psql meta command \c at line 1
          down absent
        ");
    }
}
