//! Plots of token requests per second as SVG: panels below each other, each with the fleet
//! without jitter behind the one with it, on a logarithmic scale.

use std::fmt::Write;
use std::ops::Range;

use super::expected::seconds;
use super::{Nanos, SECOND};

/// The area inside a panel's axes, and what is left around it.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const ABOVE: f64 = 36.0;
const BELOW: f64 = 54.0;
const HEAD: f64 = 60.0;

const SCALE: Range<f64> = 0.1..3_000.0;
const DECADES: [(f64, &str); 5] =
    [(0.1, "0.1"), (1.0, "1"), (10.0, "10"), (100.0, "100"), (1_000.0, "1,000")];
const WITH: &str = "#0b5fa5";
const WITHOUT: &str = "#f0a35e";

/// One stretch of time, in steps each drawn as one value.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) span: Range<Nanos>,
    pub(super) step: Nanos,
    /// What one step shows of its seconds.
    pub(super) fold: fn(&[u32]) -> f64,
    /// The name of the axis of time, its unit, where it is 0, and how far apart its labels are.
    pub(super) axis: &'static str,
    pub(super) unit: Nanos,
    pub(super) zero: Nanos,
    pub(super) labels: Nanos,
    /// Moments to point out, and what happens there.
    pub(super) marks: Vec<(Nanos, &'static str)>,
}

/// The plot of one lifetime.
pub(super) fn draw(title: &str, with: &[u32], without: &[u32], panels: &[Panel]) -> String {
    let mut drawn = String::new();
    let mut bottom = HEAD;
    for panel in panels {
        let body = panel.draw(with, without);
        write!(drawn, "<g transform=\"translate({LEFT} {})\">\n{body}</g>\n", bottom + ABOVE)
            .unwrap();
        bottom += ABOVE + HEIGHT + BELOW;
    }
    let right = LEFT + WIDTH + RIGHT;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right} {bottom}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222">
<rect width="{right}" height="{bottom}" fill="#fff"/>
<g transform="translate({LEFT} 0)">
<text y="26" font-size="18" font-weight="bold">{title}</text>
<path d="M0 40h22v10h-22z" fill="{WITHOUT}"/>
<text x="28" y="50">without jitter</text>
<path d="M150 45h22" stroke="{WITH}" stroke-width="2"/>
<text x="178" y="50">with jitter, as shipped</text>
</g>
{drawn}</svg>
"##
    )
}

impl Panel {
    fn draw(&self, with: &[u32], without: &[u32]) -> String {
        let mut body = format!(
            r#"<text y="-12" font-weight="bold">{}</text>
<path d="{}V{HEIGHT}z" fill="{WITHOUT}"/>
"#,
            self.title,
            self.stairs(without),
        );
        for (value, label) in DECADES {
            let y = height(value);
            writeln!(
                body,
                r##"<path d="M0 {y:.1}h{WIDTH}" stroke="#ccc" stroke-width="0.6"/><text x="-6" y="{:.1}" text-anchor="end">{label}</text>"##,
                y + 4.0,
            )
            .unwrap();
        }
        let mut at = self.span.start;
        while at <= self.span.end {
            let label = (seconds(at) - seconds(self.zero)) / seconds(self.unit);
            writeln!(
                body,
                r##"<path d="M{0:.1} {HEIGHT}v5" stroke="#222"/><text x="{0:.1}" y="{1}" text-anchor="middle">{label:.0}</text>"##,
                self.x(at),
                HEIGHT + 18.0,
            )
            .unwrap();
            at += self.labels;
        }
        writeln!(
            body,
            r#"<path d="{}" fill="none" stroke="{WITH}" stroke-width="1.3"/>"#,
            self.stairs(with),
        )
        .unwrap();
        for (at, label) in &self.marks {
            let x = self.x(*at);
            writeln!(
                body,
                r##"<path d="M{x:.1} 0v{HEIGHT}" stroke="#222" stroke-dasharray="3 3"/><text x="{:.1}" y="12">{label}</text>"##,
                x + 6.0,
            )
            .unwrap();
        }
        writeln!(
            body,
            r##"<path d="M0 0v{HEIGHT}h{WIDTH}" fill="none" stroke="#222"/>
<text x="{}" y="{}" text-anchor="middle">{}</text>
<text transform="translate(-48 {}) rotate(-90)" text-anchor="middle">requests per second</text>"##,
            WIDTH / 2.0,
            HEIGHT + 38.0,
            self.axis,
            HEIGHT / 2.0,
        )
        .unwrap();
        body
    }

    /// A path with one stair for each step.
    fn stairs(&self, requests: &[u32]) -> String {
        let mut path = format!("M0 {HEIGHT}");
        let mut at = self.span.start;
        while at < self.span.end {
            let end = at + self.step;
            let value = (self.fold)(between(requests, at..end));
            write!(path, "V{:.1}H{:.1}", height(value), self.x(end)).unwrap();
            at = end;
        }
        path
    }

    fn x(&self, at: Nanos) -> f64 {
        WIDTH * seconds(at - self.span.start) / seconds(self.span.end - self.span.start)
    }
}

/// The requests of each second from one moment to another.
pub(super) fn between(requests: &[u32], span: Range<Nanos>) -> &[u32] {
    let index = |at: Nanos| usize::try_from(at / SECOND).unwrap().min(requests.len());
    &requests[index(span.start)..index(span.end)]
}

fn height(value: f64) -> f64 {
    let share = (value.max(SCALE.start) / SCALE.start).log10() / (SCALE.end / SCALE.start).log10();
    HEIGHT * (1.0 - share)
}
