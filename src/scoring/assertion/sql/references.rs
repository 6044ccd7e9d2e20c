//! The tables and columns that statements touch, as node-sql-parser lists them.

use std::collections::HashMap;

use sqlparser::ast::{Ident, ObjectName};

use super::database::Family;

/// Names beyond so many are not collected.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct References {
    pub(super) is_mysql: bool,
    is_mariadb: bool,
    tables: Vec<String>,
    columns: Vec<Column>,
    /// Tables by what stands for them.
    aliases: HashMap<String, String>,
    /// What the database's grammar lacks, the first of it.
    pub(super) fault: Option<String>,
    /// All names that are written without quotes where a reserved word cannot stand.
    pub(super) names: Vec<String>,
}

#[derive(Debug)]
struct Column {
    verb: &'static str,
    table: Option<String>,
    name: String,
}

impl References {
    pub(super) fn new(family: Family) -> Self {
        Self { is_mysql: family.is_mysql(), is_mariadb: family == Family::MariaDb, ..Self::default() }
    }

    pub(super) fn tables(&self) -> Vec<String> {
        let mut tables = self.tables.clone();
        tables.dedup();
        tables
    }

    /// Aliases of tables are undone.
    pub(super) fn columns(&self) -> Vec<String> {
        let table = |name: &String| self.aliases.get(name).unwrap_or(name).clone();
        let shown = |column: &Column| {
            let table = column.table.as_ref().map_or_else(|| "null".to_owned(), table);
            format!("{}::{table}::{}", column.verb, column.name)
        };
        self.columns.iter().map(shown).collect()
    }

    /// Notes what a grammar lacks.
    pub(super) fn lacks(&mut self, what: &str) {
        if self.fault.is_none() {
            self.fault = Some(format!("{what} is not known there"));
        }
    }

    pub(super) fn mysql_lacks(&mut self, what: &str) {
        if self.is_mysql {
            self.lacks(what);
        }
    }

    pub(super) fn lacks_returning(&mut self) {
        if !self.is_mariadb {
            self.mysql_lacks("RETURNING");
        }
    }

    pub(super) fn table(&mut self, verb: &str, name: &ObjectName, alias: Option<&Ident>) {
        let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let Some((table, schema)) = parts.split_last() else { return };
        for part in &parts {
            self.name(part);
        }
        let schema = schema.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let schema = if schema.is_empty() { "null" } else { &schema };
        if self.tables.len() < MOST {
            self.tables.push(format!("{verb}::{schema}::{}", table.value));
        }
        self.aliases.insert(table.value.clone(), table.value.clone());
        if let Some(alias) = alias {
            self.name(alias);
            self.aliases.insert(alias.value.clone(), table.value.clone());
        }
    }

    pub(super) fn column(&mut self, verb: &'static str, table: Option<&str>, name: &str) {
        if self.columns.len() < MOST {
            self.columns.push(Column { verb, table: table.map(str::to_owned), name: name.to_owned() });
        }
    }

    /// A column as an expression has it, with or without its table. Variables are none.
    pub(super) fn column_of(&mut self, parts: &[Ident]) {
        match parts {
            [name] if name.quote_style.is_none() && name.value.starts_with(['@', ':', '$']) => {}
            [name] => {
                self.name(name);
                self.column("select", None, &name.value);
            }
            [.., table, name] => {
                self.name(table);
                self.column("select", Some(&table.value), &name.value);
            }
            [] => {}
        }
    }

    pub(super) fn name(&mut self, name: &Ident) {
        if name.quote_style.is_none() && self.names.len() < MOST {
            self.names.push(name.value.to_uppercase());
        }
    }
}
