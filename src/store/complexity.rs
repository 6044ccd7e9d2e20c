//! The bundled words by which the complexity of a request is told.

use std::path::Path;
use std::sync::LazyLock;

use super::ron::read;
use crate::domain::ComplexityWords;

/// The words of `assets/complexity.ron`.
pub fn complexity_words() -> &'static ComplexityWords {
    static WORDS: LazyLock<ComplexityWords> = LazyLock::new(|| {
        let bytes = include_bytes!("../../assets/complexity.ron");
        read(bytes, Path::new("complexity.ron")).value.unwrap_or_default()
    });
    &WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_factor_has_words_and_none_twice() {
        let words = complexity_words();
        for list in [&words.reasoning, &words.creativity, &words.accuracy, &words.complex_output] {
            assert!(list.len() >= 10, "{list:?}");
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once: {list:?}");
        }
    }
}
