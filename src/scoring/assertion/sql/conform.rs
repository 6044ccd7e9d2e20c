//! What node-sql-parser's grammar for `MySQL` lacks and the parser here takes.

use sqlparser::ast::{DataType, Statement};

use super::database::Family;
use super::references::References;
use super::reserved;

/// # Errors
/// A clause that says what is not of the database.
pub(super) fn conform(statements: &[Statement], references: &References, family: Family) -> Result<(), String> {
    if let Some(fault) = &references.fault {
        return Err(fault.clone());
    }
    if let Some(name) = references.names.iter().find(|name| reserved::is_reserved(name, family)) {
        return Err(format!("`{name}` is a reserved word"));
    }
    match statements.iter().find(|statement| family.is_mysql() && !is_mysql_statement(statement)) {
        Some(_) => Err("one of the statements is not known there".to_owned()),
        None => Ok(()),
    }
}

fn is_mysql_statement(statement: &Statement) -> bool {
    match statement {
        Statement::Query(query) => !matches!(*query.body, sqlparser::ast::SetExpr::Values(_)),
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::CreateTable(_)
        | Statement::CreateIndex(_)
        | Statement::CreateView(_)
        | Statement::CreateDatabase { .. }
        | Statement::CreateSchema { .. }
        | Statement::CreateTrigger(_)
        | Statement::CreateUser(_)
        | Statement::AlterTable(_)
        | Statement::Drop { .. }
        | Statement::Truncate(_)
        | Statement::RenameTable(_)
        | Statement::Use(_)
        | Statement::Set(_)
        | Statement::Call(_)
        | Statement::LockTables { .. }
        | Statement::UnlockTables
        | Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Grant(_)
        | Statement::Explain { .. }
        | Statement::ExplainTable { .. }
        | Statement::LoadData { .. } => true,
        other => other.to_string().starts_with("SHOW"),
    }
}

pub(super) fn mysql_has_type(kind: &DataType) -> bool {
    match kind {
        DataType::Custom(name, _) => {
            let name = name.to_string().to_uppercase();
            matches!(
                name.as_str(),
                "YEAR"
                    | "GEOMETRY"
                    | "POINT"
                    | "LINESTRING"
                    | "POLYGON"
                    | "MULTIPOINT"
                    | "MULTILINESTRING"
                    | "MULTIPOLYGON"
                    | "GEOMETRYCOLLECTION"
                    | "VECTOR"
            )
        }
        DataType::Uuid
        | DataType::String(_)
        | DataType::Bytea
        | DataType::Bytes(_)
        | DataType::JSONB
        | DataType::Regclass
        | DataType::Array(_)
        | DataType::Struct(..)
        | DataType::Map(..)
        | DataType::Nvarchar(_)
        | DataType::Int64
        | DataType::Int32
        | DataType::Float64
        | DataType::Interval { .. }
        | DataType::TsVector
        | DataType::TsQuery => false,
        DataType::Timestamp(_, zone) | DataType::Time(_, zone) => zone.to_string().is_empty(),
        _ => true,
    }
}
