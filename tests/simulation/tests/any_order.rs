//! Any permutation and repetition of what happens to orders keeps the laws (law 6), and without interference from
//! customers and clocks it ends the same.

use contracts::OnDecline;
use proptest::prelude::*;
use simulation::{Step, Temper, Wish, World, at_rest, outcome, shop};

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<u16>().prop_map(Step::Deliver),
        2 => any::<u16>().prop_map(Step::DeliverAndKeep),
        3 => any::<u16>().prop_map(Step::Call),
        1 => any::<u16>().prop_map(Step::CallAndLose),
        1 => any::<bool>().prop_map(Step::Webhook),
    ];
    prop::collection::vec(step, 0..120)
}

fn wishes() -> impl Strategy<Value = Vec<(u16, Wish)>> {
    let on_decline = prop_oneof![Just(OnDecline::Cancel), Just(OnDecline::Wait)];
    let method = || prop_oneof![Just("sandbox.succeeds"), Just("sandbox.declined"), Just("sandbox.pending")];
    let wish = prop_oneof![
        6 => (method(), on_decline).prop_map(|(method, on_decline)| Wish::Place(method, on_decline)),
        1 => Just(Wish::PlaceAgain),
        2 => Just(Wish::Cancel),
        1 => Just(Wish::CancelByAnother),
        1 => method().prop_map(Wish::Pay),
        1 => (1_i64..1_200).prop_map(Wish::Refund),
        1 => Just(Wish::Dispatch),
        1 => Just(Wish::Deliver),
    ];
    prop::collection::vec((0_u16..3, wish), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_wish_and_however_it_arrives_the_laws_hold(
        wishes in wishes(),
        steps in steps(),
        expiries in prop::collection::vec(0_usize..120, 0..3),
        carrier_refuses in prop::bool::weighted(0.1),
        refunds_fail in prop::bool::weighted(0.1),
        stock in 0_i64..7,
    ) {
        let mut world = shop(World::new(Temper { carrier_refuses, refunds_fail }), stock);
        let every = steps.len() / wishes.len() + 1;
        let mut wishes = wishes.into_iter();
        for (n, step) in steps.iter().enumerate() {
            if n % every == 0 && let Some((order, wish)) = wishes.next() {
                world.wish(order, wish);
            }
            if expiries.contains(&n) {
                world.step(Step::Expire);
            }
            world.step(*step);
        }
        for (order, wish) in wishes {
            world.wish(order, wish);
        }
        world.heal();
        at_rest(&world);
    }

    #[test]
    fn without_interference_every_order_of_events_ends_the_same(
        steps in steps(),
        method in prop_oneof![Just("sandbox.succeeds"), Just("sandbox.declined")],
        carrier_refuses in any::<bool>(),
        stock in 0_i64..4,
    ) {
        let temper = Temper { carrier_refuses, refunds_fail: false };
        let end = |steps: &[Step]| {
            let mut world = shop(World::new(temper), stock);
            world.wish(0, Wish::Place(method, OnDecline::Cancel));
            steps.iter().for_each(|step| world.step(*step));
            world.heal();
            at_rest(&world);
            outcome(&world, World::order(0))
        };
        prop_assert_eq!(end(&steps), end(&[]));
    }
}
