//! Reel: the frames of an animation; what looks the same in several is kept once.

use std::collections::HashMap;

use ratatui::buffer::{Buffer, Cell};

/// Frames of one size, in order.
#[derive(Debug, Default)]
pub(crate) struct Reel {
    /// Every row that a frame has.
    rows: Vec<Vec<Cell>>,
    known: HashMap<Vec<Cell>, usize>,
    /// The frames.
    pub frames: Vec<Frame>,
}

/// What is shown from a moment on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The moment, in ticks of the animation.
    pub at: u32,
    /// Its rows, from above; equal rows have equal numbers.
    pub rows: Vec<usize>,
}

impl Reel {
    /// Takes in what is shown from a tick on; nothing changes where that is what was shown before.
    pub(crate) fn show(&mut self, at: u32, buffer: &Buffer) {
        let columns = usize::from(buffer.area.width).max(1);
        let rows: Vec<usize> = buffer.content.chunks(columns).map(|cells| self.number(cells)).collect();
        if self.frames.last().is_none_or(|last| last.rows != rows) {
            self.frames.push(Frame { at, rows });
        }
    }

    fn number(&mut self, cells: &[Cell]) -> usize {
        if let Some(known) = self.known.get(cells) {
            return *known;
        }
        let number = self.rows.len();
        self.rows.push(cells.to_vec());
        self.known.insert(cells.to_vec(), number);
        number
    }

    /// The cells of a row.
    pub(crate) fn cells(&self, row: usize) -> &[Cell] {
        &self.rows[row]
    }

    /// Columns and rows of every frame.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.rows.first().map_or(0, Vec::len), self.frames.first().map_or(0, |frame| frame.rows.len()))
    }

    /// For each frame the number of its scene. Frames of one scene look much alike, also where others come between
    /// them: a view that is left and entered again is one scene.
    pub(crate) fn scenes(&self) -> Vec<usize> {
        /// So many of a hundred cells with something in them may differ within a scene.
        const MOST: usize = 45;
        let mut latest: Vec<usize> = Vec::new();
        let mut scenes = Vec::with_capacity(self.frames.len());
        for index in 0..self.frames.len() {
            let distances = latest.iter().map(|other| self.distance(*other, index)).enumerate();
            let nearest = distances.min_by_key(|(_, distance)| *distance).filter(|(_, distance)| *distance <= MOST);
            let scene = nearest.map_or(latest.len(), |(scene, _)| scene);
            if scene == latest.len() {
                latest.push(index);
            }
            latest[scene] = index;
            scenes.push(scene);
        }
        scenes
    }

    /// How many per cent of the cells with something in them differ between two frames.
    fn distance(&self, one: usize, other: usize) -> usize {
        let (mut filled, mut differ) = (0, 0);
        for (a, b) in self.frames[one].rows.iter().zip(&self.frames[other].rows) {
            for (a, b) in self.rows[*a].iter().zip(&self.rows[*b]) {
                filled += usize::from(a.symbol() != " " || b.symbol() != " ");
                differ += usize::from(a != b);
            }
        }
        differ * 100 / filled.max(1)
    }
}
