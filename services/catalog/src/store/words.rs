//! Words that are looked for, and what they may have meant.

use chassis::Db;
use std::collections::BTreeSet;

/// The most words of one search; what is beyond is not looked for.
pub const MOST: usize = 10;
/// Words with fewer letters are not kept, nor such with digits: nothing is like them.
const SHORTEST: usize = 3;

/// The words of a text: letters and digits, in small letters.
pub fn of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Keeps words and their stems.
pub async fn learn(db: &mut Db, words: &BTreeSet<String>) -> sqlx::Result<()> {
    let is_kept =
        |word: &&str| word.chars().count() >= SHORTEST && !word.contains(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = words.iter().map(String::as_str).filter(is_kept).collect();
    sqlx::query(
        // In order, or two imports of the same new words could wait for each other.
        "insert into word (word)
         select distinct w from unnest($1::text[]) k(word)
         cross join lateral (values (k.word), ((ts_lexize('english_stem', k.word))[1])) v(w)
         where w is not null order by w on conflict do nothing",
    )
    .bind(words)
    .execute(db)
    .await?;
    Ok(())
}

/// What is looked for, as a text search query, and how it reads if words were taken for others.
pub struct Meant {
    pub query: String,
    pub corrected: Option<String>,
}

/// What the words may have meant. The last one may be the beginning of a word.
pub async fn meant(db: &mut Db, words: &[String]) -> sqlx::Result<Meant> {
    let rows: Vec<(bool, Vec<String>)> = sqlx::query_as(
        // A range, since the index serves no other test of a beginning that is not a constant.
        "select known, case when known then '{}' else
                  array(select w.word from word w order by w.word <-> k.word limit 50) end
         from unnest($1::text[]) with ordinality k(word, nr)
         cross join lateral (select k.word ~ '[0-9]'
                  or exists (select from word where word >= k.word and word < k.word || chr(1114111))
                  or exists (select from word where word = (ts_lexize('english_stem', k.word))[1])
                  or (ts_lexize('english_stem', k.word)) = '{}' as known) is_known
         order by nr",
    )
    .bind(words)
    .fetch_all(db)
    .await?;
    let (mut terms, mut read, mut differs) = (vec![], vec![], false);
    for (index, (word, (_, like))) in words.iter().zip(rows).enumerate() {
        let begins = if index + 1 == words.len() { format!("{word}:*") } else { word.clone() };
        let like = nearest(word, like);
        match like.first() {
            None => {
                terms.push(begins);
                read.push(word.clone());
            }
            Some(best) => {
                differs = true;
                read.push(best.clone());
                terms.push(format!("({} | {begins})", like.join(" | ")));
            }
        }
    }
    Ok(Meant { query: terms.join(" & "), corrected: differs.then(|| read.join(" ")) })
}

/// The three words that differ least: by a letter too many, too few or another, or two that changed places; two such
/// mistakes in a word of five letters or more, one in a shorter one.
fn nearest(word: &str, like: Vec<String>) -> Vec<String> {
    let most = if word.chars().count() < 5 { 1 } else { 2 };
    let distance = |other: String| (strsim::osa_distance(word, &other), other);
    let mut near: Vec<_> = like.into_iter().map(distance).filter(|(mistakes, _)| *mistakes <= most).collect();
    near.sort_by_key(|(mistakes, _)| *mistakes); // stable: likeness decides among equals
    near.into_iter().take(3).map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::{nearest, of};

    #[test]
    fn mistyped_words_are_taken_for_those_that_differ_least() {
        let near = |word: &str, like: &[&str]| nearest(word, like.iter().map(ToString::to_string).collect());
        assert_eq!(near("brwon", &["bronze", "brown", "bowl"]), ["brown"]);
        assert_eq!(near("mgu", &["mug", "gum"]), ["mug"]);
        assert!(near("xyz", &["abc"]).is_empty());
    }

    #[test]
    fn words_are_letters_and_digits_so_nothing_of_them_is_syntax() {
        assert_eq!(of("Earl-Grey tea, 250 g!"), ["earl", "grey", "tea", "250", "g"]);
        assert_eq!(of("a'b & (c | !d):* \\ \"x\" <-> Übergröße"), ["a", "b", "c", "d", "x", "übergröße"]);
        assert!(of(" -- ;").is_empty());
    }
}
