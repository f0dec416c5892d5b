//! Plugins: what they say of themselves, how they register, and the registry that hands them out.
//!
//! A downstream crate adds a plugin with one line, the same that this workspace uses:
//!
//! ```
//! use confiture_core::migration::layout::{Confidence, Detection, Dir, Layout, LayoutError, Loaded, LoadOptions};
//! use confiture_core::plugin::PluginMeta;
//!
//! #[derive(Debug, Default)]
//! struct Acme;
//!
//! impl Layout for Acme {
//!     fn meta(&self) -> &'static PluginMeta {
//!         static META: PluginMeta = PluginMeta { id: "acme/versions", summary: "our own layout", docs: "" };
//!         &META
//!     }
//!     fn detect(&self, _: &Dir) -> Detection {
//!         Detection { confidence: Confidence::No, reasons: Vec::new() }
//!     }
//!     fn load(&self, _: &Dir, _: &LoadOptions) -> Result<Loaded, LayoutError> {
//!         Ok(Loaded::default())
//!     }
//! }
//! confiture_core::register!(layout Acme);
//!
//! let registry = confiture_core::plugin::Registry::linked()?;
//! assert!(registry.layouts().any(|layout| layout.meta().id == "acme/versions"));
//! # Ok::<(), confiture_core::plugin::PluginError>(())
//! ```

mod check;
mod data;
mod gate;
mod operator;
mod probe;
mod registry;
mod reporter;
mod rule;
mod site;

pub use check::{
    Check, CheckContext, CheckError, CheckScope, CommittedSchema, Interruption, Isolation, Observation,
    Outcome, QueryRecord, RoundTrip, RungRecord, ScriptRun, StatementFailure, Verdict,
};
pub use data::{DataRecord, RowChange, RowChangeKind, RowExample, SequenceBehind};
pub use gate::{Gate, GateContext, GateInputs, GateVerdict};
pub use operator::{
    Channels, Killer, Mutant, MutationCategory, MutationContext, MutationExample, MutationOperator,
    OperatorMeta,
};
pub use probe::Probe;
pub use registry::{Factory, Origin, PluginError, PluginKind, Registration, Registry};
pub use reporter::{ReportStyle, Reporter};
pub use rule::{
    Claim, Routines, Rule, RuleCategory, RuleContext, RuleExample, RuleFinding, RuleMeta, RuleStatement,
    Tier, Timeouts, Unfolded, Unread, Withdrawal,
};
pub use site::Site;

/// What a plugin says of itself; the one home of its id and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginMeta {
    /// Kebab-case id; third-party ids carry a prefix (`acme/no-enum`).
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Markdown: cause, consequence, fix.
    pub docs: &'static str,
}

/// A page of `confiture explain`: one per finding code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The finding code.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Markdown with the sections Cause, Consequence and Fix.
    pub page: &'static str,
}

#[doc(hidden)]
pub use inventory;

/// Registers a plugin type (which implements `Default`) or an explanation page.
///
/// `register!(layout Type)`, `register!(check Type)`, `operator`, `rule`, `gate`, `probe` and `reporter` likewise, `register!(explanation CONST)`.
#[macro_export]
macro_rules! register {
    (layout $ty:ty) => {
        $crate::register!(@plugin $ty, Layout, $crate::migration::layout::Layout);
    };
    (check $ty:ty) => {
        $crate::register!(@plugin $ty, Check, $crate::plugin::Check);
    };
    (operator $ty:ty) => {
        $crate::register!(@plugin $ty, Operator, $crate::plugin::MutationOperator);
    };
    (rule $ty:ty) => {
        $crate::register!(@plugin $ty, Rule, $crate::plugin::Rule);
    };
    (gate $ty:ty) => {
        $crate::register!(@plugin $ty, Gate, $crate::plugin::Gate);
    };
    (probe $ty:ty) => {
        $crate::register!(@plugin $ty, Probe, $crate::plugin::Probe);
    };
    (reporter $ty:ty) => {
        $crate::register!(@plugin $ty, Reporter, $crate::plugin::Reporter);
    };
    (explanation $explanation:expr) => {
        $crate::plugin::inventory::submit! { $explanation }
    };
    (@plugin $ty:ty, $variant:ident, $tr:path) => {
        $crate::plugin::inventory::submit! {
            $crate::plugin::Registration {
                factory: $crate::plugin::Factory::$variant(
                    || ::std::boxed::Box::new(<$ty as ::std::default::Default>::default()) as ::std::boxed::Box<dyn $tr>,
                ),
                origin: $crate::plugin::Origin {
                    package: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                    file: file!(),
                    line: line!(),
                },
            }
        }
    };
}
