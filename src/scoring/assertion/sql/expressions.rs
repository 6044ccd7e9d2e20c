//! What expressions touch.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, InTarget, OrderByExpr, Subscript, WindowSpec, WindowType,
};

use super::conform::mysql_has_type;
use super::references::References;

impl References {
    pub(super) fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    pub(super) fn order(&mut self, order: &[OrderByExpr]) {
        for by in order {
            if by.options.nulls_first.is_some() {
                self.mysql_lacks("NULLS FIRST and NULLS LAST");
            }
            self.expression(&by.expr);
        }
    }

    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Identifier(name) => self.column_of(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(parts) => self.column_of(parts),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.expression(root);
                for access in access_chain {
                    self.access(access);
                }
            }
            Expr::BinaryOp { left, op, right } => {
                self.operator(op);
                self.all([&**left, right]);
            }
            Expr::ILike { expr, pattern, .. } => {
                self.mysql_lacks("ILIKE");
                self.all([&**expr, pattern]);
            }
            Expr::SimilarTo { expr, pattern, .. } => {
                self.mysql_lacks("SIMILAR TO");
                self.all([&**expr, pattern]);
            }
            Expr::IsDistinctFrom(one, other) | Expr::IsNotDistinctFrom(one, other) => {
                self.mysql_lacks("IS DISTINCT FROM");
                self.all([&**one, other]);
            }
            Expr::Like { expr, pattern, .. } | Expr::RLike { expr, pattern, .. } => self.all([&**expr, pattern]),
            Expr::Between { expr, low, high, .. } => self.all([&**expr, low, high]),
            Expr::In { expr, target, .. } => {
                self.expression(expr);
                self.target(target);
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.all(operand.as_deref());
                self.all(conditions.iter().flat_map(|when| [&when.condition, &when.result]));
                self.all(else_result.as_deref());
            }
            Expr::Cast { expr, data_type, .. } => {
                if self.is_mysql && !mysql_has_type(data_type) {
                    self.lacks(&format!("the type {data_type}"));
                }
                self.expression(expr);
            }
            Expr::Function(function) => self.function(function),
            Expr::Interval(interval) => self.expression(&interval.value),
            Expr::Trim { expr, trim_what, trim_characters, .. } => {
                self.all(trim_what.as_deref());
                self.expression(expr);
                self.all(trim_characters.iter().flatten());
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.expression(expr);
                self.all(substring_from.as_deref());
                self.all(substring_for.as_deref());
            }
            Expr::Tuple(parts) => self.all(parts),
            Expr::Array(array) => {
                self.mysql_lacks("ARRAY");
                self.all(&array.elem);
            }
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.all(sets.iter().flatten()),
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => self.all([&**left, right]),
            other => self.single(other),
        }
    }

    /// Expressions that have one part.
    fn single(&mut self, expression: &Expr) {
        match expression {
            Expr::Nested(part)
            | Expr::IsNull(part)
            | Expr::IsNotNull(part)
            | Expr::IsTrue(part)
            | Expr::IsNotTrue(part)
            | Expr::IsFalse(part)
            | Expr::IsNotFalse(part)
            | Expr::IsUnknown(part)
            | Expr::IsNotUnknown(part)
            | Expr::UnaryOp { expr: part, .. }
            | Expr::Collate { expr: part, .. }
            | Expr::Extract { expr: part, .. }
            | Expr::Ceil { expr: part, .. }
            | Expr::Floor { expr: part, .. }
            | Expr::Convert { expr: part, .. }
            | Expr::JsonAccess { value: part, .. }
            | Expr::Named { expr: part, .. }
            | Expr::Prefixed { value: part, .. }
            | Expr::AtTimeZone { timestamp: part, .. } => self.expression(part),
            Expr::Position { expr, r#in } => self.all([&**expr, r#in]),
            _ => {}
        }
    }

    fn access(&mut self, access: &AccessExpr) {
        match access {
            AccessExpr::Dot(part) => self.expression(part),
            AccessExpr::Subscript(Subscript::Index { index }) => {
                self.mysql_lacks("a subscript");
                self.expression(index);
            }
            AccessExpr::Subscript(Subscript::Slice { .. }) => self.mysql_lacks("a slice"),
        }
    }

    fn target(&mut self, target: &InTarget) {
        match target {
            InTarget::List(parts) => self.all(parts),
            InTarget::Subquery(query) => self.query(query),
            other => self.in_other(other),
        }
    }

    fn operator(&mut self, operator: &BinaryOperator) {
        use BinaryOperator as Op;
        let is_known = matches!(
            operator,
            Op::Plus
                | Op::Minus
                | Op::Multiply
                | Op::Divide
                | Op::Modulo
                | Op::StringConcat
                | Op::Gt
                | Op::Lt
                | Op::GtEq
                | Op::LtEq
                | Op::Spaceship
                | Op::Eq
                | Op::NotEq
                | Op::And
                | Op::Or
                | Op::Xor
                | Op::BitwiseOr
                | Op::BitwiseAnd
                | Op::BitwiseXor
                | Op::MyIntegerDivide
                | Op::Regexp
                | Op::PGOverlap
                | Op::PGBitwiseShiftLeft
                | Op::PGBitwiseShiftRight
                | Op::Arrow
                | Op::LongArrow
                | Op::Assignment
        );
        if !is_known {
            self.mysql_lacks(&format!("the operator `{operator}`"));
        }
    }

    pub(super) fn function(&mut self, function: &Function) {
        if function.filter.is_some() {
            self.mysql_lacks("FILTER");
        }
        self.arguments(&function.args);
        self.all(function.filter.as_deref());
        self.order(&function.within_group);
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            self.window(window);
        }
    }

    pub(super) fn window(&mut self, window: &WindowSpec) {
        self.all(&window.partition_by);
        self.order(&window.order_by);
    }

    fn arguments(&mut self, arguments: &FunctionArguments) {
        match arguments {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.query(query),
            FunctionArguments::List(list) => {
                for argument in &list.args {
                    self.argument(argument);
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(order) => self.order(order),
                        FunctionArgumentClause::Where(part) | FunctionArgumentClause::Limit(part) => {
                            self.expression(part);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    fn argument(&mut self, argument: &FunctionArg) {
        let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) =
            argument;
        if let FunctionArgExpr::Expr(expression) = arg {
            self.expression(expression);
        }
    }
}
