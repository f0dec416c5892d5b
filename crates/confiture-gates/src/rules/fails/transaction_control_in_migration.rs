//! `transaction-control-in-migration`.

use super::super::prelude::*;
use confiture_core::migration::TransactionMode;
use confiture_core::sql::{TransactionControl, classify};

/// The script ends a transaction that its tool opened.
#[derive(Debug, Default)]
pub struct TransactionControlInMigration;

confiture_core::register!(rule TransactionControlInMigration);

impl Rule for TransactionControlInMigration {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "transaction-control-in-migration",
                summary: "COMMIT or ROLLBACK ends the transaction that the tool opened",
                docs: "Where the tool wraps the script in a transaction, BEGIN in it is no more than a warning and \
                       COMMIT ends the tool's own transaction: what follows, the tool's note that the migration is \
                       applied included, runs without one, and a failure leaves half of the migration behind. The same \
                       goes for COMMIT without a BEGIN where the tool sends the script as one message. In a DO \
                       block or a procedure COMMIT fails there with SQLSTATE 2D000. Leave the control to the tool, or \
                       tell it not to open a transaction (`confiture explain LAYOUT` says how).",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "BEGIN;\nCREATE TABLE a (id int PRIMARY KEY);\nCOMMIT;\nCREATE TABLE b (id int PRIMARY KEY);",
                good: &["CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY KEY);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        if cx.script.transaction == TransactionMode::Autocommit {
            return;
        }
        let wrapped = cx.script.transaction == TransactionMode::Wrapped;
        let mut begun = false;
        // Where the migrations before it do so and came through, its tool opens no transaction, or leaves its own out.
        let latest = || cx.history.iter().rev().take(LATEST);
        let usual = is_bracketed(cx.statements)
            && latest().filter(|statements| is_bracketed(statements)).count()
                >= latest().len().div_ceil(2).max(3);
        for statement in cx.statements {
            let control = classify(statement.sql()).control;
            begun |= matches!(control, Some(TransactionControl::Begin));
            // One message of several statements is a transaction, too, unless it begins its own.
            let own = begun && !wrapped && statement.inside.is_none();
            begun &= !matches!(control, Some(TransactionControl::Commit | TransactionControl::Rollback));
            if own {
                continue;
            }
            let Some(TransactionControl::Commit | TransactionControl::Rollback) = control else { continue };
            let (message, label) = match statement.inside {
                Some(_) => {
                    ("a transaction cannot end here: the tool opened one", "refused with SQLSTATE 2D000")
                }
                None => ("this ends the transaction that the tool opened", "what follows runs without one"),
            };
            let finding = RuleFinding::new(statement, statement.span(), message)
                .label(label)
                .help("leave BEGIN and COMMIT to the tool, or tell it not to open a transaction");
            let usual = usual && statement.inside.is_none();
            out.push(if usual { finding.severity(Severity::Info) } else { finding });
        }
    }
}

/// So many of the migrations before it tell what the chain's tool does.
const LATEST: usize = 12;

/// Whether the script begins with BEGIN and ends with the one COMMIT it has.
fn is_bracketed(statements: &[RuleStatement<'_>]) -> bool {
    let mut controls = statements.iter().filter(|s| s.inside.is_none()).map(|s| classify(s.sql()).control);
    let count = statements.iter().filter_map(|s| classify(s.sql()).control).count();
    let begins = matches!(controls.next(), Some(Some(TransactionControl::Begin)));
    begins && count == 2 && matches!(controls.next_back(), Some(Some(TransactionControl::Commit)))
}
