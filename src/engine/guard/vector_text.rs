//! Vectors as the record keeps them: each number as the eight hexadecimal digits of its bits, a space between two vectors.
//! So they come back to the bit, and take two thirds of the room of decimals.

use std::fmt::Write as _;

/// The text of vectors.
pub fn vectors_text(vectors: &[Vec<f32>]) -> String {
    let digits = |vector: &Vec<f32>| {
        let mut digits = String::with_capacity(8 * vector.len());
        for part in vector {
            // Writing into a string never fails.
            let _ = write!(digits, "{:08x}", part.to_bits());
        }
        digits
    };
    vectors.iter().map(digits).collect::<Vec<_>>().join(" ")
}

/// The vectors of a text; `None` where it is of another kind.
pub fn read_vectors(text: &str) -> Option<Vec<Vec<f32>>> {
    text.split(' ').map(read_vector).collect()
}

fn read_vector(digits: &str) -> Option<Vec<f32>> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let (parts, rest) = digits.as_bytes().as_chunks::<8>();
    let part = |part: &[u8; 8]| {
        let bits = u32::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok()?;
        Some(f32::from_bits(bits))
    };
    if rest.is_empty() { parts.iter().map(part).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_come_back_to_the_bit(
            bits in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 1..9), 1..4),
        ) {
            let vectors: Vec<Vec<f32>> =
                bits.iter().map(|vector| vector.iter().map(|bits| f32::from_bits(*bits)).collect()).collect();
            let read = read_vectors(&vectors_text(&vectors)).unwrap();
            let back: Vec<Vec<u32>> =
                read.iter().map(|vector| vector.iter().map(|part| part.to_bits()).collect()).collect();
            prop_assert_eq!(back, bits);
        }
    }

    #[test]
    fn other_texts_are_no_vectors() {
        for text in ["", " ", "3f8000", "3f800000 ", "[0.5]", "+f800000", "3f80000ü", "3f800000bf"] {
            assert_eq!(read_vectors(text), None, "{text}");
        }
    }
}
