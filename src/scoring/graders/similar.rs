//! `similar`: how near the output's vector is to that of a text, or to the nearest of several.

use serde_json::Value;

use super::super::found::{Found, quote};
use super::material::{Material, text};
use super::{Reply, Step, Stepped, turned};

const THRESHOLD: f64 = 0.75;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Cosine,
    Dot,
    /// A distance: the threshold is the most that it may be.
    Euclidean,
}

pub(super) fn next(measure: Measure, material: &Material, replies: &[Reply]) -> Stepped {
    let wanted: Vec<String> = match &material.value {
        Value::Array(items) if !items.is_empty() => items.iter().map(text).collect(),
        _ => vec![material.wanted()?],
    };
    if material.output.trim().is_empty() {
        return Ok(Step::Done(turned(material, false, 0.0, "The output is empty.")));
    }
    let Some(Reply::Vectors(vectors)) = replies.first() else {
        return Ok(Step::Embed(std::iter::once(material.output.clone()).chain(wanted).collect()));
    };
    let Some((output, others)) = vectors.split_first().filter(|(_, others)| others.len() == wanted.len()) else {
        return Err(Found::untold("The vectors that came do not belong to the texts."));
    };
    let near = others.iter().map(|other| measure.of(output, other));
    let best = near.zip(&wanted).reduce(|best, next| if measure.is_nearer(next.0, best.0) { next } else { best });
    let Some((near, nearest)) = best.filter(|(near, _)| near.is_finite()) else {
        return Err(Found::untold("The vectors cannot be compared."));
    };
    let (passes, score) = measure.graded(near, material.threshold.unwrap_or(THRESHOLD));
    let reason = material.by_words(&format!("{} {near:.3} to {}.", measure.words(), quote(nearest)));
    Ok(Step::Done(turned(material, passes, score, &reason)))
}

impl Measure {
    fn of(self, a: &[f32], b: &[f32]) -> f64 {
        match self {
            Self::Cosine => cosine(a, b),
            Self::Dot => dot(a, b),
            Self::Euclidean => {
                a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
            }
        }
    }

    fn is_nearer(self, one: f64, other: f64) -> bool {
        if self == Self::Euclidean { one < other } else { one > other }
    }

    fn graded(self, near: f64, threshold: f64) -> (bool, f64) {
        if self == Self::Euclidean { (near <= threshold, 1.0 / (1.0 + near)) } else { (near >= threshold, near) }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Cosine => "Cosine",
            Self::Dot => "Dot product",
            Self::Euclidean => "Distance",
        }
    }
}

/// 0 where one of them has no direction.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let length = dot(a, a).sqrt() * dot(b, b).sqrt();
    if length > 0.0 { dot(a, b) / length } else { 0.0 }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
