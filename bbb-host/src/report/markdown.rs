//! The report as Markdown: headings, lists and tables that read well unrendered, too.

use super::Report;
use super::sections::{Block, Fact, Holds, Section, Table, banners, clean, headline, sections, standing};

/// The report as Markdown. Text from outside is escaped, so that it can be neither markup nor HTML.
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# {}\n\n{}\n", escape(&clean(&report.summary.name)), escape(&standing(report)));
    for banner in banners(report) {
        out.push_str(&format!("\n> **{}**\n", escape(&banner)));
    }
    out.push_str(&format!("\n{}\n", escape(&headline(report))));
    for section in sections(report) {
        out.push_str(&section_text(&section));
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
        Block::Lines(_) | Block::Bars(_) => None,
    }
}

fn fact(fact: &Fact) -> String {
    let note = if fact.note.is_empty() { String::new() } else { format!(" ({})", escape(&fact.note)) };
    format!("- **{}:** {}{note}\n", escape(fact.name), escape(&fact.value))
}

fn table_text(table: &Table) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = row(table.columns.iter().map(|column| escape(column.head)).collect());
    let rule = row(table.columns.iter().map(|column| if column.holds == Holds::Figures { "---:" } else { "---" }.to_owned()).collect());
    let rows: String = table.rows.iter().map(|cells| row(cells.iter().map(|cell| escape(cell)).collect())).collect();
    format!("{}\n\n{heads}{rule}{rows}", escape(&table.caption))
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
