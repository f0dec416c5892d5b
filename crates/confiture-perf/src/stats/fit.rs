//! A line through measurements, and how far it may be trusted beyond them.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// How a cost grows with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `a + b·n`: scans, rewrites, updates.
    Linear,
    /// `a + b·n·ln n`: what sorts, as the build of a B-tree does.
    Sorting,
}

impl Shape {
    fn of(self, rows: f64) -> f64 {
        match self {
            Self::Linear => rows,
            Self::Sorting => rows * rows.max(1.0).ln(),
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Rows.
    pub rows: f64,
    /// What they cost, in any unit.
    pub cost: f64,
}

/// A fitted curve `a + b·f(n)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Its shape.
    pub shape: Shape,
    /// Cost of no rows.
    pub intercept: f64,
    /// Cost of each further unit of `f(n)`.
    pub slope: f64,
    /// Standard deviation of a measurement from the curve, as a share of the measurement.
    pub deviation: f64,
    /// The most rows it was fitted to.
    pub largest: f64,
    count: usize,
    floor: f64,
    mean: f64,
    spread: f64,
    weights: f64,
}

/// A prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The curve's own value.
    pub estimate: f64,
    /// Lower end, not below 0.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Band {
    /// The same, at least so much (a share of the estimate) wide to each side.
    #[must_use]
    pub fn at_least(self, share: f64) -> Self {
        let (low, high) = (self.estimate * (1.0 - share), self.estimate * (1.0 + share));
        Self { low: self.low.min(low).max(0.0), high: self.high.max(high), ..self }
    }
}

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Fewer than three measurements, or all at the same number of rows.
    #[error("fit a curve: three measurements at two or more sizes are needed")]
    TooFew,
    /// The curve misses its own measurements.
    #[error(
        "predict: the measurements lie {:.0} % (standard deviation) off a curve of this shape, more than {:.0} %; \
         the cost grows in another way", deviation * 100.0, limit * 100.0
    )]
    Bad {
        /// Standard deviation as a share of a measurement.
        deviation: f64,
        /// Most that is trusted.
        limit: f64,
    },
    /// Too far beyond what was measured.
    #[error(
        "predict for {rows} rows: more than {} times the {largest} rows measured; measure more rows",
        Fit::REACH
    )]
    TooFar {
        /// Rows asked for.
        rows: f64,
        /// Most rows measured.
        largest: f64,
    },
}

impl Fit {
    /// How many times the largest size measured a prediction reaches.
    pub const REACH: f64 = 100.0;
    /// Most standard deviation, as a share, that a curve may have for predictions.
    pub const LARGEST_DEVIATION: f64 = 0.25;

    /// Fits by least squares of relative deviations.
    ///
    /// Measurements of costs scatter in proportion to their size, so each deviation counts as a share of
    /// `cost + floor`; `floor` is the cost below which differences mean nothing. Weighted least squares as in
    /// Draper & Smith, *Applied Regression Analysis* (3rd ed. 1998), 1.2 and 9.2.
    ///
    /// # Errors
    /// [`FitError::TooFew`].
    ///
    /// # Example
    /// ```
    /// use confiture_perf::stats::{Fit, Point, Shape};
    /// let points = [1e4, 3e4, 1e5].map(|rows| Point { rows, cost: 500.0 + 0.02 * rows });
    /// let fit = Fit::relative(&points, Shape::Linear, 1.0).unwrap();
    /// assert!((fit.predict(1e6, 0.95).unwrap().estimate - 20_500.0).abs() < 1e-3);
    /// assert!(fit.predict(2e7, 0.95).is_err());
    /// ```
    pub fn relative(points: &[Point], shape: Shape, floor: f64) -> Result<Self, FitError> {
        let weigh = |point: &Point| 1.0 / (point.cost.abs() + floor).max(f64::MIN_POSITIVE).powi(2);
        let weights: Vec<f64> = points.iter().map(weigh).collect();
        Self::weighted(points, &weights, shape, floor)
    }

    fn weighted(points: &[Point], weights: &[f64], shape: Shape, floor: f64) -> Result<Self, FitError> {
        let sum = |value: &dyn Fn(&Point) -> f64| -> f64 {
            points.iter().zip(weights).map(|(point, weight)| weight * value(point)).sum()
        };
        let total = sum(&|_| 1.0);
        let mean = sum(&|point| shape.of(point.rows)) / total;
        let mean_cost = sum(&|point| point.cost) / total;
        let spread = sum(&|point| (shape.of(point.rows) - mean).powi(2));
        let sizes = points.iter().map(|point| point.rows);
        let (least, largest) = sizes.fold((f64::MAX, 0.0_f64), |(a, b), n| (a.min(n), b.max(n)));
        if points.len() < 3 || least >= largest {
            return Err(FitError::TooFew);
        }
        let slope = sum(&|point| (shape.of(point.rows) - mean) * point.cost) / spread;
        let intercept = mean_cost - slope * mean;
        let residual = sum(&|point| (point.cost - intercept - slope * shape.of(point.rows)).powi(2));
        let deviation = (residual / (points.len() - 2) as f64).sqrt();
        let count = points.len();
        Ok(Self { shape, intercept, slope, deviation, largest, count, floor, mean, spread, weights: total })
    }

    /// The cost of so many rows, with the band in which one more measurement would lie with this confidence.
    ///
    /// Draper & Smith, 3.1: the band of a new observation, by Student's distribution. It knows the scatter of
    /// what was measured, not what only larger tables meet (memory that no longer suffices, caches).
    ///
    /// # Errors
    /// [`FitError::Bad`] when the curve misses its measurements by more than
    /// [`LARGEST_DEVIATION`](Self::LARGEST_DEVIATION); [`FitError::TooFar`] beyond [`REACH`](Self::REACH) times
    /// the largest size.
    pub fn predict(&self, rows: f64, confidence: f64) -> Result<Band, FitError> {
        if self.deviation > Self::LARGEST_DEVIATION {
            return Err(FitError::Bad { deviation: self.deviation, limit: Self::LARGEST_DEVIATION });
        }
        if rows > Self::REACH * self.largest {
            return Err(FitError::TooFar { rows, largest: self.largest });
        }
        Ok(self.band(rows, confidence))
    }

    /// The same without the refusals, for drawing.
    pub fn band(&self, rows: f64, confidence: f64) -> Band {
        let at = self.shape.of(rows);
        let estimate = (self.intercept + self.slope * at).max(0.0);
        let scale = (estimate + self.floor).powi(2); // 1/weight of the new measurement
        let variance = scale + 1.0 / self.weights + (at - self.mean).powi(2) / self.spread;
        let half = self.quantile(confidence) * self.deviation * variance.sqrt();
        Band { estimate, low: (estimate - half).max(0.0), high: estimate + half }
    }

    fn quantile(&self, confidence: f64) -> f64 {
        let student = StudentsT::new(0.0, 1.0, (self.count - 2) as f64);
        student.map_or(f64::INFINITY, |student| student.inverse_cdf(f64::midpoint(1.0, confidence)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// NIST Statistical Reference Datasets, Norris (y, x), and its certified values.
    const NORRIS: [(f64, f64); 36] = [
        (0.1, 0.2),
        (338.8, 337.4),
        (118.1, 118.2),
        (888.0, 884.6),
        (9.2, 10.1),
        (228.1, 226.5),
        (668.5, 666.3),
        (998.5, 996.3),
        (449.1, 448.6),
        (778.9, 777.0),
        (559.2, 558.2),
        (0.3, 0.4),
        (0.1, 0.6),
        (778.1, 775.5),
        (668.8, 666.9),
        (339.3, 338.0),
        (448.9, 447.5),
        (10.8, 11.6),
        (557.7, 556.0),
        (228.3, 228.1),
        (998.0, 995.8),
        (888.8, 887.6),
        (119.6, 120.2),
        (0.3, 0.3),
        (0.6, 0.3),
        (557.6, 556.8),
        (339.3, 339.1),
        (888.0, 887.2),
        (998.5, 999.0),
        (778.9, 779.0),
        (10.2, 11.1),
        (117.6, 118.3),
        (228.9, 229.2),
        (668.4, 669.1),
        (449.2, 448.9),
        (0.2, 0.5),
    ];

    #[test]
    fn the_line_through_reference_data_has_the_certified_values() {
        let points: Vec<Point> =
            NORRIS.iter().map(|(cost, rows)| Point { rows: *rows, cost: *cost }).collect();
        let fit = Fit::weighted(&points, &[1.0; 36], Shape::Linear, 0.0).unwrap();
        assert!((fit.intercept + 0.262_323_073_774_029).abs() < 1e-10, "{}", fit.intercept);
        assert!((fit.slope - 1.002_116_818_020_45).abs() < 1e-12, "{}", fit.slope);
        assert!((fit.deviation - 0.884_796_396_144_373).abs() < 1e-10, "{}", fit.deviation);
        // Student's 97.5 % point with 34 degrees of freedom, from any table.
        assert!((fit.quantile(0.95) - 2.0322).abs() < 1e-4);
    }

    #[test]
    fn what_grows_otherwise_is_refused() {
        let squared = [1e4, 3e4, 1e5].map(|rows: f64| Point { rows, cost: rows * rows / 1e6 });
        let fit = Fit::relative(&squared, Shape::Linear, 1.0).unwrap();
        assert!(matches!(fit.predict(1e6, 0.95), Err(FitError::Bad { .. })), "{fit:?}");
        let same = [1e4; 4].map(|rows| Point { rows, cost: 1.0 });
        assert_eq!(Fit::relative(&same, Shape::Linear, 1.0), Err(FitError::TooFew));
    }

    #[test]
    fn what_does_not_grow_is_predicted_as_what_it_is() {
        let flat = [1e4, 3e4, 1e5].map(|rows| Point { rows, cost: if rows == 3e4 { 0.4 } else { 0.2 } });
        let band = Fit::relative(&flat, Shape::Linear, 2.0).unwrap().predict(1e7, 0.95).unwrap();
        assert!(band.estimate < 10.0, "{band:?}");
    }

    proptest! {
        #[test]
        fn exact_measurements_give_their_curve_back_and_no_band(
            intercept in 0.0..1e4_f64, slope in 0.001..10.0_f64, sorting in any::<bool>(),
        ) {
            let shape = if sorting { Shape::Sorting } else { Shape::Linear };
            let cost = |rows: f64| intercept + slope * shape.of(rows);
            let points = [1e4, 3e4, 1e5].map(|rows| Point { rows, cost: cost(rows) });
            let band = Fit::relative(&points, shape, 0.0).unwrap().predict(1e6, 0.95).unwrap();
            prop_assert!((band.estimate / cost(1e6) - 1.0).abs() < 1e-6);
            prop_assert!((band.high - band.low) / band.estimate < 1e-4);
        }

        #[test]
        fn the_band_holds_the_curve_and_widens_away_from_the_data(
            noise in prop::collection::vec(-0.1..0.1_f64, 9),
        ) {
            let sizes = [1e4, 3e4, 1e5].into_iter().cycle();
            let points: Vec<Point> =
                sizes.zip(&noise).map(|(rows, noise)| Point { rows, cost: 0.01 * rows * (1.0 + noise) }).collect();
            let fit = Fit::relative(&points, Shape::Linear, 1.0).unwrap();
            let relative = |rows| { let band = fit.band(rows, 0.95); (band.high - band.low) / band.estimate };
            prop_assert!(relative(1e7) >= relative(1e5) * 0.99 && relative(1e5) >= 0.0);
            let wide = fit.band(1e6, 0.95).at_least(0.35);
            prop_assert!(wide.low <= 0.65 * wide.estimate && wide.high >= 1.35 * wide.estimate);
        }
    }
}
