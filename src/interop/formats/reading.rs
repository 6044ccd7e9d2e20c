//! One file of another tool, whichever it is, into Strata's nouns.

use crate::interop::imported::Imported;

use super::error::ImportError;
use super::format::Format;
use super::source::Source;
use super::{chainforge, evals, langfuse, langsmith, prompty, snippet};

/// Gives the text of a file by its path relative to the one that is imported; an error is a sentence.
pub type Read<'r> = &'r dyn Fn(&str) -> Result<String, String>;

/// Reads a file. Nothing is written, run, sent or looked up; the only other files that are read are those that the file
/// names, by `read`, which decides whether they may be.
///
/// # Errors
/// A file that is no file of this format, is larger than 64 MB, or nests deeper than 128: with the line where it is known.
pub fn import(format: Format, name: &str, text: &str, read: Read) -> Result<Imported, ImportError> {
    let source = Source::new(name, text)?;
    match format {
        Format::Prompty => prompty::read(source, read),
        Format::EvalsRegistry => evals::registry(source, read),
        Format::EvalsSamples => evals::samples(source),
        Format::EvalsResults => evals::results(source),
        Format::EvalsDefinition => evals::definition(source, read),
        Format::ChainForge => chainforge::read(source),
        Format::LangfusePrompt => langfuse::prompts(source),
        Format::LangfuseItems => langfuse::items(source),
        Format::LangSmithPrompt => langsmith::prompt(source),
        Format::LangSmithExamples => langsmith::examples(source),
        Format::Snippet => snippet::read(source),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_imported_or_refused(text in ".{0,120}", format in prop::sample::select(Format::ALL.to_vec())) {
            let _ = import(format, "a.b", &text, &|_| Err("There is none.".to_owned()));
        }

        /// Text made of the marks that the formats are made of gets further into the readers.
        #[test]
        fn any_marks_are_imported_or_refused(
            words in prop::collection::vec(prop::sample::select(MARKS.to_vec()), 0..40),
            format in prop::sample::select(Format::ALL.to_vec()),
        ) {
            let _ = import(format, "a.b", &words.concat(), &|_| Ok(words.concat()));
        }
    }

    const MARKS: [&str; 40] = [
        "---\n",
        "system:\n",
        "user:\n",
        "{{ x }}",
        "{% for a in b %}",
        "{% endfor %}",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ":",
        ",",
        "\"",
        "'",
        "\"\"\"",
        "`",
        "${x}",
        "\\",
        "\n",
        " ",
        "name: a\n",
        "model: m\n",
        "inputs:\n",
        "  - name: x\n",
        "client.chat.completions.create(",
        "model=\"m\"",
        "messages=[{\"role\": \"user\", \"content\": f\"{x}\"}]",
        "curl ",
        "https://api.openai.com/v1/chat/completions",
        " -d '",
        "# c\n",
        "// c\n",
        "f\"",
        "\"lc\": 1",
        "\"flow\": {\"nodes\": [",
        "\"testing_criteria\": [",
        "\"input\": \"i\"",
        "class: evals.elsuite.basic.match:Match\n",
    ];
}
