//! A drawing of gaps over time: a thin line for each instance, a thick one for the mean of each family.

use std::fmt::Write as _;

use super::instances::FAMILIES;
use super::measure::Measured;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 236.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 52.0;
/// Gaps of less than this many percent are drawn here.
const LEAST_GAP: f64 = 0.001;
const MOST_GAP: f64 = 100.0;
/// The drawing begins at so many seconds.
const LEAST_TIME: f64 = 0.001;
const POINTS: u32 = 160;
/// Distinguishable by most people, on white.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555"];

/// The drawing of these measurements over so many seconds.
pub(super) fn svg(measured: &[Measured], seconds: f64) -> String {
    let seconds = seconds.max(LEAST_TIME * 10.0);
    let x = |time: f64| LEFT + (time.max(LEAST_TIME) / LEAST_TIME).ln() / (seconds / LEAST_TIME).ln() * (WIDTH - LEFT - RIGHT);
    let y = |gap: f64| {
        let share = (gap.clamp(LEAST_GAP, MOST_GAP) / LEAST_GAP).ln() / (MOST_GAP / LEAST_GAP).ln();
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" role="img">
<title>Gap to the best known value over processor time</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="{LEFT}" y="24" font-size="15">Gap to the best known value over processor time</text>
"##
    );
    axes(&mut svg, seconds, &x, &y);
    let times: Vec<f64> = (0..=POINTS).map(|at| LEAST_TIME * (seconds / LEAST_TIME).powf(f64::from(at) / f64::from(POINTS))).collect();
    let line = |svg: &mut String, gaps: &[Option<f64>], colour: &str, style: &str| {
        let points: Vec<String> =
            times.iter().zip(gaps).filter_map(|(time, gap)| gap.map(|gap| format!("{:.1},{:.1}", x(*time), y(gap)))).collect();
        let _ = writeln!(svg, r#"<polyline fill="none" stroke="{colour}" {style} points="{}"/>"#, points.join(" "));
    };
    let mut row = 0.0;
    for (family, colour) in FAMILIES.iter().zip(COLOURS) {
        let members: Vec<&Measured> = measured.iter().filter(|measured| measured.family == *family && measured.copy_of.is_none()).collect();
        if members.is_empty() {
            continue;
        }
        let curves: Vec<Vec<Option<f64>>> =
            members.iter().map(|measured| times.iter().map(|time| measured.gap_at(*time)).collect()).collect();
        for gaps in &curves {
            line(&mut svg, gaps, colour, r#"stroke-width="0.8" opacity="0.35""#);
        }
        // The mean begins where every member has a first state.
        #[expect(clippy::cast_precision_loss, reason = "a count of instances")]
        let mean: Vec<Option<f64>> = (0..times.len())
            .map(|at| curves.iter().map(|gaps| gaps[at]).sum::<Option<f64>>().map(|sum| sum / curves.len() as f64))
            .collect();
        line(&mut svg, &mean, colour, r#"stroke-width="2.6""#);
        let (at, top) = (WIDTH - RIGHT + 16.0, TOP + 12.0 + row * 38.0);
        let _ = writeln!(svg, r#"<line x1="{at}" x2="{}" y1="{top}" y2="{top}" stroke="{colour}" stroke-width="2.6"/>"#, at + 22.0);
        let _ = writeln!(svg, r#"<text x="{}" y="{}">{family}</text>"#, at + 28.0, top + 4.0);
        let last = mean.last().copied().flatten().map_or_else(|| "no state yet".to_owned(), |gap| format!("mean {gap:.3} %"));
        let several = if members.len() == 1 { "instance" } else { "instances" };
        let _ = writeln!(svg, r##"<text x="{}" y="{}" fill="#666">{} {several}, {last}</text>"##, at + 28.0, top + 18.0, members.len());
        row += 1.0;
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, seconds: f64, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) {
    for (gap, name) in [(0.001, "0 to 0.001"), (0.01, "0.01"), (0.1, "0.1"), (1.0, "1"), (10.0, "10"), (100.0, "100")] {
        let at = y(gap);
        let _ = writeln!(svg, r##"<line x1="{LEFT}" x2="{}" y1="{at:.1}" y2="{at:.1}" stroke="#ddd"/>"##, WIDTH - RIGHT);
        let _ = writeln!(svg, r#"<text x="{}" y="{:.1}" text-anchor="end">{name}</text>"#, LEFT - 6.0, at + 4.0);
    }
    let mut time = LEAST_TIME;
    while time <= seconds * 1.0001 {
        let at = x(time);
        let _ = writeln!(svg, r##"<line x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{}" stroke="#eee"/>"##, HEIGHT - BOTTOM);
        let _ = writeln!(
            svg,
            r#"<text x="{at:.1}" y="{}" text-anchor="middle">{} s</text>"#,
            HEIGHT - BOTTOM + 18.0,
            (time * 1000.0).round() / 1000.0
        );
        time *= 10.0;
    }
    let _ = writeln!(svg, r#"<text x="14" y="{TOP}" font-size="11" dy="-8">gap, percent (median of seeds)</text>"#);
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    let _ = writeln!(svg, r#"<text x="{middle}" y="{}" text-anchor="middle">processor time (log)</text>"#, HEIGHT - 12.0);
}

#[cfg(test)]
mod tests {
    use super::super::measure::tests::measured;
    use super::*;

    #[test]
    fn a_drawing_has_a_line_for_each_instance_and_family_and_no_broken_numbers() {
        let text = svg(&[measured("a", FAMILIES[0]), measured("b", FAMILIES[0]), measured("c", FAMILIES[2])], 1.0);
        assert_eq!(text.matches("<polyline").count(), 3 + 2);
        assert!(text.contains("2 instances") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        assert!(svg(&[], 0.0).ends_with("</svg>\n"));
    }
}
