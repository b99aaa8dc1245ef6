//! The sidecar's world: the one `select!` that turns it into events, and the carrying out of effects.

use std::{io, sync::Arc, time::Duration};

use codriver_kube::Client;
use nix::sys::signal::Signal;
use tokio::{
    net::unix::OwnedWriteHalf,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    metrics::Metrics,
    protocol::{Attempt, ToWrapper},
    sidecar::{
        Pod,
        cleaning::Cleaner,
        machine::{Effect, Event, Status, Supervisor, Timer, Why},
        measured,
        memory::Notebook,
        quitting::Quitter,
        status,
        watching::Watcher,
        wrappers::{Heard, say},
    },
    signals::{Arrived, Caught},
    timers::Timers,
    verdict::TEMPORARY,
};

/// For the status after SIGTERM: there may be two seconds in all (the kubelet's floor for sidecars), and the cleanup matters more.
const LAST_SETTLE: Duration = Duration::from_secs(1);
/// Between two looks at a driver without a wrapper: one request in so long, for as long as it runs.
const ALONE: Duration = Duration::from_secs(10);
/// Before the API server is asked again; the kubelet reports an ended container within a second or two.
const STATUS_PAUSE: Duration = Duration::from_millis(250);

/// All that the sidecar touches.
pub struct World {
    /// Caught since before anything else.
    pub signals: Caught,
    /// What the wrappers say.
    pub heard: mpsc::Receiver<Heard>,
    /// What survives a restart.
    pub notebook: Notebook,
    /// The API server; absent without a service account.
    pub client: Option<Arc<Client>>,
    /// The driver's pod and its container.
    pub pod: Pod,
    /// Removes what an attempt left.
    pub cleaner: Arc<Cleaner>,
    /// Asks the pod's proxies to quit.
    pub quitter: Arc<Quitter>,
    /// Looks after executors that do not come.
    pub watcher: Arc<Watcher>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How long the container's status may take.
    pub settle: Duration,
}

/// What there is once the world moves.
struct Moving {
    world: World,
    timers: Timers<Timer>,
    /// Answers of effects; bounded by what can be on its way at once, which is a handful.
    told: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    vouching: Vouching,
    /// The question to the API server that is on its way.
    question: Option<JoinHandle<()>>,
    /// The asking of the proxies.
    quitting: Option<JoinHandle<()>>,
    /// The look after executors.
    watching: Option<JoinHandle<()>>,
    /// When the current attempt was first heard to be over.
    noticed: Instant,
}

/// The wrapper that is believed: that of the newest attempt which said hello. Another's end of stream says nothing about it,
/// and an older one's words come late.
#[derive(Debug, Default)]
struct Vouching {
    connection: u64,
    attempt: u32,
    ear: Option<OwnedWriteHalf>,
}

impl World {
    /// Lives until the machine says to leave, and says why.
    pub async fn supervise(self, unwrapped: Attempt) -> Why {
        let mut machine = Supervisor::new(unwrapped);
        let mut event = Event::Awake(self.notebook.read());
        let mut moving = Moving {
            world: self,
            timers: Timers::default(),
            told: mpsc::channel(16),
            vouching: Vouching::default(),
            question: None,
            quitting: None,
            watching: None,
            noticed: Instant::now(),
        };
        loop {
            for effect in machine.step(event) {
                if let Some(why) = moving.carry_out(effect) {
                    return why;
                }
            }
            event = moving.next_event().await;
        }
    }
}

impl Moving {
    async fn next_event(&mut self) -> Event {
        loop {
            let event = tokio::select! {
                // In this order: what a wrapper said last came before the kubelet's SIGTERM, and tells more.
                biased;
                Some(heard) = self.world.heard.recv() => self.hear(heard),
                signal = self.world.signals.next() => asked_to_end(signal).then_some(Event::Terminated),
                Some(event) = self.told.1.recv() => Some(event),
                timer = self.timers.ring() => Some(Event::Overdue(timer)),
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn hear(&mut self, Heard { connection, event, ear }: Heard) -> Option<Event> {
        if let Event::Hello(attempt) = &event
            && attempt.number >= self.vouching.attempt
        {
            tracing::info!(attempt = attempt.number, application_id = %attempt.application_id, "a wrapper is there");
            let ear = ear.or_else(|| self.vouching.ear.take().filter(|_| connection == self.vouching.connection));
            self.vouching = Vouching { connection, attempt: attempt.number, ear };
            measured::hello(&self.world.metrics, attempt);
        }
        if connection != self.vouching.connection {
            return None;
        }
        if event == Event::StreamEnded {
            self.vouching.ear = None;
            measured::stream_ended(&self.world.metrics);
        }
        self.noticed = Instant::now();
        Some(event)
    }

    /// What takes time runs beside the loop and tells its end as an event.
    fn carry_out(&mut self, effect: Effect) -> Option<Why> {
        match effect {
            Effect::AskStatus(attempt) => self.ask(attempt, Duration::ZERO),
            Effect::AskAgain(attempt) => self.ask(attempt, STATUS_PAUSE),
            Effect::Arm(Timer::Settle) => self.timers.arm(Timer::Settle, self.world.settle),
            Effect::Arm(Timer::LastSettle) => self.timers.arm(Timer::LastSettle, LAST_SETTLE),
            Effect::Arm(Timer::Alone) => self.timers.arm(Timer::Alone, ALONE),
            Effect::Remember(memory) => self.world.notebook.write(&memory),
            Effect::Clean { ended, spare } => {
                // Of a driver without a wrapper nothing was heard before this.
                let noticed = if ended.attempt.number == 0 { Instant::now() } else { self.noticed };
                let (cleaner, tell) = (Arc::clone(&self.world.cleaner), self.told.0.clone());
                tokio::spawn(async move {
                    cleaner.clean(&ended, spare, noticed).await;
                    let _ = tell.send(Event::CleanupEnded).await;
                });
            }
            Effect::Quit(ended) => {
                let (quitter, tell) = (Arc::clone(&self.world.quitter), self.told.0.clone());
                self.quitting = Some(tokio::spawn(async move {
                    quitter.quit(&ended).await;
                    let _ = tell.send(Event::QuitEnded).await;
                }));
            }
            Effect::StopQuitting => stop(&mut self.quitting),
            Effect::WatchExecutors(attempt) => {
                stop(&mut self.watching);
                let (watcher, tell) = (Arc::clone(&self.world.watcher), self.told.0.clone());
                self.watching = Some(tokio::spawn(async move { watcher.watch(&attempt, tell).await }));
            }
            Effect::StopWatching => stop(&mut self.watching),
            Effect::GiveUp(why) => self.give_up(why),
            Effect::Exit(why) => return Some(why),
        }
        None
    }

    fn give_up(&self, why: String) {
        tracing::error!(code = TEMPORARY, "the driver is ended: {why}");
        let order = ToWrapper::Terminate { why, code: Some(TEMPORARY) };
        let said = self.vouching.ear.as_ref().map_or(Err(io::ErrorKind::NotConnected.into()), |ear| say(ear, &order));
        if let Err(error) = said {
            tracing::error!(%error, "cannot tell the wrapper to end its driver");
        }
    }

    fn ask(&mut self, attempt: Attempt, pause: Duration) {
        let (client, pod, tell) = (self.world.client.clone(), self.world.pod.clone(), self.told.0.clone());
        let question = tokio::spawn(async move {
            sleep(pause).await;
            let status = match client {
                Some(client) => client
                    .pod(&pod.namespace, &pod.name)
                    .await
                    .map(|answer| status::read(&answer, &pod.container, &attempt)),
                None => Ok(Status::Unknown),
            };
            let status = status.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot ask how the driver's container is");
                Status::Unknown
            });
            let _ = tell.send(Event::Status(status)).await;
        });
        if let Some(before) = self.question.replace(question) {
            before.abort();
        }
    }
}

fn stop(task: &mut Option<JoinHandle<()>>) {
    if let Some(task) = task.take() {
        task.abort();
    }
}

fn asked_to_end(signal: Arrived) -> bool {
    matches!(signal, Arrived::Named(Signal::SIGTERM | Signal::SIGINT))
}
