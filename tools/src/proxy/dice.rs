//! Chance that can be repeated: the same numbers for the same seed (SplitMix64, public domain, Sebastiano Vigna).

/// One sequence of numbers.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed and this stream of it.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed);
        let start = dice.next();
        Self(start ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number from 0 to `most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        let number = self.next();
        most.checked_add(1).map_or(number, |count| number % count)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    fn rolls(seed: u64, stream: u64) -> Vec<u64> {
        let mut dice = Dice::new(seed, stream);
        (0..100).map(|_| dice.up_to(9)).collect()
    }

    #[test]
    fn a_seed_and_a_stream_give_the_same_numbers_again_and_others_give_others() {
        assert_eq!(rolls(1, 0), rolls(1, 0));
        assert_ne!(rolls(1, 0), rolls(2, 0));
        assert_ne!(rolls(1, 0), rolls(1, 1));
        assert!((0..=9).all(|number| rolls(1, 0).contains(&number)), "each comes: {:?}", rolls(1, 0));
    }
}
