//! The one rounding rule: fractions half up, divisions by largest remainder.

use contracts::{Amount, NotAnAmount};
use std::cmp::Reverse;

/// `amount` × `numerator` / `denominator`, half up. A zero denominator is taken for one.
pub fn fraction(amount: Amount, numerator: u64, denominator: u64) -> Result<Amount, NotAnAmount> {
    let whole = i128::from(amount.minor()) * i128::from(numerator);
    let denominator = i128::from(denominator.max(1));
    let rounded = (2 * whole + denominator) / (2 * denominator);
    i64::try_from(rounded).map_err(|_| NotAnAmount).and_then(Amount::new)
}

/// Divides `amount` in proportion to `weights`, by largest remainder, ties to the earlier one.
///
/// The parts add up to the amount, and none is larger than its weight, if the amount is not larger than all weights
/// together. Without any weight there is nothing to divide by, and every part is zero.
pub fn divide(amount: Amount, weights: &[Amount]) -> Result<Vec<Amount>, NotAnAmount> {
    let all: i128 = weights.iter().map(|weight| i128::from(weight.minor())).sum();
    if all == 0 {
        return Ok(vec![Amount::ZERO; weights.len()]);
    }
    let shares = weights.iter().map(|weight| i128::from(amount.minor()) * i128::from(weight.minor()));
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, share) in shares.enumerate() {
        parts.push(share / all);
        remainders.push((Reverse(share % all), index));
    }
    remainders.sort_unstable();
    let mut rest = i128::from(amount.minor()) - parts.iter().sum::<i128>();
    for (_, index) in remainders {
        if rest > 0 {
            parts[index] += 1;
            rest -= 1;
        }
    }
    parts.into_iter().map(|part| i64::try_from(part).map_err(|_| NotAnAmount).and_then(Amount::new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(minor: &[i64]) -> Vec<Amount> {
        minor.iter().map(|minor| Amount::new(*minor).unwrap()).collect()
    }

    #[test]
    fn a_half_goes_up_and_less_goes_down() {
        let half = |minor| fraction(Amount::new(minor).unwrap(), 1, 2).unwrap().minor();
        assert_eq!([half(0), half(1), half(2), half(3)], [0, 1, 1, 2]);
        assert_eq!(fraction(Amount::new(149).unwrap(), 1, 100).unwrap().minor(), 1);
        assert_eq!(fraction(Amount::new(contracts::MAX_AMOUNT).unwrap(), u64::MAX, 1), Err(NotAnAmount));
    }

    #[test]
    fn parts_add_up_and_ties_go_to_the_earlier_one() {
        let parts = |amount, weights| divide(Amount::new(amount).unwrap(), &amounts(weights)).unwrap();
        assert_eq!(parts(100, &[1, 1, 1]), amounts(&[34, 33, 33]));
        assert_eq!(parts(2, &[1, 1, 1]), amounts(&[1, 1, 0]));
        assert_eq!(parts(5, &[0, 10, 20]), amounts(&[0, 2, 3]));
        assert_eq!(parts(5, &[0, 0]), amounts(&[0, 0]));
    }
}
