//! Law 6: without cancel, deadline, pay, refund and dispatch, an order ends the same whatever goes wrong and in
//! whatever order its events come.

use simulation::{Options, one};

#[test]
fn an_undisturbed_order_always_ends_the_same() {
    let mut ends = [0, 0];
    for plan in 0..200 {
        let end = |seed| {
            let run = one(seed, &Options { orders: 1, undisturbed: Some(plan), ..Options::default() });
            run.unwrap_or_else(|failure| panic!("plan {plan}: {failure}")).stands.expect("it is placed")
        };
        let first = end(0);
        ends[usize::from(first)] += 1;
        for seed in 1..16 {
            assert_eq!(end(seed), first, "plan {plan}, seed {seed}");
        }
    }
    assert!(ends.iter().all(|ends| *ends > 20), "both ends are tried: {ends:?}");
}
