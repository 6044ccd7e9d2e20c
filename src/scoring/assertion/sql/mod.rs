//! `is-sql` and `contains-sql`: the text parses as SQL of a database, and touches only tables and columns that are allowed.
//!
//! promptfoo parses with node-sql-parser, here sqlparser does it. Where the two are known to differ, what node-sql-parser
//! does was followed, above all for `MySQL`, which is the default: `conform` refuses what its grammar lacks (`ILIKE`, `TOP`,
//! `RETURNING`, reserved words as names, `NATURAL JOIN`, types of other databases), and `assignment` takes what it takes
//! beside statements (`x = 1`). What is left:
//!
//! - Databases without a dialect here (Athena, Db2, Flink, Trino) are parsed by the general one, which takes more.
//! - For databases other than `MySQL` and `MariaDB` only the words that no dialect has as names are refused.
//! - Expressions of `MySQL` with commas (`WHERE a, b`) are taken by node-sql-parser, and refused here.
//! - Columns that node-sql-parser notes while it tries an alternative that fails in the end are not noted here.

mod allowed;
mod assignment;
mod checks;
mod conform;
mod database;
mod expressions;
mod fences;
mod habits;
mod parse;
mod references;
mod reserved;
mod statements;

pub use checks::{contains_sql, is_sql};
