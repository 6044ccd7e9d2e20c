//! The two assertions.

use serde_json::Value;

use super::super::{Asked, Graded, Grading, Output, Undone, space};
use super::allowed::Allowed;
use super::database::Database;
use super::{fences, habits, parse};

/// `is-sql`: the output is one SQL statement or several, of the database that the value names (`MySQL` unless it does), and
/// every table and column that it touches fits a pattern of `allowedTables` and `allowedColumns`, if these are given.
///
/// # Errors
/// The value is neither an object nor empty, or its lists are no lists.
pub fn is_sql(asked: &Asked, output: &Output) -> Grading {
    let wanted = Wanted::of(asked.value)?;
    Ok(graded(wanted.complaint(&output.text), asked.not))
}

/// `contains-sql`: one of the fenced blocks with no language or with `sql` is SQL as for [`is_sql`]. Without such a block
/// the whole output is.
///
/// # Errors
/// As for [`is_sql`], where there is something to look at.
pub fn contains_sql(asked: &Asked, output: &Output) -> Grading {
    let blocks = fences::sql_blocks(&output.text);
    let candidates = if blocks.is_empty() { vec![output.text.clone().into_owned()] } else { blocks };
    let mut complaint = Some("The output has no SQL in it.".to_owned());
    for candidate in candidates.iter().filter(|candidate| !space::trim(candidate).is_empty()) {
        complaint = Wanted::of(asked.value)?.complaint(candidate);
        if complaint.is_none() {
            break;
        }
    }
    Ok(graded(complaint, asked.not))
}

fn graded(complaint: Option<String>, not: bool) -> Graded {
    match complaint {
        None => Graded::binary(true, not, "The output is SQL, and touches only what is allowed."),
        Some(why) => Graded::binary(false, not, why),
    }
}

/// What a value asks for.
struct Wanted {
    database: Database,
    tables: Option<Allowed>,
    columns: Option<Allowed>,
}

impl Wanted {
    fn of(value: &Value) -> Result<Self, Undone> {
        let fields = match value {
            Value::Object(fields) => Some(fields),
            Value::Array(_) | Value::Null | Value::Bool(false) => None,
            Value::Number(number) if number.as_f64() == Some(0.0) => None,
            Value::String(text) if text.is_empty() => None,
            other => {
                return Err(Undone(format!(
                    "An assertion about SQL takes an object with `databaseType`, `allowedTables` and `allowedColumns`, \
                     not {other}."
                )));
            }
        };
        let field = |name: &str| fields.and_then(|fields| fields.get(name)).unwrap_or(&Value::Null);
        Ok(Self {
            database: Database::of(field("databaseType")),
            tables: Allowed::tables(field("allowedTables")),
            columns: Allowed::columns(field("allowedColumns"))?,
        })
    }

    fn complaint(&self, text: &str) -> Option<String> {
        if let Some(why) = habits::complaint(text, &self.database) {
            return Some(why);
        }
        let references = match parse::references(text, &self.database) {
            Ok(references) => references,
            Err(why) => return Some(format!("The output is not SQL of {}: {why}.", self.database.name)),
        };
        let refuse = |allowed: &Option<Allowed>, names: &[String], what: &str| {
            let name = allowed.as_ref().and_then(|allowed| allowed.refused(names))?;
            Some(format!("The SQL touches the {what} `{name}`, which is not allowed."))
        };
        refuse(&self.tables, &references.tables(), "table")
            .or_else(|| refuse(&self.columns, &references.columns(), "column"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    type Assertion = fn(&Asked, &Output) -> Grading;

    fn grade(assertion: Assertion, value: &Value, text: &str, not: bool) -> Result<bool, Undone> {
        let config = Map::new();
        let asked = Asked { not, value, threshold: None, config: &config, tools: &[] };
        assertion(&asked, &Output::new(&Value::from(text))).map(|graded| graded.pass)
    }

    fn check(assertion: Assertion, value: &Value, good: &[&str], bad: &[&str]) {
        for (texts, expect) in [(good, true), (bad, false)] {
            for text in texts {
                assert_eq!(grade(assertion, value, text, false), Ok(expect), "{text} {value}");
                assert_eq!(grade(assertion, value, text, true), Ok(!expect), "not: {text} {value}");
            }
        }
    }

    #[test]
    fn mysql_is_the_database_unless_another_is_named() {
        check(
            is_sql,
            &Value::Null,
            &[
                "SELECT name, price * 2 AS double_price FROM goods WHERE price BETWEEN 1 AND 5 ORDER BY price DESC LIMIT 3, 4;",
                "SELECT DISTINCT city FROM people",
                "SELECT COUNT(*), MAX(age) FROM people p LEFT JOIN pets AS q ON p.id = q.owner GROUP BY p.city HAVING COUNT(*) > 1",
                "WITH top AS (SELECT id FROM t) SELECT * FROM top UNION ALL SELECT 2",
                "SELECT RANK() OVER (PARTITION BY a ORDER BY b) AS place FROM t",
                "INSERT INTO t (a, b) VALUES (1, 'it''s'), (2, NULL)",
                "REPLACE INTO t (a) VALUES (1)",
                "UPDATE t SET a = a + 1 WHERE b IN (SELECT c FROM u)",
                "DELETE FROM t WHERE a IS NOT NULL",
                "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT NOT NULL, UNIQUE KEY k (note))",
                "DROP TABLE IF EXISTS t",
                "TRUNCATE TABLE t",
                "SELECT \"a\", 'b', `c` FROM `t` # why",
                "SELECT 1 -- one\n; SELECT 2",
                "select id::char from t",
                "SELECT * FROM t WHERE d >= DATE_SUB(NOW(), INTERVAL 7 DAY)",
                "SHOW TABLES",
                "-- nothing but a comment",
                "total = 4 * price",
            ],
            &[
                "",
                "  \n",
                "The answer is 42.",
                "SELECT * FORM t",
                "SELECT a, FROM t",
                "SELECT a b FROM t",
                "SELECT * FROM t WHERE",
                "SELECT * FROM t WHERE a ILIKE 'x'",
                "SELECT TOP 3 a FROM t",
                "SELECT `a FROM t",
                "SELECT * FROM order",
                "SELECT rank FROM t",
                "SELECT a AS key FROM t",
                "INSERT INTO t (a, b) VALUES (1)",
                "INSERT INTO t (a) VALUES (1) RETURNING a",
                "SELECT generate_series (1, 3)",
                "SELECT * FROM generate_series(1, 3)",
                "SELECT * FROM a NATURAL JOIN b",
                "SELECT DISTINCT ON (a) b FROM t",
                "CREATE TABLE t (id UUID)",
                "SELECT 1; oops",
                "UPDATE t WHERE a = 1",
                "SELECT [a] FROM [t]",
                "PRAGMA table_info(t)",
            ],
        );
        check(
            is_sql,
            &json!({ "databaseType": "postgresql" }),
            &[
                "SELECT a FROM t WHERE b ILIKE 'x%'",
                "INSERT INTO t (a) VALUES (1) RETURNING a",
                "SELECT `a`, \"b\" FROM t",
            ],
            &["SELECT a b FROM t", "SELECT a FROM"],
        );
        check(
            is_sql,
            &json!({ "databaseType": "TransactSQL" }),
            &["SELECT TOP 5 [a b] FROM [t]"],
            &["SELECT a FROM t WHERE"],
        );
        check(is_sql, &json!({ "databaseType": "Cobol" }), &[], &["SELECT 1"]);
    }

    #[test]
    fn tables_and_columns_are_held_to_patterns() {
        let tables = json!({ "allowedTables": ["select::null::goods", "(insert|update)::(.*)::log"] });
        check(
            is_sql,
            &tables,
            &["SELECT * FROM goods", "INSERT INTO log (a) VALUES (1)", "UPDATE app.log SET a = 1", "SELECT 1"],
            &[
                "SELECT * FROM users",
                "SELECT * FROM goods JOIN users ON 1 = 1",
                "SELECT * FROM goods WHERE id IN (SELECT id FROM users)",
                "DELETE FROM log",
                "SELECT * FROM app.goods",
                "not sql",
            ],
        );
        let columns = json!({ "allowedColumns": ["select::goods::price", "select::null::name"] });
        check(
            is_sql,
            &columns,
            &["SELECT g.price, name FROM goods g", "SELECT price FROM goods", "SELECT COUNT(*) FROM goods"],
            &["SELECT * FROM goods", "SELECT name FROM goods WHERE cost > 1", "SELECT u.price FROM users u"],
        );
        check(is_sql, &json!({ "allowedTables": [], "allowedColumns": [] }), &["SELECT a FROM t"], &["SELECT"]);
        check(is_sql, &json!({ "allowedTables": ["("] }), &["SELECT 1"], &["SELECT a FROM t"]);
    }

    #[test]
    fn other_values_cannot_be_done() {
        for value in
            [json!("MySQL"), json!(1), json!(true), json!({ "allowedColumns": 5 }), json!({ "allowedColumns": [5] })]
        {
            assert!(grade(is_sql, &value, "SELECT 1", false).is_err(), "{value}");
        }
        assert_eq!(grade(contains_sql, &json!("MySQL"), " ", false), Ok(false));
    }

    #[test]
    fn fenced_blocks_are_looked_at_if_there_are_any() {
        check(
            contains_sql,
            &Value::Null,
            &[
                "Try this:\n```sql\nSELECT 1\n```\nDone.",
                "```\nSELECT 1\n```",
                "~~~~ SQL\nSELECT 1\n~~~~~",
                "```sql\noops\n```\n   ```sql\nSELECT 2\n   ```",
                "SELECT 1",
            ],
            &[
                "```sql\noops\n```\nSELECT 1",
                "```python\nx()\n```",
                "```sql\nSELECT 1",
                "```sql SELECT 1```",
                "prose",
                "```sql\n\n```",
                "    ```sql\nSELECT 1\n```",
                "~~~~\nSELECT 1\n~~~\n~~~~",
            ],
        );
    }

    #[test]
    fn hostile_text_ends_soon() {
        let floods = [
            format!("SELECT {}1", "1+".repeat(20_000)),
            format!("SELECT {}1", "1+".repeat(480)),
            format!("SELECT {}1", "(".repeat(20_000)),
            format!("SELECT * FROM {}t", "(".repeat(45)),
            format!("SELECT {}1{}", "f(".repeat(48), ")".repeat(48)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(20_000)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(300)),
            format!("SELECT a{}", "::int".repeat(450)),
            format!("SELECT {}a", "NOT ".repeat(900)),
            format!("SELECT CAST(a AS {}INT", "ARRAY<".repeat(900)),
            format!("INSERT INTO t (a) VALUES {}(1)", "(1),".repeat(10_000)),
            "'".repeat(100_001),
            "/*".repeat(100_000),
            ";".repeat(100_000),
            "a = 1 ".repeat(20_000),
            "SELECT ".repeat(900),
            "CASE WHEN ".repeat(450),
        ];
        for flood in floods {
            for database in ["MySQL", "PostgreSQL", "BigQuery"] {
                assert!(grade(is_sql, &json!({ "databaseType": database }), &flood, false).is_ok());
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(words in proptest::collection::vec(
            "(SELECT|FROM|WHERE|AND|\\(|\\)|,|;|=|'|\"|`|\\*|t|1|a\\.b|JOIN|ON|INSERT INTO|VALUES|UPDATE|SET|CREATE TABLE|INT|--|/\\*|\\[|\\]|é|\\$\\$|@x|CASE|WHEN|END)",
            0..14,
        )) {
            let text = words.join(" ");
            for database in ["MySQL", "PostgreSQL", "Sqlite"] {
                let value = json!({ "databaseType": database, "allowedTables": ["x"], "allowedColumns": ["x"] });
                prop_assert!(grade(is_sql, &value, &text, false).is_ok());
            }
        }
    }
}
