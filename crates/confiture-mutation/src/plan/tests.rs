//! Plans of small directories, without a server.

use std::collections::BTreeSet;

use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::plugin::{Channels, MutationCategory, PluginMeta};
use confiture_core::sql::{Edit, Span};
use confiture_core::{Location, Severity, report::MutantStatus};
use tempfile::TempDir;

use super::*;
use crate::options::{OperatorFilter, OperatorPattern};
use crate::{Log, LogKeys, MergeError, merge};

/// A directory of migrations in golang-migrate's layout.
struct Dir {
    dir: TempDir,
    options: MutationOptions,
}

impl Dir {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self { dir, options: MutationOptions::default() };
        files.iter().for_each(|(name, text)| this.write(name, text));
        this
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn load(&self) -> Loaded {
        let registry = Registry::linked().unwrap();
        layout::load(&registry, self.dir.path(), Some("golang-migrate"), &LoadOptions::default()).unwrap().2
    }

    fn try_plan(&self, registry: &Registry) -> Result<Plan, PlanError> {
        let loaded = self.load();
        let empty = Catalog::default();
        Plan::new(&loaded, registry, |_| Some((&empty, &empty)), &self.options)
    }

    fn plan(&self) -> Plan {
        self.try_plan(&Registry::linked().unwrap()).unwrap()
    }

    fn only(mut self, patterns: &[&str]) -> Self {
        self.options.operators = OperatorFilter::parse(patterns.iter().copied()).unwrap();
        self
    }
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.mutants.iter().map(|planned| planned.id.as_str()).collect()
}

fn shop() -> Dir {
    Dir::new(&[
        (
            "1_users.up.sql",
            "CREATE TABLE users (id int PRIMARY KEY);\nCREATE TABLE orders (id int PRIMARY KEY);\n",
        ),
        ("1_users.down.sql", "DROP TABLE orders;\nDROP TABLE users;\n"),
        ("2_clean.up.sql", "UPDATE users SET id = 1 WHERE id = 2;\nDELETE FROM orders\n WHERE id < 3;\n"),
        ("2_clean.down.sql", ""),
    ])
    .only(&["pk-drop", "where-relop", "down-empty", "statement-delete"])
}

#[test]
fn mutants_come_in_chain_order_with_ids_that_nothing_else_changes() {
    let dir = shop();
    assert_eq!(
        ids(&dir.plan()),
        [
            "pk-drop/1_users/users.id/1",
            "pk-drop/1_users/orders.id/1",
            "statement-delete/1_users/users/1",
            "statement-delete/1_users/orders/1",
            "down-empty/1_users/down/orders/1",
            "where-relop/2_clean/users/1",
            "where-relop/2_clean/orders/1",
            "statement-delete/2_clean/users/1",
            "statement-delete/2_clean/orders/1",
        ]
    );
    let before = dir.plan();
    dir.write(
        "1_users.up.sql",
        "-- moved\n\nCREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE users (id int PRIMARY KEY);\n\
         CREATE TABLE orders (id int PRIMARY KEY);\n",
    );
    let after = dir.plan();
    assert!(ids(&before).iter().all(|id| ids(&after).contains(id)), "{:?}", ids(&after));
    assert_ne!(before.hash, after.hash);
}

#[test]
fn a_mutant_is_shown_where_it_is_in_the_users_file() {
    let dir = shop();
    let plan = dir.plan();
    let planned = plan.mutants.iter().find(|p| p.id == "where-relop/2_clean/orders/1").unwrap();
    assert_eq!((planned.line, planned.column), (3, 11));
    assert_eq!(
        (planned.original.as_str(), planned.replacement.as_str()),
        (" WHERE id < 3;", " WHERE id <= 3;")
    );
    let file = dir.dir.path().join("2_clean.up.sql").display().to_string();
    assert_eq!(
        planned.diff(&dir.load()).unwrap(),
        format!(
            "--- a/{file}\n+++ b/{file}\n@@ -1,3 +1,3 @@\n UPDATE users SET id = 1 WHERE id = 2;\n \
             DELETE FROM orders\n- WHERE id < 3;\n+ WHERE id <= 3;\n"
        )
    );
    let all = plan.mutants.iter().find(|p| p.id == "down-empty/1_users/down/orders/1").unwrap();
    assert_eq!(all.original, "DROP TABLE orders;\nDROP TABLE users;");
    assert_eq!(all.replacement, ";\n;");
}

/// An operator that makes what it is told to.
#[derive(Debug)]
struct Told {
    meta: &'static OperatorMeta,
    edits: Vec<Edit>,
}

impl Told {
    fn new(id: &'static str, since: u32, edits: Vec<Edit>) -> Box<Self> {
        let plugin = PluginMeta { id, summary: "", docs: "" };
        let (category, severity) = (MutationCategory::Data, Severity::Low);
        let (channels, direction, example) = (Channels::STATE, Some(Direction::Up), None);
        let meta = OperatorMeta { plugin, category, severity, channels, direction, since, example };
        Box::new(Self { meta: Box::leak(Box::new(meta)), edits })
    }
}

impl MutationOperator for Told {
    fn meta(&self) -> &'static OperatorMeta {
        self.meta
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(self.edits.iter().map(|edit| cx.sites[0].mutant([edit.clone()], "told")));
    }
}

#[test]
fn mutants_that_say_the_same_are_redundant_and_those_that_say_the_original_are_left_out() {
    let dir = Dir::new(&[("1_a.up.sql", "delete from a"), ("1_a.down.sql", "")]);
    let at = |start, end| Span::new(start, end);
    let edits = vec![
        Edit::replace(at(0, 6), "DELETE /* the same */ "),
        Edit::insert(13, " where \"A\" = 1"),
        Edit::insert(13, "\n  WHERE \"A\"=1 -- so"),
        Edit::insert(13, " where \"a\" = 1"),
    ];
    let registry = Registry::linked().unwrap().with_operator(Told::new("acme/told", 9, edits)).unwrap();
    let plan = dir.only(&["acme/*"]).try_plan(&registry).unwrap();
    let said: Vec<_> = plan.mutants.iter().map(|p| (p.id.as_str(), p.same_as.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("acme/told/1_a/a/2", None),
            ("acme/told/1_a/a/3", Some("acme/told/1_a/a/2")),
            ("acme/told/1_a/a/4", None)
        ]
    );
}

#[test]
fn a_general_operator_yields_to_a_particular_one() {
    let dir = Dir::new(&[("1_a.up.sql", "delete from a"), ("1_a.down.sql", "")]);
    let told = Told::new("z-delete-skip", 1, vec![Edit::remove(Span::new(0, 13))]);
    let registry = Registry::linked().unwrap().with_operator(told).unwrap();
    let plan = dir.only(&["z-*", "statement-delete"]).try_plan(&registry).unwrap();
    assert_eq!(plan.mutants[1].same_as.as_deref(), Some("z-delete-skip/1_a/a/1"), "{:?}", ids(&plan));
}

#[test]
fn edits_that_do_not_fit_name_the_operator() {
    let dir = Dir::new(&[("1_a.up.sql", "delete from a"), ("1_a.down.sql", "")]);
    let told = Told::new("broken", 1, vec![Edit::remove(Span::new(0, 99))]);
    let registry = Registry::linked().unwrap().with_operator(told).unwrap();
    let error = dir.try_plan(&registry).unwrap_err().to_string();
    assert!(error.contains("1_a (up) with the operator broken, which has a bug"), "{error}");
}

#[test]
fn what_is_asked_for_and_does_not_exist_is_an_error() {
    let told = || Told::new("later", OPERATORS_VERSION + 1, vec![Edit::replace(Span::new(0, 6), "SELECT")]);
    let registry = Registry::linked().unwrap().with_operator(told()).unwrap();
    let mut dir = shop();
    dir.options.operators = OperatorFilter::parse(["pk-drip"]).unwrap();
    assert!(matches!(dir.try_plan(&registry), Err(PlanError::NoOperator { .. })));
    dir.options.operators = OperatorFilter::parse(["later"]).unwrap();
    assert_eq!(dir.try_plan(&registry).unwrap().mutants.len(), 0, "the pinned set does not hold it");
    dir.options.operators_version = Some(OPERATORS_VERSION + 1);
    assert!(matches!(dir.try_plan(&registry), Err(PlanError::UnknownVersion { .. })));
}

#[test]
fn filters_choose_by_id_category_severity_and_migration() {
    let count = |change: &dyn Fn(&mut MutationOptions)| {
        let mut dir = shop();
        change(&mut dir.options);
        dir.plan().mutants.len()
    };
    assert_eq!(count(&|_| {}), 9);
    assert_eq!(count(&|o| o.operators = OperatorFilter::parse(["rollback"]).unwrap()), 4);
    assert_eq!(count(&|o| o.operators.exclude = vec![OperatorPattern::new("statement-*").unwrap()]), 5);
    assert_eq!(count(&|o| o.severity = Some(Severity::Critical)), 9);
    assert_eq!(count(&|o| o.judged = Some([1].into())), 4);
    assert_eq!(count(&|o| o.last = Some(0)), 5);
    assert_eq!(count(&|o| o.sample = Some(3)), 3);
    assert_eq!(count(&|o| o.sample = Some(99)), 9);
}

#[test]
fn shards_are_disjoint_and_complete_and_merge_to_the_whole() {
    let mut dir = shop();
    dir.options.sample = Some(8);
    let whole = dir.plan();
    let result = |planned: &Planned| {
        let killed = planned.place.is_multiple_of(2);
        let mut result = planned.result(if killed { MutantStatus::Killed } else { MutantStatus::Survived });
        result.reached = vec!["down".to_owned()];
        result.killed_by = killed.then(|| "down".to_owned()).into_iter().collect();
        result
    };
    let report = |plan: &Plan| plan.report(plan.mutants.iter().map(result).collect(), &dir.options);
    let expected = report(&whole);
    for count in 1..=4 {
        let shards: Vec<Plan> = (1..=count)
            .map(|index| {
                let options = MutationOptions { shard: Shard::new(index, count), ..dir.options.clone() };
                let loaded = dir.load();
                let empty = Catalog::default();
                let registry = Registry::linked().unwrap();
                Plan::new(&loaded, &registry, |_| Some((&empty, &empty)), &options).unwrap()
            })
            .collect();
        let mut places: Vec<usize> = shards.iter().flat_map(|s| s.mutants.iter().map(|p| p.place)).collect();
        places.sort_unstable();
        assert_eq!(places, (0..8).collect::<Vec<_>>(), "{count} shards");
        let mut reports: Vec<MutationReport> = shards.iter().map(report).collect();
        reports.reverse();
        assert_eq!(merge(reports.clone()).unwrap(), expected);
        let full = reports.iter().position(|report| !report.mutants.is_empty()).unwrap();
        let mut twice = reports.clone();
        twice.push(reports[full].clone());
        assert!(matches!(merge(twice), Err(MergeError::Overlap { .. })));
        if count > 1 {
            let mut gap = reports.clone();
            gap.remove(full);
            let error = merge(gap.clone()).unwrap_err().to_string();
            assert!(error.contains(&format!("shard {}/{count}", count - full)), "{error}");
            gap.iter_mut().for_each(|report| report.shard = None);
            assert!(matches!(merge(gap), Err(MergeError::Incomplete { planned: 8, .. })));
            let mut other = reports;
            other[1].plan_hash.push('0');
            assert!(matches!(merge(other), Err(MergeError::OtherPlan { number: 2 })));
        }
    }
    assert!(matches!(merge(Vec::new()), Err(MergeError::Nothing)));
}

#[test]
fn the_hash_tells_what_the_mutants_are_judged_by() {
    let hash = |change: &dyn Fn(&mut Dir)| {
        let mut dir = shop();
        change(&mut dir);
        dir.plan().hash
    };
    let base = hash(&|_| {});
    assert_eq!(base, hash(&|_| {}), "also in another directory");
    assert_eq!(base, hash(&|dir| dir.options.jobs = 8));
    assert_eq!(base, hash(&|dir| dir.options.shard = Shard::new(1, 3)));
    let changes: [&dyn Fn(&mut Dir); 5] = [
        &|dir| dir.options.ladder.rows = 3,
        &|dir| dir.options.matrix = true,
        &|dir| dir.options.skipped_checks = ["down".to_owned()].into(),
        &|dir| dir.options.sample = Some(2),
        &|dir| dir.write("3_more.up.sql", "SELECT 1"),
    ];
    for (at, change) in changes.iter().enumerate() {
        assert_ne!(base, hash(change), "change {at}");
    }
}

#[test]
fn ignored_mutants_are_not_run_and_say_why() {
    let mut dir = shop();
    dir.write(
        "2_clean.up.sql",
        "-- confiture:ignore where-relop there is one such user\nUPDATE users SET id = 1 WHERE id = 2; \
         -- confiture:ignore data not above\nDELETE FROM orders WHERE id < 3;\n",
    );
    let at = Some(Location::new("confiture.toml", "", 0..0));
    let (migration, reason) = (Some("1".to_owned()), " copied by hand ".to_owned());
    let what = Suppressed::Operator(OperatorPattern::new("pk-*").unwrap());
    dir.options.suppressions = vec![
        Suppression { what, migration, reason, at: at.clone() },
        Suppression {
            what: Suppressed::Mutant("statement-delete/1_users/users/1".to_owned()),
            migration: None,
            reason: "tried".to_owned(),
            at,
        },
    ];
    let plan = dir.plan();
    let suppressed: Vec<_> = plan.suppressed.iter().map(|s| (s.id.as_str(), s.reason.as_str())).collect();
    assert_eq!(
        suppressed,
        [
            ("pk-drop/1_users/users.id/1", "copied by hand"),
            ("pk-drop/1_users/orders.id/1", "copied by hand"),
            ("statement-delete/1_users/users/1", "tried"),
            ("where-relop/2_clean/users/1", "there is one such user"),
        ]
    );
    assert_eq!(plan.findings, []);
    assert_eq!(plan.mutants.len(), 5);
}

#[test]
fn what_says_the_same_as_an_ignored_mutant_is_ignored_with_it() {
    let mut dir = Dir::new(&[("1_a.up.sql", "delete from a"), ("1_a.down.sql", "")]);
    let told = Told::new("z-delete-skip", 1, vec![Edit::remove(Span::new(0, 13))]);
    let registry = Registry::linked().unwrap().with_operator(told).unwrap();
    let id = "statement-delete/1_a/a/1".to_owned();
    let rule = Suppression {
        what: Suppressed::Mutant(id.clone()),
        migration: None,
        reason: "so".to_owned(),
        at: None,
    };
    dir.options.suppressions = vec![rule];
    let plan = dir.try_plan(&registry).unwrap();
    // Others change the statement instead of leaving it out.
    assert!(!ids(&plan).iter().any(|id| id.contains("delete")), "{:?}", ids(&plan));
    assert!(plan.suppressed.iter().any(|s| s.reason == format!("the same as {id}: so")));
}

#[test]
fn ignoring_without_reason_effect_or_operator_is_a_finding() {
    let mut dir = shop();
    dir.write(
        "2_clean.up.sql",
        "-- confiture:ignore where-relop\nUPDATE users SET id = 1 WHERE id = 2;\n\
         -- confiture:ignore pk-drop there is no key here\n-- confiture:ignore where-relopp a slip\n\
         -- confiture:ignore rollback-leaves-object another's business\nDELETE FROM orders WHERE id < 3;\n",
    );
    let rule = |what: Suppressed, migration: Option<&str>| Suppression {
        what,
        migration: migration.map(str::to_owned),
        reason: "so".to_owned(),
        at: None,
    };
    let mutant = |id: &str| Suppressed::Mutant(id.to_owned());
    dir.options.suppressions = vec![
        rule(mutant("pk-drop/1_users/gone.id/1"), None),
        rule(mutant("pk-drop/1_users/users.id/1"), Some("2")),
    ];
    let told = |dir: &Dir| {
        let plan = dir.plan();
        let place = |f: &Diagnostic| f.location.as_ref().map_or(0, |at| at.line);
        plan.findings.iter().map(|f| (f.code, place(f))).collect::<Vec<_>>()
    };
    let unused = ("suppression-unused", 0);
    let comments = [("suppression-without-reason", 1), ("suppression-unused", 3), ("suppression-unknown", 4)];
    assert_eq!(told(&dir), [&[unused, unused][..], &comments].concat());
    assert_eq!(dir.plan().mutants.len(), 9, "nothing is ignored");
    // A part of the chain cannot tell that nothing matches.
    dir.options.judged = Some([1].into());
    assert_eq!(told(&dir), [&[unused][..], &comments].concat());
    dir.options.judged = Some([0].into());
    assert_eq!(told(&dir), []);
}

#[test]
fn a_log_gives_back_what_was_written_and_nothing_that_no_longer_holds() {
    let dir = shop();
    let path = dir.dir.path().join("logs/mutants.jsonl");
    let (loaded, plan) = (dir.load(), dir.plan());
    let keys = LogKeys::new(&loaded, &dir.options, "15.4");
    let log = Log::open(&path).unwrap();
    assert!(matches!(Log::open(&path), Err(crate::LogError::InUse { .. })));
    let [killed, error, redundant] = [0, 1, 2].map(|at| &plan.mutants[at]);
    let mut result = killed.result(MutantStatus::Killed);
    result.killed_by = vec!["down".to_owned()];
    log.append(&keys.of(killed), &result).unwrap();
    log.append(&keys.of(error), &error.result(MutantStatus::Error)).unwrap();
    let mut same = redundant.result(MutantStatus::Redundant);
    same.same_as = Some(killed.id.clone());
    log.append(&keys.of(redundant), &same).unwrap();
    assert_eq!(log.recall(&keys, &plan, killed), Some(result.clone()));
    drop(log);

    // A process that was killed in the middle of a line.
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], b"{\"key\":\"ab"].concat()).unwrap();
    let log = Log::open(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!(log.recall(&keys, &plan, killed), Some(result.clone()));
    assert_eq!(log.recall(&keys, &plan, error), None, "errors are tried again");
    assert_eq!(log.recall(&keys, &plan, redundant), Some(same));
    assert_eq!(log.recall(&keys, &plan, &plan.mutants[3]), None);

    let mut part = dir.options.clone();
    part.judged = Some(BTreeSet::from([0]));
    part.operators = OperatorFilter::parse(["statement-delete"]).unwrap();
    let (registry, empty) = (Registry::linked().unwrap(), Catalog::default());
    let few = Plan::new(&loaded, &registry, |_| Some((&empty, &empty)), &part).unwrap();
    let again = few.mutants.iter().find(|p| p.id == redundant.id).unwrap();
    assert_eq!(log.recall(&keys, &few, again), None, "what it is the same as is not in this plan");

    let other = |options: &MutationOptions, server: &str| LogKeys::new(&dir.load(), options, server);
    assert_eq!(log.recall(&other(&dir.options, "16.1"), &plan, killed), None);
    let mut options = dir.options.clone();
    options.ladder.seed = 7;
    assert_eq!(log.recall(&other(&options, "15.4"), &plan, killed), None);
    dir.write("2_clean.up.sql", "SELECT 1");
    assert_eq!(log.recall(&other(&dir.options, "15.4"), &plan, killed), None, "a later migration changed");
}

#[test]
fn another_file_is_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.txt");
    for text in ["do not lose this", "nor\nthis\n"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Log::open(&path), Err(crate::LogError::Foreign { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    // A run that was killed in its first line.
    std::fs::write(&path, "{\"ke").unwrap();
    assert!(Log::open(&path).is_ok());
}
