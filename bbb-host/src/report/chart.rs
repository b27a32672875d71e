//! Charts: small SVG drawings of a report's figures.
//!
//! Each has a title and a description for those who do not see it, colours only by class (the page's style sheet knows light and dark), and a
//! table of its figures near it. Lines differ in more than colour and are named at their ends; the parts of a bar stand in the legend's order.

use std::fmt::Write as _;

use bbb_core::projection::Dollars;
use bbb_core::projection::summary::HistoryRow;

use super::figure::{count, money, several, words};
use super::sections::{Table, table};
use super::{ChannelRow, Report, RuleRow};

/// The drawing's width, in its own units; the page scales it.
pub(super) const WIDTH: f64 = 720.0;
/// The most points of a line: more could not be told apart.
const MAX_POINTS: usize = 360;
/// The most bars of a chart; the table below has all rows.
const MAX_BARS: usize = 12;
/// The most characters of a bar's name.
const MAX_NAME_CHARS: usize = 32;

/// One line for each of several figures, over days.
pub(super) struct Lines {
    pub(super) id: &'static str,
    pub(super) title: String,
    desc: String,
    series: Vec<Series>,
    /// The figures behind the lines.
    pub(super) details: Table,
}

struct Series {
    name: &'static str,
    class: &'static str,
    /// Days and cents.
    points: Vec<(u32, i64)>,
}

/// A bar for each of several things, with a part for each of several counts.
pub(super) struct Bars {
    pub(super) id: &'static str,
    pub(super) title: String,
    desc: String,
    /// Names and classes of the parts.
    parts: Vec<(&'static str, &'static str)>,
    rows: Vec<(String, Vec<u64>)>,
}

impl Lines {
    /// Revenue and spending so far.
    pub(super) fn of_money(report: &Report, mark: &str) -> Lines {
        let history = &report.summary.history;
        let series = |name, class, figure: fn(&HistoryRow) -> Dollars| {
            let start = history.first().filter(|row| row.day == 0).map(|_| (0, 0));
            let step = history.len().div_ceil(MAX_POINTS).max(1);
            // Counted from the end, so that the newest day is always there.
            let mut points: Vec<(u32, i64)> = history.iter().rev().step_by(step).map(|row| (row.day + 1, figure(row).0.get())).collect();
            points.extend(start);
            points.reverse();
            Series { name, class, points }
        };
        let metrics = &report.summary.metrics;
        let (revenue, spent) = (money(metrics.revenue.total), money(metrics.spent.total));
        let rows = report.weeks.iter().map(|week| {
            let balance = Dollars(week.revenue_so_far.0.minus(week.spent_so_far.0));
            vec![count(week.to_day), money(week.revenue_so_far), money(week.spent_so_far), money(balance)]
        });
        let heads = ["#Day", "#Revenue", "#Spent", "#Balance"];
        Lines {
            id: "chart-money",
            title: format!("Revenue and spending so far{mark}"),
            desc: format!("Two lines over days. At the end of the period revenue stands at {revenue} and spending at {spent}."),
            details: table(format!("Revenue and spending so far, at the end of each week{mark}"), &heads, rows.collect()),
            series: vec![series("Revenue", "a", |row| row.revenue), series("Spent", "b", |row| row.spent)],
        }
    }

    /// Whether there is anything to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.len() < 2)
    }

    /// The drawing.
    pub(super) fn svg(&self) -> String {
        let (left, right, top, bottom, height) = (64.0, 128.0, 14.0, 34.0, 280.0);
        let all = || self.series.iter().flat_map(|series| &series.points);
        let (days, from) = (all().map(|point| point.0).max().unwrap_or(1), all().map(|point| point.0).min().unwrap_or(0));
        let step = nice_step(float(all().map(|point| point.1).max().unwrap_or(0)).max(100.0) / 4.0);
        let ceiling = (float(all().map(|point| point.1).max().unwrap_or(0)) / step).ceil().max(1.0) * step;
        let x = |day: f64| left + (day - f64::from(from)) / f64::from((days - from).max(1)) * (WIDTH - left - right);
        let y = |cents: f64| height - bottom - cents / ceiling * (height - top - bottom);
        let mut svg = open(self.id, &self.title, &self.desc, height);
        let mut level = 0.0;
        while level <= ceiling {
            let at = y(level);
            let _ = write!(svg, r#"<line class="grid" x1="{left}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/>"#, WIDTH - right);
            let _ = write!(svg, r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#, left - 8.0, at + 4.0, axis(level));
            level += step;
        }
        for day in ticks(from, days) {
            let at = x(f64::from(day));
            let _ = write!(svg, r#"<text class="tick" x="{at:.1}" y="{:.1}" text-anchor="middle">{day}</text>"#, height - bottom + 18.0);
        }
        let _ = write!(svg, r#"<text class="tick" x="{:.1}" y="{:.1}">days</text>"#, WIDTH - right + 14.0, height - bottom + 18.0);
        let mut labels: Vec<f64> = self.series.iter().map(|series| y(series.points.last().map_or(0.0, |point| float(point.1)))).collect();
        apart(&mut labels, 32.0, height - bottom);
        for (series, label) in self.series.iter().zip(labels) {
            let points: Vec<String> =
                series.points.iter().map(|(day, cents)| format!("{:.1},{:.1}", x(f64::from(*day)), y(float(*cents)))).collect();
            let _ = write!(svg, r#"<polyline class="line {}" points="{}"/>"#, series.class, points.join(" "));
            let Some((day, cents)) = series.points.last() else { continue };
            let _ =
                write!(svg, r#"<circle class="dot {}" cx="{:.1}" cy="{:.1}" r="3"/>"#, series.class, x(f64::from(*day)), y(float(*cents)));
            let (at, sum) = (WIDTH - right + 14.0, money(Dollars(bbb_core::money::Cents::new(*cents))));
            let _ = write!(svg, r#"<text class="name {}" x="{at:.1}" y="{:.1}">{}</text>"#, series.class, label - 2.0, series.name);
            let _ = write!(svg, r#"<text class="value" x="{at:.1}" y="{:.1}">{sum}</text>"#, label + 13.0);
        }
        svg.push_str("</svg>");
        svg
    }
}

impl Bars {
    /// How far leads have come.
    pub(super) fn of_funnel(stages: &[(&str, u32)], mark: &str) -> Bars {
        let said: Vec<String> = stages.iter().map(|(name, number)| format!("{} {}", count(*number), name.to_lowercase())).collect();
        Bars {
            id: "chart-funnel",
            title: format!("From lead to customer{mark}"),
            desc: format!("A bar for each step: {}.", said.join(", ")),
            parts: vec![("Contacts", "a")],
            rows: stages.iter().map(|(name, number)| ((*name).to_owned(), vec![u64::from(*number)])).collect(),
        }
    }

    /// Leads by channel.
    pub(super) fn of_channels(report: &Report, mark: &str) -> Bars {
        let rows: Vec<_> = report.channels.iter().map(|row: &ChannelRow| (words(row.channel), vec![u64::from(row.steps.leads)])).collect();
        Bars {
            id: "chart-channels",
            title: format!("Leads by channel{mark}"),
            desc: format!("A bar for each channel: {}.", said(&rows)),
            parts: vec![("Leads", "a")],
            rows,
        }
    }

    /// Tasks by role and by how they ended.
    pub(super) fn of_roles(report: &Report, mark: &str) -> Bars {
        let row = |row: &bbb_core::projection::agents::AgentRow| {
            (row.role.as_str().to_owned(), vec![row.completed.into(), row.failed.into(), row.vetoed.into()])
        };
        let rows: Vec<_> = report.agent_details.iter().map(row).collect();
        Bars {
            id: "chart-roles",
            title: format!("Ended tasks by role{mark}"),
            desc: format!("A bar for each role, of completed, failed and vetoed tasks: {}.", said(&rows)),
            parts: vec![("Completed", "a"), ("Failed", "b"), ("Vetoed", "c")],
            rows,
        }
    }

    /// Decisions of oversight by rule.
    pub(super) fn of_rules(report: &Report, mark: &str) -> Bars {
        let row = |row: &RuleRow| (super::sections::clean(row.rule.as_str()), vec![row.vetoed, row.escalated]);
        let rows: Vec<_> = report.rules.iter().take(MAX_BARS).map(row).collect();
        Bars {
            id: "chart-rules",
            title: format!("Decisions against approving, by rule{mark}"),
            desc: format!("A bar for each rule, of vetoes and escalations: {}.", said(&rows)),
            parts: vec![("Vetoed", "c"), ("Escalated", "b")],
            rows,
        }
    }

    /// The drawing.
    pub(super) fn svg(&self) -> String {
        let (row_height, legend) = (28.0, if self.parts.len() > 1 { 28.0 } else { 4.0 });
        let longest = self.rows.iter().map(|(name, _)| name.chars().count().min(MAX_NAME_CHARS)).max().unwrap_or(0);
        let left = float_len(longest) * 7.4 + 14.0;
        let room = WIDTH - left - 64.0;
        let top = self.rows.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
        let mut svg = open(self.id, &self.title, &self.desc, float_len(self.rows.len()) * row_height + legend + 4.0);
        if self.parts.len() > 1 {
            self.legend(&mut svg, left);
        }
        for (index, (name, parts)) in self.rows.iter().enumerate() {
            let y = legend + float_len(index) * row_height;
            let name: String = cut(name);
            let _ =
                write!(svg, r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#, left - 10.0, y + 17.0, escape(&name));
            let mut x = left;
            for (number, (_, class)) in parts.iter().zip(&self.parts).filter(|(number, _)| **number > 0) {
                let width = float_u64(*number) / float_u64(top) * room;
                let _ = write!(svg, r#"<rect class="bar {class}" x="{x:.1}" y="{:.1}" width="{width:.1}" height="16"/>"#, y + 5.0);
                x += width;
            }
            let total = count(parts.iter().sum::<u64>());
            let _ = write!(svg, r#"<text class="value" x="{:.1}" y="{:.1}">{total}</text>"#, x + 7.0, y + 17.0);
        }
        let bottom = legend + float_len(self.rows.len()) * row_height + 2.0;
        let _ = write!(svg, r#"<line class="axis" x1="{left:.1}" x2="{left:.1}" y1="{legend}" y2="{bottom:.1}"/></svg>"#);
        svg
    }

    fn legend(&self, svg: &mut String, left: f64) {
        let mut x = left;
        for (name, class) in &self.parts {
            let _ = write!(svg, r#"<rect class="bar {class}" x="{x:.1}" y="4" width="12" height="12"/>"#);
            let _ = write!(svg, r#"<text class="label" x="{:.1}" y="14.5">{name}</text>"#, x + 18.0);
            x += float_len(name.len()) * 6.6 + 40.0;
        }
    }
}

pub(super) fn open(id: &str, title: &str, desc: &str, height: f64) -> String {
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-labelledby="{id}-title {id}-desc"><title id="{id}-title">{}</title><desc id="{id}-desc">{}</desc>"#,
        escape(title),
        escape(desc)
    )
}

/// What the bars show, in words.
fn said(rows: &[(String, Vec<u64>)]) -> String {
    let row =
        |(name, parts): &(String, Vec<u64>)| format!("{name} {}", parts.iter().map(|part| count(*part)).collect::<Vec<_>>().join(", "));
    match rows.len() {
        0 => several(0_u32, "row", "rows"),
        _ => rows.iter().map(row).collect::<Vec<_>>().join("; "),
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
}

/// The step at or above `least` that is 1, 2 or 5 times a power of ten.
pub(super) fn nice_step(least: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= least {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

/// At most eight days between two, evenly spaced.
fn ticks(from: u32, to: u32) -> impl Iterator<Item = u32> {
    let span = to.saturating_sub(from);
    let step = [1, 2, 5, 10, 15, 30, 60, 90, 180, 365].into_iter().find(|step| span / step <= 7).unwrap_or(span / 7 + 1);
    (from.div_ceil(step)..=to / step).map(move |tick| tick * step)
}

/// Dollars at an axis: `$500`, `$2k`, `$1.5M`.
pub(super) fn axis(cents: f64) -> String {
    let (sign, dollars) = (if cents < 0.0 { "-" } else { "" }, cents.abs() / 100.0);
    match dollars {
        1_000_000.0.. => format!("{sign}${}M", dollars / 1_000_000.0),
        1_000.0.. => format!("{sign}${}k", dollars / 1_000.0),
        _ => format!("{sign}${dollars}"),
    }
}

/// Moves two labels apart where they are nearer than `least`, and keeps them above `floor`.
fn apart(labels: &mut [f64], least: f64, floor: f64) {
    if let [first, second] = labels
        && (*first - *second).abs() < least
    {
        let (upper, lower) = if *first <= *second { (first, second) } else { (second, first) };
        let middle = ((*upper + *lower) / 2.0).clamp(least / 2.0 + 14.0, floor - least / 2.0);
        (*upper, *lower) = (middle - least / 2.0, middle + least / 2.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
pub(super) fn float(cents: i64) -> f64 {
    cents as f64
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn float_u64(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn float_len(length: usize) -> f64 {
    length as f64
}

/// Text that is only text in XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_steps() {
        let check = |least: f64, want: f64| assert!((nice_step(least) - want).abs() < 1e-9, "{least}");
        check(1.0, 1.0);
        check(3.0, 5.0);
        check(287_000.0, 500_000.0);
        check(100.0, 100.0);
        assert_eq!(ticks(0, 90).collect::<Vec<_>>(), [0, 15, 30, 45, 60, 75, 90]);
        assert_eq!(ticks(0, 1).collect::<Vec<_>>(), [0, 1]);
        assert!(ticks(0, 100_000).count() <= 8);
        assert_eq!((axis(50_000.0), axis(200_000.0), axis(150_000_000.0)), ("$500".to_owned(), "$2k".to_owned(), "$1.5M".to_owned()));
        assert_eq!((axis(-50_000.0), axis(0.0), axis(-250_000.0)), ("-$500".to_owned(), "$0".to_owned(), "-$2.5k".to_owned()));
    }

    #[test]
    fn a_drawing_escapes_names_and_describes_itself() {
        let bars = Bars {
            id: "chart-x",
            title: "A <b>".to_owned(),
            desc: said(&[("<script>".to_owned(), vec![1])]),
            parts: vec![("One", "a"), ("Two", "b")],
            rows: vec![("<script>\"&".to_owned(), vec![1, 2]), ("x".repeat(100), vec![0, 0])],
        };
        let svg = bars.svg();
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("<title id=\"chart-x-title\">A &lt;b&gt;</title>") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn labels_that_would_overlap_move_apart() {
        let mut labels = [100.0, 104.0];
        apart(&mut labels, 32.0, 246.0);
        assert!((labels[1] - labels[0] - 32.0).abs() < 1e-9);
        let mut floor = [246.0, 246.0];
        apart(&mut floor, 32.0, 246.0);
        assert!(floor[1] <= 246.0 && floor[0] < floor[1]);
    }
}
