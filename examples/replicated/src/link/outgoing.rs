//! The connections that this node opens, one to each other node.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsStream;

use super::frame;
use super::{Ask, Identity, Message, Reply, Tell, Unanswered};

/// How long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(1);
/// The wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// The connections to all other nodes.
#[derive(Debug, Default)]
pub struct Links {
    others: BTreeMap<String, Arc<Link>>,
    numbers: AtomicU64,
}

#[derive(Debug)]
struct Link {
    queue: mpsc::Sender<Message>,
    /// Questions without a reply; `None` while there is no connection.
    open: Mutex<Option<BTreeMap<u64, oneshot::Sender<Reply>>>>,
}

impl Links {
    /// Begins to connect to all of them, and goes on as long as the process lives.
    pub fn open(identity: &Identity, peers: &BTreeMap<String, SocketAddr>) -> Self {
        let others = peers.iter().map(|(name, address)| {
            let (queue, waiting) = mpsc::channel(1_024);
            let link = Arc::new(Link { queue, open: Mutex::new(None) });
            let (identity, name) = (identity.clone(), name.clone());
            tokio::spawn(keep(identity, name.clone(), *address, Arc::clone(&link), waiting));
            (name, link)
        });
        Self { others: others.collect(), numbers: AtomicU64::new(1) }
    }

    /// Tells something to a node. It may be lost.
    pub fn tell(&self, name: &str, tell: Tell) {
        if let Some(link) = self.others.get(name)
            && link.is_open()
        {
            let _ = link.queue.try_send(Message::Tell(tell));
        }
    }

    /// Tells something to all other nodes.
    pub fn tell_everybody(&self, tell: &Tell) {
        for name in self.others.keys() {
            self.tell(name, tell.clone());
        }
    }

    /// Asks a node.
    pub async fn ask(&self, name: &str, ask: Ask, patience: Duration) -> Result<Reply, Unanswered> {
        let link = self.others.get(name).ok_or(Unanswered::NotConnected)?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (reply, waiting) = oneshot::channel();
        match link.lock().as_mut() {
            Some(open) => open.insert(number, reply),
            None => return Err(Unanswered::NotConnected),
        };
        if link.queue.try_send(Message::Ask(number, ask)).is_err() {
            link.forget(number);
            return Err(Unanswered::NotConnected);
        }
        match timeout(patience, waiting).await {
            Ok(Ok(Reply::Refused(reason))) => Err(Unanswered::Refused(reason)),
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(Unanswered::NotConnected),
            Err(_) => {
                link.forget(number);
                Err(Unanswered::Late)
            }
        }
    }

    /// Returns the names of the other nodes, each with whether it is connected.
    pub fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.others.iter().map(|(name, link)| (name.as_str(), link.is_open()))
    }
}

type Open = Option<BTreeMap<u64, oneshot::Sender<Reply>>>;

impl Link {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn forget(&self, number: u64) {
        if let Some(open) = self.lock().as_mut() {
            open.remove(&number);
        }
    }

    fn settle(&self, number: u64, reply: Reply) {
        let waiting = self.lock().as_mut().and_then(|open| open.remove(&number));
        if let Some(waiting) = waiting {
            let _ = waiting.send(reply);
        }
    }
}

async fn connect(
    identity: &Identity,
    name: &str,
    address: SocketAddr,
) -> io::Result<TlsStream<TcpStream>> {
    let made = async { identity.connect(TcpStream::connect(address).await?, name).await };
    timeout(PATIENCE, made).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Keeps a connection to a node.
async fn keep(
    identity: Identity,
    name: String,
    address: SocketAddr,
    link: Arc<Link>,
    mut waiting: mpsc::Receiver<Message>,
) {
    loop {
        if let Ok(stream) = connect(&identity, &name, address).await {
            while waiting.try_recv().is_ok() {}
            *link.lock() = Some(BTreeMap::new());
            carry(stream, &link, &mut waiting).await;
            *link.lock() = None;
        }
        sleep(PAUSE).await;
    }
}

/// Carries messages until the connection breaks.
async fn carry(
    stream: TlsStream<TcpStream>,
    link: &Arc<Link>,
    waiting: &mut mpsc::Receiver<Message>,
) {
    let (mut read, mut write) = split(stream);
    let replies = {
        let link = Arc::clone(link);
        async move {
            while let Ok(Message::Reply(number, reply)) = frame::read(&mut read).await {
                link.settle(number, reply);
            }
        }
    };
    let messages = async {
        while let Some(message) = waiting.recv().await {
            if frame::write(&mut write, &message).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = replies => {}
        () = messages => {}
    }
}

/// Tells something once to each of these nodes, over connections of its own; for a keeper.
pub async fn tell_all(identity: &Identity, peers: &BTreeMap<String, SocketAddr>, tell: &Tell) {
    let mut tasks = tokio::task::JoinSet::new();
    for (name, address) in peers {
        let (identity, name, address, tell) =
            (identity.clone(), name.clone(), *address, tell.clone());
        tasks.spawn(async move {
            let Ok(mut stream) = connect(&identity, &name, address).await else { return };
            if frame::write(&mut stream, &Message::Tell(tell)).await.is_ok() {
                let _ = stream.shutdown().await;
            }
        });
    }
    tasks.join_all().await;
}
