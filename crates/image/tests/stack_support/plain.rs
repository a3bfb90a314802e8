//! Which layers mean the same to every tool.

use super::model::{Member, MemberKind};

/// Whether the layers mean the same to everybody. They do not where a layer has a symbolic link and something below it, or takes away
/// what it has things below, nor where what is taken away is reached through a link to a directory above a link: no tool writes such
/// layers, and containerd's result follows from the order in which it goes about them.
pub(crate) fn is_plain(layers: &[Vec<Member>]) -> bool {
    layers.iter().enumerate().all(|(index, layer)| {
        let mut taken = layer.iter().filter(|member| takes_away(member));
        let goes_through_own = links(layer).any(|link| layer.iter().any(|member| is_below(&member.path, &link.path)));
        if goes_through_own {
            return false;
        }
        let lower: Vec<&Member> = layers[..=index].iter().flat_map(|layer| links(layer)).collect();
        let leads_up = |link: &Member| lower.iter().any(|other| is_at_or_below(&other.path, &target(link)));
        let has_link_up = lower.iter().any(|link| leads_up(link));
        let is_torn = |member: &Member| {
            let has = |holds: &dyn Fn(&Member) -> bool| layer.iter().any(holds);
            member.kind == MemberKind::Whiteout
                && has(&|other| !takes_away(other) && other.path == member.path)
                && has(&|other| is_below(&other.path, &member.path))
        };
        let is_reached = |member: &Member| lower.iter().any(|link| is_at_or_below(&member.path, &link.path));
        !taken.any(|member| is_torn(member) || (has_link_up && is_reached(member)))
    })
}

fn takes_away(member: &Member) -> bool {
    matches!(member.kind, MemberKind::Whiteout | MemberKind::Opaque)
}

fn links(layer: &[Member]) -> impl Iterator<Item = &Member> {
    layer
        .iter()
        .filter(|member| matches!(member.kind, MemberKind::Symlink(_)))
}

/// Where a symbolic link leads, without the links on the way.
fn target(link: &Member) -> String {
    match (&link.kind, link.path.rsplit_once('/')) {
        (MemberKind::Symlink(target), Some((parent, _))) if !target.starts_with('/') => format!("{parent}/{target}"),
        (MemberKind::Symlink(target), _) => target.trim_start_matches('/').to_owned(),
        _ => link.path.clone(),
    }
}

fn is_below(path: &str, other: &str) -> bool {
    path.starts_with(&format!("{other}/"))
}

fn is_at_or_below(path: &str, other: &str) -> bool {
    path == other || is_below(path, other)
}
