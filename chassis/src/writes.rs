//! What a batch writes: statements that are collected and go to the database together, in one round trip.
//!
//! Below saturation a transaction's time is its round trips: each is two wake-ups on busy cores. Postgres takes several
//! statements as one, each as a part of a `WITH` that changes data; all of them see the tables as they were before, and
//! they are run in no particular order (PostgreSQL manual, 7.8.4).

use crate::Db;
use sqlx::{Arguments, AssertSqlSafe, Encode, Postgres, Type, postgres::PgArguments};

/// Statements to be run together: none of them may build on what another of them writes.
#[derive(Default)]
pub struct Writes {
    /// Those that build on others go in later groups.
    groups: Vec<Group>,
    failed: Option<sqlx::Error>,
}

#[derive(Default)]
struct Group {
    statements: Vec<String>,
    arguments: PgArguments,
}

/// A statement that was added; its values are bound in the order of its parameters.
pub struct Statement<'w> {
    arguments: &'w mut PgArguments,
    failed: &'w mut Option<sqlx::Error>,
}

impl Writes {
    /// Adds an INSERT, an UPDATE or a DELETE, with parameters from `$1` on.
    pub fn add(&mut self, sql: &str) -> Statement<'_> {
        if self.groups.is_empty() {
            self.groups.push(Group::default());
        }
        let Some(group) = self.groups.last_mut() else { unreachable!("one was pushed") };
        group.statements.push(renumbered(sql, group.arguments.len()));
        Statement { arguments: &mut group.arguments, failed: &mut self.failed }
    }

    /// What is added from now on builds on what was added before, at the cost of another round trip.
    pub fn then(&mut self) {
        self.groups.push(Group::default());
    }

    /// Runs all of them.
    ///
    /// # Errors
    /// When a value could not be encoded, or the database refuses a statement.
    pub async fn run(self, db: &mut Db) -> sqlx::Result<()> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        for group in self.groups {
            if let Some(sql) = together(group.statements) {
                sqlx::query_with(AssertSqlSafe(sql), group.arguments).execute(&mut *db).await?;
            }
        }
        Ok(())
    }
}

impl Statement<'_> {
    /// Binds the next parameter.
    pub fn bind<'t, T: Encode<'t, Postgres> + Type<Postgres>>(self, value: T) -> Self {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }
}

/// One statement that does what all of these do.
fn together(mut statements: Vec<String>) -> Option<String> {
    if statements.len() <= 1 {
        return statements.pop();
    }
    let mut sql = String::with_capacity(statements.iter().map(|one| one.len() + 20).sum());
    for (number, statement) in statements.iter().enumerate() {
        let before = if number == 0 { "with " } else { ", " };
        sql.push_str(&format!("{before}w{number} as ({statement})"));
    }
    sql.push_str(" select");
    Some(sql)
}

/// The statement with its parameters counted from after so many others.
fn renumbered(sql: &str, others: usize) -> String {
    if others == 0 {
        return sql.to_owned();
    }
    let mut renumbered = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = after.split_at(digits);
        let number: usize = number.parse().unwrap_or_default();
        renumbered.push_str(before);
        renumbered.push_str(&format!("${}", number + others));
        rest = after;
    }
    renumbered.push_str(rest);
    renumbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_become_parts_of_one_with_parameters_of_their_own() {
        let mut writes = Writes::default();
        writes
            .add("insert into a select * from unnest($1::int8[], $2::text[])")
            .bind(vec![1_i64])
            .bind(vec!["x"]);
        writes.add("update b set c = $1 where d = $2 or e = $1").bind(true).bind(7_i64);
        let group = writes.groups.pop().unwrap();
        assert_eq!(group.arguments.len(), 4);
        assert_eq!(
            together(group.statements).unwrap(),
            "with w0 as (insert into a select * from unnest($1::int8[], $2::text[])), \
             w1 as (update b set c = $3 where d = $4 or e = $3) select"
        );
    }

    #[test]
    fn one_statement_stays_as_it_is_and_none_is_none() {
        assert_eq!(together(vec!["delete from a".to_owned()]).unwrap(), "delete from a");
        assert_eq!(together(vec![]), None);
    }
}
