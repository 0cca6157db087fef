//! `GET /v1/flock/events`: the flock's pulse, as server-sent events. One poller asks JetStream for all who listen here, and
//! none while nobody does.

use super::pulse::{Look, Pulse};
use crate::{
    app::App,
    problem::{Kind, Problem},
};
use axum::{
    extract::State,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use chassis::Tasks;
use futures_util::stream;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep_until},
};

/// How often JetStream is asked.
const EVERY: Duration = Duration::from_secs(2);
/// The most who listen at one gateway.
const LISTENERS: usize = 64;
/// How long one may listen; then it comes back with a token that is still good.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often a stream without news says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The newest pulse, and who waits for the next.
pub(crate) struct Watch {
    newest: watch::Sender<Option<Arc<Pulse>>>,
    /// Whether somebody polls.
    polled: Mutex<bool>,
    places: Arc<Semaphore>,
    tasks: Tasks,
}

impl Watch {
    pub fn new(tasks: Tasks) -> Self {
        let (newest, _) = watch::channel(None);
        Self { newest, polled: Mutex::new(false), places: Arc::new(Semaphore::new(LISTENERS)), tasks }
    }
}

/// One who listens.
struct Listener {
    newest: watch::Receiver<Option<Arc<Pulse>>>,
    until: Instant,
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    fn listen(app: &Arc<App>) -> Result<Self, Problem> {
        let watch = &app.admin.watch;
        let place = watch.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Problem::new(Kind::Overloaded, "too many are listening"))?;
        let mut polled = watch.polled.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = watch.newest.subscribe();
        // What is known already comes at once.
        newest.mark_changed();
        if !*polled {
            *polled = true;
            watch.tasks.spawn(poll(app.clone()));
        }
        drop(polled);
        Ok(Self { newest, until: Instant::now() + LONGEST, app: app.clone(), _place: place })
    }

    /// The next pulse; none when the stream has to end.
    async fn next(&mut self) -> Option<Arc<Pulse>> {
        loop {
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = sleep_until(self.until) => return None,
                () = self.app.stop.cancelled() => return None,
            }
            if let Some(pulse) = self.newest.borrow_and_update().clone() {
                return Some(pulse);
            }
        }
    }
}

/// Looks until nobody listens any more.
async fn poll(app: Arc<App>) {
    let watch = &app.admin.watch;
    let mut before: Option<Look> = None;
    loop {
        let look = Look::take(&app.nats.client, &app.admin.graph).await;
        watch.newest.send_replace(Some(Arc::new(look.pulse(before.as_ref()))));
        before = Some(look);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.stop.cancelled() => return,
        }
        // Under the same lock who comes now subscribes, and starts another poller if this one has ended.
        let mut polled = watch.polled.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.newest.receiver_count() == 0 {
            *polled = false;
            watch.newest.send_replace(None);
            return;
        }
    }
}

pub(crate) async fn events(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let pulses = stream::unfold(Listener::listen(&app)?, |mut listener| async move {
        let pulse = listener.next().await?;
        Some((Ok::<_, Infallible>(event(&pulse)), listener))
    });
    Ok(Sse::new(pulses).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

fn event(pulse: &Pulse) -> Event {
    let event = Event::default().event("pulse").json_data(pulse);
    event.unwrap_or_else(|_| Event::default().comment("a pulse could not be written"))
}
