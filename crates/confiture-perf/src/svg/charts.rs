//! Timings of two versions, costs over rows, costs over commits.

use super::canvas::{Axis, BAND, COOL, Canvas, INK, PALE, WARM, short};
use crate::stats::{ChangePoint, Comparison, Fit, Metric, Point, median};

/// Every run of base and head as a dot, the medians as lines, and the ratio with its interval.
pub fn strip_plot(title: &str, comparison: &Comparison) -> String {
    let said = comparison.ratio.map_or_else(
        || "no ratio".to_owned(),
        |ratio| {
            format!(
                "head/base {:.2} ({:.0} % interval {:.2} to {:.2}), p = {:.4}",
                ratio.estimate,
                ratio.confidence * 100.0,
                ratio.low,
                ratio.high,
                comparison.p_adjusted
            )
        },
    );
    let mut canvas = Canvas::new(230.0, title, &said);
    let all = comparison.base_ms.iter().chain(&comparison.head_ms);
    let (least, most) = all.fold((f64::MAX, 0.0_f64), |(a, b), ms| (a.min(*ms), b.max(*ms)));
    let margin = (most - least).max(most * 0.01) * 0.1;
    let x = Axis::across((least - margin).max(0.0), most + margin);
    for value in x.ticks() {
        canvas.line((x.at(value), 40.0), (x.at(value), 160.0), "#e4e7eb", false);
        canvas.text(x.at(value), 176.0, &short(value), PALE, "middle");
    }
    let rows = [("base", &comparison.base_ms, 70.0, COOL), ("head", &comparison.head_ms, 130.0, WARM)];
    for (name, runs, y, colour) in rows {
        canvas.text(140.0, y + 4.0, name, INK, "end");
        for (at, ms) in runs.iter().enumerate() {
            // Beside each other where they are equal.
            let aside = (at % 5) as f64 * 4.0 - 8.0;
            canvas.dot(x.at(*ms), y + aside, colour, &format!("{name}: {ms:.1} ms"));
        }
        if !runs.is_empty() {
            let middle = x.at(median(runs));
            canvas.line((middle, y - 18.0), (middle, y + 18.0), colour, false);
        }
    }
    let unit = match comparison.metric {
        Metric::Cpu => "processor milliseconds",
        Metric::Wall => "milliseconds by the clock",
    };
    canvas.text(780.0, 194.0, unit, INK, "end");
    canvas.text(10.0, 216.0, &said, INK, "start");
    canvas.finish()
}

/// Rows against cost, both logarithmic: measurements, the fitted curve with its 95 % band, the production size and
/// the budget. `unit` is that of the cost.
pub fn scaling(
    title: &str,
    unit: &str,
    points: &[Point],
    fit: &Fit,
    production: Option<f64>,
    budget: Option<f64>,
) -> String {
    let reach = points.iter().map(|point| point.rows).chain(production).fold(1.0, f64::max);
    let least = points.iter().map(|point| point.rows).fold(reach, f64::min).max(1.0);
    let predicted = production.and_then(|rows| fit.predict(rows, 0.95).ok());
    let costs = || points.iter().map(|point| point.cost).chain(budget);
    let most = costs().chain([fit.band(reach, 0.95).high]).fold(0.0, f64::max);
    let fewest = costs().filter(|cost| *cost > 0.0).fold(most.max(1e-6), f64::min);
    let said = match (production, predicted) {
        (Some(rows), Some(band)) => format!(
            "{} rows: {} {unit}, {} to {}",
            short(rows),
            short(band.estimate),
            short(band.low),
            short(band.high)
        ),
        (Some(rows), None) => format!("{} rows: no prediction", short(rows)),
        (None, _) => format!("{} measurements", points.len()),
    };
    let mut canvas = Canvas::new(420.0, title, &said);
    let x = Axis::across(least / 1.3, reach * 1.3).logarithmic();
    let y = Axis::up(fewest / 1.5, most * 1.5, 350.0, 60.0).logarithmic();
    canvas.axes(&x, "rows", &y, unit);
    let steps = (0..=60).map(|step| least * (reach / least).powf(f64::from(step) / 60.0));
    let steps: Vec<f64> = steps.collect();
    let bands: Vec<_> = steps.iter().map(|rows| (x.at(*rows), fit.band(*rows, 0.95))).collect();
    let upper = bands.iter().map(|(x, band)| (*x, y.at(band.high)));
    let lower = bands.iter().rev().map(|(x, band)| (*x, y.at(band.low)));
    canvas.path(&upper.chain(lower).collect::<Vec<_>>(), "none", BAND);
    let curve: Vec<(f64, f64)> = bands.iter().map(|(x, band)| (*x, y.at(band.estimate))).collect();
    canvas.path(&curve, COOL, "none");
    for point in points {
        let what = format!("{} rows: {} {unit}", short(point.rows), short(point.cost));
        canvas.dot(x.at(point.rows), y.at(point.cost), COOL, &what);
    }
    if let Some(budget) = budget {
        canvas.line((x.at(least), y.at(budget)), (x.at(reach), y.at(budget)), WARM, true);
        canvas.text(
            x.at(least),
            y.at(budget) - 4.0,
            &format!("budget {} {unit}", short(budget)),
            WARM,
            "start",
        );
    }
    if let Some(rows) = production {
        canvas.line((x.at(rows), 60.0), (x.at(rows), 350.0), WARM, true);
        canvas.text(x.at(rows) - 4.0, 56.0, "production", WARM, "end");
    }
    canvas.text(10.0, 404.0, &said, INK, "start");
    canvas.finish()
}

/// A history, oldest first, with the level of each stretch between its change points.
pub fn trend(title: &str, unit: &str, history: &[(String, f64)], changes: &[ChangePoint]) -> String {
    let said = match changes.last() {
        None => "no change of level".to_owned(),
        Some(last) => {
            let at = history.get(last.index).map_or("", |(commit, _)| commit);
            format!(
                "{} changes of level; the last at {at}: {} to {} {unit}",
                changes.len(),
                short(last.before),
                short(last.after)
            )
        }
    };
    let mut canvas = Canvas::new(320.0, title, &said);
    let most = history.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let x = Axis::across(0.0, history.len().saturating_sub(1) as f64);
    let y = Axis::up(0.0, if most > 0.0 { most * 1.1 } else { 1.0 }, 250.0, 60.0);
    canvas.axes(&x, "runs, oldest first", &y, unit);
    let line: Vec<(f64, f64)> =
        history.iter().enumerate().map(|(at, (_, value))| (x.at(at as f64), y.at(*value))).collect();
    canvas.path(&line, PALE, "none");
    for (at, (commit, value)) in history.iter().enumerate() {
        canvas.dot(x.at(at as f64), y.at(*value), COOL, &format!("{commit}: {} {unit}", short(*value)));
    }
    let mut from = 0;
    let ends = changes.iter().map(|change| (change.index, change.before));
    let last = changes.last().map(|change| (history.len(), change.after));
    for (to, level) in ends.chain(last) {
        let end = to.saturating_sub(1) as f64;
        canvas.line((x.at(from as f64), y.at(level)), (x.at(end), y.at(level)), WARM, false);
        from = to;
    }
    canvas.text(10.0, 304.0, &said, INK, "start");
    canvas.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Shape, Timing, TimingRule, change_points, compare};
    use std::time::Duration;

    /// Reads all of it; how often each element stands there.
    fn elements(svg: &str, name: &str) -> usize {
        let mut reader = quick_xml::Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let (mut count, mut depth) = (0, 0_i32);
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) {
                quick_xml::events::Event::Start(element) => {
                    depth += 1;
                    count += usize::from(element.name().as_ref() == name.as_bytes());
                }
                quick_xml::events::Event::Empty(element) => {
                    assert!(element.attributes().all(|attribute| attribute.is_ok()), "{svg}");
                    count += usize::from(element.name().as_ref() == name.as_bytes());
                }
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
        assert!(!svg.contains("<script") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        count
    }

    #[test]
    fn every_run_is_a_dot_and_names_cannot_break_the_document() {
        let run = |ms| Timing { wall: Duration::from_millis(ms), ..Timing::default() };
        let (base, head) = ([100, 101, 99, 102, 103].map(run), [150, 151, 152, 149, 153].map(run));
        let comparison = compare(&[(&base, &head)], &TimingRule::default()).remove(0);
        let svg = strip_plot("<b> & \"0001\" \u{1}", &comparison);
        assert_eq!(elements(&svg, "circle"), 10);
        assert!(svg.contains("head/base 1."), "{svg}");
    }

    #[test]
    fn a_fit_is_drawn_with_its_band_its_production_size_and_its_budget() {
        let points: Vec<Point> = [1e4, 3e4, 1e5].map(|rows| Point { rows, cost: rows / 100.0 }).into();
        let fit = Fit::relative(&points, Shape::Linear, 1.0).unwrap();
        let svg = scaling("backfill", "ms", &points, &fit, Some(5e6), Some(1000.0));
        assert_eq!((elements(&svg, "circle"), elements(&svg, "path")), (3, 2));
        assert!(
            svg.contains("production") && svg.contains("budget 1000 ms") && svg.contains("5 M rows: 50 k ms")
        );
        let far = scaling("backfill", "ms", &points, &fit, Some(5e8), None);
        assert!(far.contains("no prediction") && elements(&far, "circle") == 3);
    }

    #[test]
    fn a_trend_shows_its_levels_and_an_empty_one_is_a_document_too() {
        let values: Vec<f64> =
            (0..20).map(|at| if at < 10 { 5.0 } else { 9.0 } + f64::from(at % 3)).collect();
        let history: Vec<(String, f64)> =
            values.iter().enumerate().map(|(at, value)| (format!("c{at}"), *value)).collect();
        let changes = change_points(&values, 0.01).unwrap();
        let svg = trend("0007", "ms", &history, &changes);
        assert!(svg.contains("the last at c10"), "{svg}");
        assert_eq!(elements(&svg, "circle"), 20);
        assert_eq!(elements(&trend("0007", "ms", &[], &[]), "circle"), 0);
    }
}
