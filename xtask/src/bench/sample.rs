//! Samples, their medians, and the report of a benchmark.

use anyhow::Result;
use serde_json::{Value, json};
use std::fmt;
use std::time::Instant;

/// Values of one thing measured several times, in one unit.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    label: String,
    unit: &'static str,
    values: Vec<f64>,
}

impl Samples {
    /// No samples yet.
    pub(crate) fn new(label: impl Into<String>, unit: &'static str) -> Self {
        Self {
            label: label.into(),
            unit,
            values: Vec::new(),
        }
    }

    /// What the samples are of.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Adds one value.
    pub(crate) fn add(&mut self, value: f64) {
        self.values.push(value);
    }

    /// Adds the wall time of `work` in milliseconds.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work()?;
        self.add(start.elapsed().as_secs_f64() * 1e3);
        Ok(result)
    }

    /// The median; not a number without samples.
    pub(crate) fn median(&self) -> f64 {
        self.quartile(2)
    }

    /// The value below which so many quarters of the others are, between two of them in proportion; not a number without samples.
    fn quartile(&self, quarters: usize) -> f64 {
        let sorted = self.sorted();
        let place = sorted.len().saturating_sub(1) * quarters;
        let (Some(below), above) = (sorted.get(place / 4), sorted.get(place / 4 + 1)) else {
            return f64::NAN;
        };
        let part = [0.0, 0.25, 0.5, 0.75].get(place % 4).unwrap_or(&0.0);
        above.map_or(*below, |above| (above - below).mul_add(*part, *below))
    }

    /// The differences of values measured in turn, these less the other's.
    pub(crate) fn minus(&self, other: &Self, label: impl Into<String>) -> Self {
        let differences = self.values.iter().zip(&other.values).map(|(own, other)| own - other);
        Self {
            label: label.into(),
            unit: self.unit,
            values: differences.collect(),
        }
    }

    /// The median of the ratios of values measured in turn, ours over the other's; not a number without samples.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        let ratios = self.values.iter().zip(&other.values).map(|(ours, other)| ours / other);
        Self {
            label: String::new(),
            unit: "",
            values: ratios.collect(),
        }
        .median()
    }

    /// The largest value; not a number without samples.
    pub(crate) fn maximum(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// A value and what it should be.
#[derive(Clone, Debug)]
struct Verdict {
    label: String,
    value: f64,
    bound: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    None,
    AtMost(f64),
    AtLeast(f64),
}

/// The result of a benchmark.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    name: &'static str,
    samples: Vec<Samples>,
    verdicts: Vec<Verdict>,
}

impl Report {
    /// A report with these samples.
    pub(crate) fn new(name: &'static str, samples: Vec<Samples>) -> Self {
        Self {
            name,
            samples,
            verdicts: Vec::new(),
        }
    }

    /// Adds a figure derived from the samples, with the limit it should keep.
    pub(crate) fn verdict(mut self, label: impl Into<String>, value: f64, limit: Option<f64>) -> Self {
        self.verdicts.push(Verdict {
            label: label.into(),
            value,
            bound: limit.map_or(Bound::None, Bound::AtMost),
        });
        self
    }

    /// Adds a figure derived from the samples, with the aim it should reach.
    pub(crate) fn aim(mut self, label: impl Into<String>, value: f64, aim: f64) -> Self {
        self.verdicts.push(Verdict {
            label: label.into(),
            value,
            bound: Bound::AtLeast(aim),
        });
        self
    }

    /// The report for machines.
    pub(crate) fn json(&self) -> Value {
        let samples: Vec<Value> = self
            .samples
            .iter()
            .map(|samples| {
                let sorted = samples.sorted();
                json!({
                    "label": samples.label, "unit": samples.unit, "count": sorted.len(),
                    "median": samples.median(), "min": sorted.first(), "max": sorted.last(),
                    "quartiles": [samples.quartile(1), samples.quartile(3)],
                })
            })
            .collect();
        let verdicts: Vec<Value> = self
            .verdicts
            .iter()
            .map(|Verdict { label, value, bound }| match bound {
                Bound::None => json!({ "label": label, "value": value, "limit": null }),
                Bound::AtMost(limit) => json!({ "label": label, "value": value, "limit": limit }),
                Bound::AtLeast(aim) => json!({ "label": label, "value": value, "limit": null, "aim": aim }),
            })
            .collect();
        json!({ "benchmark": self.name, "samples": samples, "verdicts": verdicts })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.name)?;
        for samples in &self.samples {
            let sorted = samples.sorted();
            let (min, max) = (sorted.first().unwrap_or(&f64::NAN), sorted.last().unwrap_or(&f64::NAN));
            let (label, median, unit, count) = (&samples.label, samples.median(), samples.unit, sorted.len());
            let digits = if median.abs() < 10.0 { 2 } else { 1 };
            write!(
                formatter,
                "  {label:<44} {median:>11.digits$} {unit:<4} [{min:.digits$} … {max:.digits$}] of {count}"
            )?;
            // Fewer values than that have no quartiles worth a look.
            if count >= 8 {
                let (lower, upper) = (samples.quartile(1), samples.quartile(3));
                write!(formatter, ", half of them {lower:.digits$} … {upper:.digits$}")?;
            }
            writeln!(formatter)?;
        }
        for Verdict { label, value, bound } in &self.verdicts {
            write!(formatter, "  {label:<44} {value:>11.2}")?;
            match bound {
                Bound::None => writeln!(formatter)?,
                Bound::AtMost(limit) if value <= limit => writeln!(formatter, "      within {limit:.2}")?,
                Bound::AtMost(limit) => writeln!(formatter, "      ABOVE {limit:.2}")?,
                Bound::AtLeast(aim) if value >= aim => writeln!(formatter, "      reaches {aim:.2}")?,
                Bound::AtLeast(aim) => writeln!(formatter, "      BELOW {aim:.2}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        Samples {
            label: "x".to_owned(),
            unit: "ms",
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_median_does_not_follow_outliers() {
        assert!((samples(&[3.0, 1.0, 900.0]).median() - 3.0).abs() < 1e-9);
        assert!((samples(&[4.0, 1.0, 2.0, 900.0]).median() - 3.0).abs() < 1e-9);
        assert!((samples(&[5.0]).median() - 5.0).abs() < 1e-9);
        assert!(samples(&[]).median().is_nan());
    }

    #[test]
    fn quartiles_are_between_values_in_proportion() {
        let values = samples(&[40.0, 10.0, 20.0, 30.0]);
        assert!((values.quartile(1) - 17.5).abs() < 1e-9);
        assert!((values.quartile(3) - 32.5).abs() < 1e-9);
        assert!((samples(&[5.0]).quartile(3) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_difference_is_taken_within_a_turn() {
        let difference = samples(&[12.0, 105.0, 20.0]).minus(&samples(&[10.0, 100.0, 1.0]), "added");
        assert!((difference.median() - 5.0).abs() < 1e-9, "{difference:?}");
    }

    #[test]
    fn a_ratio_compares_what_was_measured_in_turn() {
        let ratio = samples(&[2.0, 20.0, 3.0]).ratio_to(&samples(&[1.0, 10.0, 100.0]));
        assert!((ratio - 2.0).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn a_report_says_whether_limits_are_kept() {
        let report = Report::new("start", vec![samples(&[1.0, 2.0])])
            .verdict("ratio", 1.2, Some(1.3))
            .verdict("rest", 2.0, Some(1.0))
            .aim("rate", 4.0, 5.0)
            .aim("other rate", 6.0, 5.5);
        let text = report.to_string();
        assert!(text.contains("within 1.30") && text.contains("ABOVE 1.00"), "{text}");
        assert!(text.contains("BELOW 5.00") && text.contains("reaches 5.50"), "{text}");
        assert_eq!(report.json()["samples"][0]["median"], 1.5);
    }
}
