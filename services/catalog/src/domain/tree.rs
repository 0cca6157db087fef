//! The tree of categories.

use contracts::{CategoryView, Refusal, Slug};

/// The deepest that a category may stand.
const MAX_DEPTH: usize = 10;

/// Whether `slug` may become a part of `parent`: a part of itself it may not, however far down.
pub fn check_parent(all: &[CategoryView], slug: &Slug, parent: Option<&Slug>) -> Result<(), Refusal> {
    let mut above = parent;
    for _ in 0..MAX_DEPTH {
        let Some(next) = above else { return Ok(()) };
        if next == slug {
            return Err(invalid("it would be a part of itself"));
        }
        let known = all.iter().find(|category| category.slug == *next);
        above = known.ok_or_else(|| invalid("there is no such category"))?.node.parent.as_ref();
    }
    Err(invalid(&format!("at most {MAX_DEPTH} deep")))
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid { field: "parent".to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::{CategoryNode, Text};

    fn slug(text: &str) -> Slug {
        Slug::new(text).unwrap()
    }

    fn tree(links: &[(&str, Option<&str>)]) -> Vec<CategoryView> {
        let view = |(name, parent): &(&str, Option<&str>)| CategoryView {
            slug: slug(name),
            node: CategoryNode { name: Text::new(*name).unwrap(), parent: parent.map(slug) },
        };
        links.iter().map(view).collect()
    }

    #[test]
    fn no_category_is_a_part_of_itself_of_nothing_or_too_deep() {
        let all = tree(&[("home", None), ("kitchen", Some("home")), ("mugs", Some("kitchen"))]);
        let may =
            |slug_, parent: Option<&str>| check_parent(&all, &slug(slug_), parent.map(slug).as_ref()).is_ok();
        assert!(may("cups", Some("mugs")) && may("home", None) && may("mugs", Some("home")));
        assert!(!may("home", Some("mugs")) && !may("home", Some("home")) && !may("cups", Some("garden")));
        let names: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
        let links: Vec<(&str, Option<&str>)> = (0..12)
            .map(|n| (names[n].as_str(), n.checked_sub(1).map(|above| names[above].as_str())))
            .collect();
        assert!(check_parent(&tree(&links), &slug("deepest"), Some(&slug("c11"))).is_err());
        assert!(check_parent(&tree(&links), &slug("deep"), Some(&slug("c8"))).is_ok());
    }
}
