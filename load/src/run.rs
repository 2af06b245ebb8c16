//! What surrounds a story: the scene is built, the sessions are cast, the story is played, the account is made, and the
//! scene is struck, whatever happened. Every wait is for an event, and has an end.

use crate::api::{Api, As, Body};
use crate::cast::Cast;
use crate::connect::Target;
use crate::editor::Editor;
use crate::edits::Edits;
use crate::meter::{self, Meter};
use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Findings, Measured, Report};
use crate::setup::{Partner, Setup};
use crate::stage::{Plan, Stage};
use crate::wall::Viewer;
use crate::wire::{Marks, Positions};
use crate::world::World;
use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// Files that are open beside the sessions: HTTP connections, the runtime's own.
const OTHER_FILES: u64 = 64;
/// Handshakes without a seat under way at once.
const KNOCKING: usize = 256;
/// Bytes of an ordinary edit's text.
const EDIT_BYTES: usize = 180;

/// What a story needs of its scene.
pub(crate) struct Needs {
    /// Its name.
    pub(crate) scenario: &'static str,
    /// Team sessions that edit.
    pub(crate) editors: usize,
    /// Edits at most.
    pub(crate) edits: u64,
    /// Bytes of text of an edit.
    pub(crate) edit_bytes: usize,
    /// Partner sessions, the last ones, that will stop reading.
    pub(crate) slow: usize,
}

impl Needs {
    /// No edits, nobody slow.
    pub(crate) fn of(scenario: &'static str) -> Self {
        Self { scenario, editors: 1, edits: 0, edit_bytes: EDIT_BYTES, slow: 0 }
    }
}

/// What a story has in hand.
pub(crate) struct Play {
    /// The sessions.
    pub(crate) cast: Cast,
    /// What is written.
    pub(crate) edits: Edits,
    /// What is measured.
    pub(crate) meter: Meter,
    /// What is going on.
    pub(crate) progress: Progress,
    /// What the sessions share.
    pub(crate) stage: Arc<Stage>,
    /// What there is to look at.
    pub(crate) items: Vec<Uuid>,
    /// What is drawn from.
    pub(crate) chance: fastrand::Rng,
    api: Api,
    workspace: String,
    tokens: Vec<Arc<str>>,
    concurrency: usize,
}

impl Play {
    /// All sessions come.
    pub(crate) async fn everybody_comes(&self) -> anyhow::Result<()> {
        self.progress.step(&format!("{} sessions come", self.cast.all().len()));
        self.cast.come(self.cast.all(), &self.progress).await
    }

    /// Waits until every edit is answered and all of `who` have seen all of them; whoever doesn't has lost some.
    pub(crate) async fn settle(&self, who: Range<usize>) {
        if !self.edits.settled(&self.cast, who).await {
            self.progress.say("Some edits were not answered, or not seen by everybody, in time.");
        }
    }

    /// The last shared position that was acknowledged.
    pub(crate) fn last_acked(&self) -> u64 {
        self.stage.world.ledger.last_acked()
    }

    /// So many handshakes without a seat, at an even pace.
    pub(crate) async fn knock(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        let knocks = stream::iter(0..count).map(|nth| async move {
            sleep_until(start + within.mul_f64(nth as f64 / count as f64)).await;
            let target = &self.stage.targets[nth % self.stage.targets.len()];
            target.knock(nth, &self.tokens[nth % self.tokens.len()]).await
        });
        // As many as the pace asks for, and no more than a listener's queue takes.
        knocks.buffer_unordered(KNOCKING).try_collect().await
    }

    /// A partner who sends a request to `target` through the server, then the next one, until it is time; how many.
    pub(crate) fn sender(
        &self,
        nth: usize,
        target: SocketAddr,
        begin: Duration,
        until: Instant,
    ) -> impl Future<Output = anyhow::Result<usize>> + Send + 'static {
        let (api, token) = (self.api.clone(), Arc::clone(&self.tokens[nth % self.tokens.len()]));
        let item = self.items[nth % self.items.len()];
        let path = format!("/v1/workspaces/{}/items/{item}/send", self.workspace);
        let request = json!({"request": {"method": "GET", "url": format!("http://{target}/things")}});
        async move {
            // Two hundred people don't all begin within the same millisecond, and go on in step ever after.
            sleep(begin).await;
            let mut sent = 0;
            while Instant::now() < until {
                let body = Body::Json(request.clone());
                let answer = api.call("sending a request", As::Token(&token), Method::POST, &path, body).await?;
                let outcome: Value = answer.json()?;
                anyhow::ensure!(outcome["response"]["status"] == 200, "a send came to {outcome:.300}");
                sent += 1;
            }
            Ok(sent)
        }
    }

    /// So many partners read the workspace, and then once more, if it has changed. How many snapshots were not like the
    /// first, or came again though nothing had changed.
    pub(crate) async fn read_snapshots(&self, count: usize) -> anyhow::Result<usize> {
        let path = format!("/v1/workspaces/{}", self.workspace);
        let reads = stream::iter(0..count).map(|nth| {
            let (token, path) = (&self.tokens[nth % self.tokens.len()], &path);
            async move {
                let first = self.api.fetch(token, path, None).await?.context("a snapshot, not 'unchanged'")?;
                let again = self.api.fetch(token, path, first.etag.as_deref()).await?;
                anyhow::Ok((first.text, again.is_none()))
            }
        });
        let read: Vec<(String, bool)> = reads.buffer_unordered(self.concurrency.min(64)).try_collect().await?;
        Ok(read.iter().filter(|(text, unchanged)| *text != read[0].0 || !unchanged).count())
    }
}

/// Sets up, plays, cleans up. An error means that there was nothing to judge.
pub(crate) async fn play(
    options: &Options,
    needs: Needs,
    story: impl AsyncFnOnce(&mut Play) -> anyhow::Result<Findings>,
) -> anyhow::Result<Report> {
    allow_files(options, &needs)?;
    meter::check(&options.server_pid)?;
    let mut apis = Vec::with_capacity(options.urls.len());
    for url in &options.urls {
        apis.push(Api::new(url, options.allow_remote).await.with_context(|| format!("--url {url}"))?);
    }
    let api = apis.first().context("no --url")?;
    // Not of the seed: two runs against one server must not invite the same people.
    let run = fastrand::u32(..);
    let marks = Marks::new(run);
    let concurrency = options.connect_concurrency.min(64);
    let setup = Setup { api, admin: &options.token, marks: &marks, concurrency };
    let name = format!("Load test {run:08x}");
    let mut terminated = signal(SignalKind::terminate())?;
    let workspace = setup.workspace(&name).await?;
    let scene = Scene { options, needs, setup: &setup, apis: &apis, run, workspace: &workspace, name: &name };
    let report = tokio::select! {
        report = scene.perform(story) => report,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        _ = terminated.recv() => Err(anyhow::anyhow!("terminated")),
    };
    if let Err(error) = setup.delete(&workspace).await {
        eprintln!("The workspace {workspace} is still there: {error:#}");
    }
    report
}

fn allow_files(options: &Options, needs: &Needs) -> anyhow::Result<()> {
    let sessions = options.sessions + options.team.max(needs.editors);
    let files = (sessions + options.connect_concurrency.min(sessions)) as u64 + OTHER_FILES;
    let allowed = rlimit::increase_nofile_limit(files).context("raising the limit of open files")?;
    if allowed < files {
        bail!(
            "{sessions} sessions need {files} open files; {allowed} are allowed, and that can't be raised from here: \
             try ulimit -n {files} as root, or fewer --sessions"
        );
    }
    Ok(())
}

/// The scene of one run.
struct Scene<'a> {
    options: &'a Options,
    needs: Needs,
    setup: &'a Setup<'a>,
    apis: &'a [Api],
    run: u32,
    workspace: &'a str,
    name: &'a str,
}

impl Scene<'_> {
    async fn perform(&self, story: impl AsyncFnOnce(&mut Play) -> anyhow::Result<Findings>) -> anyhow::Result<Report> {
        let (options, setup, progress) = (self.options, self.setup, Progress::new());
        let items = setup.requests(self.workspace).await?;
        setup.switch(self.workspace, self.name).await?;
        progress.step(&format!("Inviting {} partners of {} domains", options.partners(), options.domains()));
        let partners = setup.partners(self.workspace, options.partners(), options.domains()).await?;
        let people = partners.iter().map(|partner| (partner.user, partner.number)).collect::<HashMap<_, _>>();
        if people.len() != partners.len() {
            bail!("two partners were given the same account: nothing could be told apart");
        }
        let world = Arc::new(World::new(Marks::new(self.run), people, self.needs.edits)?);
        let (_, admin) = setup.snapshot(self.workspace, &options.token).await?;
        let (starts, snapshot_leaks) = self.snapshots(&world, &partners).await?;

        let target = |api: &Api| Target {
            address: api.address,
            authority: api.authority.clone(),
            workspace: self.workspace.to_owned(),
            epoch: admin.epoch.clone(),
        };
        let stage = Arc::new(Stage {
            world: world.clone(),
            clock: Instant::now(),
            targets: self.apis.iter().map(target).collect(),
            doors: Semaphore::new(options.connect_concurrency),
            here: AtomicUsize::new(0),
        });
        let team = options.team.max(self.needs.editors);
        let plans = self.plans(team, &partners, &starts, admin.positions);
        let mut chance = fastrand::Rng::with_seed(options.seed);
        let cast = Cast::new(&stage, plans, team);
        let mut play = Play {
            edits: Edits::new(&stage, items.clone(), cast.desks(self.needs.editors), chance.fork()),
            cast,
            meter: Meter::start(&stage, &options.server_pid),
            progress,
            stage,
            items,
            chance,
            api: setup.api.clone(),
            workspace: self.workspace.to_owned(),
            tokens: partners.iter().map(|partner| partner.token.clone()).collect(),
            concurrency: options.connect_concurrency,
        };
        let findings = story(&mut play).await?;
        let (series, asked, behind) = (play.meter.series(), play.edits.count(), play.edits.behind);
        play.progress.step("Everybody leaves");
        let checkers = play.cast.dismiss().await?;
        let measured = Measured { findings, series, asked, behind, snapshot_leaks };
        Report::new(self.needs.scenario, options, &checkers, &world, measured)
    }

    /// Where each partner starts, and what their snapshots told them that they may not know.
    async fn snapshots(
        &self,
        world: &Arc<World>,
        partners: &[Partner],
    ) -> anyhow::Result<(Vec<Positions>, Vec<String>)> {
        let reading = stream::iter(partners).map(|partner| self.setup.snapshot(self.workspace, &partner.token));
        let read: Vec<_> = reading.buffered(self.setup.concurrency).try_collect().await?;
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

    /// Who sits where: the team first, its editors first; then the partners, each one's sessions together.
    fn plans(&self, team: usize, partners: &[Partner], starts: &[Positions], team_start: Positions) -> Vec<Plan> {
        let (sessions, admin) = (self.options.sessions, Arc::<str>::from(self.options.token.as_str()));
        let members = (0..team).map(|index| Plan {
            index,
            viewer: Viewer::Team,
            token: admin.clone(),
            from: team_start,
            slow: false,
            editor: (index < self.needs.editors).then(|| Editor::new(self.needs.edit_bytes)),
        });
        let outsiders = (0..sessions).map(|nth| {
            let person = nth * partners.len() / sessions;
            Plan {
                index: team + nth,
                viewer: viewer(&partners[person]),
                token: partners[person].token.clone(),
                from: starts[person],
                slow: nth + self.needs.slow >= sessions,
                editor: None,
            }
        });
        members.chain(outsiders).collect()
    }
}

fn viewer(partner: &Partner) -> Viewer {
    Viewer::Partner { number: partner.number, domain: partner.domain, user: partner.user }
}
