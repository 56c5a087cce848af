//! Mouse: what a click and the wheel mean, where the user asked for a mouse at all.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::tui::keymap::Action;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::view::{Panel, VIEWS, View};
use crate::tui::views::dashboard;
use crate::tui::widgets::{tabs, variants};
use crate::tui::{props, screen};

impl Model {
    /// A click on the name of a view shows it, one on a variant selects it, and the wheel moves as the arrows do.
    pub(super) fn pointed(&mut self, event: MouseEvent, now: Duration) -> Vec<Effect> {
        match event.kind {
            MouseEventKind::ScrollDown if self.can_move() => self.act(Action::Down, now),
            MouseEventKind::ScrollUp if self.can_move() => self.act(Action::Up, now),
            MouseEventKind::Down(MouseButton::Left) if self.overlay.is_none() => {
                self.clicked(Position::new(event.column, event.row), now)
            }
            _ => Vec::new(),
        }
    }

    fn clicked(&mut self, at: Position, now: Duration) -> Vec<Effect> {
        let Some(frame) = screen::Frame::within(self) else { return Vec::new() };
        if frame.tabs.contains(at) {
            let places = tabs::places(&props::tabs(self), self.view.index(), frame.tabs);
            let hit = places.iter().position(|(x, wide)| (*x..x + wide).contains(&at.x));
            return hit.map_or_else(Vec::new, |index| self.act(VIEWS[index].action, now));
        }
        if self.view == View::Dashboard {
            let seat = dashboard::seat(Panel::Variants, self, now, frame.body);
            let rows = Rect { y: seat.y + 1, height: seat.height.saturating_sub(1), ..seat };
            if rows.contains(at) {
                let count = self.shown().count();
                let row =
                    variants::first_shown(count, self.position(), rows.height.into()) + usize::from(at.y - rows.y);
                if row < count {
                    self.select(row);
                }
            }
        }
        Vec::new()
    }
}
