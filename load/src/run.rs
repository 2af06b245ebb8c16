//! The run: scene, sessions, edits, account, in this order. Every wait is for an event, and has an end.

use crate::Options;
use crate::api::Api;
use crate::checker::Checker;
use crate::connect::Target;
use crate::editor::{self, Editor};
use crate::report::{Measured, Report};
use crate::session::Session;
use crate::setup::{Partner, Setup};
use crate::stage::{Phase, Plan, Stage};
use crate::wall::Viewer;
use crate::wire::{Marks, Positions};
use crate::world::World;
use anyhow::{Context, bail};
use cpu_time::ProcessTime;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long the last answers, and then the last deliveries, may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Files that are open beside the sessions: HTTP connections, the runtime's own.
const OTHER_FILES: u64 = 64;

/// Sets up, runs, cleans up. An error means that there was nothing to judge.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let files = (options.sessions() + options.connect_concurrency) as u64 + OTHER_FILES;
    let allowed = rlimit::increase_nofile_limit(files).context("raising the limit of open files")?;
    if allowed < files {
        bail!(
            "{files} open files are needed, {allowed} allowed, and the limit can't be raised from here: try ulimit -n {files}"
        );
    }
    let api = Api::new(&options.url, options.allow_remote).await?;
    // Not of the seed: two runs against one server must not invite the same people.
    let run = fastrand::u32(..);
    let marks = Marks::new(run);
    let setup = Setup { api: &api, admin: &options.token, marks: &marks, concurrency: options.connect_concurrency };
    let name = format!("Load test {run:08x}");
    let workspace = setup.workspace(&name).await?;
    let report = tokio::select! {
        report = drive(options, &setup, run, &workspace, &name) => report,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    if let Err(error) = setup.delete(&workspace).await {
        eprintln!("The workspace {workspace} is still there: {error:#}");
    }
    report
}

async fn drive(options: &Options, setup: &Setup<'_>, run: u32, workspace: &str, name: &str) -> anyhow::Result<Report> {
    let items = setup.requests(workspace).await?;
    setup.switch(workspace, name).await?;
    eprintln!("Inviting {} partners of {} domains …", options.partners(), options.domains());
    let partners = setup.partners(workspace, options.partners(), options.domains()).await?;
    let people = partners.iter().map(|partner| (partner.user, partner.number)).collect::<HashMap<_, _>>();
    if people.len() != partners.len() {
        bail!("two partners were given the same account: nothing could be told apart");
    }
    let edits = options.edits_per_second * options.duration;
    let world = Arc::new(World::new(Marks::new(run), people, edits)?);
    let (_, admin) = setup.snapshot(workspace, &options.token).await?;
    let (starts, snapshot_leaks) = snapshots(setup, &world, workspace, &partners).await?;

    let stage = Arc::new(Stage {
        world: world.clone(),
        clock: Instant::now(),
        target: Target {
            address: setup.api.address,
            authority: setup.api.authority.clone(),
            workspace: workspace.to_owned(),
            epoch: admin.epoch,
        },
        items,
        duration: Duration::from_secs(options.duration),
        doors: Semaphore::new(options.connect_concurrency),
        seated: AtomicUsize::new(0),
        settled: AtomicUsize::new(0),
        progress: Notify::new(),
    });
    let (plans, editors) = plans(options, &partners, &starts, admin.positions);
    let (phase, phases) = watch::channel(Phase::Opening);
    let mut tasks = JoinSet::new();
    eprintln!("Opening {} sessions …", plans.len());
    let sessions = plans.len();
    for plan in plans {
        tasks.spawn(Session::new(stage.clone(), plan, phases.clone()).run());
    }
    let opening = Instant::now();
    while stage.seated.load(Relaxed) < sessions {
        tokio::select! {
            () = stage.progress.notified() => {}
            Some(ended) = tasks.join_next() => {
                ended??;
                bail!("a session ended before the run began");
            }
        }
    }
    let opened_in = opening.elapsed();

    eprintln!("Sending {} edits a second for {} s …", options.edits_per_second, options.duration);
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    phase.send_replace(Phase::Running(start));
    let behind = editor::pace(start, edits, options.edits_per_second, &editors).await;
    let answers = until(&world.ledger.changed, || world.ledger.unanswered(edits) == 0);
    let answered = timeout(PATIENCE, answers).await.is_ok();
    phase.send_replace(Phase::Settling(world.ledger.last_acked()));
    let settling = until(&stage.progress, || stage.settled.load(Relaxed) >= sessions);
    let settled = timeout(PATIENCE, settling).await.is_ok();
    let (elapsed, cpu) = (start.elapsed(), cpu.elapsed());
    eprintln!("Edits answered: {answered}; everybody has seen them: {settled}. Closing …");

    phase.send_replace(Phase::Closing);
    let mut checkers: Vec<Checker> = Vec::with_capacity(sessions);
    while let Some(ended) = tasks.join_next().await {
        checkers.push(ended.context("a session's task")??);
    }
    let measured = Measured { elapsed, opened_in, cpu, behind, edits, snapshot_leaks };
    Report::new(options, &checkers, &world, measured)
}

async fn until(changed: &Notify, reached: impl Fn() -> bool) {
    while !reached() {
        changed.notified().await;
    }
}

/// Where each partner starts, and what their snapshots told them that they may not know.
async fn snapshots(
    setup: &Setup<'_>,
    world: &Arc<World>,
    workspace: &str,
    partners: &[Partner],
) -> anyhow::Result<(Vec<Positions>, Vec<String>)> {
    let reading = stream::iter(partners).map(|partner| setup.snapshot(workspace, &partner.token));
    let read: Vec<_> = reading.buffered(setup.concurrency).try_collect().await?;
    let mut leaks = Vec::new();
    for (partner, (text, snapshot)) in partners.iter().zip(&read) {
        let differs = (*text != read[0].0).then(|| "it is not the same for all partners".to_owned());
        let team = snapshot.positions.team.map(|_| "it has a position of the team's stream".to_owned());
        if let Some(why) = viewer(partner).betrayal(world, text).or(team).or(differs) {
            leaks.push(format!("snapshot of partner {}: {why}: {text:.300}", partner.number));
        }
    }
    Ok((read.into_iter().map(|(_, snapshot)| snapshot.positions).collect(), leaks))
}

fn viewer(partner: &Partner) -> Viewer {
    Viewer::Partner { number: partner.number, domain: partner.domain, user: partner.user }
}

/// Who sits where, and where the edit numbers go.
fn plans(
    options: &Options,
    partners: &[Partner],
    starts: &[Positions],
    team_start: Positions,
) -> (Vec<Plan>, Vec<mpsc::UnboundedSender<u64>>) {
    let mut chance = fastrand::Rng::with_seed(options.seed);
    let admin: Arc<str> = options.token.as_str().into();
    let (mut plans, mut numbers) = (Vec::with_capacity(options.sessions()), Vec::new());
    let team = options.team_sessions();
    for index in 0..team {
        let editor = (numbers.len() < editor::editors_for(options.edits_per_second)).then(|| {
            let (sender, editor) = Editor::new();
            numbers.push(sender);
            editor
        });
        plans.push(Plan {
            index,
            viewer: Viewer::Team,
            token: admin.clone(),
            from: team_start,
            // One alone: what a team member looks at goes to every session, and edits are what is measured.
            restless: editor.is_none() && index == team - 1,
            leaves: false,
            editor,
            chance: chance.fork(),
        });
    }
    for index in 0..options.partner_sessions {
        let person = index % partners.len();
        plans.push(Plan {
            index: team + index,
            viewer: viewer(&partners[person]),
            token: partners[person].token.clone(),
            from: starts[person],
            restless: index % 3 == 0,
            leaves: index % 20 == 7,
            editor: None,
            chance: chance.fork(),
        });
    }
    (plans, numbers)
}
