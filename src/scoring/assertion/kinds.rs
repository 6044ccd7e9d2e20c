//! From a type to the function that grades it.

use crate::domain::AssertionKind as Kind;

use super::{
    AnswerFacts, Asked, Grading, Output, Undone, bleu, character_count, contains, contains_all, contains_any,
    contains_html, contains_json, contains_sql, contains_xml, cost, ends_with, equals, finish_reason, gleu, guardrails,
    icontains, icontains_all, icontains_any, is_html, is_json, is_refusal, is_sql, is_valid_function_call,
    is_valid_openai_tools_call, is_xml, latency, levenshtein, meteor, perplexity, perplexity_score, regex, rouge_n,
    starts_with, tool_call_f1, without_trace, word_count,
};

/// Grades by a type that needs neither a script nor a model.
///
/// # Errors
/// The assertion cannot be done, or its type cannot be graded here.
pub fn by_kind(kind: &Kind, asked: &Asked, output: &Output, facts: &AnswerFacts) -> Grading {
    match kind {
        Kind::Equals => equals(asked, output),
        Kind::Contains => contains(asked, output),
        Kind::Icontains => icontains(asked, output),
        Kind::ContainsAll => contains_all(asked, output),
        Kind::ContainsAny => contains_any(asked, output),
        Kind::IcontainsAll => icontains_all(asked, output),
        Kind::IcontainsAny => icontains_any(asked, output),
        Kind::StartsWith => starts_with(asked, output),
        Kind::EndsWith => ends_with(asked, output),
        Kind::Regex => regex(asked, output),
        Kind::IsJson => is_json(asked, output),
        Kind::ContainsJson => contains_json(asked, output),
        Kind::IsXml => is_xml(asked, output),
        Kind::ContainsXml => contains_xml(asked, output),
        Kind::IsHtml => is_html(asked, output),
        Kind::ContainsHtml => contains_html(asked, output),
        Kind::IsSql => is_sql(asked, output),
        Kind::ContainsSql => contains_sql(asked, output),
        Kind::IsRefusal => is_refusal(asked, output),
        Kind::IsValidFunctionCall | Kind::IsValidOpenAiFunctionCall => is_valid_function_call(asked, output),
        Kind::IsValidOpenAiToolsCall => is_valid_openai_tools_call(asked, output),
        Kind::ToolCallF1 => tool_call_f1(asked, output),
        Kind::WordCount => word_count(asked, output),
        Kind::CharacterCount => character_count(asked, output),
        Kind::Levenshtein => levenshtein(asked, output),
        Kind::Bleu => bleu(asked, output),
        Kind::Gleu => gleu(asked, output),
        Kind::RougeN => rouge_n(asked, output),
        Kind::Meteor => meteor(asked, output),
        Kind::Latency => latency(asked, facts),
        Kind::Cost => cost(asked, facts),
        Kind::FinishReason => finish_reason(asked, facts),
        Kind::Guardrails => guardrails(asked, facts),
        Kind::Perplexity => perplexity(asked, facts),
        Kind::PerplexityScore => perplexity_score(asked, facts),
        Kind::TraceSpanCount
        | Kind::TraceSpanDuration
        | Kind::TraceErrorSpans
        | Kind::TrajectoryToolUsed
        | Kind::TrajectoryToolArgsMatch
        | Kind::TrajectoryToolSequence
        | Kind::TrajectoryStepCount
        | Kind::SkillUsed => without_trace(asked, output),
        Kind::Javascript
        | Kind::LlmRubric
        | Kind::GEval
        | Kind::Factuality
        | Kind::ModelGradedFactuality
        | Kind::ModelGradedClosedQa
        | Kind::AnswerRelevance
        | Kind::ContextRecall
        | Kind::ContextRelevance
        | Kind::ContextFaithfulness
        | Kind::ConversationRelevance
        | Kind::Similar
        | Kind::SimilarCosine
        | Kind::SimilarDot
        | Kind::SimilarEuclidean
        | Kind::Classifier
        | Kind::Moderation
        | Kind::SelectBest
        | Kind::MaxScore => Err(Undone(format!("“{}” is not graded by the output alone.", kind.name()))),
        Kind::Other(name) => Err(Undone(format!("There is no assertion of the type “{name}”."))),
    }
}
