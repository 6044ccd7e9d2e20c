//! What queries and other statements touch.

use sqlparser::ast::{
    AlterTableOperation, Assignment, AssignmentTarget, CreateTable, Delete, Distinct, Expr, FromTable, GroupByExpr,
    InTarget, Insert, Join, JoinConstraint, JoinOperator, LimitClause, NamedWindowExpr, ObjectName, OnInsert,
    OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableFactor,
    TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::conform::mysql_has_type;
use super::references::References;

impl References {
    pub(super) fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::CreateTable(create) => self.create(create),
            Statement::CreateView(view) => {
                self.table("create", &view.name, None);
                self.query(&view.query);
            }
            Statement::AlterTable(alter) => {
                self.table("alter", &alter.name, None);
                for operation in &alter.operations {
                    if let AlterTableOperation::AddColumn { column_def, .. } = operation {
                        self.defined(&column_def.name.value);
                    }
                }
            }
            Statement::Drop { names, object_type, .. } if object_type.to_string() == "TABLE" => {
                for name in names {
                    self.table("drop", name, None);
                }
            }
            Statement::Truncate(truncate) => {
                for target in &truncate.table_names {
                    self.table("truncate", &target.name, None);
                }
            }
            Statement::RenameTable(renames) => {
                for rename in renames {
                    self.table("rename", &rename.old_name, None);
                    self.table("rename", &rename.new_name, None);
                }
            }
            Statement::Explain { statement, .. } => self.statement(statement),
            Statement::Call(function) => self.function(function),
            _ => {}
        }
    }

    pub(super) fn query(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                self.name(&cte.alias.name);
                self.query(&cte.query);
            }
        }
        self.body(&query.body);
        if let Some(order) = &query.order_by
            && let OrderByKind::Expressions(order) = &order.kind
        {
            self.order(order);
        }
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                if limit.is_none() && offset.is_some() {
                    self.mysql_lacks("OFFSET without LIMIT");
                }
                self.all(limit);
                self.all(offset.as_ref().map(|offset| &offset.value));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => self.all([offset, limit]),
            None => {}
        }
        if query.fetch.is_some() {
            self.mysql_lacks("FETCH");
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            SetExpr::Values(values) => {
                for row in &values.rows {
                    self.all(&row.content);
                }
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.statement(statement),
            SetExpr::Table(_) => self.mysql_lacks("TABLE as a query"),
        }
    }

    fn select(&mut self, select: &Select) {
        if let Some(Distinct::On(on)) = &select.distinct {
            self.mysql_lacks("DISTINCT ON");
            self.all(on);
        }
        if select.top.is_some() {
            self.mysql_lacks("TOP");
        }
        if select.qualify.is_some() {
            self.mysql_lacks("QUALIFY");
        }
        if select.into.as_ref().is_some_and(|into| !into.targets.iter().all(is_variable)) {
            self.mysql_lacks("SELECT INTO a table");
        }
        self.items(&select.projection);
        for from in &select.from {
            self.from("select", from);
        }
        self.all(&select.selection);
        if let GroupByExpr::Expressions(by, _) = &select.group_by {
            self.all(by);
        }
        self.all(&select.having);
        self.all(&select.qualify);
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &window.1 {
                self.window(window);
            }
        }
    }

    fn items(&mut self, items: &[SelectItem]) {
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expression) => self.expression(expression),
                SelectItem::ExprWithAlias { expr, alias } => {
                    self.name(alias);
                    self.expression(expr);
                }
                SelectItem::ExprWithAliases { expr, .. } => self.expression(expr),
                SelectItem::Wildcard(_) => self.column("select", None, "(.*)"),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), _) => {
                    self.column("select", last(table), "(.*)");
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expression), _) => {
                    self.expression(expression);
                }
            }
        }
    }

    fn from(&mut self, verb: &str, from: &TableWithJoins) {
        self.factor(verb, &from.relation);
        for join in &from.joins {
            self.join(verb, join);
        }
    }

    fn join(&mut self, verb: &str, join: &Join) {
        use JoinOperator as Kind;
        self.factor(verb, &join.relation);
        let (Kind::Join(on)
        | Kind::Inner(on)
        | Kind::Left(on)
        | Kind::LeftOuter(on)
        | Kind::Right(on)
        | Kind::RightOuter(on)
        | Kind::FullOuter(on)
        | Kind::CrossJoin(on)
        | Kind::StraightJoin(on)) = &join.join_operator
        else {
            return self.mysql_lacks("this kind of JOIN");
        };
        match on {
            JoinConstraint::On(on) => self.expression(on),
            JoinConstraint::Natural => self.mysql_lacks("NATURAL JOIN"),
            _ => {}
        }
    }

    fn factor(&mut self, verb: &str, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                if last(name).is_some_and(|name| name.eq_ignore_ascii_case("dual")) {
                    return;
                }
                self.table(verb, name, alias.as_ref().map(|alias| &alias.name));
            }
            TableFactor::Derived { subquery, alias, .. } => {
                if let Some(alias) = alias {
                    self.name(&alias.name);
                }
                self.query(subquery);
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(verb, table_with_joins),
            TableFactor::TableFunction { expr, .. } => self.expression(expr),
            TableFactor::Pivot { table, .. } | TableFactor::Unpivot { table, .. } => {
                self.mysql_lacks("PIVOT");
                self.factor(verb, table);
            }
            _ => {}
        }
    }

    fn insert(&mut self, insert: &Insert) {
        if insert.returning.is_some() {
            self.lacks_returning();
        }
        if insert.or.is_some() {
            self.mysql_lacks("INSERT OR");
        }
        match &insert.on {
            Some(OnInsert::OnConflict(_)) => self.mysql_lacks("ON CONFLICT"),
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => self.assignments(assignments, None),
            _ => {}
        }
        let TableObject::TableName(name) = &insert.table else { return };
        self.table("insert", name, insert.table_alias.as_ref().map(|alias| &alias.alias));
        if insert.columns.is_empty() {
            self.column("insert", last(name), "(.*)");
        }
        for column in &insert.columns {
            self.column("insert", last(name), last(column).unwrap_or_default());
        }
        for assignment in &insert.assignments {
            self.expression(&assignment.value);
        }
        if let Some(source) = &insert.source {
            self.rows(&source.body, insert.columns.len());
            self.query(source);
        }
    }

    /// Every row has a value for every column, where columns are named.
    fn rows(&mut self, body: &SetExpr, columns: usize) {
        if let SetExpr::Values(values) = body
            && columns > 0
            && values.rows.iter().any(|row| row.content.len() != columns)
        {
            self.lacks("a row with more or fewer values than columns");
        }
    }

    fn update(&mut self, update: &Update) {
        if update.returning.is_some() {
            self.lacks_returning();
        }
        self.from("update", &update.table);
        if let Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) = &update.from {
            self.mysql_lacks("UPDATE with FROM");
            for from in from {
                self.from("select", from);
            }
        }
        self.assignments(&update.assignments, Some("update"));
        self.all(&update.selection);
        self.order(&update.order_by);
        self.all(&update.limit);
    }

    fn assignments(&mut self, assignments: &[Assignment], verb: Option<&'static str>) {
        for Assignment { target, value } in assignments {
            if let (Some(verb), AssignmentTarget::ColumnName(name)) = (verb, target) {
                let table = name.0.len().checked_sub(2).and_then(|at| name.0[at].as_ident());
                let table = table.map(|table| table.value.as_str());
                self.column(verb, table, last(name).unwrap_or_default());
            }
            self.expression(value);
        }
    }

    fn delete(&mut self, delete: &Delete) {
        if delete.returning.is_some() {
            self.lacks_returning();
        }
        let from = match &delete.from {
            FromTable::WithFromKeyword(from) => from,
            FromTable::WithoutKeyword(from) => {
                self.mysql_lacks("DELETE without FROM");
                from
            }
        };
        for from in from {
            let relations = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
            for relation in relations {
                if let TableFactor::Table { name, .. } = relation {
                    self.column("delete", last(name), "(.*)");
                }
            }
            self.from("delete", from);
        }
        self.all(&delete.selection);
        self.order(&delete.order_by);
        self.all(&delete.limit);
    }

    fn create(&mut self, create: &CreateTable) {
        self.table("create", &create.name, None);
        for column in &create.columns {
            if self.is_mysql && !mysql_has_type(&column.data_type) {
                self.lacks(&format!("the type {}", column.data_type));
            }
            self.name(&column.name);
            self.defined(&column.name.value);
        }
        if let Some(query) = &create.query {
            self.query(query);
        }
    }

    /// A column that a definition names counts as read too.
    fn defined(&mut self, column: &str) {
        self.column("select", None, column);
        self.column("create", None, column);
    }

    pub(super) fn in_other(&mut self, target: &InTarget) {
        match target {
            InTarget::Unnest(part) => self.expression(part),
            InTarget::Table { name, .. } => {
                self.mysql_lacks("IN a table");
                self.table("select", name, None);
            }
            _ => {}
        }
    }
}

fn is_variable(target: &Expr) -> bool {
    matches!(target, Expr::Identifier(name) if name.value.starts_with('@'))
}

fn last(name: &ObjectName) -> Option<&str> {
    name.0.last()?.as_ident().map(|name| name.value.as_str())
}
