//! Operators that change who may do what.

mod grant_drop;
mod grant_widen;
mod grants;
mod policy_command;
mod policy_drop;
mod policy_true;
mod revoke_drop;
mod rls_disable;
mod security_definer;
#[cfg(test)]
mod tests;
mod view_invoker;

pub use grant_drop::GrantDrop;
pub use grant_widen::GrantWiden;
pub use policy_command::PolicyCommand;
pub use policy_drop::PolicyDrop;
pub use policy_true::PolicyTrue;
pub use revoke_drop::RevokeDrop;
pub use rls_disable::RlsDisable;
pub use security_definer::SecurityDefiner;
pub use view_invoker::ViewInvoker;
