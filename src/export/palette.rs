//! Palette: every colour of every picture, once for light and once for dark.

/// The colours of one theme, each as `#rrggbb`.
///
/// The series are of the Okabe–Ito set (told apart under every kind of colour blindness), lightened or darkened for
/// contrast with the background; the 16 terminal colours are chosen to be readable as text on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// True for the dark theme.
    pub dark: bool,
    /// Behind everything.
    pub background: &'static str,
    /// Titles, names, values.
    pub text: &'static str,
    /// Subtitles, notes, axis labels.
    pub muted: &'static str,
    /// Axis lines and ticks.
    pub axis: &'static str,
    /// Grid lines, frames.
    pub grid: &'static str,
    /// Series of a chart, in order.
    pub series: [&'static str; 4],
    /// Text on each series.
    pub on_series: [&'static str; 4],
    /// The quota's line.
    pub limit: &'static str,
    /// What must be read: SIMULATED.
    pub warning: &'static str,
    /// What failed.
    pub failure: &'static str,
    /// The terminal's 16 named colours.
    pub ansi: [&'static str; 16],
}

/// On white paper.
pub const LIGHT: Palette = Palette {
    dark: false,
    background: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    axis: "#818b98",
    grid: "#e4e8ec",
    series: ["#0072b2", "#e69f00", "#009e73", "#cc79a7"],
    on_series: ["#ffffff", "#1f2328", "#1f2328", "#1f2328"],
    limit: "#b3261e",
    warning: "#9a4b00",
    failure: "#b3261e",
    ansi: [
        "#24292f", "#cf222e", "#116329", "#7d4e00", "#0969da", "#8250df", "#1b7c83", "#6e7781", "#57606a", "#a40e26",
        "#1a7f37", "#9a6700", "#218bff", "#a475f9", "#3192aa", "#424a53",
    ],
};

/// On a dark screen.
pub const DARK: Palette = Palette {
    dark: true,
    background: "#0d1117",
    text: "#e6edf3",
    muted: "#9198a1",
    axis: "#6e7681",
    grid: "#262c36",
    series: ["#56b4e9", "#e69f00", "#2fbf97", "#e3a1c6"],
    on_series: ["#0d1117"; 4],
    limit: "#ff8a80",
    warning: "#f0b43c",
    failure: "#ff8a80",
    ansi: [
        "#161b22", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4", "#6e7681", "#ffa198",
        "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
    ],
};

impl Palette {
    /// The palette of a theme.
    pub const fn of(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }
}
