//! The host of Better Business Builder: stores, configuration, control socket, reports, command line

pub mod keys;
pub mod leads;
