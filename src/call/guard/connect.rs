//! The two doors to the network, each a trait: names to addresses, and an address to a stream. Nothing else in `call`
//! opens a connection.

use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

/// Both directions of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Looks up names.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of a name. A dot at its end says that it is whole: no search list is tried.
    ///
    /// # Errors
    /// There is none, or the look-up failed.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Opens connections.
#[async_trait]
pub trait Connect: Send + Sync {
    /// A connection to exactly this address.
    ///
    /// # Errors
    /// As the system says.
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>>;
}

/// The system's resolver.
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The system's TCP, and no proxy.
pub struct Tcp;

#[async_trait]
impl Connect for Tcp {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
