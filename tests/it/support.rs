//! What tests share.

pub(crate) mod peers;
pub(crate) mod permits;
pub(crate) mod script;
