//! A program that runs beside this one, on a core of its own, and no longer than it.

use crate::process;
use anyhow::{Context, bail};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child as Process, Command};
use std::time::{Duration, Instant};

/// How long a server may take until it accepts connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends with its owner.
pub(crate) struct Child {
    name: &'static str,
    process: Process,
}

impl Child {
    /// Starts it on this core.
    pub(crate) fn start(name: &'static str, core: usize, command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self { name, process: process::spawn_on(core, command)? })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The process, for its pipes.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits until it accepts connections.
    pub(crate) fn wait_for(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("the {} ended before it listened on {address}: {status}", self.name);
            }
            if Instant::now() > end {
                bail!("the {} doesn't listen on {address}", self.name);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A loopback address that was free a moment ago.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).context("looking for a free port")
}
