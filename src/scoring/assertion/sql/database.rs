//! The databases whose SQL can be asked for.

use serde_json::Value;
use sqlparser::dialect::{
    BigQueryDialect, Dialect, GenericDialect, HiveDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect,
    RedshiftSqlDialect, SQLiteDialect, SnowflakeDialect,
};

#[derive(Debug)]
pub(super) struct Database {
    /// As the config writes it; some habits go by the exact spelling.
    pub(super) name: String,
    pub(super) family: Option<Family>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    MySql,
    MariaDb,
    BigQuery,
    Hive,
    PostgreSql,
    Redshift,
    Sqlite,
    Snowflake,
    TransactSql,
    Other,
}

impl Database {
    /// `MySQL` where nothing is named. An unknown name is kept, and then nothing parses.
    pub(super) fn of(value: &Value) -> Self {
        let name = match value {
            Value::String(name) if !name.is_empty() => name.clone(),
            Value::String(_) | Value::Null | Value::Bool(false) => "MySQL".to_owned(),
            Value::Number(number) if number.as_f64() == Some(0.0) => "MySQL".to_owned(),
            other => other.to_string(),
        };
        let family = match name.to_lowercase().as_str() {
            "mysql" => Some(Family::MySql),
            "mariadb" => Some(Family::MariaDb),
            "bigquery" => Some(Family::BigQuery),
            "hive" => Some(Family::Hive),
            "postgresql" | "noql" => Some(Family::PostgreSql),
            "redshift" => Some(Family::Redshift),
            "sqlite" => Some(Family::Sqlite),
            "snowflake" => Some(Family::Snowflake),
            "transactsql" => Some(Family::TransactSql),
            "athena" | "db2" | "flinksql" | "trino" => Some(Family::Other),
            _ => None,
        };
        Self { name, family }
    }
}

impl Family {
    pub(super) fn dialect(self) -> Box<dyn Dialect> {
        match self {
            Self::MySql | Self::MariaDb => Box::new(MySqlDialect {}),
            Self::BigQuery => Box::new(BigQueryDialect {}),
            Self::Hive => Box::new(HiveDialect {}),
            Self::PostgreSql => Box::new(PostgreSqlDialect {}),
            Self::Redshift => Box::new(RedshiftSqlDialect {}),
            Self::Sqlite => Box::new(SQLiteDialect {}),
            Self::Snowflake => Box::new(SnowflakeDialect {}),
            Self::TransactSql => Box::new(MsSqlDialect {}),
            Self::Other => Box::new(GenericDialect {}),
        }
    }

    pub(super) fn is_mysql(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb)
    }

    /// Names in backquotes, which every grammar of node-sql-parser takes, are names in double quotes here.
    pub(super) fn lacks_backquotes(self) -> bool {
        matches!(self, Self::PostgreSql | Self::Redshift | Self::Snowflake | Self::TransactSql)
    }
}
