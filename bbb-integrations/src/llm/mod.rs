//! Language models: [`openai`] asks them.

mod http;
pub mod openai;
