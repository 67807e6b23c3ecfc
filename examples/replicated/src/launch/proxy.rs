//! The wires between nodes: proxies that swallow what they carry when they are cut, and stay open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;

/// One direction between two nodes, for all connections between them.
#[derive(Clone, Debug, Default)]
pub struct Direction(Arc<AtomicBool>);

/// The condition of a direction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// It swallows everything.
    Cut,
    /// It carries everything.
    Whole,
}

impl Direction {
    /// Cuts or heals it.
    pub fn set(&self, wire: Wire) {
        self.0.store(wire == Wire::Cut, Ordering::Relaxed);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Opens the way from one node to another, and returns its address. `there` is the direction of
/// questions, `back` that of answers.
pub async fn open(
    to: SocketAddr,
    there: Direction,
    back: Direction,
) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (there, back) = (there.clone(), back.clone());
            tokio::spawn(async move {
                let Ok(far) = TcpStream::connect(to).await else { return };
                let _ = near.set_nodelay(true);
                let _ = far.set_nodelay(true);
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                tokio::select! {
                    () = carry(near_read, far_write, there) => {}
                    () = carry(far_read, near_write, back) => {}
                }
            });
        }
    });
    Ok(address)
}

/// Carries bytes. A connection that lost some is closed as soon as it would carry others again, for
/// what is left of it makes no sense.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
) {
    let mut bytes = vec![0; 65_536];
    let mut has_lost = false;
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        if direction.is_cut() {
            has_lost = true;
        } else if has_lost || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
