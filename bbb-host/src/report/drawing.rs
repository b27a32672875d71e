//! Drawings of plans and simulations: lines with a band, columns by week, how amounts are spread, and points of profit against risk.
//!
//! They follow the rules of [`super::chart`]: a title and a description, colours by class only, and the figures in a table near it.

use std::fmt::Write as _;

use bbb_core::money::{Cents, dollars};

use super::chart::{WIDTH, axis, escape, float, nice_step, open};
use super::sections::Drawing;

const LEFT: f64 = 64.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 40.0;
const HEIGHT: f64 = 300.0;
/// The width of a number at a point.
const NUMBER: f64 = 20.0;
/// The height of a label of two lines.
const LABEL: f64 = 32.0;

/// Where things are drawn: from which to which place at the foot, and from which to which amount at the side.
struct Frame {
    from: f64,
    to: f64,
    floor: f64,
    ceiling: f64,
    step: f64,
    right: f64,
}

impl Frame {
    /// A frame that holds these amounts, and nothing.
    fn around(from: f64, to: f64, amounts: impl Iterator<Item = i64> + Clone, right: f64) -> Frame {
        let (least, most) = (float(amounts.clone().min().unwrap_or(0).min(0)), float(amounts.max().unwrap_or(0).max(0)));
        let step = nice_step((most - least).max(100.0) / 5.0);
        Frame { from, to, floor: (least / step).floor() * step, ceiling: ((most / step).ceil() * step).max(step), step, right }
    }

    fn x(&self, place: f64) -> f64 {
        LEFT + (place - self.from) / (self.to - self.from).max(f64::MIN_POSITIVE) * (WIDTH - LEFT - self.right)
    }

    fn y(&self, cents: f64) -> f64 {
        HEIGHT - BOTTOM - (cents - self.floor) / (self.ceiling - self.floor) * (HEIGHT - TOP - BOTTOM)
    }

    fn point(&self, place: f64, cents: Cents) -> String {
        format!("{:.1},{:.1}", self.x(place), self.y(float(cents.get())))
    }

    /// Lines for amounts, that of nothing darker, and what the foot counts.
    fn grid(&self, svg: &mut String, foot: &str) {
        let mut level = self.floor;
        while level <= self.ceiling + self.step / 2.0 {
            let (at, class) = (self.y(level), if level.abs() < self.step / 2.0 { "axis" } else { "grid" });
            let _ = write!(svg, r#"<line class="{class}" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/>"#, WIDTH - self.right);
            let _ = write!(svg, r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#, LEFT - 8.0, at + 4.0, axis(level));
            level += self.step;
        }
        let middle = f64::midpoint(LEFT, WIDTH - self.right);
        let _ = write!(svg, r#"<text class="tick" x="{middle:.1}" y="{:.1}" text-anchor="middle">{foot}</text>"#, HEIGHT - 6.0);
    }

    /// Names with their amounts at the right, each where its line ends and none on another.
    fn names(&self, svg: &mut String, names: &[(&str, &str, Cents)]) {
        let mut labels = names.to_vec();
        labels.sort_by_key(|(_, _, cents)| std::cmp::Reverse(*cents));
        let mut at: Vec<f64> = labels.iter().map(|(_, _, cents)| self.y(float(cents.get()))).collect();
        apart(&mut at);
        for ((name, class, cents), at) in labels.iter().zip(at) {
            let x = WIDTH - self.right + 14.0;
            let class = if class.is_empty() { "label".to_owned() } else { format!("name {class}") };
            let _ = write!(svg, r#"<text class="{class}" x="{x:.1}" y="{:.1}">{}</text>"#, at - 2.0, escape(name));
            let _ = write!(svg, r#"<text class="value" x="{x:.1}" y="{:.1}">{}</text>"#, at + 13.0, dollars(*cents));
        }
    }

    fn tick(&self, svg: &mut String, place: f64, text: &str) {
        let _ = write!(
            svg,
            r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="middle">{text}</text>"#,
            self.x(place),
            HEIGHT - BOTTOM + 16.0
        );
    }
}

/// The planned balance by week, with the band of most futures.
pub(super) fn balance(title: &str, planned: &[Cents], band: &[[Cents; 3]]) -> Drawing {
    let (Some(end), Some(told)) = (planned.last(), band.last()) else {
        return Drawing { title: title.to_owned(), svg: String::new() };
    };
    let amounts = planned.iter().copied().chain(band.iter().flatten().copied()).map(Cents::get);
    let frame = Frame::around(1.0, place(planned.len()), amounts, 128.0);
    let desc = format!(
        "Over {} weeks: the planned balance ends at {}; a tenth of the futures end below {}, half below {}, nine tenths below {}.",
        planned.len(),
        dollars(*end),
        dollars(told[0]),
        dollars(told[1]),
        dollars(told[2])
    );
    let mut svg = open("chart-balance", title, &desc, HEIGHT);
    frame.grid(&mut svg, "weeks");
    (1..=planned.len()).for_each(|week| frame.tick(&mut svg, place(week), &week.to_string()));
    let line = |figures: &mut dyn Iterator<Item = Cents>| -> Vec<String> {
        figures.enumerate().map(|(at, cents)| frame.point(place(at + 1), cents)).collect()
    };
    let edge = |which: usize| line(&mut band.iter().map(|told| told[which]));
    let (low, high) = (edge(0), edge(2));
    let around: Vec<&str> = high.iter().chain(low.iter().rev()).map(String::as_str).collect();
    let _ = write!(svg, r#"<polygon class="band" points="{}"/>"#, around.join(" "));
    for points in [&low, &high] {
        let _ = write!(svg, r#"<polyline class="line thin" points="{}"/>"#, points.join(" "));
    }
    let _ = write!(svg, r#"<polyline class="line b" points="{}"/>"#, edge(1).join(" "));
    let _ = write!(svg, r#"<polyline class="line a" points="{}"/>"#, line(&mut planned.iter().copied()).join(" "));
    frame.names(
        &mut svg,
        &[("9 of 10 below", "", told[2]), ("Planned", "a", *end), ("Half below", "b", told[1]), ("1 of 10 below", "", told[0])],
    );
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

/// The band of most runs by week, with the middle one.
pub(super) fn fan(id: &str, title: &str, band: &[[Cents; 3]]) -> Drawing {
    let Some(told) = band.last() else { return Drawing { title: title.to_owned(), svg: String::new() } };
    let frame = Frame::around(1.0, place(band.len()).max(2.0), band.iter().flatten().map(|cents| cents.get()), 128.0);
    let [low, middle, high] = told.map(dollars);
    let desc = format!("After {} weeks a tenth of the runs are below {low}, half below {middle}, nine tenths below {high}.", band.len());
    let mut svg = open(id, title, &desc, HEIGHT);
    frame.grid(&mut svg, "weeks");
    (1..=band.len()).filter(|week| week % 13 == 0).for_each(|week| frame.tick(&mut svg, place(week), &week.to_string()));
    let edge =
        |which: usize| -> Vec<String> { band.iter().enumerate().map(|(at, told)| frame.point(place(at + 1), told[which])).collect() };
    let (low, high) = (edge(0), edge(2));
    let around: Vec<&str> = high.iter().chain(low.iter().rev()).map(String::as_str).collect();
    let _ = write!(svg, r#"<polygon class="band" points="{}"/>"#, around.join(" "));
    let _ = write!(svg, r#"<polyline class="line a" points="{}"/>"#, edge(1).join(" "));
    frame.names(&mut svg, &[("9 of 10 below", "", told[2]), ("Half below", "a", told[1]), ("1 of 10 below", "", told[0])]);
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

/// A line for each of a few figures by week; where a week is marked, a line from the foot to the top there.
pub(super) fn courses(id: &str, title: &str, courses: &[(&str, Vec<Cents>)], mark: Option<(f64, &str)>) -> Drawing {
    let weeks = courses.iter().map(|(_, course)| course.len()).max().unwrap_or(0);
    let ends: Vec<(&str, Cents)> = courses.iter().filter_map(|(name, course)| Some((*name, *course.last()?))).collect();
    if ends.is_empty() {
        return Drawing { title: title.to_owned(), svg: String::new() };
    }
    let frame =
        Frame::around(1.0, place(weeks).max(2.0), courses.iter().flat_map(|(_, course)| course.iter().map(|cents| cents.get())), 128.0);
    let said: Vec<String> = ends.iter().map(|(name, end)| format!("{name} {}", dollars(*end))).collect();
    let mut svg = open(id, title, &format!("After {weeks} weeks: {}.", said.join(", ")), HEIGHT);
    frame.grid(&mut svg, "weeks");
    // Quarters, or a few weeks where there are less than three.
    let step = if weeks < 39 { weeks.div_ceil(6) } else { 13 };
    (1..=weeks).filter(|week| week % step == 0).for_each(|week| frame.tick(&mut svg, place(week), &week.to_string()));
    if let Some((week, words)) = mark {
        let (x, foot) = (frame.x(week.clamp(frame.from, frame.to)), HEIGHT - BOTTOM);
        let _ = write!(svg, r#"<line class="axis" x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{foot:.1}"/>"#);
        let _ = write!(svg, r#"<text class="tick" x="{:.1}" y="{:.1}">{}</text>"#, x + 5.0, TOP + 8.0, escape(words));
    }
    for (at, (_, course)) in courses.iter().enumerate() {
        let points: Vec<String> = course.iter().enumerate().map(|(week, cents)| frame.point(place(week + 1), *cents)).collect();
        let _ = write!(svg, r#"<polyline class="line {}" points="{}"/>"#, if at == 0 { "a" } else { "thin" }, points.join(" "));
    }
    let names: Vec<(&str, &str, Cents)> =
        ends.iter().enumerate().map(|(at, (name, end))| (*name, if at == 0 { "a" } else { "" }, *end)).collect();
    frame.names(&mut svg, &names);
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

/// How many of some amounts lie in each of so many equal ranges.
pub(super) fn spread(id: &str, title: &str, amounts: &[Cents], bars: usize) -> Drawing {
    let (Some(least), Some(most)) = (amounts.iter().min(), amounts.iter().max()) else {
        return Drawing { title: title.to_owned(), svg: String::new() };
    };
    let (least, most) = (float(least.get()), float(most.get()));
    let step = nice_step((most - least).max(100.0) / place(bars));
    let from = (least / step).floor() * step;
    let ranges = whole(((most - from) / step).floor()) + 1;
    let mut counts = vec![0_usize; ranges];
    amounts.iter().for_each(|cents| counts[whole(((float(cents.get()) - from) / step).floor()).min(ranges - 1)] += 1);
    let highest = place(counts.iter().copied().max().unwrap_or(0).max(1));
    let x = |range: f64| LEFT + range / place(ranges) * (WIDTH - LEFT - 20.0);
    let y = |count: f64| HEIGHT - BOTTOM - count / highest * (HEIGHT - TOP - BOTTOM - 14.0);
    let desc = format!("{} runs, from {} to {}.", amounts.len(), axis(least), axis(most));
    let mut svg = open(id, title, &desc, HEIGHT);
    let _ =
        write!(svg, r#"<line class="axis" x1="{LEFT}" x2="{:.1}" y1="{:.1}" y2="{:.1}"/>"#, WIDTH - 20.0, HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    for (range, count) in counts.iter().enumerate() {
        let (left, right, top) = (x(place(range)), x(place(range + 1)), y(place(*count)));
        if *count > 0 {
            let _ = write!(
                svg,
                r#"<rect class="bar a" x="{:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/>"#,
                left + 1.0,
                right - left - 2.0,
                HEIGHT - BOTTOM - top
            );
            let _ = write!(
                svg,
                r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="middle">{count}</text>"#,
                f64::midpoint(left, right),
                top - 4.0
            );
        }
        if range % ranges.div_ceil(6) == 0 {
            let _ = write!(
                svg,
                r#"<text class="tick" x="{left:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                HEIGHT - BOTTOM + 16.0,
                axis(from + place(range) * step)
            );
        }
    }
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

/// A small count that was computed as a figure; 0 where it is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a small range before")]
fn whole(figure: f64) -> usize {
    figure.clamp(0.0, 10_000.0) as usize
}

/// Columns by week: what comes in beside what goes out, opening on top of expenses.
pub(super) fn weeks(title: &str, revenue: &[Cents], expenses: &[Cents], opening: &[Cents]) -> Drawing {
    let out = || expenses.iter().zip(opening).map(|(expenses, opening)| expenses.plus(*opening));
    let amounts: Vec<i64> = revenue.iter().copied().chain(out()).map(Cents::get).collect();
    let frame = Frame::around(0.5, place(revenue.len()) + 0.5, amounts.iter().copied(), 20.0);
    let sum = |cents: &[Cents]| dollars(cents.iter().copied().fold(Cents::ZERO, Cents::plus));
    let desc = format!(
        "Two columns for each of {} weeks: revenue, {} in all, and beside it expenses, {} in all, with {} for opening on top in the first week.",
        revenue.len(),
        sum(revenue),
        sum(expenses),
        sum(opening)
    );
    let mut svg = open("chart-weeks", title, &desc, HEIGHT);
    frame.grid(&mut svg, "weeks");
    let mut column = |x: f64, from: Cents, to: Cents, class: &str| {
        let (top, foot) = (frame.y(float(to.get())), frame.y(float(from.get())));
        let _ =
            write!(svg, r#"<rect class="bar {class}" x="{x:.1}" y="{:.1}" width="15" height="{:.1}"/>"#, top.min(foot), (foot - top).abs());
    };
    for at in 0..revenue.len() {
        let x = frame.x(place(at + 1));
        column(x - 16.0, Cents::ZERO, revenue[at], "a");
        column(x + 1.0, Cents::ZERO, expenses[at], "b");
        if opening[at] != Cents::ZERO {
            column(x + 1.0, expenses[at], expenses[at].plus(opening[at]), "c");
        }
    }
    (1..=revenue.len()).for_each(|week| frame.tick(&mut svg, place(week), &week.to_string()));
    let mut x = WIDTH - 300.0;
    for (name, class) in [("Revenue", "a"), ("Expenses", "b"), ("Opening", "c")] {
        let _ = write!(svg, r#"<rect class="bar {class}" x="{x:.1}" y="2" width="12" height="12"/>"#);
        let _ = write!(svg, r#"<text class="label" x="{:.1}" y="12.5">{name}</text>"#, x + 18.0);
        x += 96.0;
    }
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

/// Numbered points of profit over risk, joined from the least to the most; one of them marked.
pub(super) fn frontier(title: &str, points: &[(Cents, Cents)], marked: Option<usize>) -> Drawing {
    let most = points.iter().map(|(risk, _)| risk.get()).max().unwrap_or(0).max(1);
    let step = nice_step(float(most) / 6.0);
    let end = (float(most) / step).ceil() * step;
    let frame = Frame::around(0.0, end * 1.04, points.iter().map(|(_, profit)| profit.get()), 24.0);
    let said: Vec<String> =
        points.iter().enumerate().map(|(at, (risk, profit))| format!("{}: {} at {}", at + 1, dollars(*profit), dollars(*risk))).collect();
    let desc = format!("Expected profit over its standard deviation, a point for each portfolio: {}.", said.join("; "));
    let mut svg = open("chart-frontier", title, &desc, HEIGHT);
    frame.grid(&mut svg, "standard deviation of the profit");
    let mut level = 0.0;
    while level <= end + step / 2.0 {
        frame.tick(&mut svg, level, &axis(level));
        level += step;
    }
    let places: Vec<String> = points.iter().map(|(risk, profit)| frame.point(float(risk.get()), *profit)).collect();
    let _ = write!(svg, r#"<polyline class="line thin" points="{}"/>"#, places.join(" "));
    let across: Vec<f64> = points.iter().map(|(risk, _)| frame.x(float(risk.get()))).collect();
    let of_marked = marked.and_then(|at| across.get(at).copied());
    let mut before = f64::NEG_INFINITY;
    for (at, ((_, profit), x)) in points.iter().zip(&across).enumerate() {
        let (y, is_marked) = (frame.y(float(profit.get())), marked == Some(at));
        let _ = write!(svg, r#"<circle class="dot a" cx="{x:.1}" cy="{y:.1}" r="4"/>"#);
        if is_marked {
            let _ = write!(svg, r#"<circle class="halo" cx="{x:.1}" cy="{y:.1}" r="9"/>"#);
        }
        // A number that would stand on another one is left to the table; the marked one always stands.
        let free = x - before >= NUMBER && of_marked.is_none_or(|marked| (x - marked).abs() >= NUMBER);
        if is_marked || free {
            let _ = write!(svg, r#"<text class="label" x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, (y - 13.0).max(10.0), at + 1);
            before = *x;
        }
    }
    svg.push_str("</svg>");
    Drawing { title: title.to_owned(), svg }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn place(number: usize) -> f64 {
    number as f64
}

/// Moves labels apart that stand closer than they are high, from the top, and up again where they would leave the foot.
fn apart(labels: &mut [f64]) {
    let mut least = TOP + LABEL / 2.0;
    for label in labels.iter_mut() {
        *label = label.max(least);
        least = *label + LABEL;
    }
    let mut most = HEIGHT - BOTTOM - 6.0;
    for label in labels.iter_mut().rev() {
        *label = label.min(most);
        most = *label - LABEL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(figures: &[i64]) -> Vec<Cents> {
        figures.iter().copied().map(Cents::new).collect()
    }

    fn fine(drawing: &Drawing) {
        let svg = &drawing.svg;
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        for part in svg.split("cy=\"").skip(1).chain(svg.split(" y=\"").skip(1)) {
            let at: f64 = part.split('"').next().and_then(|text| text.parse().ok()).expect("a number");
            assert!((-1.0..=HEIGHT + 1.0).contains(&at), "{at}: {svg}");
        }
    }

    #[test]
    fn drawings_stay_within_their_frame_whatever_the_figures() {
        for figures in [&[0, 0, 0][..], &[-100, -200, -50_000], &[1, 2, 3_000_000_000], &[i64::MIN / 2, 0, i64::MAX / 2]] {
            let planned = cents(figures);
            let band: Vec<[Cents; 3]> = planned.iter().map(|at| [at.minus(Cents::new(50)), *at, at.plus(Cents::new(90))]).collect();
            fine(&balance("Balance", &planned, &band));
            fine(&weeks("Weeks", &planned, &planned, &cents(&[5, 0, 0])));
            let points: Vec<(Cents, Cents)> = planned.iter().map(|at| (at.max(&Cents::ZERO).to_owned(), *at)).collect();
            fine(&frontier("Frontier", &points, Some(1)));
            fine(&fan("fan", "Fan", &band));
            fine(&spread("spread", "Spread", &planned, 16));
            let two = [("one", planned.clone()), ("<other>", cents(&[1, 2]))];
            for mark in [None, Some((-7.0, "before")), Some((1.5, "<in>")), Some((1e9, "after"))] {
                let drawing = courses("courses", "Courses", &two, mark);
                fine(&drawing);
                assert!(!drawing.svg.contains("<other>") && !drawing.svg.contains("<in>"), "{}", drawing.svg);
            }
        }
        fine(&frontier("Frontier", &[], None));
        assert!(fan("fan", "Fan", &[]).svg.is_empty() && spread("spread", "Spread", &[], 16).svg.is_empty());
        assert!(courses("courses", "Courses", &[], None).svg.is_empty());
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let mut labels = [100.0, 101.0, 102.0, 250.0];
        apart(&mut labels);
        assert!(labels.windows(2).all(|two| two[1] - two[0] >= LABEL - 1e-9), "{labels:?}");
        let mut low = [255.0, 256.0, 257.0, 258.0];
        apart(&mut low);
        assert!(low.windows(2).all(|two| two[1] - two[0] >= LABEL - 1e-9) && low[3] <= HEIGHT - BOTTOM, "{low:?}");
    }
}
