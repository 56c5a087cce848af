//! The dashboard itself as pictures, light and dark, of what it shows at a run's last moment.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::export::{Rendered, screen};
use crate::tui::message::Msg;
use crate::tui::model::Model;
use crate::tui::screen::draw;
use crate::tui::theme::Theme;

/// Columns and rows of the pictures: wide enough for every column of the variants' table.
const SIZE: (u16, u16) = (140, 40);

/// `screen.svg` and `screen-dark.svg`.
pub fn pictures(model: &Model) -> Vec<Rendered> {
    let picture = |(name, dark, theme): (&str, bool, Theme)| Rendered {
        name: name.into(),
        contents: picture(model, SIZE, dark, theme),
    };
    [("screen.svg", false, Theme::LIGHT), ("screen-dark.svg", true, Theme::DARK)].into_iter().map(picture).collect()
}

/// The dashboard in a terminal of this many columns and rows.
pub fn picture(model: &Model, (columns, rows): (u16, u16), dark: bool, theme: Theme) -> String {
    let now = model.tally.last_at;
    let mut model = model.clone();
    model.theme = theme;
    model.update(Msg::Resize(columns, rows), now);
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    draw(&model, now, area, &mut buffer);
    screen::svg(&buffer, dark)
}
