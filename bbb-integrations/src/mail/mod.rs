//! Mail: [`smtp`] sends it, [`message`] writes it, [`address`] checks whom it goes to.

pub mod address;
mod lines;
pub mod message;
pub mod smtp;
