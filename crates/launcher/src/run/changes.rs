//! Passes on to the guest what happens to shared files on the host.

use std::io;
use std::os::unix::net::UnixStream as StdStream;

use container_agent::AgentClient;
use container_agent_api::v1::{AnnounceChangesRequest, ShareChange, ShareChangeKind, ShareEntry};
use container_shares::{AGENT_GROUP, ANSWER, Change, ChangeKind, Entry, read_changes, read_length};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Has the guest told of what the file server tells, until either has gone.
pub(crate) async fn relay(agent: AgentClient, stream: StdStream) {
    if let Err(error) = relay_all(&agent, stream).await
        && error.kind() != io::ErrorKind::UnexpectedEof
    {
        tracing::warn!(%error, "watchers in the container are not told of changes on the host any more");
    }
}

async fn relay_all(agent: &AgentClient, stream: StdStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream)?;
    let mut head = [0; 4];
    let mut is_failing = false;
    loop {
        stream.read_exact(&mut head).await?;
        let mut text = vec![0; read_length(head)?];
        stream.read_exact(&mut text).await?;
        let changes = read_changes(&text)?;
        for unwatched in changes.iter().filter(|change| change.kind == ChangeKind::Unwatched) {
            let share = &unwatched.tree;
            tracing::warn!(
                share,
                "the host does not tell of all changes: watchers in the container may miss some"
            );
        }
        let request = AnnounceChangesRequest {
            changes: changes.into_iter().filter_map(share_change).collect(),
            group: AGENT_GROUP,
        };
        if !request.changes.is_empty() {
            let told = agent.announce_changes(request).await;
            if let Err(error) = &told
                && !is_failing
            {
                tracing::warn!(%error, "watchers in the container were not told of a change on the host");
            }
            is_failing = told.is_err();
        }
        stream.write_all(&[ANSWER]).await?;
    }
}

fn share_change(change: Change) -> Option<ShareChange> {
    let kind = match change.kind {
        ChangeKind::Modified => ShareChangeKind::Modified,
        ChangeKind::Written => ShareChangeKind::Written,
        ChangeKind::Attributes => ShareChangeKind::Attributes,
        ChangeKind::FileMade => ShareChangeKind::FileMade,
        ChangeKind::DirectoryMade => ShareChangeKind::DirectoryMade,
        ChangeKind::LinkMade => ShareChangeKind::LinkMade,
        ChangeKind::PipeMade => ShareChangeKind::PipeMade,
        ChangeKind::SocketMade => ShareChangeKind::SocketMade,
        ChangeKind::Removed => ShareChangeKind::Removed,
        ChangeKind::DirectoryRemoved => ShareChangeKind::DirectoryRemoved,
        ChangeKind::Moved => ShareChangeKind::Moved,
        ChangeKind::Unwatched => return None,
    };
    let entry = |entry: Entry| ShareEntry {
        directory: entry.directory,
        name: entry.name,
    };
    Some(ShareChange {
        kind: kind.into(),
        share: change.tree,
        entry: Some(entry(change.entry)),
        to: (change.kind == ChangeKind::Moved).then(|| entry(change.to)),
    })
}
