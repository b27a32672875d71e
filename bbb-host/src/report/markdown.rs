//! The report as Markdown: headings, lists and tables that read well unrendered, too.

use super::Report;
use super::sections::{Block, Column, Document, Fact, Holds, Item, Section, Table, document};

/// The width to which the cells of a column are filled up at most.
const MAX_WIDTH: usize = 48;

/// The report as Markdown. Text from outside is escaped, so that it can be neither markup nor HTML.
pub fn markdown(report: &Report) -> String {
    paper(&document(report))
}

/// A document as Markdown.
pub(super) fn paper(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", escape(&document.name), escape(&document.standing));
    for banner in &document.banners {
        out.push_str(&format!("\n> **{}**\n", escape(banner)));
    }
    out.push_str(&format!("\n{}\n", escape(&document.headline)));
    for section in &document.sections {
        out.push_str(&section_text(section));
    }
    out
}

fn section_text(section: &Section) -> String {
    let blocks: Vec<String> = section.blocks.iter().filter_map(block).collect();
    format!("\n## {}\n\n{}", escape(&section.title), blocks.join("\n"))
}

fn block(block: &Block) -> Option<String> {
    match block {
        Block::Tiles(facts) | Block::Facts(facts) => Some(facts.iter().map(fact).collect()),
        Block::Note(note) => Some(format!("{}\n", escape(note))),
        Block::Table(table) => Some(table_text(table)),
        Block::Commands(commands) => Some(format!("```sh\n{}\n```\n", commands.join("\n"))),
        Block::Items(items) => Some(items.iter().map(item).collect::<Vec<_>>().join("\n")),
        Block::Lines(_) | Block::Bars(_) | Block::Drawing(_) => None,
    }
}

fn fact(fact: &Fact) -> String {
    let note = if fact.note.is_empty() { String::new() } else { format!(" ({})", escape(&fact.note)) };
    format!("- **{}:** {}{note}\n", escape(fact.name), escape(&fact.value))
}

fn item(item: &Item) -> String {
    let mut out = format!("- **{}: {}.** {}\n", escape(&item.mark), escape(&item.title), escape(&item.text));
    for fact in &item.facts {
        out.push_str(&format!("  - {}: {}\n", escape(fact.name), escape(&fact.value)));
    }
    for page in &item.pages {
        out.push_str(&format!("  - {}: <{}> ({})\n", escape(&page.title), page.url, escape(&page.note)));
    }
    out
}

/// A table whose columns stand under each other before it is rendered, too.
fn table_text(table: &Table) -> String {
    let heads: Vec<String> = table.columns.iter().map(|column| escape(column.head)).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|cells| cells.iter().map(|cell| escape(cell)).collect()).collect();
    let wide = |at: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|cells: &Vec<String>| cells.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).clamp(4, MAX_WIDTH)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(wide).collect();
    let row = |cells: &[String]| {
        let cell = |((cell, column), width): ((&String, &Column), &usize)| match column.holds {
            Holds::Figures => format!("{cell:>width$}"),
            Holds::Words | Holds::Names => format!("{cell:<width$}"),
        };
        format!("| {} |\n", cells.iter().zip(&table.columns).zip(&widths).map(cell).collect::<Vec<_>>().join(" | "))
    };
    let rule = |(column, width): (&Column, &usize)| match column.holds {
        Holds::Figures => format!("{}:", "-".repeat(width - 1)),
        Holds::Words | Holds::Names => "-".repeat(*width),
    };
    let rules: Vec<String> = table.columns.iter().zip(&widths).map(rule).collect();
    format!("{}\n\n{}{}{}", escape(&table.caption), row(&heads), row(&rules), rows.iter().map(|cells| row(cells)).collect::<String>())
}

/// Text that is only text in Markdown, HTML within it included, on one line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_no_markup() {
        assert_eq!(escape("a|b <b>*x*</b> [l](u) ![i](u)\n# h"), r"a\|b &lt;b&gt;\*x\*&lt;/b&gt; \[l\](u) \!\[i\](u) \# h");
        assert_eq!(escape("plain, 12.50 USD (once)"), "plain, 12.50 USD (once)");
    }
}
