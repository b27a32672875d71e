//! The host of Better Business Builder: stores, configuration, control socket, daemon, reports, command line

pub mod accounts;
mod advice;
pub mod allotment;
pub mod cases;
pub mod charter;
pub mod checkpoints;
pub mod cli;
pub mod config;
pub mod control;
pub mod data_dir;
pub mod desk;
pub mod fault;
mod http;
pub mod keys;
pub mod leads;
pub mod outbound;
pub mod report;
pub mod scenario;
pub mod search;
pub mod serve;
pub mod service;
mod sign_in;
pub mod simulate;
pub mod store;
pub mod temptation;
pub mod what_if;
mod wiring;
