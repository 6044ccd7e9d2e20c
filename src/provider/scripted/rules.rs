//! A script made ready: its regular expressions compiled once, its mistakes told.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::draw::Draws;
use crate::compose::{count_tokens, tokenizer_for};
use crate::domain::{
    ChatRequest, Choice, Condition, FinishReason, Message, Place, Problem, Reply, Role, Script, ScriptedModel, Usage,
};

pub struct Rules {
    facts: Vec<Fact>,
    rules: Vec<Rule>,
}

/// What the script says to a request.
pub struct Answer {
    pub text: String,
    pub finish: FinishReason,
    pub usage: Usage,
}

struct Fact {
    name: String,
    when: Vec<Test>,
    pick: Vec<Choice>,
}

struct Rule {
    when: Vec<Test>,
    replies: Vec<Reply>,
}

enum Test {
    Model(Vec<String>),
    Match { pattern: Regex, role: Option<Role>, names: bool },
    Not(Box<Test>),
    Any(Vec<Test>),
}

/// Tokens of a message beside its text, as chat models count them.
const PER_MESSAGE: u64 = 4;

type Facts = BTreeMap<String, String>;

impl Rules {
    /// The rules, and what is wrong with them. A condition with a mistake never holds.
    pub fn new(path: &str, script: &Script) -> (Self, Vec<Problem>) {
        let mut check = Checker { path, script, problems: Vec::new(), known: BTreeSet::new() };
        let facts = script.facts.iter().map(|fact| check.fact(fact)).collect();
        let rules = script.rules.iter().enumerate().map(|(at, rule)| check.rule(at, rule)).collect();
        check.names();
        script.models.iter().for_each(|(name, model)| check.model(name, model));
        (Self { facts, rules }, check.problems)
    }

    /// `None` where no rule holds.
    pub fn answer(&self, request: &ChatRequest, draws: &Draws) -> Option<Answer> {
        let mut facts = Facts::new();
        let mut decided = BTreeSet::new();
        for (at, fact) in self.facts.iter().enumerate() {
            let Some(found) = (!decided.contains(fact.name.as_str())).then(|| hold(&fact.when, request)).flatten()
            else {
                continue;
            };
            facts.extend(found);
            decided.insert(fact.name.as_str());
            let share = draws.share(&["fact", &fact.name, &at.to_string()], 0);
            if let Some(choice) = choose(&fact.pick, share, |choice| choice.weight) {
                facts.insert(fact.name.clone(), fill(&choice.value, &facts).into_owned());
            }
        }
        let (at, rule, found) =
            self.rules.iter().enumerate().find_map(|(at, rule)| Some((at, rule, hold(&rule.when, request)?)))?;
        facts.extend(found);
        let reply = choose(&rule.replies, draws.share(&["rule", &at.to_string()], 0), |reply| reply.weight)?;
        let text = fill(&reply.text, &facts).into_owned();
        let (tokenizer, _) = tokenizer_for(&request.model);
        let tokens = |text: &str| count_tokens(tokenizer, text) as u64;
        let spoken = reply.output_tokens.unwrap_or_else(|| tokens(&text));
        let usage = Usage {
            input_tokens: request.messages.iter().map(|message| tokens(&message.content) + PER_MESSAGE).sum(),
            output_tokens: spoken + reply.reasoning_tokens,
            reasoning_tokens: reply.reasoning_tokens,
            ..Usage::default()
        };
        Some(Answer { text, finish: reply.finish.clone(), usage })
    }
}

/// The named groups of the conditions, if all hold.
fn hold(tests: &[Test], request: &ChatRequest) -> Option<Facts> {
    let mut facts = Facts::new();
    tests.iter().all(|test| holds(test, request, &mut facts)).then_some(facts)
}

fn holds(test: &Test, request: &ChatRequest, facts: &mut Facts) -> bool {
    match test {
        Test::Model(models) => models.contains(&request.model),
        Test::Match { pattern, role, names } => {
            let mut spoken = request.messages.iter().filter(|message| role.is_none_or(|role| message.role == role));
            if *names {
                spoken.any(|message| capture(pattern, message, facts))
            } else {
                spoken.any(|message| pattern.is_match(&message.content))
            }
        }
        Test::Not(test) => !holds(test, request, &mut Facts::new()),
        Test::Any(tests) => tests.iter().any(|test| holds(test, request, facts)),
    }
}

fn capture(pattern: &Regex, message: &Message, facts: &mut Facts) -> bool {
    let Some(found) = pattern.captures(&message.content) else { return false };
    for name in pattern.capture_names().flatten() {
        if let Some(value) = found.name(name) {
            facts.insert(name.to_owned(), value.as_str().to_owned());
        }
    }
    true
}

/// Draws by weight.
fn choose<T>(choices: &[T], share: f64, weight: impl Fn(&T) -> f64) -> Option<&T> {
    let mut left = share * choices.iter().map(&weight).sum::<f64>();
    let drawn = choices.iter().find(|choice| {
        left -= weight(choice);
        left < 0.0
    });
    drawn.or_else(|| choices.iter().rev().find(|choice| weight(choice) > 0.0))
}

/// Writes facts in the place of `<<name>>`. An unknown name stays, so that it is seen.
fn fill<'a>(text: &'a str, facts: &Facts) -> Cow<'a, str> {
    if !text.contains("<<") {
        return Cow::Borrowed(text);
    }
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("<<") {
        filled.push_str(before);
        if let Some((value, after)) =
            after.split_once(">>").and_then(|(name, after)| Some((facts.get(name.trim())?, after)))
        {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push_str("<<");
            rest = after;
        }
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

fn slots(text: &str) -> impl Iterator<Item = &str> {
    text.split("<<").skip(1).filter_map(|after| Some(after.split_once(">>")?.0.trim()))
}

/// Makes the rules and gathers what is wrong.
struct Checker<'a> {
    path: &'a str,
    script: &'a Script,
    problems: Vec<Problem>,
    known: BTreeSet<String>,
}

impl Checker<'_> {
    fn fact(&mut self, fact: &crate::domain::Fact) -> Fact {
        let name = &fact.name;
        self.weights(&format!("The fact `{name}`"), fact.pick.iter().map(|choice| choice.weight));
        self.known.insert(name.clone());
        let when = self.tests(&format!("the fact `{name}`"), &fact.when);
        Fact { name: name.clone(), when, pick: fact.pick.clone() }
    }

    fn rule(&mut self, at: usize, rule: &crate::domain::Rule) -> Rule {
        self.weights(&format!("Rule {}", at + 1), rule.replies.iter().map(|reply| reply.weight));
        Rule { when: self.tests(&format!("rule {}", at + 1), &rule.when), replies: rule.replies.clone() }
    }

    fn tests(&mut self, of: &str, conditions: &[Condition]) -> Vec<Test> {
        conditions.iter().map(|condition| self.test(of, condition)).collect()
    }

    fn test(&mut self, of: &str, condition: &Condition) -> Test {
        match condition {
            Condition::Model(models) => {
                for model in models.iter().filter(|model| !self.script.models.contains_key(*model)) {
                    self.problems.push(Problem::warning(
                        Place::file(self.path),
                        format!("A condition of {of} names the model `{model}`, which the script does not have."),
                        "Correct the name, or add the model to `models`.",
                    ));
                }
                Test::Model(models.clone())
            }
            Condition::Match { pattern, role } => match Regex::new(pattern) {
                Ok(pattern) => {
                    let before = self.known.len();
                    self.known.extend(pattern.capture_names().flatten().map(str::to_owned));
                    let names = self.known.len() > before || pattern.capture_names().flatten().next().is_some();
                    Test::Match { pattern, role: *role, names }
                }
                Err(error) => {
                    let what = error.to_string();
                    let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    self.error(
                        format!("The regular expression `{pattern}` of {of} cannot be used: {what}."),
                        "Correct the pattern; look-around and back-references are not known here.",
                    );
                    Test::Any(Vec::new())
                }
            },
            Condition::Not(condition) => {
                // Groups inside a `Not` never have a value.
                let known = self.known.clone();
                let test = Test::Not(Box::new(self.test(of, condition)));
                self.known = known;
                test
            }
            Condition::Any(conditions) => Test::Any(self.tests(of, conditions)),
        }
    }

    fn weights(&mut self, of: &str, weights: impl Iterator<Item = f64>) {
        let weights: Vec<f64> = weights.collect();
        if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) || weights.iter().sum::<f64>() <= 0.0 {
            self.error(
                format!("{of} has nothing to draw from."),
                "Give it at least one choice, with weights of 0 or more that are not all 0.",
            );
        }
    }

    /// Slots that nothing fills.
    fn names(&mut self) {
        let script = self.script;
        let replies = script.rules.iter().flat_map(|rule| rule.replies.iter().map(|reply| reply.text.as_str()));
        let values = script.facts.iter().flat_map(|fact| fact.pick.iter().map(|choice| choice.value.as_str()));
        let unknown: BTreeSet<&str> =
            replies.chain(values).flat_map(slots).filter(|name| !self.known.contains(*name)).collect();
        for name in unknown {
            self.problems.push(Problem::warning(
                Place::file(self.path),
                format!("`<<{name}>>` stands in a reply, and no fact or named group has that name."),
                "It is shown as it stands; add the fact, or correct the name.",
            ));
        }
    }

    fn model(&mut self, name: &str, model: &ScriptedModel) {
        let faults = &model.faults;
        let rates = [faults.rate_limited, faults.server, faults.disconnected, faults.truncated];
        let share = |number: f64| (0.0..=1.0).contains(&number);
        if ![model.median_ms, model.p95_ms].iter().all(|ms| ms.is_finite() && (0.0..=3_600_000.0).contains(ms)) {
            self.error(
                format!("The latency of the model `{name}` is not between 0 and an hour."),
                "`median_ms` and `p95_ms` are milliseconds.",
            );
        }
        if !share(model.first_token) || !rates.iter().all(|rate| share(*rate)) || !share(rates.iter().sum()) {
            self.error(
                format!("A share of the model `{name}` is not between 0 and 1, or its fault rates are more than 1."),
                "`first_token` and the fault rates are shares, such as 0.05.",
            );
        }
    }

    fn error(&mut self, message: String, hint: &str) {
        self.problems.push(Problem::error(Place::file(self.path), message, hint));
    }
}
