//! Content that is the same on every machine and in every run: pseudo-random bytes and text from a fixed seed.

/// A xorshift64 generator (Marsaglia, "Xorshift RNGs", 2003).
pub(super) struct Noise(u64);

/// What a word of [`Noise::text`] is made of.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz ()=|\n";

impl Noise {
    /// The sequence that belongs to `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x9e37_79b9_7f4a_7c15).max(1))
    }

    /// The next 64 bits.
    pub(super) fn next_bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Bytes that do not compress.
    pub(super) fn random(&mut self, length: usize) -> Vec<u8> {
        self.words(length, |noise| noise.next_bits().to_le_bytes())
    }

    /// Bytes that compress to about half, as machine code does: half of each word is zero.
    pub(super) fn program(&mut self, length: usize) -> Vec<u8> {
        self.words(length, |noise| (noise.next_bits() & 0xffff_ffff).to_le_bytes())
    }

    /// An exponentially distributed length with this mean, at least 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a length of at most 40 times the mean"
    )]
    pub(super) fn length(&mut self, mean: usize) -> usize {
        // 53 bits make a fraction that is never 0, so the logarithm is finite.
        let fraction = ((self.next_bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        ((-fraction.ln() * mean as f64) as usize).max(1)
    }

    fn words(&mut self, length: usize, mut next: impl FnMut(&mut Self) -> [u8; 8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&next(self));
        }
        bytes.truncate(length);
        bytes
    }
}

/// Text of a limited vocabulary, which compresses as source code does.
pub(super) struct Vocabulary(Vec<[u8; 64]>);

impl Vocabulary {
    /// 4096 words of 64 letters.
    pub(super) fn new(noise: &mut Noise) -> Self {
        let word = |noise: &mut Noise| {
            std::array::from_fn(|_| {
                let letter = noise.next_bits() >> 32 & 31;
                usize::try_from(letter)
                    .ok()
                    .and_then(|at| LETTERS.get(at))
                    .map_or(b' ', |letter| *letter)
            })
        };
        Self((0..4096).map(|_| word(noise)).collect())
    }

    /// So many bytes of text.
    pub(super) fn text(&self, noise: &mut Noise, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 64);
        while bytes.len() < length {
            let word = usize::try_from(noise.next_bits() >> 40 & 4095)
                .ok()
                .and_then(|at| self.0.get(at));
            bytes.extend_from_slice(word.unwrap_or(&[b' '; 64]));
        }
        bytes.truncate(length);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(Noise::new(7).random(100), Noise::new(7).random(100));
        assert_ne!(Noise::new(7).random(100), Noise::new(8).random(100));
        assert_eq!(Noise::new(7).program(13).len(), 13);
    }

    #[test]
    fn lengths_have_the_mean_asked_for() {
        let mut noise = Noise::new(1);
        let sum: usize = (0..20_000).map(|_| noise.length(3000)).sum();
        assert!((2900..3100).contains(&(sum / 20_000)), "{}", sum / 20_000);
    }

    #[test]
    fn text_has_letters_only() {
        let mut noise = Noise::new(1);
        let text = Vocabulary::new(&mut noise).text(&mut noise, 1000);
        assert_eq!(text.len(), 1000);
        assert!(text.iter().all(|byte| LETTERS.contains(byte)));
    }
}
