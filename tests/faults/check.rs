//! What must hold once all is well again.

use super::lane::Lane;
use super::replica::{Outcome, Replica, tree_of};
use super::session::{Order, Session};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::NoTls;
use uuid::Uuid;

/// How long it may take until everything is known everywhere and nobody is there who isn't.
const SETTLED: Duration = Duration::from_secs(20);

/// A record of the log, read past the server.
struct Row {
    sequence: i64,
    epoch: String,
    stream: &'static str,
    position: u64,
    op: Option<String>,
    body: Value,
}

impl Lane<'_> {
    /// Waits for the end of the plan's work, and checks it. How many edits were acknowledged. `healed`: when the last
    /// fault was over.
    pub async fn check(&mut self, healed: Instant) -> u64 {
        for session in &mut self.sessions {
            // Who left has edits to finish, perhaps.
            let left = !session.present;
            session.order(Order::Finish);
            if left && !session.look().unanswered.is_empty() {
                session.order(Order::Come);
            }
        }
        let until = healed + SETTLED;
        let is_done = |one: &Replica| one.unanswered.is_empty() && (one.finished || one.removed);
        let answered = |one: &Replica| is_done(one).then_some(()).ok_or_else(|| "edits wait".to_owned());
        self.wait(until, |lane| lane.each(|session| answered(&session.look()))).await;
        let log = self.read_log().await;
        self.check_log(&log);
        let head = head_of(&log);
        self.wait(until, |lane| lane.each(|session| is_at(session, &head))).await;
        let begun = Instant::now();
        self.wait(until, Lane::presence_is_right).await;
        if begun.elapsed() > Duration::from_secs(17) {
            self.violations.push(format!("presence took {:?}", begun.elapsed()));
        }
        self.check_streams(&log);
        self.check_snapshots().await;
        self.check_hidden_sessions();
        let replicas = self.sessions.iter().map(Session::look);
        replicas
            .map(|one| one.outcomes.values().filter(|(_, out)| matches!(out, Outcome::Acked(..))).count() as u64)
            .sum()
    }

    fn each(&self, holds: impl Fn(&Session) -> Result<(), String>) -> Result<(), String> {
        let mut all = self.sessions.iter().filter(|one| one.present);
        all.try_for_each(|session| holds(session).map_err(|why| format!("{}: {why}", session.look().name)))
    }

    /// Waits for what each message may bring.
    async fn wait(&mut self, until: Instant, holds: impl Fn(&Self) -> Result<(), String>) {
        let mut told = self.told.subscribe();
        while let Err(why) = holds(self) {
            if timeout_at(until, told.changed()).await.is_err() {
                for session in &self.sessions {
                    if why.starts_with(&format!("{}:", session.look().name)) {
                        session.look().violates("not settled");
                    }
                }
                return self.violations.push(format!("not within {SETTLED:?}: {why}"));
            }
        }
    }

    async fn read_log(&self) -> Vec<Row> {
        let (client, connection) = tokio_postgres::connect(&self.world.database_url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = "SELECT e.sequence, e.epoch, e.stream, e.position, e.op, e.body FROM events e
                   JOIN workspaces w ON w.number = e.workspace WHERE w.id = $1 ORDER BY e.sequence";
        let rows = client.query(sql, &[&self.workspace.parse::<Uuid>().unwrap()]).await.unwrap();
        let row = |row: &tokio_postgres::Row| Row {
            sequence: row.get(0),
            epoch: row.get::<_, Uuid>(1).to_string(),
            stream: if row.get::<_, i16>(2) == 0 { "shared" } else { "team" },
            position: row.get::<_, i64>(3) as u64,
            op: row.get::<_, Option<Uuid>>(4).map(|op| op.to_string()),
            body: serde_json::from_slice(row.get(5)).unwrap(),
        };
        rows.iter().map(row).collect()
    }

    /// Every acknowledged edit is in the log once and whole, every refused one is not, and the log is dense.
    fn check_log(&mut self, log: &[Row]) {
        let mut wrong = Vec::new();
        let mut heads: HashMap<(&str, &str), u64> = HashMap::new();
        let mut of_op: HashMap<&str, Vec<&Row>> = HashMap::new();
        for (row, sequence) in log.iter().zip(1..) {
            let head = heads.entry((&row.epoch, row.stream)).or_default();
            if row.sequence != sequence || row.position != *head + 1 {
                wrong.push(format!("the log is not dense at {} ({} {})", row.sequence, row.stream, row.position));
            }
            *head = row.position;
            if let Some(op) = &row.op {
                of_op.entry(op).or_default().push(row);
            }
        }
        let mut check = |op: &str, (least, most): (usize, usize), at: Option<(&str, u64)>| {
            let rows = of_op.get(op).map(Vec::as_slice).unwrap_or_default();
            if rows.len() < least || rows.len() > most {
                wrong.push(format!("edit {op} stands {} times in the log, not {least} to {most}", rows.len()));
            }
            if !rows.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence) {
                wrong.push(format!("edit {op} is torn apart"));
            }
            if let (Some((epoch, position)), Some(last)) = (at, rows.last())
                && (epoch == last.epoch || epoch.is_empty())
                && position != last.position
            {
                wrong.push(format!("edit {op} was said to be at {position}, and is at {}", last.position));
            }
        };
        for session in &self.sessions {
            for (op, (edit, outcome)) in &session.look().outcomes {
                let count = edit.changes.len();
                // A move to where it is may be nothing.
                let moves = edit.changes.iter().filter(|change| change["kind"] == "item_move").count();
                match outcome {
                    Outcome::Acked(epoch, position) => {
                        let at = (!epoch.is_empty() && moves == 0).then_some((epoch.as_str(), *position));
                        check(op, (count - moves, count), at);
                    }
                    Outcome::Refused(_) => check(op, (0, 0), None),
                }
            }
        }
        for (op, _) in &self.http_edits {
            check(op, (1, 1), None);
        }
        for session in &self.sessions {
            let one = session.look();
            for (op, (_, outcome)) in &one.outcomes {
                // After the switch, who edited as a partner only looks on.
                let fits = match outcome {
                    Outcome::Acked(..) => true,
                    Outcome::Refused(code) => code == "forbidden" && one.who.is_partner && one.walled,
                };
                if !fits {
                    wrong.push(format!("{}: edit {op} is refused: {outcome:?}", one.name));
                }
            }
        }
        self.violations.extend(wrong);
    }

    /// Who is shown to be there is there, and nobody else.
    fn presence_is_right(&self) -> Result<(), String> {
        let replicas: Vec<_> = self.sessions.iter().map(Session::look).collect();
        let there = |one: &Replica| Some((one.open.clone()?, (one.who.person.id.clone(), one.viewing.clone())));
        for (one, session) in replicas.iter().zip(&self.sessions) {
            if !session.present || one.removed {
                continue;
            }
            if one.open.is_none() {
                return Err(format!("{}: it has no socket", one.name));
            }
            let sees = |other: &&Replica| {
                !(self.walled && one.who.is_partner && other.who.is_partner) || one.who.person.id == other.who.person.id
            };
            let expected: BTreeMap<_, _> = replicas.iter().map(|one| &**one).filter(sees).filter_map(there).collect();
            let mut here = one.here.clone();
            // Nobody has to be told where it looks itself.
            if let Some(own) = one.open.as_ref().and_then(|own| here.get_mut(own)) {
                own.1.clone_from(&one.viewing);
            }
            if here != expected {
                let ghosts: Vec<_> = here.iter().filter(|seen| expected.get(seen.0) != Some(seen.1)).collect();
                let missing: Vec<_> = expected.iter().filter(|seen| here.get(seen.0) != Some(seen.1)).collect();
                return Err(format!("{}: of presence {ghosts:?} is not so, and {missing:?} is", one.name));
            }
        }
        Ok(())
    }

    /// All saw the same events, those of the log, and nobody anything after its removal.
    fn check_streams(&mut self, log: &[Row]) {
        let mut wrong = Vec::new();
        let by_place: HashMap<_, _> =
            log.iter().map(|row| ((row.epoch.as_str(), row.stream, row.position), row)).collect();
        let mut reference: HashMap<(String, String, u64), Value> = HashMap::new();
        for session in &self.sessions {
            let one = session.look();
            let removal = log.iter().rfind(|row| row.body["member_removed"]["user"] == one.who.person.id.as_str());
            let limit = removal.map_or(i64::MAX, |row| row.sequence);
            if one.doubted.is_some() && one.doubted == log.last().map(|row| row.epoch.clone()) {
                wrong.push(format!("{}: positions of the last epoch were not known, and are", one.name));
            }
            for ((epoch, stream), events) in &one.events {
                for (position, event) in events {
                    let Some(row) = by_place.get(&(epoch.as_str(), stream.as_str(), *position)) else {
                        wrong.push(format!("{}: no such event is in the log: {event}", one.name));
                        continue;
                    };
                    if row.op.as_deref() != event["op"].as_str() {
                        wrong.push(format!("{}: the log has another edit there: {event}", one.name));
                    }
                    if row.sequence > limit {
                        wrong.push(format!("{}: came after its removal: {event}", one.name));
                    }
                    let key = (epoch.clone(), stream.clone(), *position);
                    let first = reference.entry(key).or_insert_with(|| event.clone());
                    if first != event {
                        wrong.push(format!("{}: saw {event} where another saw {first}", one.name));
                    }
                }
            }
        }
        self.violations.extend(wrong);
    }

    /// All nodes answer the same, and replicas are equal to it.
    async fn check_snapshots(&mut self) {
        let mut first: HashMap<bool, Value> = HashMap::new();
        let partner = self.sessions.iter().find(|one| one.look().who.is_partner && !one.look().removed && one.present);
        let mut readers = vec![self.world.admin.person.clone()];
        readers.extend(partner.map(|one| one.look().who.person.clone()));
        for url in &self.world.urls {
            for (reader, is_partner) in readers.iter().zip([false, true]) {
                let state = reader.at(url).get(&format!("/v1/workspaces/{}", self.workspace)).await;
                if state.status != 200 {
                    self.violations.push(format!("a snapshot is answered {}: {}", state.status, state.text));
                    continue;
                }
                let known = first.entry(is_partner).or_insert_with(|| state.json.clone());
                if *known != state.json {
                    self.violations.push(format!("{url} has another state: {} and {known}", state.text));
                }
            }
        }
        let trees: HashSet<_> = first.values().map(|state| format!("{:?}", tree_of(state))).collect();
        for session in self.sessions.iter().filter(|one| one.present && !one.look().removed) {
            let one = session.look();
            if !trees.contains(&format!("{:?}", one.tree)) {
                self.violations
                    .push(format!("{}: its tree is not the server's: {:?} and {trees:?}", one.name, one.tree));
            }
        }
    }

    /// A session that began behind walls is heard of by no other partner, on no node, however late that node learns of
    /// the walls.
    fn check_hidden_sessions(&mut self) {
        let mut hidden: HashMap<String, String> = HashMap::new();
        let mut wrong = Vec::new();
        for session in &self.sessions {
            let one = session.look();
            if one.who.is_partner {
                let walled = one.own_sessions.iter().filter(|(_, walled)| **walled);
                hidden.extend(walled.map(|(id, _)| (id.clone(), one.who.person.id.clone())));
            }
        }
        for session in &self.sessions {
            let mut one = session.look();
            let own = one.who.person.id.clone();
            let leaks = |id: &&String| one.who.is_partner && hidden.get(*id).is_some_and(|whose| *whose != own);
            let leaked: BTreeSet<_> = one.heard_of.iter().filter(leaks).cloned().collect();
            if !leaked.is_empty() {
                wrong.push(format!("{}: heard of other partners' sessions {leaked:?}", one.name));
                one.violations.push("a leak".into());
            }
        }
        self.violations.extend(wrong);
    }
}

fn head_of(log: &[Row]) -> (String, u64, u64) {
    let epoch = log.last().map(|row| row.epoch.clone()).unwrap_or_default();
    let last =
        |stream| log.iter().rfind(|row| row.epoch == epoch && row.stream == stream).map_or(0, |row| row.position);
    (epoch.clone(), last("shared"), last("team"))
}

fn is_at(session: &Session, (epoch, shared, team): &(String, u64, u64)) -> Result<(), String> {
    let one = session.look();
    let there = one.epoch == *epoch && one.shared == *shared && one.team.is_none_or(|at| at == *team);
    if one.removed || (one.open.is_some() && there) {
        return Ok(());
    }
    Err(format!("it is at {:?} of {}, and the log at {shared}, {team} of {epoch}", (one.shared, one.team), one.epoch))
}
