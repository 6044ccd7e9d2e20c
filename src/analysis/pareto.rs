//! The Pareto front of cost against success.

/// Whether each point `(cost, success)` is on the front: no other point is at least as good in both and better in one.
/// Points with an unknown (NaN) part are never on it.
#[must_use]
pub fn pareto(points: &[(f64, f64)]) -> Vec<bool> {
    let beaten = |(cost, success): (f64, f64)| {
        points.iter().any(|other| other.0 <= cost && other.1 >= success && (other.0 < cost || other.1 > success))
    };
    points.iter().map(|point| !point.0.is_nan() && !point.1.is_nan() && !beaten(*point)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_has_what_nothing_beats() {
        let check = |points: &[(f64, f64)], expect: &[bool]| assert_eq!(pareto(points), expect, "{points:?}");
        check(&[(1.0, 0.5), (2.0, 0.9), (3.0, 0.8), (0.5, 0.5)], &[false, true, false, true]);
        check(&[(1.0, 0.5), (1.0, 0.5)], &[true, true]);
        check(&[(f64::NAN, 1.0), (9.0, 0.1)], &[false, true]);
        check(&[], &[]);
    }
}
