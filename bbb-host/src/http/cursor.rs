//! Cursors: where a page ends, as text that means nothing to clients. They may make up any: one that is no cursor is refused, any other begins somewhere in what they may
//! see anyway.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::problem::Problem;

/// The most bytes that a cursor stands for.
const MAX_BYTES: usize = 64;
/// What every cursor begins with: another form will have another.
const VERSION: u8 = 1;

/// The cursor after the entry with this key.
pub(crate) fn write(key: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(key);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key that a cursor stands for.
pub(crate) fn read(text: &str) -> Result<Vec<u8>, Problem> {
    let wrong = || Problem::field("cursor", "is not one that a page gave: begin again without it");
    if text.len() > MAX_BYTES * 2 {
        return Err(wrong());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    match bytes.split_first() {
        Some((&VERSION, key)) if key.len() <= MAX_BYTES => Ok(key.to_vec()),
        _ => Err(wrong()),
    }
}

/// The cursor after the entry with this number.
pub(crate) fn write_number(number: u32) -> String {
    write(&number.to_be_bytes())
}

/// The number that a cursor stands for.
pub(crate) fn read_number(text: &str) -> Result<u32, Problem> {
    let key = read(text)?.try_into();
    key.map(u32::from_be_bytes).map_err(|_| Problem::field("cursor", "is one of another list: begin again without it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_what_it_stands_for(key in proptest::collection::vec(any::<u8>(), 0..MAX_BYTES)) {
            prop_assert_eq!(read(&write(&key)), Ok(key));
        }

        #[test]
        fn any_text_is_read_or_refused_and_nothing_is_read_in_two_ways(text in "\\PC{0,140}") {
            if let Ok(key) = read(&text) {
                prop_assert_eq!(write(&key), text);
            }
        }
    }
}
