//! The report as one HTML file: its style and drawings are in it, nothing is fetched, and nothing in it runs.

use std::sync::LazyLock;

use minijinja::Environment;
use serde::Serialize;

use super::sections::{Block, Document, Fact, Item, Section, Table, document};
use super::{Error, Report};

/// The page. Its name ends in `.html`, so that every value put into it is escaped.
const TEMPLATE_NAME: &str = "report.html";

static PAGES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.add_template(TEMPLATE_NAME, include_str!("report.html"))?;
    Ok(pages)
});

#[derive(Serialize)]
struct Page {
    kicker: &'static str,
    title: String,
    name: String,
    standing: String,
    banners: Vec<String>,
    headline: String,
    sections: Vec<SectionView>,
}

#[derive(Serialize)]
struct SectionView {
    begins_page: bool,
    title: String,
    blocks: Vec<BlockView>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum BlockView {
    Tiles { facts: Vec<Fact> },
    Facts { facts: Vec<Fact> },
    Note { text: String },
    Table { table: Table },
    Chart { title: String, svg: String, details: Option<Table> },
    Items { items: Vec<Item> },
    Commands { commands: Vec<String> },
}

/// The report as one HTML file.
///
/// # Errors
/// [`Error`] where the page's template is wrong, which is a defect of this build.
pub fn html(report: &Report) -> Result<String, Error> {
    page(document(report))
}

/// A document as one HTML file.
pub(super) fn page(document: Document) -> Result<String, Error> {
    let Document { kicker, kind, name, standing, banners, headline, sections } = document;
    let title = format!("{name}: {kind}");
    let page = Page { kicker, title, name, standing, banners, headline, sections: sections.into_iter().map(section).collect() };
    let pages = PAGES.as_ref().map_err(|error| Error(error.to_string()))?;
    let template = pages.get_template(TEMPLATE_NAME).map_err(|error| Error(error.to_string()))?;
    template.render(minijinja::value::Serde(page)).map_err(|error| Error(error.to_string()))
}

fn section(section: Section) -> SectionView {
    SectionView { begins_page: section.begins_page, title: section.title, blocks: section.blocks.into_iter().filter_map(block).collect() }
}

fn block(block: Block) -> Option<BlockView> {
    Some(match block {
        Block::Tiles(facts) => BlockView::Tiles { facts },
        Block::Facts(facts) => BlockView::Facts { facts },
        Block::Note(text) => BlockView::Note { text },
        Block::Table(table) => BlockView::Table { table },
        Block::Items(items) => BlockView::Items { items },
        Block::Commands(commands) => BlockView::Commands { commands },
        Block::Lines(lines) if lines.is_empty() => return None,
        Block::Lines(lines) => BlockView::Chart { svg: lines.svg(), title: lines.title, details: Some(lines.details) },
        Block::Bars(bars) => BlockView::Chart { svg: bars.svg(), title: bars.title, details: None },
        Block::Drawing(drawing) => BlockView::Chart { svg: drawing.svg, title: drawing.title, details: None },
    })
}
