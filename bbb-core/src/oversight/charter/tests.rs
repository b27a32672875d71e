//! Tests of the charter.

use super::*;

#[test]
fn shipped_policies_are_valid() {
    if let Err(error) = Charter::load(None) {
        panic!("{error}");
    }
}
