//! The directory hash `half_md4` over unsigned bytes (`fs/ext4/hash.c` documents the format).
//!
//! It is MD4 with eight words of input a block instead of sixteen and eight steps a round, seeded from the superblock.

/// EXT4_HTREE_EOF_32BIT, shifted: the hash that no entry may have.
const END_OF_DIRECTORY: u32 = 0x7fff_ffff << 1;

/// The major hash of `name`; the lowest bit is always clear.
pub(crate) fn half_md4(name: &[u8], seed: [u32; 4]) -> u32 {
    let mut state = if seed == [0; 4] {
        [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    } else {
        seed
    };
    let mut rest = name;
    while !rest.is_empty() {
        transform(&mut state, &words(rest));
        rest = rest.get(32..).unwrap_or_default();
    }
    let hash = state[1] & !1;
    if hash == END_OF_DIRECTORY {
        END_OF_DIRECTORY - 2
    } else {
        hash
    }
}

/// The next 32 bytes of `name` as words, filled up with its length.
fn words(name: &[u8]) -> [u32; 8] {
    let length = name.len() as u32 & 0xff;
    let padding = length << 24 | length << 16 | length << 8 | length;
    let mut words = [padding; 8];
    for (word, bytes) in words.iter_mut().zip(name.chunks(4)) {
        *word = bytes
            .iter()
            .fold(padding, |value, byte| (value << 8) | u32::from(*byte));
    }
    words
}

fn transform(state: &mut [u32; 4], input: &[u32; 8]) {
    type Mix = fn(u32, u32, u32) -> u32;
    const ROUNDS: [(Mix, u32, [usize; 8], [u32; 4]); 3] = [
        (|x, y, z| z ^ (x & (y ^ z)), 0, [0, 1, 2, 3, 4, 5, 6, 7], [3, 7, 11, 19]),
        (
            |x, y, z| (x & y).wrapping_add((x ^ y) & z),
            0x5a82_7999,
            [1, 3, 5, 7, 0, 2, 4, 6],
            [3, 5, 9, 13],
        ),
        (
            |x, y, z| x ^ y ^ z,
            0x6ed9_eba1,
            [3, 7, 2, 6, 1, 5, 0, 4],
            [3, 9, 11, 15],
        ),
    ];
    let [mut a, mut b, mut c, mut d] = *state;
    for (mix, constant, order, shifts) in ROUNDS {
        for (step, index) in order.into_iter().enumerate() {
            let sum = a
                .wrapping_add(mix(b, c, d))
                .wrapping_add(input[index])
                .wrapping_add(constant);
            (a, b, c, d) = (d, sum.rotate_left(shifts[step % 4]), b, c);
        }
    }
    for (word, added) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(added);
    }
}

#[cfg(test)]
mod tests {
    use super::half_md4;

    /// Values printed by `debugfs -R 'dx_hash -h half_md4 NAME'` of e2fsprogs 1.47, without a seed.
    #[test]
    fn hash_matches_debugfs() {
        for (name, hash) in KNOWN {
            assert_eq!(half_md4(name.as_bytes(), [0; 4]), hash, "{name}");
        }
    }

    const KNOWN: [(&str, u32); 4] = [
        ("a", 0xd5fa_7d7a),
        ("hello", 0x1746_da32),
        ("exactly-thirty-two-bytes-of-name", 0xf8c6_1cb8),
        (
            "a-name-that-is-longer-than-thirty-two-bytes-and-then-some.txt",
            0xa18a_c890,
        ),
    ];
}
