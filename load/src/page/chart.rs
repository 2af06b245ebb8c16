//! A line chart as SVG, in a figure of its own. Colours and fonts are the page's: a line has a class, no colour.

use super::escape;
use serde_json::json;
use std::fmt::Write as _;

/// The drawing, in the units of its view box.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 34.0;

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By powers of ten.
    Log,
    /// By the part that is left: 90%, 99%, 99.9% at even distances.
    Tail,
}

/// What an axis shows.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    /// How it is divided.
    pub(super) scale: Scale,
    /// A value in words, with its unit.
    pub(super) words: fn(f64) -> String,
}

/// One line. A point without a value is a gap.
pub(super) struct Line {
    /// Its name.
    pub(super) name: &'static str,
    /// Its points, by x.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// A chart.
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: &'static str,
    /// How to read it.
    pub(super) note: &'static str,
    /// To the right.
    pub(super) x: Axis,
    /// Upwards.
    pub(super) y: Axis,
    /// The lines.
    pub(super) lines: Vec<Line>,
    /// Moments with a name, on the x axis.
    pub(super) marks: Vec<(f64, String)>,
}

/// The range an axis shows.
struct Range {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Range {
    fn of(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) = (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max));
        let (from, to) = match scale {
            Scale::Linear => (0.0, high),
            // At least a decade, so that noise doesn't look like a mountain.
            Scale::Log => (low / 1.3, (high * 1.3).max(low * 10.0)),
            Scale::Tail => (0.0, high),
        };
        Self { scale, from, to: if to > from { to } else { from + 1.0 } }
    }

    /// Between 0 and 1.
    fn place(&self, value: f64) -> f64 {
        let (value, from, to) = match self.scale {
            Scale::Linear => (value, self.from, self.to),
            Scale::Log => (value.max(self.from).log10(), self.from.log10(), self.to.log10()),
            Scale::Tail => (tail(value), tail(self.from), tail(self.to)),
        };
        ((value - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = nice((self.to - self.from) / 5.0);
                (0..).map(|nth| self.from + step * f64::from(nth)).take_while(|tick| *tick <= self.to).collect()
            }
            Scale::Log => {
                let wide = self.to / self.from > 300.0;
                let within = |tick: &f64| (self.from..=self.to).contains(tick);
                let decades = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
                let steps: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
                decades
                    .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
                    .filter(within)
                    .collect()
            }
            Scale::Tail => {
                let all = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999_999];
                all.into_iter().filter(|tick| *tick <= self.to).collect()
            }
        }
    }
}

fn tail(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-9).log10()
}

/// The next of 1, 2, 5, 10, …
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-9).log10().floor());
    let of = step / power;
    power
        * if of <= 1.0 {
            1.0
        } else if of <= 2.0 {
            2.0
        } else if of <= 5.0 {
            5.0
        } else {
            10.0
        }
}

impl Chart {
    /// The figure; nothing when there is nothing to draw.
    pub(super) fn figure(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let ys = points().filter_map(|(_, y)| *y).filter(|y| self.y.scale != Scale::Log || *y > 0.0);
        if ys.clone().count() < 2 {
            return String::new();
        }
        let x = Range::of(self.x.scale, points().map(|(x, _)| *x));
        let mut y = Range::of(self.y.scale, ys);
        if y.scale == Scale::Linear {
            // Room above the highest point.
            y.to *= 1.06;
        }
        let right = |value: f64| LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
        let up = |value: f64| HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);

        let mut svg = String::new();
        for tick in y.ticks() {
            let (at, words) = (up(tick), (self.y.words)(tick));
            let _ = write!(svg, r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{at:.1}" y2="{at:.1}"/>"#, WIDTH - RIGHT);
            let _ = write!(svg, r#"<text class="y" x="{}" y="{:.1}">{words}</text>"#, LEFT - 8.0, at + 4.0);
        }
        for tick in x.ticks() {
            let (at, words) = (right(tick), (self.x.words)(tick));
            // A long label at the edge would stand out of the figure.
            let at = at.min(WIDTH - 3.5 * words.len() as f64);
            let _ = write!(svg, r#"<text class="x" x="{at:.1}" y="{}">{words}</text>"#, HEIGHT - BOTTOM + 20.0);
        }
        for (nth, (at, what)) in self.marks.iter().enumerate() {
            let (at, what) = (right(*at), escape(what));
            let (anchor, by) = if at > WIDTH * 0.75 { ("end", -5.0) } else { ("start", 5.0) };
            // Neighbours on two heights, so that they don't cover each other.
            let height = TOP - 14.0 + 12.0 * (nth % 2) as f64;
            let bottom = HEIGHT - BOTTOM;
            let _ = write!(svg, r#"<line class="mark" x1="{at:.1}" x2="{at:.1}" y1="{height}" y2="{bottom}"/>"#);
            let _ = write!(
                svg,
                r#"<text class="mark" x="{:.1}" y="{}" text-anchor="{anchor}">{what}</text>"#,
                at + by,
                height + 4.0
            );
        }
        let mut data = Vec::new();
        for (nth, line) in self.lines.iter().enumerate() {
            let places: Vec<_> =
                line.points.iter().map(|(at, value)| value.map(|value| (right(*at), up(value)))).collect();
            svg.push_str(&draw(nth, &places, self.lines.len() == 1 && self.y.scale == Scale::Linear));
            let told = line.points.iter().zip(&places).filter_map(|((at, value), place)| {
                let ((x, y), value) = (*place).zip(*value)?;
                Some(json!([x.round(), y.round(), (self.x.words)(*at), (self.y.words)(value)]))
            });
            data.push(json!({"name": line.name, "points": told.collect::<Vec<_>>()}));
        }
        let legend: String = (self.lines.iter().enumerate())
            .map(|(nth, line)| format!(r#"<span class="key c{nth}">{}</span>"#, line.name))
            .collect();
        let legend = if self.lines.len() > 1 { legend } else { String::new() };
        format!(
            "<figure data-lines='{data}'><figcaption><b>{}</b><span>{}</span><span class=\"legend\">{legend}</span></figcaption>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{svg}</svg></figure>\n",
            self.title,
            self.note,
            self.title,
            data = serde_json::Value::from(data).to_string().replace('\'', "&#39;"),
        )
    }
}

/// One line; where it is broken, the pen is lifted, and a point alone is a dot.
fn draw(nth: usize, places: &[Option<(f64, f64)>], filled: bool) -> String {
    let (mut path, mut area, mut dots) = (String::new(), String::new(), String::new());
    for run in places.split(Option::is_none) {
        let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
        let (Some((first, _)), Some((last, y))) = (run.first(), run.last()) else {
            continue;
        };
        if run.len() == 1 {
            let _ = write!(dots, r#"<circle class="dot c{nth}" cx="{last:.1}" cy="{y:.1}" r="4"/>"#);
            continue;
        }
        let points: Vec<String> = run.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let _ = write!(path, "M{}", points.join("L"));
        let bottom = HEIGHT - BOTTOM;
        let _ = write!(area, "M{first:.1} {bottom}L{}L{last:.1} {bottom}Z", points.join("L"));
    }
    let area = if filled { format!(r#"<path class="area c{nth}" d="{area}"/>"#) } else { String::new() };
    format!(r#"{area}<path class="line c{nth}" d="{path}"/>{dots}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(scale: Scale, values: &[f64]) -> Range {
        Range::of(scale, values.iter().copied())
    }

    #[test]
    fn a_linear_axis_has_a_handful_of_round_ticks() {
        assert_eq!(range(Scale::Linear, &[3.0, 100.0]).ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(range(Scale::Linear, &[0.0, 7.0]).ticks(), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(range(Scale::Linear, &[0.0]).ticks()[0], 0.0);
    }

    #[test]
    fn a_log_axis_puts_decades_at_even_distances() {
        let range = range(Scale::Log, &[1.0, 1_000.0]);
        assert_eq!(range.ticks(), [1.0, 10.0, 100.0, 1_000.0]);
        let places: Vec<f64> = range.ticks().iter().map(|tick| range.place(*tick)).collect();
        assert!(((places[1] - places[0]) - (places[3] - places[2])).abs() < 1e-9);
    }

    #[test]
    fn a_tail_axis_gives_the_last_hundredth_as_much_room_as_the_first_nine_tenths() {
        let range = range(Scale::Tail, &[0.0, 0.999]);
        let places = [0.0, 0.9, 0.99, 0.999].map(|quantile| range.place(quantile));
        assert!(places.windows(2).all(|pair| (pair[1] - pair[0] - 1.0 / 3.0).abs() < 1e-6), "{places:?}");
    }

    #[test]
    fn a_gap_lifts_the_pen_and_nothing_draws_nothing() {
        let axis = Axis { scale: Scale::Linear, words: |value| value.to_string() };
        let chart = |points| Chart {
            title: "",
            note: "",
            x: axis,
            y: axis,
            lines: vec![Line { name: "", points }],
            marks: vec![(1.0, "a < b".into())],
        };
        let points = [Some(1.0), Some(3.0), None, Some(2.0), None, Some(1.0), Some(2.0)];
        let figure = chart(points.into_iter().enumerate().map(|(at, value)| (at as f64, value)).collect()).figure();
        assert_eq!(figure.matches("<circle").count(), 1);
        let line = figure.split("class=\"line c0\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(line.map(|path| path.matches('M').count()), Some(2), "{figure}");
        assert!(figure.contains("a &lt; b"));
        assert_eq!(chart(vec![(0.0, None)]).figure(), "");
    }
}
