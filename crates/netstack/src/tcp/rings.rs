//! How large the two rings of a connection are, and what all rings of a port take together.
//!
//! smoltcp's rings do not grow, so that their size is settled when a connection is made, by what the port has left. The pages of a ring
//! cost memory once they were used.

/// Sizes of a ring in bytes, with the part of the spare bytes that has to be free for it: one of so many.
const SIZES: [(usize, usize); 3] = [(256 << 10, 2), (64 << 10, 4), (16 << 10, 8)];

/// The smallest ring in bytes. So much is set aside for every connection that the port may have.
const SMALLEST: usize = 4 << 10;

/// What is left of a port's bytes for rings.
#[derive(Debug)]
pub(super) struct RingBudget {
    /// For rings that are larger than the smallest: all in all, and still free.
    spare_bytes: usize,
    free_spare_bytes: usize,
    /// Still free for the smallest rings.
    free_reserved_bytes: usize,
}

impl RingBudget {
    /// `budget_bytes` for at most `flows` connections. Half of them at most are set aside for small rings.
    pub(super) fn new(budget_bytes: usize, flows: usize) -> Self {
        let reserved_bytes = flows.saturating_mul(2 * SMALLEST).min(budget_bytes / 2);
        Self {
            spare_bytes: budget_bytes - reserved_bytes,
            free_spare_bytes: budget_bytes - reserved_bytes,
            free_reserved_bytes: reserved_bytes,
        }
    }

    /// The size of each of two rings for a new connection, in bytes, or `None` if nothing is left.
    pub(super) fn take(&mut self) -> Option<usize> {
        let large = SIZES.iter().find(|&&(size, part)| {
            self.free_spare_bytes > self.spare_bytes / part && self.free_spare_bytes >= 2 * size
        });
        if let Some(&(size, _)) = large {
            self.free_spare_bytes -= 2 * size;
            return Some(size);
        }
        self.free_reserved_bytes = self.free_reserved_bytes.checked_sub(2 * SMALLEST)?;
        Some(SMALLEST)
    }

    /// Gives back what [`Self::take`] gave.
    pub(super) fn give_back(&mut self, ring_bytes: usize) {
        if ring_bytes == SMALLEST {
            self.free_reserved_bytes += 2 * ring_bytes;
        } else {
            self.free_spare_bytes += 2 * ring_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_become_smaller_as_the_budget_is_used_and_all_connections_get_some() {
        let (budget, flows) = (64 << 20, 4096);
        let mut rings = RingBudget::new(budget, flows);
        let taken: Vec<usize> = (0..flows).map(|_| rings.take().unwrap()).collect();
        assert!(taken.is_sorted_by(|before, after| before >= after));
        for size in [256 << 10, 64 << 10, 16 << 10, 4 << 10] {
            assert!(taken.iter().filter(|&&ring| ring == size).count() >= 32, "{size}");
        }
        assert!(taken.iter().map(|ring| 2 * ring).sum::<usize>() <= budget);
        for ring in taken {
            rings.give_back(ring);
        }
        assert_eq!(rings.take(), Some(256 << 10));
    }

    #[test]
    fn a_budget_for_nothing_gives_nothing() {
        assert_eq!(RingBudget::new(0, 10).take(), None);
        assert_eq!(RingBudget::new(15 << 10, 10).take(), None);
        assert_eq!(RingBudget::new(16 << 10, 10).take(), Some(SMALLEST));
    }
}
