//! Mail: letters go out through two bounded queues, one for each kind of letter, in the background and with a few
//! attempts. Whoever has one sent never waits for the mail server, and can't tell whether there is one. Without one,
//! letters go to the log.

pub mod letter;
pub mod smtp;

use letter::Letter;
use smtp::Smtp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// Sign-in letters that may wait to be written or sent.
const MOST_SIGN_INS: usize = 1_000;
/// Invitations that may: some files of the largest size.
const MOST_INVITATIONS: usize = 10_000;
/// Letters of a kind that are sent at once, each over a connection of its own.
const AT_ONCE: usize = 2;
/// How long an attempt may take. The mail library bounds connecting alone.
const ATTEMPT: Duration = Duration::from_secs(30);
/// How long is waited before each further attempt. All of it is well within the life of a sign-in link.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(240)];

/// Where letters are handed in.
pub struct Mailer {
    /// Links to sign in. They don't wait behind invitations.
    pub sign_ins: Queue,
    /// Invitations.
    pub invitations: Queue,
}

impl Mailer {
    /// A mailer that sends by a server, or else writes to the log.
    #[must_use]
    pub fn new(smtp: Option<Smtp>) -> Self {
        let smtp = smtp.map(Arc::new);
        Self { sign_ins: Queue::new(smtp.clone(), MOST_SIGN_INS), invitations: Queue::new(smtp, MOST_INVITATIONS) }
    }

    /// Whether letters are sent.
    #[must_use]
    pub fn has_server(&self) -> bool {
        self.invitations.smtp.is_some()
    }

    /// Waits until all that was handed in is sent or given up, at most so long. What is left then is lost, and logged.
    pub async fn finish(&self, limit: Duration) {
        let queues = [&self.sign_ins, &self.invitations];
        queues.iter().for_each(|queue| _ = queue.tasks.close());
        let all = futures_util::future::join_all(queues.iter().map(|queue| queue.tasks.wait()));
        if timeout(limit, all).await.is_err() {
            let letters: usize = queues.iter().map(|queue| queue.tasks.len()).sum();
            tracing::warn!(letters, "the server stops before these could be sent");
        }
    }
}

/// Letters of one kind, on their way.
pub struct Queue {
    smtp: Option<Arc<Smtp>>,
    waiting: Arc<Semaphore>,
    sending: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Queue {
    fn new(smtp: Option<Arc<Smtp>>, most: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { smtp, waiting: semaphore(most), sending: semaphore(AT_ONCE), tasks: TaskTracker::new() }
    }

    /// Has a letter to that address written and sent, and returns at once; needs a runtime. None of `writing`: there is
    /// none to send. When too many wait already it is dropped, which is logged.
    pub fn send(&self, to: &str, writing: impl Future<Output = Option<Letter>> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            tracing::error!(to, "a mail is not sent: too many wait");
            return;
        };
        let (smtp, sending) = (self.smtp.clone(), Arc::clone(&self.sending));
        self.tasks.spawn(async move {
            if let Some(letter) = writing.await {
                deliver(smtp.as_deref(), &sending, &letter).await;
            }
            drop(place);
        });
    }
}

async fn deliver(smtp: Option<&Smtp>, sending: &Semaphore, letter: &Letter) {
    let Some(smtp) = smtp else {
        let Letter { to, subject, text, .. } = letter;
        tracing::info!(to, subject, text, "no mail server is set: this is what would be sent");
        return;
    };
    let mut pauses = PAUSES.iter();
    loop {
        let attempt = async {
            // Held for the attempt alone: who waits for another one keeps nobody back.
            let _turn = sending.acquire().await;
            timeout(ATTEMPT, smtp.send(letter)).await
        };
        let (error, is_final) = match attempt.await {
            Ok(Ok(())) => {
                tracing::debug!(to = letter.to, "a mail is sent");
                return;
            }
            Ok(Err(failure)) => (failure.error, failure.is_final),
            Err(_) => (format!("no answer within {ATTEMPT:?}"), false),
        };
        // A server may say back what it read.
        let error = error.replace(letter.secret.reveal(), "[secret]");
        match pauses.next().filter(|_| !is_final) {
            Some(pause) => {
                tracing::warn!(to = letter.to, error, again_in = ?pause, "a mail could not be sent");
                sleep(*pause).await;
            }
            None => {
                tracing::error!(to = letter.to, error, "a mail could not be sent, and is given up");
                return;
            }
        }
    }
}
