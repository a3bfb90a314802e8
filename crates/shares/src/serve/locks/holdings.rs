//! Which bytes of a file one owner has locked. The host knows them as well, but not which process of the machine has them, nor says how many they are.

use super::request::{LockKind, Span};

/// Locked bytes in their order, none of them twice; neighbours that are alike are one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holdings(Vec<Holding>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Holding {
    span: Span,
    kind: LockKind,
    process: u32,
}

impl Holdings {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What it takes to lock or unlock a span.
    pub(super) fn change(&self, span: Span, kind: Option<LockKind>, process: u32) -> Change {
        // Those that touch it as well: they may be alike.
        let from = self
            .0
            .partition_point(|held| held.span.last < span.first.saturating_sub(1));
        let to = self
            .0
            .partition_point(|held| held.span.first <= span.last.saturating_add(1));
        let mut all = Vec::with_capacity(3);
        for held in self.0.get(from..to).unwrap_or_default() {
            if held.span.first < span.first {
                let last = held.span.last.min(span.first - 1);
                all.push(held.to(held.span.first, last));
            }
            if held.span.last > span.last {
                let first = held.span.first.max(span.last + 1);
                all.push(held.to(first, held.span.last));
            }
        }
        all.extend(kind.map(|kind| Holding { span, kind, process }));
        all.sort_unstable_by_key(|held| held.span.first);
        all.dedup_by(|next, held| {
            let is_one = (held.kind, held.process) == (next.kind, next.process)
                && held.span.last.checked_add(1) == Some(next.span.first);
            if is_one {
                held.span.last = next.span.last;
            }
            is_one
        });
        Change { from, to, all }
    }

    /// How many there will be.
    pub(super) fn len_after(&self, change: &Change) -> usize {
        self.0.len() - (change.to - change.from) + change.all.len()
    }

    pub(super) fn apply(&mut self, change: Change) {
        self.0.splice(change.from..change.to, change.all);
    }

    /// The process that has a lock of this kind of one of these bytes.
    pub(super) fn process(&self, span: Span, kind: LockKind) -> Option<u32> {
        let mut found = self
            .0
            .iter()
            .filter(|held| held.kind == kind && held.span.first <= span.last && held.span.last >= span.first);
        Some(found.next()?.process)
    }
}

/// What some of them become; the others stay.
#[derive(Debug)]
pub(super) struct Change {
    from: usize,
    to: usize,
    all: Vec<Holding>,
}

impl Holding {
    fn to(self, first: u64, last: u64) -> Self {
        Self {
            span: Span { first, last },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What each of the first bytes is locked by.
    fn bytes(holdings: &Holdings) -> Vec<Option<(LockKind, u32)>> {
        let of_byte = |byte: u64| {
            let mut found = holdings
                .0
                .iter()
                .filter(|held| (held.span.first..=held.span.last).contains(&byte));
            let held = found.next().map(|held| (held.kind, held.process));
            assert!(found.next().is_none(), "byte {byte} is there twice: {holdings:?}");
            held
        };
        (0..40).map(of_byte).collect()
    }

    fn change() -> impl Strategy<Value = (u64, u64, Option<LockKind>, u32)> {
        let kind = prop_oneof![
            Just(None),
            Just(Some(LockKind::Shared)),
            Just(Some(LockKind::Exclusive))
        ];
        (0_u64..40, 0_u64..40, kind, 1_u32..3)
    }

    proptest! {
        #[test]
        fn each_byte_is_as_it_was_set_last(changes in prop::collection::vec(change(), 0..30)) {
            let mut holdings = Holdings::default();
            let mut expected = vec![None; 40];
            for (one, other, kind, process) in changes {
                let (first, last) = (one.min(other), one.max(other));
                let change = holdings.change(Span { first, last }, kind, process);
                let length = holdings.len_after(&change);
                holdings.apply(change);
                prop_assert_eq!(holdings.len(), length);
                for byte in &mut expected[first as usize..=last as usize] {
                    *byte = kind.map(|kind| (kind, process));
                }
                prop_assert_eq!(bytes(&holdings), expected.clone());
                let alike = expected.chunk_by(|one, next| one == next).filter(|alike| alike[0].is_some());
                prop_assert_eq!(holdings.len(), alike.count());
            }
        }
    }
}
