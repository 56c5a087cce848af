//! Theme: ink and glyphs by meaning, in steps from no colour to true colour, for dark and light ground.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None: the user asked for none, or the terminal has none.
    None,
    /// The terminal's own sixteen.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bit.
    True,
}

/// What the text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark ground.
    Dark,
    /// Dark text on a light ground.
    Light,
}

impl Ground {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// What a piece of the screen means; never what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary text.
    Text,
    /// Text that is read first.
    Strong,
    /// Labels, heads, what can be left unread.
    Muted,
    /// Lines between the parts.
    Rule,
    /// The title of a part.
    Title,
    /// Keys that can be pressed.
    Key,
    /// Input tokens.
    Input,
    /// Output tokens.
    Output,
    /// Good.
    Good,
    /// Means less than it seems.
    Warning,
    /// Does not work.
    Error,
    /// The variant or row that is selected.
    Selected,
    /// Quota that is used.
    Used,
    /// Quota that is reserved.
    Reserved,
    /// Quota that is free.
    Free,
    /// The share of the quota in force.
    Mark,
    /// A badge that must not be overlooked.
    Badge,
}

/// How one ink looks at each step.
struct Row {
    ink: Ink,
    /// Foreground at 24 bit, on dark and on light ground; `None` leaves the terminal's own.
    rgb: Option<(u32, u32)>,
    /// Foreground of sixteen, on dark and on light ground.
    ansi: (Color, Color),
    /// What is added to the colour.
    plain: Modifier,
    /// What stands for the colour where there is none.
    bare: Modifier,
}

const fn row(ink: Ink, rgb: Option<(u32, u32)>, ansi: (Color, Color), plain: Modifier) -> Row {
    Row { ink, rgb, ansi, plain, bare: plain }
}

/// An ink that is bold only where there is no colour to tell it by.
const fn alarm(ink: Ink, rgb: (u32, u32), ansi: (Color, Color)) -> Row {
    Row { ink, rgb: Some(rgb), ansi, plain: NONE, bare: Modifier::BOLD }
}

const NONE: Modifier = Modifier::empty();

/// Series colours are told apart by all common kinds of colour blindness (blue and orange), and by glyph.
const INKS: [Row; 17] = [
    row(Ink::Text, None, (Color::Reset, Color::Reset), NONE),
    row(Ink::Strong, None, (Color::Reset, Color::Reset), Modifier::BOLD),
    row(Ink::Muted, Some((0x8b_94_9e, 0x6b_72_80)), (Color::DarkGray, Color::DarkGray), NONE),
    row(Ink::Rule, Some((0x48_4f_58, 0xb4_bb_c4)), (Color::DarkGray, Color::Gray), NONE),
    row(Ink::Title, Some((0x7d_cf_ff, 0x0b_5c_ad)), (Color::Cyan, Color::Blue), Modifier::BOLD),
    row(Ink::Key, Some((0x7d_cf_ff, 0x0b_5c_ad)), (Color::Cyan, Color::Blue), Modifier::BOLD),
    row(Ink::Input, Some((0x58_a6_ff, 0x1f_6f_c4)), (Color::Blue, Color::Blue), NONE),
    row(Ink::Output, Some((0xf0_a0_4b, 0xb5_55_00)), (Color::Yellow, Color::Magenta), NONE),
    row(Ink::Good, Some((0x56_d3_a0, 0x00_7a_5a)), (Color::Green, Color::Green), NONE),
    alarm(Ink::Warning, (0xe3_b3_41, 0x8a_61_00), (Color::Yellow, Color::Red)),
    alarm(Ink::Error, (0xff_7b_72, 0xb4_23_18), (Color::Red, Color::Red)),
    row(Ink::Selected, None, (Color::Reset, Color::Reset), Modifier::BOLD),
    row(Ink::Used, Some((0x4d_b8_b0, 0x0f_7b_76)), (Color::Cyan, Color::Cyan), NONE),
    row(Ink::Reserved, Some((0xa9_8c_e8, 0x6d_4f_c2)), (Color::Magenta, Color::Magenta), NONE),
    row(Ink::Free, Some((0x3d_44_4d, 0xc4_ca_d2)), (Color::DarkGray, Color::Gray), NONE),
    row(Ink::Mark, Some((0xe6_ed_f3, 0x1f_23_28)), (Color::Reset, Color::Reset), Modifier::BOLD),
    row(Ink::Badge, Some((0x1b_1f_24, 0xff_ff_ff)), (Color::Black, Color::White), Modifier::BOLD),
];

/// Ground under a badge, and under the selected row, on dark and on light ground.
const UNDER_BADGE: (u32, u32) = (0xe3_b3_41, 0x8a_61_00);
const UNDER_SELECTED: (u32, u32) = (0x26_2c_36, 0xe4_ea_f1);

/// Every sign that the dashboard draws with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Input tokens, quota used. The three differ in height, so that bars can be read without colour.
    pub full: &'static str,
    /// Output tokens, quota reserved.
    pub half: &'static str,
    /// Quota that is free.
    pub free: &'static str,
    /// The share of the quota in force.
    pub mark: &'static str,
    /// What others take of a quota.
    pub others: &'static str,
    /// Where a learned limit lies.
    pub learned: &'static str,
    /// Quota that output took, times its burndown.
    pub burned: &'static str,
    /// Quota that writing a prompt cache took.
    pub cached: &'static str,
    /// Quota that failed invocations took.
    pub lost: &'static str,
    /// A throttled invocation.
    pub throttle: &'static str,
    /// Progress made.
    pub done: &'static str,
    /// Progress to make.
    pub to_do: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// Before the selected row.
    pub selected: &'static str,
    /// Takes part.
    pub included: &'static str,
    /// Takes no part.
    pub excluded: &'static str,
    /// Picked by the user.
    pub picked: &'static str,
    /// Withheld: n is too small.
    pub withheld: &'static str,
    /// Something is missing here.
    pub ellipsis: &'static str,
    /// Between two facts of one line.
    pub dot: &'static str,
    /// Phase signs: planned, running, paused, finished.
    pub phases: [&'static str; 4],
    /// Before a warning.
    pub warning: &'static str,
    /// The keys up, down and enter.
    pub keys: [&'static str; 3],
    /// More lines above, more below.
    pub more: [&'static str; 2],
    /// Where the next letter goes.
    pub cursor: &'static str,
    /// Around the view that is shown.
    pub tab: [&'static str; 2],
}

const UNICODE: Glyphs = Glyphs {
    full: "▆",
    half: "▄",
    free: "▁",
    mark: "│",
    others: "▒",
    learned: "╎",
    burned: "▓",
    cached: "▚",
    lost: "╳",
    throttle: "×",
    done: "━",
    to_do: "─",
    rule: "─",
    selected: "▸",
    included: "●",
    excluded: "○",
    picked: "★",
    withheld: "–",
    ellipsis: "…",
    dot: "·",
    phases: ["○", "●", "‖", "■"],
    warning: "▲",
    keys: ["↑", "↓", "↵"],
    more: ["▲", "▼"],
    cursor: "▏",
    tab: ["▐", "▌"],
};

const ASCII: Glyphs = Glyphs {
    full: "#",
    half: "+",
    free: ".",
    mark: "|",
    others: "%",
    learned: "!",
    burned: "@",
    cached: "c",
    lost: "x",
    throttle: "x",
    done: "=",
    to_do: "-",
    rule: "-",
    selected: ">",
    included: "x",
    excluded: "-",
    picked: "*",
    withheld: "-",
    ellipsis: "...",
    dot: "-",
    phases: ["o", ">", "=", "#"],
    warning: "!",
    keys: ["up", "down", "enter"],
    more: ["^", "v"],
    cursor: "_",
    tab: ["[", "]"],
};

/// What ink and glyphs look like here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours there are.
    pub colours: Colours,
    /// What the text stands on.
    pub ground: Ground,
    /// True where only ASCII can be shown.
    pub ascii: bool,
}

impl Theme {
    /// Every colour on a dark ground: exports and tests.
    pub const DARK: Self = Self { colours: Colours::True, ground: Ground::Dark, ascii: false };
    /// Every colour on a light ground.
    pub const LIGHT: Self = Self { colours: Colours::True, ground: Ground::Light, ascii: false };

    /// The theme for an environment: `NO_COLOR`, `COLORTERM`, `TERM`, `COLORFGBG`, and the locale's character set.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |key| env(key).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let bare = term == "dumb" || term == "linux";
        let colours = if set("NO_COLOR").is_some() || term == "dumb" {
            Colours::None
        } else if set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") {
            Colours::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("alacritty") {
            Colours::Ansi256
        } else {
            Colours::Ansi16
        };
        let light = set("COLORFGBG")
            .and_then(|value| value.rsplit(';').next().and_then(|ground| ground.parse::<u8>().ok()))
            .is_some_and(|ground| ground == 7 || ground > 8);
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let narrow = locale.is_some_and(|value| !value.to_lowercase().replace('-', "").contains("utf8"));
        Self { colours, ground: if light { Ground::Light } else { Ground::Dark }, ascii: bare || narrow }
    }

    /// How an ink looks.
    pub fn style(self, ink: Ink) -> Style {
        let row = INKS.iter().find(|row| row.ink == ink).unwrap_or(&INKS[0]);
        let style = Style::new().add_modifier(if self.colours == Colours::None { row.bare } else { row.plain });
        let style = match (self.colours, row.rgb) {
            (Colours::None, _) | (Colours::Ansi256 | Colours::True, None) => style,
            (Colours::Ansi16, _) => style.fg(self.of_ground(row.ansi)),
            (Colours::Ansi256, Some(rgb)) => style.fg(Color::Indexed(nearest(self.of_ground(rgb)))),
            (Colours::True, Some(rgb)) => style.fg(Color::from_u32(self.of_ground(rgb))),
        };
        match ink {
            Ink::Badge if self.colours == Colours::None => style.add_modifier(Modifier::REVERSED),
            Ink::Badge => style.bg(self.ground_colour(UNDER_BADGE, Color::Yellow)),
            Ink::Selected if matches!(self.colours, Colours::Ansi256 | Colours::True) => {
                style.bg(self.ground_colour(UNDER_SELECTED, Color::Reset))
            }
            _ => style,
        }
    }

    /// The signs to draw with.
    pub fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    fn ground_colour(self, rgb: (u32, u32), ansi: Color) -> Color {
        match self.colours {
            Colours::True => Color::from_u32(self.of_ground(rgb)),
            Colours::Ansi256 => Color::Indexed(nearest(self.of_ground(rgb))),
            Colours::Ansi16 | Colours::None => ansi,
        }
    }

    fn of_ground<T>(self, (dark, light): (T, T)) -> T {
        match self.ground {
            Ground::Dark => dark,
            Ground::Light => light,
        }
    }
}

/// The nearest of xterm's colour cube and grey ramp.
fn nearest(rgb: u32) -> u8 {
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let [_, r, g, b] = rgb.to_be_bytes().map(i32::from);
    let distance = |other: [i32; 3]| (r - other[0]).pow(2) + (g - other[1]).pow(2) + (b - other[2]).pow(2);
    let step = |value: i32| (0..6).min_by_key(|i| (STEPS[*i] - value).abs()).unwrap_or(0);
    let (cr, cg, cb) = (step(r), step(g), step(b));
    let cube = distance([STEPS[cr], STEPS[cg], STEPS[cb]]);
    let grey = (((r + g + b) / 3 - 8).max(0) / 10).min(23);
    let level = 8 + 10 * grey;
    if distance([level; 3]) < cube { (232 + grey) as u8 } else { (16 + 36 * cr + 6 * cg + cb) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn detect(pairs: &[(&str, &str)]) -> Theme {
        Theme::detect(|key| pairs.iter().find(|(k, _)| *k == key).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn every_ink_has_one_row() {
        for (index, row) in INKS.iter().enumerate() {
            assert_eq!(row.ink as usize, index, "{:?}", row.ink);
        }
    }

    /// Relative luminance (WCAG 2, 1.4.3).
    fn luminance(rgb: u32) -> f64 {
        let [_, r, g, b] = rgb.to_be_bytes().map(|channel| linear(f64::from(channel) / 255.0));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn linear(channel: f64) -> f64 {
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    }

    fn contrast(a: u32, b: u32) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn text_can_be_read_and_bars_can_be_seen_on_both_grounds() {
        for row in &INKS {
            let Some((dark, light)) = row.rgb else { continue };
            let least = match row.ink {
                // Lines and the empty part of a bar are there to be overlooked.
                Ink::Rule | Ink::Free => 1.5,
                Ink::Badge => continue,
                _ => 4.5,
            };
            assert!(contrast(dark, 0x0d_11_17) >= least, "{:?} on dark: {}", row.ink, contrast(dark, 0x0d_11_17));
            assert!(contrast(light, 0xff_ff_ff) >= least, "{:?} on light: {}", row.ink, contrast(light, 0xff_ff_ff));
        }
        let badge = INKS[Ink::Badge as usize].rgb.unwrap();
        assert!(contrast(badge.0, UNDER_BADGE.0) >= 4.5 && contrast(badge.1, UNDER_BADGE.1) >= 4.5);
    }

    /// How a colour is seen without one kind of cone (Viénot, Brettel and Mollon 1999, in linear RGB).
    fn seen(rgb: u32, kind: usize) -> [f64; 3] {
        const KINDS: [[[f64; 3]; 3]; 3] = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [[0.112_38, 0.887_62, 0.0], [0.112_38, 0.887_62, 0.0], [0.004_01, -0.004_01, 1.0]],
            [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]],
        ];
        let [_, r, g, b] = rgb.to_be_bytes().map(|channel| linear(f64::from(channel) / 255.0));
        KINDS[kind].map(|row| row[0] * r + row[1] * g + row[2] * b)
    }

    /// CIE L*a*b* of linear RGB (D65).
    #[expect(clippy::many_single_char_names, reason = "as the formula has them")]
    fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
        let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
        let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn colours_that_stand_beside_each_other_are_told_apart_without_a_kind_of_cone() {
        let beside = [(Ink::Input, Ink::Output), (Ink::Used, Ink::Reserved), (Ink::Good, Ink::Error)];
        for (a, b) in beside {
            let rgb = |ink: Ink| INKS[ink as usize].rgb.unwrap();
            for (a, b) in [(rgb(a).0, rgb(b).0), (rgb(a).1, rgb(b).1)] {
                for kind in 0..3 {
                    let (of_a, of_b) = (lab(seen(a, kind)), lab(seen(b, kind)));
                    let apart: f64 = of_a.iter().zip(of_b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(apart >= 20.0, "{a:06x} and {b:06x} are {apart:.0} apart for kind {kind}");
                }
            }
        }
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8")]).colours, Colours::Ansi256);
        assert_eq!(detect(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Theme::DARK);
        assert_eq!(detect(&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).colours, Colours::None);
        assert_eq!(detect(&[("TERM", "xterm"), ("NO_COLOR", "")]).colours, Colours::Ansi16);
        assert_eq!(detect(&[("COLORFGBG", "0;15")]).ground, Ground::Light);
        assert_eq!(detect(&[("COLORFGBG", "15;0")]).ground, Ground::Dark);
        assert!(detect(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(!detect(&[]).ascii);
    }

    #[test]
    fn without_colour_no_colour_is_used() {
        let theme = Theme { colours: Colours::None, ..Theme::DARK };
        for row in &INKS {
            let style = theme.style(row.ink);
            assert_eq!((style.fg, style.bg), (None, None), "{:?}", row.ink);
        }
    }

    #[test]
    fn colours_of_the_cube_are_their_own_nearest() {
        assert_eq!(nearest(0x00_00_00), 16);
        assert_eq!(nearest(0xff_ff_ff), 231);
        assert_eq!(nearest(0x5f_87_af), 67);
        assert_eq!(nearest(0x80_80_80), 244);
    }

    #[test]
    fn glyphs_of_cells_are_one_column_wide_and_ascii_is_ascii() {
        for theme in [Theme::DARK, Theme { ascii: true, ..Theme::DARK }] {
            let g = theme.glyphs();
            let cells = [
                g.full, g.half, g.free, g.mark, g.others, g.learned, g.burned, g.cached, g.lost, g.throttle, g.done,
                g.to_do, g.rule, g.selected, g.included, g.excluded,
            ]
            .into_iter()
            .chain([g.picked, g.withheld, g.dot, g.warning])
            .chain(g.phases)
            .chain(g.more)
            .chain(g.tab);
            for glyph in cells {
                assert_eq!(glyph.width(), 1, "{glyph}");
                assert!(!theme.ascii || glyph.is_ascii(), "{glyph}");
            }
        }
    }
}
