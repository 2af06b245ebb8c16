//! A world: PostgreSQL, Redis and nodes of its own, with everything between them; and the faults that befall it.
#![allow(dead_code, reason = "each test file uses its part")]

use super::node::Node;
use super::plan::{Fault, Link, NODES, PARTNERS, Planned, Wire};
use crate::common::proxy::Proxy;
use crate::common::redis::Redis;
use crate::common::{Person, postgres};
use loggia::config::{SecretUrl, StoreOptions};
use loggia::http::new_team;
use loggia::id::UserId;
use loggia::identity::Identity;
use loggia::server::open_store;
use loggia::store::{User, now_utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Words that stand in nothing but names, so that a name in the wrong stream is no accident.
const WORDS: [&str; PARTNERS] = ["Quillon", "Zephyra", "Brindle", "Wystan", "Oxalis", "Jocasta"];

/// Somebody, with all that others may not learn of it.
#[derive(Clone, Debug)]
pub struct Someone {
    pub person: Person,
    pub name: String,
    pub domain: String,
    pub is_partner: bool,
}

pub struct World {
    _folder: tempfile::TempDir,
    pub nodes: Vec<Mutex<Node>>,
    /// What clients reach each node by.
    pub fronts: Vec<String>,
    /// What nothing stands before.
    pub urls: Vec<String>,
    pub redis: std::sync::Mutex<Redis>,
    pub postgres: Arc<std::sync::Mutex<postgres::Cluster>>,
    pub database_url: String,
    pub admin: Someone,
    pub team: Vec<Someone>,
    pub partners: Vec<Someone>,
}

impl World {
    pub async fn start(team_size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let postgres = postgres::Cluster::start(&["fsync=off", "full_page_writes=off", "max_connections=120"]);
        let redis = Redis::start();
        let database_url = postgres.new_database().await;
        let options =
            StoreOptions { database_url: Some(SecretUrl(database_url.clone())), ..StoreOptions::folder(folder.path()) };
        let store = open_store(&options).await.unwrap();
        let (team, admin) = new_team("Host", &["host.com".into()], "ada@host.com", Some("Ada Admin")).unwrap();
        let team_id = team.id;
        let admin = store.create_team(team, admin).await.unwrap();
        let mut users = vec![admin];
        let user = |name: String, email: String, team| User { id: UserId::new(), email, name, team, avatar: None };
        for number in 0..team_size {
            let one = user(format!("Host Person {number}"), format!("t{number}@host.com"), Some(team_id));
            users.push(store.ensure_user(one).await.unwrap());
        }
        for (number, word) in WORDS.iter().enumerate() {
            // Three companies, so that there are strangers and colleagues.
            let low = word.to_lowercase();
            let one = user(format!("{word} {number}"), format!("{low}@company{}.example", number % 3), None);
            users.push(store.ensure_user(one).await.unwrap());
        }
        let mut people = Vec::new();
        for user in users {
            let (_, token) = Identity::new(Arc::clone(&store)).token(user.id, "test", now_utc()).await.unwrap();
            let person = Person {
                url: String::new(),
                id: user.id.to_string(),
                email: user.email.clone(),
                token: token.reveal().to_owned(),
                http: reqwest::Client::new(),
            };
            let domain = user.email.split_once('@').unwrap().1.to_owned();
            people.push(Someone { person, name: user.name, domain, is_partner: user.team.is_none() });
        }
        drop(store);
        let partners = people.split_off(1 + team_size);
        let team = people.split_off(1);
        let mut nodes = Vec::new();
        for number in 0..NODES {
            nodes.push(Node::start(&format!("node{number}"), &database_url, &redis.url()).await);
        }
        let mut admin = people.remove(0);
        admin.person.url = nodes[0].url();
        Self {
            fronts: nodes.iter().map(|node| node.front.url(&node.url())).collect(),
            urls: nodes.iter().map(Node::url).collect(),
            nodes: nodes.into_iter().map(Mutex::new).collect(),
            _folder: folder,
            redis: std::sync::Mutex::new(redis),
            postgres: Arc::new(std::sync::Mutex::new(postgres)),
            database_url,
            admin,
            team,
            partners,
        }
    }

    /// Lets a round's faults happen; when it returns, all is well again.
    pub async fn suffer(&self, faults: &[Planned]) {
        let begun = Instant::now();
        let each = faults.iter().map(|planned| async move {
            sleep_until(begun + Duration::from_millis(planned.at)).await;
            self.begin(planned.fault).await;
            sleep_until(begun + Duration::from_millis(planned.at + planned.lasts)).await;
            self.end(planned.fault).await;
        });
        futures_util::future::join_all(each).await;
        self.heal().await;
    }

    pub async fn begin(&self, fault: Fault) {
        match fault {
            Fault::NodeKilled(node) => self.nodes[node].lock().await.kill(),
            Fault::NodePaused(node) => self.nodes[node].lock().await.pause(),
            Fault::NodeDrained(node) => self.nodes[node].lock().await.terminate().await,
            Fault::RedisKilled => self.redis.lock().unwrap().kill(),
            Fault::RedisPaused => self.redis.lock().unwrap().pause(),
            Fault::RedisListenersKilled => drop(self.redis.lock().unwrap().kill_listeners()),
            Fault::RedisFlushed => self.redis.lock().unwrap().flush(),
            Fault::PostgresRestarted => self.with_postgres(postgres::Cluster::halt).await,
            Fault::PostgresPaused => self.with_postgres(|postgres| postgres.signal("STOP")).await,
            Fault::Wire(node, link, wire) => {
                let node = self.nodes[node].lock().await;
                let proxy = proxy(&node, link);
                match wire {
                    Wire::Stall => proxy.stall(),
                    Wire::HalfOpen { toward_server: true } => proxy.half_open_to_client(),
                    Wire::HalfOpen { toward_server: false } => proxy.half_open(),
                    Wire::Reset => proxy.reset(),
                    Wire::Refuse => proxy.refuse(),
                    Wire::Throttle(rate) => proxy.throttle(rate),
                }
            }
        }
    }

    pub async fn end(&self, fault: Fault) {
        match fault {
            // Started at once; whether it gets ready now depends on what else is wrong.
            Fault::NodeKilled(node) | Fault::NodeDrained(node) => self.nodes[node].lock().await.start_again(),
            Fault::NodePaused(node) => self.nodes[node].lock().await.resume(),
            Fault::RedisKilled => self.redis.lock().unwrap().restart(),
            Fault::RedisPaused => self.redis.lock().unwrap().resume(),
            Fault::RedisListenersKilled | Fault::RedisFlushed => {}
            Fault::PostgresRestarted => self.with_postgres(postgres::Cluster::resume).await,
            Fault::PostgresPaused => self.with_postgres(|postgres| postgres.signal("CONT")).await,
            Fault::Wire(node, link, _) => {
                let node = self.nodes[node].lock().await;
                proxy(&node, link).heal();
            }
        }
    }

    async fn heal(&self) {
        for node in &self.nodes {
            node.lock().await.ready().await;
        }
    }

    /// What PostgreSQL's own processes take blocks no one else.
    async fn with_postgres(&self, act: impl FnOnce(&mut postgres::Cluster) + Send + 'static) {
        let postgres = Arc::clone(&self.postgres);
        tokio::task::spawn_blocking(move || act(&mut postgres.lock().unwrap())).await.unwrap();
    }

    /// What the nodes wrote last.
    pub async fn tails(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            text += &node.lock().await.tail();
        }
        text
    }
}

fn proxy(node: &Node, link: Link) -> &Proxy {
    match link {
        Link::Redis => &node.to_redis,
        Link::Postgres => &node.to_postgres,
        Link::Clients => &node.front,
    }
}
