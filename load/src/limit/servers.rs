//! What is measured: the floor, and Loggia in a temporary folder.

use crate::child::{self, Child};
use anyhow::{Context, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The server beside this program, unless another is named.
pub(crate) fn binary(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("loggia"));
    let path = named.map(Path::to_owned).or_else(beside).context("looking for this program")?;
    let hint = "build it with `cargo build --release`, or name it with --server";
    ensure!(path.is_file(), "there is no server at {}: {hint}", path.display());
    Ok(path)
}

/// A running floor.
pub(crate) struct Floor {
    /// Its process.
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Floor {
    /// Starts one on this core.
    pub(crate) fn start(core: usize) -> anyhow::Result<Self> {
        let address = child::free_address()?;
        let mut command = Command::new(std::env::current_exe().context("looking for this program")?);
        command.args(["floor", "--listen", &address.to_string()]).stdin(Stdio::null());
        let mut child = Child::start("floor", core, &mut command)?;
        child.wait_for(address)?;
        Ok(Self { child, address })
    }
}

/// A running server with a team. What it writes to its log goes to standard error.
pub(crate) struct Loggia {
    /// Its process.
    pub(crate) child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The admin's token.
    pub(crate) token: String,
    // Removed after the process has ended.
    _data: TempDir,
}

impl Loggia {
    /// Makes a team and starts a server on this core.
    pub(crate) fn start(binary: &Path, core: usize) -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("making a temporary folder")?;
        let team =
            ["admin", "create-team", "--name", "Load", "--domain", "team.example", "--admin", "ada@team.example"];
        let made = Command::new(binary).args(team).arg("--data").arg(data.path()).output();
        let made = made.with_context(|| format!("running {}", binary.display()))?;
        ensure!(made.status.success(), "making a team: {}", String::from_utf8_lossy(&made.stderr));
        let out = String::from_utf8_lossy(&made.stdout);
        let token = out.split_whitespace().find(|word| word.starts_with("lgp_"));
        let token = token.with_context(|| format!("no token in what create-team printed: {out}"))?.to_owned();
        let address = child::free_address()?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(data.path());
        command.env("LOGGIA_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = Child::start("server", core, &mut command)?;
        child.wait_for(address)?;
        Ok(Self { child, address, token, _data: data })
    }
}
