//! Timings of two versions, costs over rows, costs over commits.

use confiture_core::report::{Curve, Timings, TrendProfile};

use super::canvas::{Axis, BAND, COOL, Canvas, INK, LEFT, PALE, RIGHT, WARM, WIDTH, fitting, short};
use crate::predict::Cost;
use crate::stats::{Fit, median};

/// Every run of base and head as a dot, the medians as lines, and the ratio with its interval; of head alone where
/// there is no base.
pub fn strip_plot(title: &str, timings: &Timings) -> String {
    let said = match (&timings.ratio, timings.p) {
        (Some(ratio), Some(p)) => format!(
            "head/base {:.2} ({:.0} % interval {:.2} to {:.2}), p = {p:.4}: {}",
            ratio.estimate,
            timings.confidence.unwrap_or_default() * 100.0,
            ratio.low,
            ratio.high,
            timings.verdict
        ),
        _ if timings.base_ms.is_empty() => {
            format!("median {} ms of {} runs", short(median(&timings.head_ms)), timings.head_ms.len())
        }
        _ => "no ratio".to_owned(),
    };
    let all = [("base", &timings.base_ms, COOL), ("head", &timings.head_ms, WARM)];
    let rows: Vec<_> = all.into_iter().filter(|(_, runs, _)| !runs.is_empty()).collect();
    let bottom = 40.0 + 60.0 * rows.len() as f64;
    let mut canvas = Canvas::new(bottom + 70.0, title, &said);
    let all = timings.base_ms.iter().chain(&timings.head_ms);
    let (least, most) = all.fold((f64::MAX, 0.0_f64), |(a, b), ms| (a.min(*ms), b.max(*ms)));
    let margin = (most - least).max(most * 0.01) * 0.1;
    let x = Axis::across((least - margin).max(0.0), most + margin);
    for value in x.ticks() {
        canvas.line((x.at(value), 40.0), (x.at(value), bottom), "#e4e7eb", false);
        canvas.text(x.at(value), bottom + 16.0, &short(value), PALE, "middle");
    }
    for (row, (name, runs, colour)) in rows.into_iter().enumerate() {
        let y = 70.0 + 60.0 * row as f64;
        canvas.text(LEFT - 10.0, y + 4.0, name, INK, "end");
        if let Some(ratio) = timings.ratio.filter(|_| name == "head") {
            // Where the base's median would be with the interval's ends as the ratio.
            let base = median(&timings.base_ms);
            let (low, high) = (x.at(base * ratio.low), x.at(base * ratio.high));
            let what = format!("{:.2} to {:.2} times the base", ratio.low, ratio.high);
            canvas.block(low, y - 14.0, (high - low, 28.0), BAND, &what);
        }
        for (at, ms) in runs.iter().enumerate() {
            // Beside each other where they are equal.
            let aside = (at % 5) as f64 * 4.0 - 8.0;
            canvas.dot(x.at(*ms), y + aside, colour, &format!("{name}: {ms:.1} ms"));
        }
        let middle = x.at(median(runs));
        canvas.line((middle, y - 18.0), (middle, y + 18.0), colour, false);
    }
    let unit = match timings.metric.as_str() {
        "cpu" => "processor milliseconds",
        _ => "milliseconds by the clock",
    };
    canvas.text(WIDTH - RIGHT, bottom + 34.0, unit, INK, "end");
    canvas.text(10.0, bottom + 56.0, &said, INK, "start");
    canvas.finish()
}

/// Rows against cost, both logarithmic: measurements, the fitted curve with its 95 % band, the production size and
/// the budget.
pub fn scaling(title: &str, cost: Cost, curve: &Curve, budget: Option<f64>) -> String {
    let unit = cost.unit();
    let production = curve.rows.map(|rows| rows as f64).filter(|rows| *rows > 0.0);
    // Beyond its reach a curve is not drawn.
    let measured = curve.points.iter().map(|point| point.0).fold(1.0, f64::max);
    let reach = production.map_or(measured, |rows| rows.clamp(measured, measured * Fit::REACH));
    let least = curve.points.iter().map(|point| point.0).fold(reach, f64::min).max(1.0);
    let fit = fit(curve, cost);
    let said = match (production, curve.prediction, &curve.refused) {
        (Some(rows), Some(band), _) => format!(
            "{} rows: {} {unit}, {} to {}",
            short(rows),
            short(band.estimate),
            short(band.low),
            short(band.high)
        ),
        (_, _, Some(why)) => why.clone(),
        (Some(rows), None, None) => format!("{} rows: no prediction", short(rows)),
        (None, ..) => format!("{} measurements", curve.points.len()),
    };
    let mut canvas = Canvas::new(430.0, title, &said);
    let highest = fit.as_ref().map(|fit| fit.band(reach, 0.95).high);
    let costs = || curve.points.iter().map(|point| point.1).chain(budget);
    let most = costs().chain(highest).fold(0.0, f64::max).max(1e-3);
    let fewest = costs().filter(|cost| *cost > 0.0).fold(most, f64::min);
    let x = Axis::across(least / 1.3, reach * 1.3).logarithmic();
    let y = Axis::up(fewest / 1.5, most * 1.5, 350.0, 70.0).logarithmic();
    canvas.axes(&x, "rows", &y, unit);
    if let Some(fit) = &fit {
        let steps = (0..=60).map(|step| least * (reach / least).powf(f64::from(step) / 60.0));
        let bands: Vec<_> = steps.map(|rows| (x.at(rows), fit.band(rows, 0.95))).collect();
        let upper = bands.iter().map(|(x, band)| (*x, y.at(band.high)));
        let lower = bands.iter().rev().map(|(x, band)| (*x, y.at(band.low)));
        canvas.path(&upper.chain(lower).collect::<Vec<_>>(), "none", BAND);
        let line: Vec<(f64, f64)> = bands.iter().map(|(x, band)| (*x, y.at(band.estimate))).collect();
        canvas.path(&line, COOL, "none");
    }
    for (rows, cost) in &curve.points {
        let what = format!("{} rows: {} {unit}", short(*rows), short(*cost));
        canvas.dot(x.at(*rows), y.at(*cost), COOL, &what);
    }
    if let Some(budget) = budget {
        canvas.line((x.at(least), y.at(budget)), (x.at(reach), y.at(budget)), WARM, true);
        let what = format!("budget {} {unit}", short(budget));
        canvas.text(x.at(least) + 4.0, y.at(budget) - 4.0, &what, WARM, "start");
    }
    if let Some(rows) = production.filter(|rows| *rows <= reach) {
        canvas.line((x.at(rows), 70.0), (x.at(rows), 350.0), WARM, true);
        canvas.text(x.at(rows) - 4.0, 64.0, "production", WARM, "end");
    }
    canvas.text(10.0, 414.0, &fitting(&said, WIDTH - 20.0), INK, "start");
    canvas.finish()
}

fn fit(curve: &Curve, cost: Cost) -> Option<Fit> {
    Fit::relative(&cost.points(curve), cost.shape(curve.sorting), cost.floor()).ok()
}

/// A history, oldest first, with the level of each stretch between its change points.
pub fn trend(trend: &TrendProfile) -> String {
    let unit = trend.metric.replace('_', " ");
    let title = format!("{} of {}", unit, trend.subject);
    let said = changes(trend);
    let mut canvas = Canvas::new(330.0, &title, &said);
    levels(&mut canvas, trend, (70.0, 250.0), &unit);
    canvas.text(10.0, 314.0, &fitting(&said, WIDTH - 20.0), INK, "start");
    canvas.finish()
}

/// Several counters of one subject over its commits, one beneath the other.
pub fn counters(subject: &str, trends: &[&TrendProfile]) -> String {
    const HEIGHT: f64 = 150.0;
    let said: Vec<String> = trends
        .iter()
        .map(|trend| format!("{}: {}", trend.metric.replace('_', " "), changes(trend)))
        .collect();
    let title = format!("counters of {subject}");
    let mut canvas = Canvas::new(40.0 + HEIGHT * trends.len() as f64, &title, &said.join("; "));
    for (at, trend) in trends.iter().enumerate() {
        let top = 60.0 + HEIGHT * at as f64;
        levels(&mut canvas, trend, (top, top + 70.0), &trend.metric.replace('_', " "));
    }
    canvas.finish()
}

fn changes(trend: &TrendProfile) -> String {
    let unit = trend.metric.replace('_', " ");
    match trend.changes.last() {
        None => "no change of level".to_owned(),
        Some(last) => {
            let at = trend.points.get(last.index).map_or("", |(commit, _)| commit);
            format!(
                "{} change{} of level; the last at {}: {} to {} {unit}",
                trend.changes.len(),
                if trend.changes.len() == 1 { "" } else { "s" },
                at.chars().take(12).collect::<String>(),
                short(last.before),
                short(last.after)
            )
        }
    }
}

/// Axes, dots and levels between `top` and `bottom`.
fn levels(canvas: &mut Canvas, trend: &TrendProfile, (top, bottom): (f64, f64), unit: &str) {
    let history = &trend.points;
    let most = history.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let x = Axis::across(0.0, history.len().saturating_sub(1) as f64);
    let y = Axis::up(0.0, if most > 0.0 { most * 1.1 } else { 1.0 }, bottom, top);
    canvas.axes(&x, "runs, oldest first", &y, unit);
    let line: Vec<(f64, f64)> =
        history.iter().enumerate().map(|(at, (_, value))| (x.at(at as f64), y.at(*value))).collect();
    if !line.is_empty() {
        canvas.path(&line, PALE, "none");
    }
    for (at, (commit, value)) in history.iter().enumerate() {
        canvas.dot(x.at(at as f64), y.at(*value), COOL, &format!("{commit}: {} {unit}", short(*value)));
    }
    let mut from = 0;
    let ends = trend.changes.iter().map(|change| (change.index, change.before));
    let last = trend.changes.last().map(|change| (history.len(), change.after));
    for (to, level) in ends.chain(last) {
        let end = to.saturating_sub(1) as f64;
        canvas.line((x.at(from as f64), y.at(level)), (x.at(end), y.at(level)), WARM, false);
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confiture_core::report::{Band, TrendChange};

    use crate::stats::change_points;

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
        let mut timings = Timings {
            metric: "cpu".to_owned(),
            base_ms: vec![100.0, 101.0, 99.0, 102.0, 103.0],
            head_ms: vec![150.0, 151.0, 152.0, 149.0, 153.0],
            ratio: Some(Band { estimate: 1.5, low: 1.4, high: 1.6 }),
            p: Some(0.004),
            verdict: "slower".to_owned(),
            ..Timings::default()
        };
        let svg = strip_plot("<b> & \"0001\" \u{1}", &timings);
        assert_eq!(elements(&svg, "circle"), 10);
        assert!(svg.contains("head/base 1.50") && svg.contains("base</text>"), "{svg}");
        (timings.base_ms, timings.ratio) = (Vec::new(), None);
        let alone = strip_plot("forward", &timings);
        assert_eq!(elements(&alone, "circle"), 5);
        assert!(alone.contains("median 151 ms of 5 runs") && !alone.contains("base</text>"), "{alone}");
    }

    #[test]
    fn a_fit_is_drawn_with_its_band_its_production_size_and_its_budget() {
        let points: Vec<(f64, f64)> = [1e4, 3e4, 1e5].map(|rows| (rows, rows / 100.0)).into();
        let mut curve = Curve {
            points,
            rows: Some(5_000_000),
            prediction: Some(Band { estimate: 5e4, low: 4e4, high: 6e4 }),
            ..Curve::default()
        };
        let svg = scaling("backfill", Cost::Processor, &curve, Some(1000.0));
        assert_eq!((elements(&svg, "circle"), elements(&svg, "path")), (3, 2));
        assert!(
            svg.contains("production") && svg.contains("budget 1000 ms") && svg.contains("5 M rows: 50 k ms"),
            "{svg}"
        );
        (curve.rows, curve.prediction) = (Some(500_000_000), None);
        let far = scaling("backfill", Cost::Processor, &curve, None);
        assert!(far.contains("no prediction") && !far.contains(">production<"), "{far}");
        assert_eq!(elements(&far, "circle"), 3);
    }

    #[test]
    fn a_trend_shows_its_levels_and_an_empty_one_is_a_document_too() {
        let values: Vec<f64> =
            (0..20).map(|at| if at < 10 { 5.0 } else { 9.0 } + f64::from(at % 3)).collect();
        let found = change_points(&values, 0.01).unwrap();
        let changes = found.iter().map(|change| TrendChange {
            index: change.index,
            before: change.before,
            after: change.after,
            p: change.p,
        });
        let mut history = TrendProfile {
            subject: "0007".to_owned(),
            metric: "cpu_ms".to_owned(),
            points: values.iter().enumerate().map(|(at, value)| (format!("c{at}"), *value)).collect(),
            changes: changes.collect(),
        };
        let svg = trend(&history);
        assert!(svg.contains("the last at c10"), "{svg}");
        assert_eq!(elements(&svg, "circle"), 20);
        assert_eq!(elements(&counters("0007", &[&history, &history]), "circle"), 40);
        (history.points, history.changes) = (Vec::new(), Vec::new());
        assert_eq!(elements(&trend(&history), "circle"), 0);
    }
}
