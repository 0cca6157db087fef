//! The shop with a real database: each batch takes the way that it takes in the service.

#![allow(dead_code, reason = "each test file uses its own part")]

use chassis::{AfterCommit, Decision, Heard, Lease, Participant, save};
use orders::{Book, Hears, MIGRATIONS, Rules};
use sqlx::PgPool;
use std::convert::Infallible;

/// A database of its own, with connections that plan as those of the service do.
pub async fn database() -> PgPool {
    let admin = tokio::task::spawn_blocking(tools::postgres::shared).await.unwrap();
    chassis::provision::scratch(admin, &MIGRATIONS).await.unwrap()
}

/// One batch, one transaction: load, decide, save, commit.
pub async fn take(db: &PgPool, batch: &[Heard<Hears>]) -> sqlx::Result<AfterCommit<Infallible>> {
    let mut tx = db.begin().await?;
    let mut book = Book::load(&Rules::default(), &mut tx, batch).await?;
    for heard in batch {
        let decision = book.decide(heard);
        assert!(!matches!(decision, Decision::Ignore(chassis::Why::Impossible(_))), "{decision:?}");
    }
    let after = save(book, Lease::NONE, &mut tx).await?;
    tx.commit().await?;
    Ok(after)
}

/// What the database knows of all that a batch would touch.
pub async fn load(db: &PgPool, batch: &[Heard<Hears>]) -> Book {
    let mut tx = db.begin().await.unwrap();
    Book::load(&Rules::default(), &mut tx, batch).await.unwrap()
}
