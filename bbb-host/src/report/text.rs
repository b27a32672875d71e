//! The report for a terminal: 80 columns, no colours.

use super::Report;
use super::figure::sparkline;
use super::sections::{Block, Column, Fact, Holds, Item, Section, Table, banners, clean, headline, sections, standing};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Blanks between two columns of a table.
const GAP: usize = 2;
/// The least width to which a column of words is shrunk.
const MIN_WORDS: usize = 16;
/// The longest value beside which a note stands in a column of its own.
const MAX_SHORT: usize = 16;

/// The report as plain text for a terminal of 80 columns. Long figures are never broken: a table of them may be wider.
pub fn text(report: &Report) -> String {
    let mut out = Page::default();
    out.wrapped(&clean(&report.summary.name).to_uppercase(), "");
    out.wrapped(&standing(report), "");
    for banner in banners(report) {
        out.line("");
        out.wrapped(&banner, "! ");
    }
    out.line("");
    out.wrapped(&headline(report), "");
    for section in sections(report) {
        out.section(&section, report);
    }
    out.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// Text in lines that all begin with `indent`.
    fn wrapped(&mut self, text: &str, indent: &str) {
        for line in wrap(text, WIDTH - indent.chars().count()) {
            self.line(&format!("{indent}{line}"));
        }
    }

    fn section(&mut self, section: &Section, report: &Report) {
        self.line("");
        self.line(&section.title.to_uppercase());
        self.line(&"─".repeat(WIDTH));
        let told = section.blocks.iter().filter(|block| !matches!(block, Block::Bars(_) | Block::Drawing(_)));
        for (index, block) in told.enumerate() {
            if index > 0 {
                self.line("");
            }
            self.block(block, report);
        }
    }

    fn block(&mut self, block: &Block, report: &Report) {
        match block {
            Block::Tiles(facts) | Block::Facts(facts) => self.facts(facts),
            Block::Note(note) => self.wrapped(note, ""),
            Block::Table(table) => self.table(table),
            Block::Commands(commands) => commands.iter().for_each(|command| self.line(&format!("  {command}"))),
            Block::Lines(_) => self.revenue(report),
            Block::Items(items) => items.iter().for_each(|item| self.item(item)),
            Block::Bars(_) | Block::Drawing(_) => {}
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        let names = facts.iter().map(|fact| fact.name.chars().count()).max().unwrap_or(0);
        let longest = facts.iter().map(|fact| fact.value.chars().count()).max().unwrap_or(0);
        for fact in facts {
            let value = match (fact.note.is_empty(), longest <= MAX_SHORT) {
                (true, _) => fact.value.clone(),
                (false, true) => format!("{:<longest$}  {}", fact.value, fact.note),
                (false, false) => format!("{} ({})", fact.value, fact.note),
            };
            // Wrapping would fold the blanks between value and note, so a line that fits is printed as it is.
            let room = WIDTH - names - GAP;
            let lines = if value.chars().count() <= room { vec![value] } else { wrap(&value, room) };
            for (index, line) in lines.iter().enumerate() {
                let name = if index == 0 { fact.name } else { "" };
                self.line(&format!("{name:<names$}  {line}"));
            }
        }
    }

    fn item(&mut self, item: &Item) {
        self.wrapped(&format!("{}: {}. {}", item.mark, item.title, item.text), "");
        item.facts.iter().for_each(|fact| self.wrapped(&format!("{}: {}", fact.name, fact.value), "  "));
        item.pages.iter().for_each(|page| self.wrapped(&format!("{}: {} ({})", page.title, page.url, page.note), "  "));
    }

    fn revenue(&mut self, report: &Report) {
        let mut before = 0;
        let new = |row: &bbb_core::projection::summary::HistoryRow| {
            let revenue = row.revenue.0.get();
            let new = revenue.saturating_sub(before);
            before = revenue;
            new
        };
        let daily: Vec<i64> = report.summary.history.iter().map(new).collect();
        if daily.len() > 1 {
            let name = "New revenue, first day to last";
            self.line(&format!("{name}  {}", sparkline(&daily, WIDTH - name.len() - GAP)));
        }
    }

    fn table(&mut self, table: &Table) {
        self.wrapped(&table.caption, "");
        let widths = widths(table);
        let heads: Vec<String> = table.columns.iter().map(|column| column.head.to_owned()).collect();
        self.row(&heads, table, &widths);
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        self.line(&rule.join("  "));
        for row in &table.rows {
            self.row(row, table, &widths);
        }
    }

    fn row(&mut self, cells: &[String], table: &Table, widths: &[usize]) {
        let cells: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            let part = |((cell, column), width): ((&Vec<String>, &Column), &usize)| {
                let text = cell.get(index).map_or("", String::as_str);
                if column.holds == Holds::Figures { format!("{text:>width$}") } else { format!("{text:<width$}") }
            };
            let parts: Vec<String> = cells.iter().zip(&table.columns).zip(widths).map(part).collect();
            self.line(&parts.join("  "));
        }
    }
}

/// As wide as the content, and columns of words narrower where that is too wide together.
fn widths(table: &Table) -> Vec<usize> {
    let natural = |(index, column): (usize, &Column)| {
        let cells = table.rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
        cells.chain([column.head.chars().count()]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = table.columns.iter().enumerate().map(natural).collect();
    let room = WIDTH.saturating_sub(GAP * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let words = widths.iter_mut().zip(&table.columns).filter(|(width, column)| column.holds == Holds::Words && **width > MIN_WORDS);
        match words.map(|(width, _)| width).max_by_key(|width| **width) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    widths
}

/// Text in lines of at most `width` characters, broken between words, and within words that are longer than a line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let blank = usize::from(used > 0);
            if used + blank + rest.len() > width && used > 0 {
                lines.push(String::new());
                used = 0;
                continue;
            }
            let taken: Vec<char> = rest.drain(..rest.len().min(width)).collect();
            if let Some(line) = lines.last_mut() {
                line.push_str(&" ".repeat(blank));
                line.extend(&taken);
            }
            used += blank + taken.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::sections::table;
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_break() {
        let check = |text: &str, width: usize, want: &[&str]| assert_eq!(wrap(text, width), want);
        check("", 10, &[""]);
        check("one two three", 7, &["one two", "three"]);
        check("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]);
    }

    #[test]
    fn a_table_with_long_words_stays_within_its_columns() {
        let rows = vec![vec!["x ".repeat(200), "1,000.00".to_owned()], vec!["short".to_owned(), "2.00".to_owned()]];
        let mut page = Page::default();
        page.table(&table("Caption".to_owned(), &["What", "#Figure"], rows));
        assert!(page.0.lines().all(|line| line.chars().count() <= WIDTH), "{}", page.0);
        assert!(page.0.lines().last().is_some_and(|line| line.starts_with("short") && line.ends_with(" 2.00")), "{}", page.0);
    }
}
