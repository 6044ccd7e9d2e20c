//! What a call can cost at most: what is set aside for it before it is sent.

use crate::domain::{ChatRequest, Price, Usage, Usd};

/// The most that a call can cost: an upper bound of its input tokens, and all the output that it may write.
///
/// # Errors
/// There is no such bound; the words say why.
pub fn worst_case(request: &ChatRequest, price: Option<&Price>, max_output: Option<u32>) -> Result<Usd, &'static str> {
    let price = price.ok_or("the model's price is unknown")?;
    if *price == Price::FREE {
        return Ok(Usd::ZERO);
    }
    let output =
        request.params.max_tokens.or(max_output).ok_or("neither max_tokens nor the model's own limit is known")?;
    let dearest_input = [Some(price.input), price.cached_input, price.cache_write].into_iter().flatten().max();
    let dearest_output = price.output.max(price.reasoning.unwrap_or_default());
    let bound = Price { input: dearest_input.unwrap_or_default(), output: dearest_output, ..Price::FREE };
    Ok(bound.cost(&Usage {
        input_tokens: request.input_token_bound(),
        output_tokens: u64::from(output),
        ..Usage::default()
    }))
}
