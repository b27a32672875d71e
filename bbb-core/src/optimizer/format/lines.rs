//! A text as lines and fields. Blank lines are passed over; numbers are checked where they are read, so that every error has a place.

use super::error::{Error, Fault, shown};

/// Whole numbers above this are not exact as doubles.
pub(super) const MAX_WHOLE: i64 = 1 << 53;

/// The lines of a text that have something in them.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// The characters that begin a comment to the end of the line.
    comments: &'static [char],
    /// The place after the last line taken.
    end: (usize, usize),
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Lines<'a> {
        Lines::with_comments(text, &[])
    }

    pub(super) fn with_comments(text: &'a str, comments: &'static [char]) -> Lines<'a> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lines { lines: text.lines().enumerate(), comments, end: (1, 1) }
    }

    pub(super) fn next(&mut self) -> Option<Line<'a>> {
        for (index, whole) in self.lines.by_ref() {
            let text = whole.split(self.comments).next().unwrap_or_default();
            if !text.trim().is_empty() {
                self.end = (index + 1, text.chars().count() + 1);
                return Some(Line { number: index + 1, text, at: 0 });
            }
        }
        None
    }

    /// The next line, which must be there.
    pub(super) fn want(&mut self, what: &'static str) -> Result<Line<'a>, Error> {
        self.next().ok_or_else(|| self.at_end(Fault::Ended(what)))
    }

    /// The only field of the next line, as a count.
    pub(super) fn count(&mut self, what: &'static str, most: usize) -> Result<usize, Error> {
        let mut line = self.want(what)?;
        let count = line.count(what, most)?;
        line.end()?;
        Ok(count)
    }

    /// The only field of the next line, as a number.
    pub(super) fn real(&mut self, what: &'static str) -> Result<f64, Error> {
        let mut line = self.want(what)?;
        let real = line.real(what)?;
        line.end()?;
        Ok(real)
    }

    /// That nothing is left.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self.next() {
            None => Ok(()),
            Some(line) => Err(line.error(Fault::After(shown(line.text.trim())))),
        }
    }

    /// An error after the last line taken.
    pub(super) fn at_end(&self, fault: Fault) -> Error {
        Error { line: self.end.0, column: self.end.1, fault }
    }
}

/// A line, with a place up to which it was read.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    at: usize,
}

/// A word of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) text: &'a str,
    line: &'a str,
    number: usize,
    at: usize,
}

impl<'a> Line<'a> {
    /// The next field.
    pub(super) fn field(&mut self) -> Option<Field<'a>> {
        let rest = &self.text[self.at..];
        let start = self.at + (rest.len() - rest.trim_start().len());
        let rest = &self.text[start..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at = start + length;
        (length > 0).then_some(Field { text: &rest[..length], line: self.text, number: self.number, at: start })
    }

    /// The next field, which must be there.
    pub(super) fn want(&mut self, what: &'static str) -> Result<Field<'a>, Error> {
        let at = self.at;
        self.field().ok_or_else(|| Error { line: self.number, column: column(self.text, at), fault: Fault::Missing(what) })
    }

    /// What was not read yet, without space around it.
    pub(super) fn rest(&self) -> &'a str {
        self.text[self.at..].trim()
    }

    /// The next field as a number of things.
    pub(super) fn count(&mut self, what: &'static str, most: usize) -> Result<usize, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let field = self.want(what)?;
        // Cannot fail: it is not negative.
        Ok(usize::try_from(field.whole(what, 0, most)?).unwrap_or_default())
    }

    /// The next field as one of `count` things, counted in the file from `first` and here from 0.
    pub(super) fn index(&mut self, what: &'static str, first: u8, count: usize) -> Result<usize, Error> {
        let first = i64::from(first);
        let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1).saturating_add(first);
        let field = self.want(what)?;
        // Cannot fail: it is at least `first`.
        Ok(usize::try_from(field.whole(what, first, most)? - first).unwrap_or_default())
    }

    /// The next field as a whole number of at most [`MAX_WHOLE`].
    pub(super) fn whole(&mut self, what: &'static str) -> Result<i64, Error> {
        self.want(what)?.whole(what, -MAX_WHOLE, MAX_WHOLE)
    }

    /// The next field as a number.
    pub(super) fn real(&mut self, what: &'static str) -> Result<f64, Error> {
        self.want(what)?.real(what)
    }

    /// That the line has no more fields.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self.field() {
            None => Ok(()),
            Some(field) => Err(field.error(Fault::Extra(shown(field.text)))),
        }
    }

    /// An error where the line begins.
    pub(super) fn error(&self, fault: Fault) -> Error {
        let indent = self.text.len() - self.text.trim_start().len();
        Error { line: self.number, column: column(self.text, indent), fault }
    }
}

impl Field<'_> {
    pub(super) fn error(&self, fault: Fault) -> Error {
        Error { line: self.number, column: column(self.line, self.at), fault }
    }

    /// It as a whole number.
    pub(super) fn whole(&self, what: &'static str, least: i64, most: i64) -> Result<i64, Error> {
        let digits = self.text.strip_prefix(['+', '-']).unwrap_or(self.text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.error(Fault::NotWhole { what, found: shown(self.text) }));
        }
        // What does not fit an i64 is out of every range.
        match self.text.parse::<i64>() {
            Ok(whole) if (least..=most).contains(&whole) => Ok(whole),
            _ => Err(self.error(Fault::OutOfRange { what, found: shown(self.text), least, most })),
        }
    }

    /// It as a finite number. Whole numbers are held to [`MAX_WHOLE`], since others would be rounded.
    pub(super) fn real(&self, what: &'static str) -> Result<f64, Error> {
        let digits = self.text.strip_prefix(['+', '-']).unwrap_or(self.text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
            return self.whole(what, -MAX_WHOLE, MAX_WHOLE).map(|whole| whole as f64);
        }
        // Rust also reads words such as `inf`.
        let numeric = self.text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        match self.text.parse::<f64>() {
            Ok(real) if numeric && real.is_finite() => Ok(real),
            _ => Err(self.error(Fault::NotANumber { what, found: shown(self.text) })),
        }
    }
}

fn column(line: &str, at: usize) -> usize {
    line[..at].chars().count() + 1
}
