//! Whether a connection does anything: a slow client must not hold what others need.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// How slow a client may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the first byte of a request's head to its last, of a handshake to its end.
    pub head: Duration,
    /// With no request under way, or without taking a byte of what waits to be sent.
    pub idle: Duration,
}

/// How old a connection may become before its client is asked for a new one: nothing that holds one lasts for ever.
const AGE: Duration = Duration::from_secs(3_600);
/// How long what is under way may go on then: longer than an event stream lasts.
const LAST_STREAM: Duration = Duration::from_secs(16 * 60);
/// How long the rest of an answer may take when nothing is under way any more.
const REST: Duration = Duration::from_secs(8);

/// What there is to do about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before this time.
    GoesOn(Instant),
    /// What is under way may end within this time, and then the connection does.
    Enough(&'static str, Duration),
    /// It ends at once.
    CutOff(&'static str),
}

/// What one connection is at. Clones share it.
#[derive(Clone)]
pub(crate) struct Pulse(Arc<Mutex<State>>);

struct State {
    began: Instant,
    /// Requests whose answers are not made yet, or are streams.
    under_way: usize,
    /// Since when there is none.
    idle_since: Instant,
    /// When the first byte after the last request came. Only of HTTP/1: in HTTP/2 other things than heads come as well.
    head_since: Option<Instant>,
    /// Since when the client takes nothing of what is to be sent.
    stuck_since: Option<Instant>,
}

impl Pulse {
    pub fn new() -> Self {
        let now = Instant::now();
        let (head_since, stuck_since) = (None, None);
        Self(Arc::new(Mutex::new(State {
            began: now,
            under_way: 0,
            idle_since: now,
            head_since,
            stuck_since,
        })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request's head is here.
    pub fn request(&self) -> UnderWay {
        self.with(|state| (state.under_way, state.head_since) = (state.under_way + 1, None));
        UnderWay(self.clone())
    }

    pub(super) fn look(&self, limits: Limits, now: Instant) -> Verdict {
        self.with(|state| state.look(limits, now))
    }
}

impl State {
    fn look(&self, limits: Limits, now: Instant) -> Verdict {
        // What begins after this look is not over before this.
        let mut next = now + limits.head.min(limits.idle);
        let mut is_over = |since: Instant, limit: Duration| {
            next = next.min(since + limit);
            since + limit <= now
        };
        if self.stuck_since.is_some_and(|since| is_over(since, limits.idle)) {
            return Verdict::CutOff("the client takes no answer");
        }
        if self.head_since.is_some_and(|since| is_over(since, limits.head)) {
            return Verdict::CutOff("the head came too slowly");
        }
        if self.under_way == 0 && self.head_since.is_none() && is_over(self.idle_since, limits.idle) {
            return Verdict::Enough("nothing is asked for", REST);
        }
        if is_over(self.began, AGE) {
            return Verdict::Enough("it is old", LAST_STREAM);
        }
        Verdict::GoesOn(next)
    }
}

/// A request as long as it is under way.
pub(crate) struct UnderWay(Pulse);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.with(|state| (state.under_way, state.idle_since) = (state.under_way - 1, Instant::now()));
    }
}

impl UnderWay {
    /// An answer whose end is not known yet is under way until it comes.
    pub fn until_sent(self, body: Body) -> Body {
        if body.size_hint().exact().is_some() { body } else { Body::new(Sending { body, _under_way: self }) }
    }
}

struct Sending {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream of bytes whose pulse is felt.
pub(super) struct Watched<I> {
    pub stream: I,
    pub pulse: Pulse,
    /// Of HTTP/1 every byte belongs to a request or an answer; of HTTP/2 it may be a ping.
    pub is_http1: bool,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if self.is_http1 && into.filled().len() > before {
            self.pulse.with(|state| {
                if state.under_way == 0 && state.head_since.is_none() {
                    state.head_since = Some(Instant::now());
                }
            });
        }
        read
    }
}

impl<I> Watched<I> {
    fn felt<T>(&self, written: &Poll<io::Result<T>>, by: By) {
        self.pulse.with(|state| {
            if written.is_pending() {
                state.stuck_since = state.stuck_since.or_else(|| Some(Instant::now()));
                return;
            }
            state.stuck_since = None;
            if self.is_http1 && state.under_way == 0 && by == By::Write {
                state.idle_since = Instant::now();
            }
        });
    }
}

/// What the client was to take bytes by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Write,
    /// Says nothing new when it succeeds. TLS may hold bytes that it could not send yet.
    Flush,
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.felt(&written, By::Write);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.felt(&written, By::Write);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.felt(&flushed, By::Flush);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
