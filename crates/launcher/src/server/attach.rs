//! A client at the workload's standard streams.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};

use crate::control::v1::{
    AttachRequest, AttachResponse, Notice, Running, attach_request::Request, attach_response::Response,
};
use crate::launch::Limits;
use crate::session::{Chunk, Session, Started};
use crate::stdin::{Departure, InputEvent, StdinLease, pass_on};

type Responses = mpsc::Sender<Result<AttachResponse, Status>>;

/// One attached client.
pub(super) struct Attachment {
    session: Arc<Session>,
    limits: Limits,
    requests: Streaming<AttachRequest>,
    chunks: mpsc::Receiver<Chunk>,
    stdin: Option<StdinLease>,
    owner: bool,
}

/// The client is gone.
struct ClientGone;

impl Attachment {
    /// Reads the client's first request and attaches it, before the workload that it may ask for writes anything.
    pub(super) async fn open(
        session: &Arc<Session>,
        limits: Limits,
        mut requests: Streaming<AttachRequest>,
    ) -> Result<Self, Status> {
        let first = requests.message().await?.and_then(|message| message.request);
        let Some(Request::Open(open)) = first else {
            return Err(Status::invalid_argument("the first request must be open"));
        };
        let stdin = if open.stdin { session.lease_stdin()? } else { None };
        if let Some(size) = open.window_size {
            session.set_window_size(container_agent_api::v1::WindowSize {
                rows: size.rows,
                columns: size.columns,
            });
        }
        let chunks = session.output.subscribe();
        session.wish(|wishes| {
            wishes.heard = true;
            wishes.start |= open.start;
        });
        let session = Arc::clone(session);
        Ok(Self {
            session,
            limits,
            requests,
            chunks,
            stdin,
            owner: open.owner,
        })
    }

    /// Carries the streams until the container's end is on record, or the client leaves.
    pub(super) async fn serve(self, responses: Responses) {
        let Self {
            session,
            limits,
            requests,
            chunks,
            stdin,
            owner,
        } = self;
        let events = requests.map(|message| match message.map(|message| message.request) {
            Ok(Some(Request::Stdin(bytes))) => InputEvent::Bytes(Bytes::from(bytes)),
            Ok(Some(Request::CloseStdin(_))) => InputEvent::Close,
            Ok(Some(Request::Detach(_))) => InputEvent::Detach,
            // A second `open`, or something that a newer client knows: nothing to do.
            Ok(Some(Request::Open(_)) | None) => InputEvent::Bytes(Bytes::new()),
            Err(_) => InputEvent::Lost,
        });
        let client = responses.clone();
        let mut input = pin!(pass_on(events, stdin));
        let mut listening = true;
        let lost = {
            let mut output = pin!(forward(&session, chunks, responses));
            loop {
                tokio::select! {
                    done = &mut output => break done.is_err(),
                    () = client.closed() => break true,
                    departure = &mut input, if listening => match departure {
                        Departure::Detached => {
                            listening = false;
                            break false;
                        }
                        Departure::Lost => break true,
                        // Its output goes on; but an owner has to stay.
                        Departure::Silent => {
                            listening = false;
                            if owner {
                                session.stop_as_wanted(limits.stop);
                            }
                        }
                    },
                }
            }
        };
        if owner && lost {
            session.stop_as_wanted(limits.stop);
        }
        drop(client);
        if listening && !lost {
            // A call whose requests are not read is over for the connection, which would then not wait until the client has taken
            // the rest of its output.
            let _ = tokio::time::timeout(limits.reading, input).await;
        }
    }
}

/// Sends what the workload does, in all runs, until the container's end is on record.
async fn forward(session: &Session, mut chunks: mpsc::Receiver<Chunk>, responses: Responses) -> Result<(), ClientGone> {
    let send = async |response: Response| {
        let response = AttachResponse {
            response: Some(response),
        };
        responses.send(Ok(response)).await.map_err(|_| ClientGone)
    };
    if let Started::Ran(_) = session.started().await {
        send(Response::Running(Running {})).await?;
    }
    let mut notices = session.notices();
    loop {
        let response = tokio::select! {
            chunk = chunks.recv() => match chunk {
                Some(Chunk::Stdout(bytes)) => Response::Stdout(bytes.into()),
                Some(Chunk::Stderr(bytes)) => Response::Stderr(bytes.into()),
                None => break,
            },
            text = notices.next() => Response::Notice(Notice { text }),
        };
        send(response).await?;
    }
    let ending = session.ended().await;
    if let Some(text) = ending.notice.clone() {
        send(Response::Notice(Notice { text })).await?;
    }
    send(match ending.exit_status() {
        Some(status) if ending.failure.is_none() => Response::Exited(status),
        _ => Response::Failure(ending.to_failure()),
    })
    .await?;
    session.recorded().await;
    Ok(())
}
