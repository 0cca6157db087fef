//! The few shapes that a chart is made of, as SVG text.

use std::fmt::Write;

/// Width of the chart.
pub const WIDTH: f64 = 960.0;
/// Where bars begin: names stand left of it.
pub const LEFT: f64 = 250.0;
/// Where the longest bar ends: figures stand right of it.
pub const RIGHT: f64 = 740.0;
/// Height of a line of text or a bar with its distance to the next.
pub const ROW: f64 = 20.0;
/// Height of a panel's title.
const TITLE: f64 = 34.0;
/// Colours that also those tell apart who see few colours (Okabe and Ito), then the same, darker.
const COLOURS: [&str; 14] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#00395a", "#7a5400",
    "#00503a", "#6b3d55", "#2a5b75", "#6b2f00", "#4d4d4d",
];

/// A part of the chart: a title, and shapes below it, whose y begins at 0.
#[derive(Debug, Default)]
pub struct Panel {
    title: String,
    shapes: String,
    height: f64,
}

/// The colour of the `number`-th thing.
#[must_use]
pub const fn colour(number: usize) -> &'static str {
    COLOURS[number % COLOURS.len()]
}

/// Where a text is put beside its place.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It ends there.
    End,
}

impl Panel {
    /// An empty one.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Whether there is anything in it.
    #[must_use]
    pub fn has_something(&self) -> bool {
        !self.shapes.is_empty()
    }

    /// How high it is so far: where the next shape may be put.
    #[must_use]
    pub const fn height(&self) -> f64 {
        self.height
    }

    /// Puts a text, whose middle is at `y`.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::End => "end",
        };
        let y = y + 4.0;
        self.add(&format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escaped(text)));
        self.grow(y + 8.0);
    }

    /// Puts a bar from `x` on, whose top is at `y`.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, colour: &str) {
        let (width, height) = (width.max(0.5), ROW - 6.0);
        self.add(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"/>"#
        ));
        self.grow(y + ROW);
    }

    /// Puts a line through these points.
    pub fn line(&mut self, points: &[(f64, f64)], colour: &str, dashed: bool) {
        let dashes = if dashed { r#" stroke-dasharray="4 4""# } else { "" };
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let lowest = points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
        self.add(&format!(
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>"#,
            path.join(" ")
        ));
        self.grow(lowest);
    }

    /// Puts what the colours (by their numbers) stand for below everything, in as many rows as it takes.
    pub fn legend<'a>(&mut self, names: impl IntoIterator<Item = (usize, &'a str)>) {
        let (mut y, mut x) = (self.height + 6.0, LEFT);
        for (number, name) in names {
            let width = 35.0 + 6.5 * f64::from(u32::try_from(name.chars().count()).unwrap_or(0));
            if x + width > WIDTH {
                (x, y) = (LEFT, y + ROW);
            }
            self.bar(x, y, 10.0, colour(number));
            self.text(x + 15.0, y + 7.0, Anchor::Start, name);
            x += width;
        }
    }

    fn add(&mut self, shape: &str) {
        self.shapes.push_str(shape);
        self.shapes.push('\n');
    }

    const fn grow(&mut self, height: f64) {
        self.height = self.height.max(height);
    }
}

/// The panels one below the other.
#[must_use]
pub fn document(title: &str, panels: &[Panel]) -> String {
    let height: f64 = 50.0 + panels.iter().map(|panel| TITLE + panel.height + 16.0).sum::<f64>();
    let mut out = String::new();
    let mut put = |line: std::fmt::Arguments| writeln!(out, "{line}").expect("a String takes all");
    put(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" font-family="sans-serif" font-size="12">"#
    ));
    put(format_args!(r#"<rect width="{WIDTH:.0}" height="{height:.0}" fill="white"/>"#));
    put(format_args!(r#"<text x="20" y="28" font-size="15">{}</text>"#, escaped(title)));
    let mut y = 50.0;
    for Panel { title, shapes, height } in panels {
        put(format_args!(r#"<text x="20" y="{:.1}" font-weight="bold">{}</text>"#, y + 18.0, escaped(title)));
        put(format_args!(r#"<g transform="translate(0 {:.1})">"#, y + TITLE));
        put(format_args!("{}</g>", shapes));
        y += TITLE + height + 16.0;
    }
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
