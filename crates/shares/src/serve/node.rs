//! Node numbers of the device: which tree, and which of its nodes. The crate below counts the nodes of each tree from 1, which is its root.

use virtiofsd::fuse::ROOT_ID;

/// Where the tree's number begins in a node number, bits. No tree has as many nodes at once.
const TREE_SHIFT: u32 = 48;

/// A node of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    /// The directory that has the trees.
    Root,
    /// A node of a tree: index of the tree, and the node's number there.
    Of(usize, u64),
}

impl Node {
    pub(crate) fn of_number(number: u64) -> Self {
        match (number >> TREE_SHIFT, number & ((1 << TREE_SHIFT) - 1)) {
            (0, ROOT_ID) => Self::Root,
            // A number that was never given leads to a tree that is not there.
            (tree, node) => Self::Of(usize::try_from(tree).unwrap_or(usize::MAX).wrapping_sub(1), node),
        }
    }

    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Root => ROOT_ID,
            Self::Of(tree, node) => ((tree as u64 + 1) << TREE_SHIFT) | node,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_number_of_its_own() {
        for node in [
            Node::Root,
            Node::Of(0, ROOT_ID),
            Node::Of(0, 70_000),
            Node::Of(7, ROOT_ID),
            Node::Of(7, 9),
        ] {
            assert_eq!(Node::of_number(node.number()), node);
        }
    }

    #[test]
    fn a_number_that_was_never_given_is_in_no_tree() {
        assert_eq!(Node::of_number(0), Node::Of(usize::MAX, 0));
        assert_eq!(Node::of_number(2), Node::Of(usize::MAX, 2));
    }
}
