//! Place: words beside points, none over another, over a mark or out of the picture.

/// A box: left, top, width, height, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Area {
    /// A box around a point.
    pub(crate) fn around((x, y): (f64, f64), w: f64, h: f64) -> Self {
        Self { x: x - w / 2.0, y: y - h / 2.0, w, h }
    }

    fn meets(self, other: Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }

    fn holds(self, (x, y): (f64, f64)) -> bool {
        x >= self.x && x <= self.x + self.w && y >= self.y && y <= self.y + self.h
    }

    fn inside(self, outer: Self) -> bool {
        self.x >= outer.x
            && self.y >= outer.y
            && self.x + self.w <= outer.x + outer.w
            && self.y + self.h <= outer.y + outer.h
    }

    /// The point of the box that is nearest to another point.
    pub(crate) fn nearest(self, (x, y): (f64, f64)) -> (f64, f64) {
        (x.clamp(self.x, self.x + self.w), y.clamp(self.y, self.y + self.h))
    }
}

/// A straight line between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    /// Where it begins.
    pub from: (f64, f64),
    /// Where it ends.
    pub to: (f64, f64),
}

impl Segment {
    /// Whether any of it lies in a box (Liang and Barsky's clipping).
    fn crosses(self, area: Area) -> bool {
        let ((x, y), (dx, dy)) = (self.from, (self.to.0 - self.from.0, self.to.1 - self.from.1));
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (towards, room) in
            [(-dx, x - area.x), (dx, area.x + area.w - x), (-dy, y - area.y), (dy, area.y + area.h - y)]
        {
            if towards == 0.0 {
                if room < 0.0 {
                    return false;
                }
            } else if towards < 0.0 {
                enter = enter.max(room / towards);
            } else {
                leave = leave.min(room / towards);
            }
        }
        enter <= leave
    }
}

/// Directions in which words may lie from their point, in steps of a turn: beside it, above and below it first.
const DIRECTIONS: [u32; 32] = [
    0, 16, 24, 8, 28, 4, 20, 12, 30, 2, 18, 14, 26, 6, 22, 10, 31, 1, 17, 15, 29, 3, 19, 13, 27, 5, 21, 11, 25, 7, 23,
    9,
];

/// How far words may stand from their point while they keep clear of lines, in pixels.
const NEAR: f64 = 64.0;

/// Words that want a place beside their point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    /// The point.
    pub point: (f64, f64),
    /// Their width.
    pub w: f64,
    /// Their height.
    pub h: f64,
    /// Whether they choose before others.
    pub first: bool,
}

/// Places that are taken, and the lines from words to their points.
struct Taken {
    areas: Vec<Area>,
    leaders: Vec<Segment>,
}

impl Taken {
    fn free(&self, area: Area) -> bool {
        !self.areas.iter().any(|other| area.meets(*other))
    }

    /// Whether words may lie here so that their line to the point crosses no others, and covers no other's line.
    fn told_apart(&self, area: Area, point: (f64, f64)) -> bool {
        let leader = Segment { from: point, to: area.nearest(point) };
        !self.areas.iter().any(|other| !other.holds(point) && leader.crosses(*other))
            && !self.leaders.iter().any(|other| other.crosses(area))
    }
}

/// A place for the words of each point, the nearest that is free: marks and words are never covered, lines only where
/// nothing else is near. `None` where no place is left.
pub(crate) fn place(words: &[Beside], marks: &[Area], lines: &[Segment], room: Area) -> Vec<Option<Area>> {
    let mut order: Vec<usize> = (0..words.len()).collect();
    // From the top and the left, so that neighbours come after each other.
    order.sort_by(|a, b| {
        let (a, b) = (words[*a], words[*b]);
        b.first.cmp(&a.first).then(a.point.1.total_cmp(&b.point.1)).then(a.point.0.total_cmp(&b.point.0))
    });
    let mut taken = Taken { areas: marks.to_vec(), leaders: Vec::new() };
    let mut places = vec![None; words.len()];
    for index in order {
        let (of, everywhere) = (words[index], room.w.max(room.h));
        let free = |area: &Area| area.inside(room) && taken.free(*area);
        let apart = |area: &Area| free(area) && taken.told_apart(*area, of.point);
        let clear = |area: &Area| apart(area) && !lines.iter().any(|line| line.crosses(*area));
        let found = candidates(of, NEAR)
            .find(clear)
            .or_else(|| candidates(of, everywhere).find(apart))
            .or_else(|| candidates(of, everywhere).find(free));
        if let Some(area) = found {
            taken.areas.push(area);
            taken.leaders.push(Segment { from: of.point, to: area.nearest(of.point) });
        }
        places[index] = found;
    }
    places
}

/// Boxes around a point, the nearest first.
fn candidates(Beside { point, w, h, .. }: Beside, far: f64) -> impl Iterator<Item = Area> {
    let rings = (far / 4.0).ceil() as u32;
    (0..=rings).flat_map(move |ring| {
        let away = 9.0 + 4.0 * f64::from(ring);
        DIRECTIONS.iter().map(move |step| {
            let (dy, dx) = (f64::from(*step) / DIRECTIONS.len() as f64 * std::f64::consts::TAU).sin_cos();
            Area::around((point.0 + dx * (away + w / 2.0), point.1 + dy * (away - 3.0 + h / 2.0)), w, h)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn twenty_names_find_places_of_their_own(
            xs in prop::collection::vec((0.0..400.0, 0.0..300.0), 1..=20),
            same in any::<bool>(),
        ) {
            let at = |(x, y): &(f64, f64)| if same { (200.0, 20.0) } else { (20.0 + x, 20.0 + y) };
            let points: Vec<_> = xs.iter().map(|xy| Beside { point: at(xy), w: 120.0, h: 16.0, first: false }).collect();
            let marks: Vec<Area> = points.iter().map(|words| Area::around(words.point, 12.0, 12.0)).collect();
            let room = Area { x: 0.0, y: 0.0, w: 460.0, h: 400.0 };
            let places: Vec<Area> = place(&points, &marks, &[], room).into_iter().map(Option::unwrap).collect();
            for (index, area) in places.iter().enumerate() {
                prop_assert!(area.inside(room));
                prop_assert!(!places[..index].iter().chain(&marks).any(|other| area.meets(*other)));
            }
        }
    }

    #[test]
    fn lines_are_covered_only_where_nothing_else_is_near() {
        let area = Area { x: 10.0, y: 10.0, w: 10.0, h: 10.0 };
        let crosses = |from, to| Segment { from, to }.crosses(area);
        assert!(
            crosses((0.0, 0.0), (30.0, 30.0))
                && crosses((15.0, 0.0), (15.0, 30.0))
                && crosses((12.0, 12.0), (13.0, 13.0))
        );
        assert!(
            !crosses((0.0, 0.0), (30.0, 5.0)) && !crosses((9.0, 0.0), (9.0, 30.0)) && !crosses((0.0, 0.0), (5.0, 5.0))
        );
        let words = [Beside { point: (50.0, 50.0), w: 40.0, h: 14.0, first: false }];
        let room = Area { x: 0.0, y: 0.0, w: 200.0, h: 100.0 };
        let line = Segment { from: (70.0, 0.0), to: (70.0, 100.0) };
        let beside = place(&words, &[], &[], room)[0].unwrap();
        let moved = place(&words, &[], &[line], room)[0].unwrap();
        assert!(line.crosses(beside) && !line.crosses(moved));
    }

    #[test]
    fn where_no_place_is_left_there_is_none() {
        let points = [Beside { point: (5.0, 5.0), w: 120.0, h: 16.0, first: false }];
        let room = Area { x: 0.0, y: 0.0, w: 60.0, h: 60.0 };
        assert_eq!(place(&points, &[], &[], room), [None]);
    }
}
