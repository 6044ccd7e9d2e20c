//! The built-in vector of a text, *lexical* and no more: which letters and words it has, whatever they mean.
//!
//! Runs of three and four letters and runs of one and two words are hashed into a fixed number of places (the hashing
//! trick of Weinberger et al. 2009, ICML, with their signed hash), each weighted by the root of its count, so that a word
//! that is said often does not drown the rest.

/// Places of a vector.
pub const LEXICAL_DIMENSIONS: usize = 256;

/// A word is worth as much as so many of its letters.
const WORD_WEIGHT: f32 = 2.0;

/// The vector of a text, of length 1; `None` where the text has neither letters nor digits. Case does not count.
#[must_use]
pub fn lexical_vector(text: &str) -> Option<Vec<f32>> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut features = Vec::with_capacity(text.len() * 2);
    for word in &words {
        letters(word, &mut features);
    }
    features.extend(words.iter().map(|word| hash(&[word])));
    let first_of_words = features.len() - words.len();
    features.extend(words.windows(2).map(hash));
    let (letters, words) = features.split_at_mut(first_of_words);
    let mut vector = vec![0.0; LEXICAL_DIMENSIONS];
    add(&mut vector, letters, 1.0);
    add(&mut vector, words, WORD_WEIGHT);
    normalised(vector)
}

/// The vector with length 1; `None` for one that has no direction: nothing but zeros, or a number that is none.
#[must_use]
pub fn normalised(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|part| f64::from(*part).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a part of a vector of length 1")]
    for part in &mut vector {
        *part = (f64::from(*part) / length) as f32;
    }
    Some(vector)
}

/// Hashes of the runs of three and four letters of a word between its borders.
fn letters(word: &str, features: &mut Vec<u64>) {
    let bordered: Vec<char> = std::iter::once('\u{2}').chain(word.chars()).chain(['\u{3}']).collect();
    let mut run = String::new();
    for size in [3, 4] {
        for window in bordered.windows(size) {
            run.clear();
            run.extend(window);
            features.push(hash(&[&run]));
        }
    }
}

/// Each feature's weight goes to the place that its hash names, up or down as one of its bits says.
fn add(vector: &mut [f32], features: &mut [u64], weight: f32) {
    features.sort_unstable();
    for same in features.chunk_by(|a, b| a == b) {
        let feature = same[0];
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is a small number")]
        let place = (feature % LEXICAL_DIMENSIONS as u64) as usize;
        #[expect(clippy::cast_precision_loss, reason = "a count of features of one text")]
        let amount = (same.len() as f32).sqrt() * weight;
        vector[place] += if feature >> 63 == 0 { amount } else { -amount };
    }
}

/// FNV-1a over the parts with a border after each, scrambled so that every bit depends on every letter.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0x1f]));
    let mut hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let (a, b) = (lexical_vector(a).unwrap(), lexical_vector(b).unwrap());
        a.iter().zip(&b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_are_as_near_as_their_words() {
        let question = "How do I reset the password of my account?";
        assert!((cosine(question, "how do i reset the password of my account") - 1.0).abs() < 1e-6);
        assert!(cosine(question, "How do I reset the password of my accounts?") > 0.9);
        assert!(cosine(question, "How can I reset my password?") > cosine(question, "Where is my parcel?"));
        assert!(cosine(question, "Warum ist der Himmel blau") < 0.3);
    }

    #[test]
    fn a_text_without_letters_has_no_vector() {
        for empty in ["", "  \n", "?!…"] {
            assert_eq!(lexical_vector(empty), None, "{empty:?}");
        }
        assert_eq!(normalised(vec![0.0, 0.0]), None);
        assert_eq!(normalised(vec![1.0, f32::NAN]), None);
    }

    proptest! {
        #[test]
        fn every_vector_has_length_one_and_is_the_same_each_time(text in "\\PC{0,80}") {
            if let Some(vector) = lexical_vector(&text) {
                let length: f32 = vector.iter().map(|part| part * part).sum();
                prop_assert!((length - 1.0).abs() < 1e-4, "{length}");
                prop_assert_eq!(vector.len(), LEXICAL_DIMENSIONS);
                prop_assert_eq!(Some(vector), lexical_vector(&text));
            }
        }
    }
}
