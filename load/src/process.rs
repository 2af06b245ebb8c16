//! What the system says of a process, and where it may run. Knows nothing of what the process does.

use anyhow::Context;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

/// The CPU time that a process has used, user and kernel, all its threads, those that have ended, too.
///
/// From its CPU clock: nanoseconds, up to this moment. `/proc/PID/stat` counts in ticks of 10 ms, and
/// `/proc/PID/task/*/schedstat` forgets threads that have ended and lags behind those that run.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let told = || format!("reading the CPU clock of process {pid}");
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid.cast_signed())).with_context(told)?;
    Ok(clock_gettime(clock).with_context(told)?.into())
}

/// The resident memory of a process in KiB.
///
/// From the page tables where the system has them added up; the counter beside them is off by up to 64 pages a core.
pub(crate) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let text = rollup.or_else(|_| fs::read_to_string(format!("/proc/{pid}/status")));
    let text = text.with_context(|| format!("reading the memory of process {pid}"))?;
    kib(&text, "Rss:").or_else(|| kib(&text, "VmRSS:")).context("no resident memory among what the system tells")
}

fn kib(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok())
}

/// The cores that this process may run on.
pub(crate) fn cores() -> anyhow::Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).context("asking for the allowed cores")?;
    Ok((0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false)).collect())
}

/// Keeps all threads of a process, and those they will start, on one core.
pub(crate) fn pin(pid: u32, core: usize) -> anyhow::Result<()> {
    let told = || format!("pinning process {pid} to core {core}");
    for thread in fs::read_dir(format!("/proc/{pid}/task")).with_context(told)? {
        let thread = thread?.file_name().to_string_lossy().parse()?;
        sched_setaffinity(Pid::from_raw(thread), &only(core)?).with_context(told)?;
    }
    Ok(())
}

/// Starts a program that never runs elsewhere than on this core, and so finds one core when it counts them.
pub(crate) fn spawn_on(core: usize, command: &mut Command) -> anyhow::Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    // A child inherits from the thread that starts it: one of its own, which ends here.
    let spawn = || {
        sched_setaffinity(Pid::from_raw(0), &only(core)?)?;
        anyhow::Ok(command.spawn()?)
    };
    let spawned = std::thread::scope(|scope| scope.spawn(spawn).join());
    spawned
        .map_err(|_| anyhow::anyhow!("a thread panicked"))?
        .with_context(|| format!("starting {name} on core {core}"))
}

fn only(core: usize) -> nix::Result<CpuSet> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn memory_is_read_from_either_of_both_files() -> anyhow::Result<()> {
        assert_eq!(
            kib("7ff0-7fff ---p 00000000 00:00 0  [rollup]\nRss:             1234 kB\nPss: 5 kB\n", "Rss:"),
            Some(1234)
        );
        assert_eq!(kib("VmPeak:\t 9 kB\nVmRSS:\t    77 kB\n", "VmRSS:"), Some(77));
        assert_eq!(kib("VmRSS:\t lots\n", "VmRSS:"), None);
        assert!(resident_kib(std::process::id())? > 500);
        Ok(())
    }

    #[test]
    fn cpu_time_is_finer_than_a_tick_and_keeps_that_of_ended_threads() -> anyhow::Result<()> {
        let before = cpu(std::process::id())?;
        let burn = || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(3) {}
        };
        std::thread::scope(|scope| {
            scope.spawn(burn);
        });
        let used = cpu(std::process::id())? - before;
        assert!(used > Duration::from_micros(300), "{used:?}");
        Ok(())
    }

    #[test]
    fn a_child_runs_on_its_core_alone() -> anyhow::Result<()> {
        let core = *cores()?.last().context("no core")?;
        let mut child = spawn_on(core, Command::new("sleep").arg("30"))?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        child.kill()?;
        child.wait()?;
        assert!(status.contains(&format!("Cpus_allowed_list:\t{core}\n")), "{status}");
        Ok(())
    }
}
