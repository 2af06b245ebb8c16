//! The outcome as one page: whatever it needs is in it, and it asks nobody for anything.

mod chart;

use crate::report::{Check, Report, Table};
use chart::{Axis, Chart, Line, Scale};
use hdrhistogram::Histogram;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const SECONDS: Axis = Axis { scale: Scale::Linear, words: seconds };
const LATENCY: Axis = Axis { scale: Scale::Log, words: milliseconds };
const PERCENTILES: Axis = Axis { scale: Scale::Tail, words: percent };
const COUNT: Axis = Axis { scale: Scale::Linear, words: count };
const MEMORY: Axis = Axis { scale: Scale::Linear, words: mebibytes };
const CPU: Axis = Axis { scale: Scale::Linear, words: percent_of_a_core };

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let verdict = if report.ok { "pass" } else { "fail" };
    let (title, scenario) = (format!("{}: {verdict}", report.scenario), report.scenario);
    let cards: String = report.headlines().iter().map(|(name, value, ok)| card(name, value, *ok)).collect();
    let charts: String = charts(report).iter().map(Chart::figure).collect();
    let checks = section("What must hold", report.checks.iter().map(check).collect(), "ul");
    let tables: String = report.tables.iter().map(table).collect();
    let examples = report.examples.iter().map(|example| format!("<li><code>{}</code></li>", escape(example)));
    let examples = section("What went wrong first", examples.collect(), "ul");
    let rows = report.rows().into_iter().map(|(name, value)| row(&[name.to_owned(), value]));
    let rows = section("Everything", rows.collect(), "table");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title>\n<style>{STYLE}</style></head>\n<body><header><h1>{scenario}</h1>\
         <span class=\"verdict {verdict}\">{verdict}</span><p>{}</p></header>\n\
         <div class=\"cards\">{cards}</div>\n{checks}{examples}{tables}<div class=\"charts\">{charts}</div>\n{rows}\
         <script>{SCRIPT}</script></body></html>\n",
        escape(&report.subtitle()),
    )
}

fn card(name: &str, value: &str, ok: Option<bool>) -> String {
    let class = match ok {
        Some(true) => " good",
        Some(false) => " bad",
        None => "",
    };
    let (figure, unit) = value.split_once(' ').unwrap_or((value, ""));
    format!("<div class=\"card{class}\"><span>{name}</span><b>{figure}<small> {unit}</small></b></div>")
}

fn check(Check { what, ok, found }: &Check) -> String {
    let class = if *ok { "good" } else { "bad" };
    format!("<li class=\"{class}\">{} <span>{}</span></li>", escape(what), escape(found))
}

fn table(Table { title, head, rows }: &Table) -> String {
    let head: String = head.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let rows: String = rows.iter().map(|cells| row(cells)).collect();
    section(title, format!("<tr>{head}</tr>{rows}"), "table class=\"figures\"")
}

fn row(cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr>{cells}</tr>")
}

fn section(title: &str, content: String, element: &str) -> String {
    if content.is_empty() {
        return content;
    }
    let end = element.split(' ').next().unwrap_or(element);
    format!("<section><h2>{title}</h2><div class=\"scroll\"><{element}>{content}</{end}></div></section>\n")
}

fn charts(report: &Report) -> Vec<Chart> {
    let samples = &report.over_time.samples;
    let marks: Vec<(f64, String)> = report.over_time.marks.iter().map(|mark| (mark.at_s, mark.what.clone())).collect();
    let over_time =
        |title, note, y, lines: Vec<Line>| Chart { title, note, x: SECONDS, y, lines, marks: marks.clone() };
    let line = |name, value: &dyn Fn(usize) -> Option<f64>| Line {
        name,
        points: samples.iter().enumerate().map(|(nth, sample)| (sample.at_s, value(nth))).collect(),
    };
    let a_second = |nth: usize, of: &dyn Fn(usize) -> Option<f64>| {
        let (before, now) = (samples.get(nth.checked_sub(1)?)?, &samples[nth]);
        Some((of(nth)? - of(nth - 1)?) / (now.at_s - before.at_s))
    };
    let mib = |kib: u64| kib as f64 / 1_024.0;
    let deliveries = |nth| a_second(nth, &|nth| Some(samples[nth].deliveries as f64));
    let server_cpu = |nth| a_second(nth, &|nth| samples[nth].server_cpu_s);
    let curves = report.curves.iter().map(|(name, histogram)| Line { name, points: curve(histogram) }).collect();
    let mut charts = vec![
        Chart {
            title: "Latency percentiles",
            note: "how long the slowest hundredth, thousandth, … took",
            x: PERCENTILES,
            y: LATENCY,
            lines: curves,
            marks: Vec::new(),
        },
        over_time(
            "Latency over time",
            "from an edit's writing to its delivery",
            LATENCY,
            vec![line("p50", &|nth| samples[nth].p50_ms), line("p99", &|nth| samples[nth].p99_ms)],
        ),
        over_time("Deliveries", "a second, over all sessions", COUNT, vec![line("deliveries", &deliveries)]),
        over_time(
            "Memory",
            "resident",
            MEMORY,
            vec![
                line("server", &|nth| samples[nth].server_kib.map(mib)),
                line("harness", &|nth| Some(mib(samples[nth].own_kib))),
            ],
        ),
        over_time("Server CPU", "of one core", CPU, vec![line("server", &server_cpu)]),
        over_time("Sessions", "seated", COUNT, vec![line("sessions", &|nth| Some(samples[nth].sessions as f64))]),
    ];
    for chart in &mut charts {
        chart.lines.retain(|line| line.points.iter().any(|(_, value)| value.is_some_and(|value| value > 0.0)));
    }
    charts
}

/// The curve of an HDR histogram, denser where it is rarer.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, Option<f64>)> {
    let most = (histogram.len() as f64).log10().min(6.0);
    let steps = 120;
    let at = |step: i32| {
        let quantile = 1.0 - 10_f64.powf(-most * f64::from(step) / f64::from(steps));
        (quantile, Some(histogram.value_at_quantile(quantile) as f64 / 1_000.0))
    };
    (0..=steps).map(at).collect()
}

fn seconds(value: f64) -> String {
    if value >= 600.0 { format!("{:.0} min", value / 60.0) } else { format!("{} s", short(value)) }
}

fn milliseconds(value: f64) -> String {
    if value >= 1_000.0 { format!("{} s", short(value / 1_000.0)) } else { format!("{} ms", short(value)) }
}

fn percent(quantile: f64) -> String {
    let percent = 100.0 * quantile;
    // As many digits as the tail has: 99.9, 99.99, …
    let digits = (-(1.0 - quantile).max(1e-9).log10() - 2.0 - 1e-6).ceil().max(0.0) as usize;
    format!("{percent:.digits$}%")
}

fn percent_of_a_core(cores: f64) -> String {
    format!("{:.0}%", cores * 100.0)
}

fn count(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", short(value / 1e6)),
        1e4.. => format!("{}k", short(value / 1e3)),
        _ => format!("{value:.0}"),
    }
}

fn mebibytes(value: f64) -> String {
    format!("{} MiB", short(value))
}

/// Three digits, no zeros at the end.
fn short(value: f64) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!([0.5, 12.34, 120.0, 1_500.0].map(milliseconds), ["0.5 ms", "12.3 ms", "120 ms", "1.5 s"]);
        assert_eq!([0.0, 0.5, 0.9, 0.99, 0.999, 0.9999].map(percent), ["0%", "50%", "90%", "99%", "99.9%", "99.99%"]);
        assert_eq!([20.0, 12_000.0, 2_500_000.0].map(count), ["20", "12k", "2.5M"]);
    }

    #[test]
    fn what_a_server_said_is_text_and_nothing_else() {
        assert_eq!(escape("<script>'&\""), "&lt;script&gt;&#39;&amp;&quot;");
    }
}
