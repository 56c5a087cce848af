//! The panels of the dashboard: structs of borrowed props that draw themselves and never see the model.

pub mod activity;
pub mod details;
pub mod footer;
pub mod front;
pub mod header;
pub mod histogram;
pub mod meter;
pub mod overlay;
pub mod pen;
pub mod picker;
pub mod quota;
pub mod sheet;
pub mod tabs;
pub mod timeline;
pub mod trials;
pub mod variants;
pub mod verdict;
