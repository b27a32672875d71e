//! A TCP stream that hands out at most one line at a time.
//!
//! The SMTP client buffers what it reads, and keeps that buffer when the connection is encrypted by STARTTLS. Someone on the way could
//! therefore append lines to the plain answer to STARTTLS and have them read later as if the server had said them under encryption. Through
//! this stream the client never holds more than the line it asked for: whatever follows it reaches the TLS handshake instead, which fails.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(super) struct Lines {
    stream: BufReader<TcpStream>,
}

impl Lines {
    pub(super) fn new(stream: TcpStream) -> Lines {
        Lines { stream: BufReader::new(stream) }
    }
}

impl AsyncRead for Lines {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let buffered = ready!(Pin::new(&mut self.stream).poll_fill_buf(cx))?;
        let line = buffered.iter().position(|byte| *byte == b'\n').map_or(buffered.len(), |newline| newline + 1);
        let taken = line.min(into.remaining());
        into.put_slice(&buffered[..taken]);
        Pin::new(&mut self.stream).consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Lines {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}
