//! The process of a resource: a stand-in that writes a journal, and does what its parameters say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::Failure;
use crate::clock;

/// Runs one resource until it is told to stop, or the pipe to its keeper closes.
#[derive(Clone, Debug, clap::Args)]
pub struct Resource {
    /// The resource
    #[arg(long)]
    resource: String,
    /// The node
    #[arg(long)]
    node: String,
    /// The life of the node
    #[arg(long)]
    life: u64,
    /// Milliseconds between two lines of the journal
    #[arg(long)]
    pulse: u64,
    /// The folder of the journals
    #[arg(long)]
    journals: PathBuf,
    /// A command line for a shell
    #[arg(long)]
    command: Option<String>,
    /// A file that only one run may lock
    #[arg(long)]
    lock: Option<PathBuf>,
    /// An address on which a page is served
    #[arg(long)]
    address: Option<SocketAddr>,
}

/// The journal of one run.
struct Journal(File);

impl Journal {
    fn open(of: &Resource) -> io::Result<Self> {
        let name = of.resource.replace(['/', ' ', ':'], "_");
        let name = format!("{name}@{}@{}", of.node, std::process::id());
        let path = of.journals.join(name);
        fs::create_dir_all(&of.journals)?;
        Ok(Self(OpenOptions::new().create(true).append(true).open(path)?))
    }

    fn write(&mut self, what: &str, of: &Resource) -> io::Result<()> {
        let (time, process) = (clock::micros(), std::process::id());
        writeln!(self.0, "{what}\t{time}\t{process}\t{}\t{}\t{}", of.resource, of.node, of.life)
    }
}

/// Runs a resource.
pub async fn run(of: Resource) -> Result<(), Failure> {
    let mut journal = Journal::open(&of)?;
    journal.write("start", &of)?;
    let mut asked = signal(SignalKind::terminate())?;
    let _lock = match &of.lock {
        Some(path) => Some(lock(path).inspect_err(|_| {
            // Another run holds it: the judge wants to know.
            let _ = journal.write("locked", &of);
        })?),
        None => None,
    };
    let page = match of.address {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let mut child = of.command.as_deref().map(begin).transpose()?;
    println!("online");
    let mut pulse = tokio::time::interval(Duration::from_millis(of.pulse));
    let mut keeper = tokio::io::stdin();
    let mut nothing = [0];
    loop {
        tokio::select! {
            _ = pulse.tick() => journal.write("beat", &of)?,
            _ = asked.recv() => break,
            _ = keeper.read(&mut nothing) => break,
            ended = until_it_ends(&mut child) => {
                ended?;
                child = None;
                break;
            }
            served = serve(page.as_ref(), &of) => served?,
        }
    }
    if let Some(mut child) = child {
        child.kill().await?;
    }
    journal.write("stop", &of)?;
    Ok(())
}

fn lock(path: &PathBuf) -> Result<File, Failure> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.try_lock().map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    Ok(file)
}

fn begin(command: &str) -> io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null());
    shell.kill_on_drop(true).spawn()
}

async fn until_it_ends(child: &mut Option<Child>) -> io::Result<()> {
    match child {
        Some(child) => child.wait().await.map(|_| ()),
        None => std::future::pending().await,
    }
}

/// Serves one visitor.
async fn serve(page: Option<&TcpListener>, of: &Resource) -> io::Result<()> {
    let Some(page) = page else { return std::future::pending().await };
    let (mut visitor, _) = page.accept().await?;
    let Resource { resource, node, life, .. } = of;
    let seconds = clock::micros() / 1_000_000;
    let text = format!("{resource} runs on {node} in life {life}; {seconds} s after boot\n");
    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    let answer = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
    tokio::spawn(async move {
        let mut request = [0; 4_096];
        let _ = tokio::time::timeout(Duration::from_secs(1), visitor.read(&mut request)).await;
        let _ = visitor.write_all(answer.as_bytes()).await;
        let _ = visitor.shutdown().await;
    });
    Ok(())
}
