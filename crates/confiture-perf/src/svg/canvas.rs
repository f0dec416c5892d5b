//! Marks, axes and text.

use std::fmt::Write as _;

pub(super) const WIDTH: f64 = 800.0;
pub(super) const LEFT: f64 = 230.0;
pub(super) const RIGHT: f64 = 30.0;

pub(super) const INK: &str = "#1f2933";
pub(super) const PALE: &str = "#9aa5b1";
pub(super) const COOL: &str = "#2b6cb0";
pub(super) const WARM: &str = "#c05621";
pub(super) const BAND: &str = "#bee3f8";

/// How values become places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    logarithmic: bool,
    start: f64,
    end: f64,
}

impl Axis {
    /// From left to right.
    pub(super) fn across(from: f64, to: f64) -> Self {
        Self {
            from,
            to: if to > from { to } else { from + 1.0 },
            logarithmic: false,
            start: LEFT,
            end: WIDTH - RIGHT,
        }
    }

    /// From `bottom` up to `top`.
    pub(super) fn up(from: f64, to: f64, bottom: f64, top: f64) -> Self {
        Self { start: bottom, end: top, ..Self::across(from, to) }
    }

    /// The same with equal steps for equal ratios; values are above 0.
    pub(super) fn logarithmic(self) -> Self {
        let from = self.from.max(1e-9);
        Self { from, to: self.to.max(from * 1.0001), logarithmic: true, ..self }
    }

    /// The least value.
    pub(super) fn least(&self) -> f64 {
        self.from
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.logarithmic {
            true => (value.max(1e-9) / self.from).ln() / (self.to / self.from).ln(),
            false => (value - self.from) / (self.to - self.from),
        };
        self.start + share.clamp(-0.05, 1.05) * (self.end - self.start)
    }

    /// Round values along it.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let (first, last) = (self.from.log10().ceil() as i32, self.to.log10().floor() as i32);
            let tens = (first..=last).map(|power| 10_f64.powi(power));
            if last - first >= 2 {
                return tens.collect();
            }
            // Few powers of ten: threes between them.
            let all = (first - 1..=last).flat_map(|power| [1.0, 3.0].map(|by| by * 10_f64.powi(power)));
            return all.filter(|value| (self.from..=self.to).contains(value)).collect();
        }
        let rough = (self.to - self.from) / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|by| by * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let (first, last) = ((self.from / step).ceil() as i64, (self.to / step).floor() as i64);
        (first..=last).map(|times| times as f64 * step).collect()
    }
}

/// A document under way.
#[derive(Debug)]
pub(super) struct Canvas {
    body: String,
    height: f64,
    title: String,
    description: String,
}

impl Canvas {
    pub(super) fn new(height: f64, title: &str, description: &str) -> Self {
        let mut canvas = Self {
            body: String::new(),
            height,
            title: title.to_owned(),
            description: description.to_owned(),
        };
        canvas.text(10.0, 20.0, &fitting(title, WIDTH - 20.0), INK, "start");
        canvas
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, dashed: bool) {
        let dash = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"{dash}/>"
        ));
    }

    /// A rectangle; `title` is read out and shown when pointed at.
    pub(super) fn block(&mut self, x: f64, y: f64, size: (f64, f64), colour: &str, title: &str) {
        let (width, height) = (size.0.max(1.0), size.1.max(1.0));
        self.push(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"><title>{}</title></rect>",
            escaped(title)
        ));
    }

    pub(super) fn dot(&mut self, x: f64, y: f64, colour: &str, title: &str) {
        let title = escaped(title);
        self.push(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" fill-opacity=\"0.7\"><title>{title}</title></circle>"
        ));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], stroke: &str, fill: &str) {
        let mut path = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let command = if at == 0 { 'M' } else { 'L' };
            // Writing into a String cannot fail.
            let _ = write!(path, "{command}{x:.1} {y:.1} ");
        }
        self.push(&format!("<path d=\"{}\" stroke=\"{stroke}\" fill=\"{fill}\"/>", path.trim_end()));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, colour: &str, anchor: &str) {
        let text = escaped(text);
        self.push(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// Lines and values of both axes; `across` and `up` name them with their units.
    pub(super) fn axes(&mut self, x: &Axis, across: &str, y: &Axis, up: &str) {
        for value in x.ticks() {
            self.line((x.at(value), y.start), (x.at(value), y.end), "#e4e7eb", false);
            self.text(x.at(value), y.start + 16.0, &short(value), PALE, "middle");
        }
        for value in y.ticks() {
            self.line((x.start, y.at(value)), (x.end, y.at(value)), "#e4e7eb", false);
            self.text(x.start - 6.0, y.at(value) + 4.0, &short(value), PALE, "end");
        }
        self.text(x.end, y.start + 32.0, across, INK, "end");
        self.text(10.0, y.end - 8.0, up, INK, "start");
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub(super) fn finish(self) -> String {
        let (height, title, description) = (self.height, escaped(&self.title), escaped(&self.description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{title}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// About so wide is a text of 12 pixels, in pixels.
pub(super) fn width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.7
}

/// As much of a text as there is room for; of names the end tells more than the beginning.
pub(super) fn fitting(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let most = (room / 6.7).max(2.0) as usize - 1;
    let skipped = text.chars().count() - most.min(text.chars().count());
    format!("…{}", text.chars().skip(skipped).collect::<String>())
}

/// A number in few characters.
pub(super) fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, " G"),
        v if v >= 1e6 => (value / 1e6, " M"),
        v if v >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let text = format!("{scaled:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

/// Text that XML takes: what it does not allow at all becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
