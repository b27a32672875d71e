//! Better Business Builder.
