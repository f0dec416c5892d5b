//! The `Check` trait: a judgement of one migration from what was observed around it.
use super::PluginMeta;
/// placeholder, replaced by the fixtures author in this same session
pub trait Check: Send + Sync + std::fmt::Debug {
    /// Id, summary and documentation.
    fn meta(&self) -> &'static PluginMeta;
}
