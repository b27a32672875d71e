//! The host of Better Business Builder: stores, configuration, control socket, reports, command line

pub mod report;
pub mod store;
