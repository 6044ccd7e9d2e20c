//! Calls of macros, methods and the functions that are always there.

use std::sync::Arc;

use super::super::ast::MacroDef;
use super::super::error::TemplateError;
use super::super::text::Text;
use super::super::value::{Func, Result, Val};
use super::super::{globals, methods};
use super::Run;

/// The field by which an object is known as the keyword arguments of a call.
pub(super) const KEYWORDS: &str = "__keywords";

impl Run<'_> {
    pub(super) fn call_named(&mut self, callee: &Val, says: &str, args: Vec<Val>) -> Result<Val> {
        match callee {
            Val::Func(_) => self.call(callee, args),
            _ if callee.is_truthy() => {
                Err(TemplateError::new(format!("`{says}` cannot be called: it is not a function.")))
            }
            _ => Err(TemplateError::new(format!("`{says}` cannot be called: it is undefined or falsey."))),
        }
    }

    /// Calls a function value.
    pub(in super::super) fn call(&mut self, callee: &Val, args: Vec<Val>) -> Result<Val> {
        let Val::Func(id) = callee else { return Err(TemplateError::new("What is called is not a function.")) };
        let func = self.heap.function(*id).clone();
        self.deeper(|run| match func {
            Func::Macro { def, scope } => run.call_macro(&def, scope, args),
            Func::Method { this, name } => methods::call(run, &this, &name, args),
            Func::Range => globals::range(run, &args),
            Func::Cycler => globals::cycler(run, args),
            Func::Joiner => Ok(globals::joiner(run, args)),
            Func::Next { .. } | Func::Reset { .. } => globals::turn(run, callee),
        })
    }

    /// The keyword arguments among the arguments, if there are any.
    pub(in super::super) fn keywords(&self, args: &[Val]) -> Option<usize> {
        match args.last() {
            Some(Val::Object(id)) if self.heap.fields(*id).get(&Text::from(KEYWORDS)).is_some() => Some(*id),
            _ => None,
        }
    }

    /// Arguments by position, those that are missing taken from the keywords of their names.
    pub(in super::super) fn by_position(&self, mut args: Vec<Val>, names: &[&str]) -> Vec<Val> {
        let keywords = self.keywords(&args);
        if keywords.is_some() {
            args.pop();
        }
        while args.len() < names.len() {
            let name = Text::from(names[args.len()]);
            let given = keywords.and_then(|id| self.heap.fields(id).get(&name).cloned());
            args.push(given.unwrap_or(Val::Undefined));
        }
        args
    }

    fn call_macro(&mut self, def: &Arc<MacroDef>, scope: Option<usize>, args: Vec<Val>) -> Result<Val> {
        let (positional, keywords) = self.arguments(def, args)?;
        let act = |run: &mut Self| {
            if let Some(caller) = run.keyword(keywords, "caller") {
                run.set_in_frame(&Arc::from("caller"), caller);
            }
            for (name, value) in def.positional.iter().zip(positional) {
                run.set_in_frame(name, value.clone());
                run.bind(name, value);
            }
            for (name, default) in &def.keywords {
                let value = match run.keyword(keywords, name) {
                    Some(value) => value,
                    None => run.eval(default)?,
                };
                run.set_in_frame(name, value);
            }
            run.captured(|run| run.block(&def.body))
        };
        let text = match scope {
            Some(scope) => self.apart(Some(scope), act)?,
            None => self.alone(act)?,
        };
        self.heap.spend_text(text.len())?;
        Ok(Val::Safe(Text::from(text)))
    }

    fn keyword(&self, keywords: usize, name: &str) -> Option<Val> {
        self.heap.fields(keywords).get(&Text::from(name)).cloned()
    }

    /// What each positional parameter is given, and the keywords: too many positions fill the keywords in their order,
    /// too few are taken from them.
    fn arguments(&mut self, def: &MacroDef, mut args: Vec<Val>) -> Result<(Vec<Val>, usize)> {
        let keywords = match self.keywords(&args) {
            Some(id) => {
                args.pop();
                id
            }
            None => match self.heap.object([])? {
                Val::Object(id) => id,
                _ => return Err(TemplateError::new("The arguments of a macro cannot be told apart.")),
            },
        };
        let wanted = def.positional.len();
        if args.len() > wanted {
            for (value, (name, _)) in args.split_off(wanted).into_iter().zip(&def.keywords) {
                self.heap.fields_mut(keywords).set(Text::from(&**name), value);
            }
        }
        for name in &def.positional[args.len()..] {
            let given = self.heap.fields_mut(keywords).remove(&Text::from(&**name));
            args.push(given.unwrap_or(Val::Undefined));
        }
        Ok((args, keywords))
    }
}
