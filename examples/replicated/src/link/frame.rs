//! Frames: a length of four bytes, then as many bytes of JSON.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Message;

/// The longest message, in bytes.
pub const MOST_BYTES: u32 = 8 * 1_024 * 1_024;

/// The reason why no message could be read. The connection is of no use after it.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The other side wants to send more than [`MOST_BYTES`]. Nothing of it was read.
    #[error("a message of {0} bytes is refused; the longest one has {MOST_BYTES}")]
    TooLong(u32),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    /// It is no message of this release.
    #[error("not understood: {0}")]
    Unknown(#[from] serde_json::Error),
}

/// Reads one message.
pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Message, FrameError> {
    let length = from.read_u32().await?;
    if length > MOST_BYTES {
        return Err(FrameError::TooLong(length));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    from.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Writes one message.
pub async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    message: &Message,
) -> Result<(), FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    if length > MOST_BYTES {
        return Err(FrameError::TooLong(length));
    }
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    to.write_all(&bytes).await?;
    to.flush().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_of_a_gigabyte_is_refused_before_it_is_read() {
        let mut bytes: &[u8] = &(1_u32 << 30).to_be_bytes();
        let refusal = read(&mut bytes).await.expect_err("it is too long");
        assert_eq!(
            refusal.to_string(),
            "a message of 1073741824 bytes is refused; the longest one has 8388608"
        );
    }

    #[tokio::test]
    async fn noise_is_no_message() {
        let mut bytes: &[u8] = &[0, 0, 0, 2, b'{', b'x'];
        assert!(matches!(read(&mut bytes).await, Err(FrameError::Unknown(_))));
        let mut bytes: &[u8] = &[0, 0, 0, 9, b'{'];
        assert!(matches!(read(&mut bytes).await, Err(FrameError::Broken(_))));
    }
}
