//! Pareto: whom no other beats where less of one thing and more of another is wanted.

/// Which of some points are on the front, each as what it takes (less is better) and what it gives (more is better).
/// One point beats another that is no better in either and worse in one.
pub fn front(points: &[(f64, f64)]) -> Vec<bool> {
    let beaten =
        |(x, y): &(f64, f64)| points.iter().any(|(takes, gives)| takes <= x && gives >= y && (takes < x || gives > y));
    points.iter().map(|point| !beaten(point)).collect()
}

#[cfg(test)]
mod tests {
    use super::front;

    #[test]
    fn on_the_front_is_whom_no_other_beats_in_one_without_losing_in_the_other() {
        assert_eq!(front(&[(100.0, 90.0), (200.0, 95.0), (200.0, 90.0), (300.0, 94.0)]), [true, true, false, false]);
        assert_eq!(front(&[(100.0, 90.0), (100.0, 90.0)]), [true, true], "equals do not beat each other");
        assert_eq!(front(&[(100.0, 90.0), (100.0, 91.0)]), [false, true]);
        assert_eq!(front(&[]), Vec::<bool>::new());
    }
}
