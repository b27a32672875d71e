//! Tests of the whole: one binary, a module per subject.

mod llm;
mod mail;
mod support;
