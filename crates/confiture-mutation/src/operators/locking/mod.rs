//! Operators that lead to the same result under a stronger or longer lock.

mod batch_merge;
mod concurrently_drop;
mod lock_timeout_drop;
mod not_valid_drop;
#[cfg(test)]
mod tests;
mod using_index_drop;
mod validate_skip;

pub use batch_merge::BatchMerge;
pub use concurrently_drop::ConcurrentlyDrop;
pub use lock_timeout_drop::LockTimeoutDrop;
pub use not_valid_drop::NotValidDrop;
pub use using_index_drop::UsingIndexDrop;
pub use validate_skip::ValidateSkip;
