//! Pulls, by the thousand: random edits on both sides, and what has to be true whatever they are. Pure, without a server.

use loggia::id::{Epoch, ItemId, TeamId, UserId, WorkspaceId};
use loggia::visibility::audience_of;
use loggia::workspace::command::{Action, Answer, Change, Command, Patch};
use loggia::workspace::event::Event;
use loggia::workspace::fork::{Choice, Choices, Source, changes, plan};
use loggia::workspace::item::{ItemKind, NewItem};
use loggia::workspace::member::{Member, Role, Side};
use loggia::workspace::problem::{Code, Problem};
use loggia::workspace::{
    Stamp, Workspace,
    decide::{MOST_ITEMS, decide},
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use time::OffsetDateTime;

struct Space {
    state: Workspace,
    by: UserId,
}

impl Space {
    fn new(by: UserId) -> Self {
        let creator = Member {
            user: by,
            email: "ada@host.com".into(),
            name: "Ada".into(),
            avatar: None,
            side: Side::Team,
            role: Role::Admin,
            lead: false,
            current: true,
        };
        let mut space = Self { state: Workspace::empty(WorkspaceId::new()), by };
        space.apply(&Event::WorkspaceCreated {
            name: "API".into(),
            description: String::new(),
            team: TeamId::new(),
            team_domains: Vec::new(),
            epoch: Epoch::new(),
            creator,
        });
        space
    }

    fn apply(&mut self, event: &Event) {
        // What is kept must come back the same.
        let event: Event = serde_json::from_slice(&serde_json::to_vec(event).unwrap()).unwrap();
        let audience = audience_of(&event, &self.state);
        let sequence = self.state.sequence + 1;
        self.state.apply(&event, Stamp { sequence, audience, at: OffsetDateTime::UNIX_EPOCH, by: self.by });
    }

    fn run(&mut self, action: Action) -> Result<(Vec<Event>, Answer), Problem> {
        let command = Command { by: self.by, at: OffsetDateTime::UNIX_EPOCH, op: None, action };
        let (events, answer) = decide(&self.state, &command)?;
        events.iter().for_each(|event| self.apply(event));
        Ok((events, answer))
    }

    fn inside(&self, root: ItemId) -> Vec<ItemId> {
        Source::of(&self.state, root).unwrap().items.iter().map(|item| item.id).collect()
    }

    /// Something a person might do, if it can be done.
    fn edit(&mut self, root: ItemId, rng: &mut StdRng) {
        let items = self.inside(root);
        let mut any = |items: &[ItemId]| items[rng.random_range(0..items.len())];
        let (id, other) = (any(&items), any(&items));
        let text = |rng: &mut StdRng| {
            let words = ["list", "all", "the", "users", "paged", "of", "a", "team"];
            (0..4).map(|_| words[rng.random_range(0..words.len())]).collect::<Vec<_>>().join(" ")
        };
        let content = |rng: &mut StdRng| match json!({"description": text(rng), "n": rng.random_range(0..3), "x": null})
        {
            serde_json::Value::Object(content) => content,
            _ => unreachable!(),
        };
        let siblings: Vec<_> = self.state.children(Some(other)).map(|item| item.id).collect();
        let after = match rng.random_range(0..3) {
            0 => Some(None),
            1 => siblings.first().map(|first| Some(*first)),
            _ => None,
        };
        let change = match rng.random_range(0..10) {
            0..3 => {
                let kinds = [ItemKind::Folder, ItemKind::Request, ItemKind::Example];
                let item_kind = kinds[rng.random_range(0..3)];
                let (name, content) = (text(rng), content(rng));
                Change::ItemCreate { id: ItemId::new(), parent: Some(id), after, item_kind, name, content }
            }
            3..6 => {
                let name = rng.random_bool(0.3).then(|| text(rng));
                Change::ItemUpdate { id, patch: Patch { name, content: Some(content(rng)) }, base: None }
            }
            6..9 => Change::ItemMove { id, parent: Some(other), after },
            _ if id != root => Change::ItemDelete { id },
            _ => return,
        };
        let _ = self.run(Action::Edit(vec![change]));
    }

    /// No item is lost, stands in itself, or shares its place.
    fn check(&self) {
        let tree = self.state.tree();
        assert_eq!(tree.len(), self.state.item_count());
        let places: HashSet<_> = tree.iter().map(|item| (item.parent, item.order.to_string())).collect();
        assert_eq!(places.len(), tree.len(), "two items share a place");
        for item in &tree {
            assert!(item.kind.fits(item.parent.map(|parent| self.state.item(parent).unwrap().kind)));
        }
        let kept = Workspace::from_kept(&self.state.to_kept().unwrap()).unwrap();
        assert_eq!(shape(&kept, None), shape(&self.state, None));
    }
}

/// What there is to see of a tree but for ids.
fn shape(workspace: &Workspace, parent: Option<ItemId>) -> Vec<(ItemKind, String, String, Vec<String>)> {
    let mut all = Vec::new();
    let mut waiting: Vec<_> = workspace.children(parent).map(|item| (item, Vec::new())).collect();
    while let Some((item, path)) = waiting.pop() {
        all.push((item.kind, item.name.clone(), item.content.get().to_owned(), path.clone()));
        let mut path = path;
        path.push(item.name.clone());
        waiting.extend(workspace.children(Some(item.id)).map(|child| (child, path.clone())));
    }
    all
}

struct World {
    parent: Space,
    fork: Space,
    there: ItemId,
    here: ItemId,
}

impl World {
    fn new(rng: &mut StdRng, edits: usize) -> Self {
        let by = UserId::new();
        let (mut parent, mut fork) = (Space::new(by), Space::new(by));
        let there = ItemId::new();
        let content = serde_json::Map::new();
        let root = ItemKind::Collection;
        let name = "Users".to_owned();
        let create = Change::ItemCreate { id: there, parent: None, after: None, item_kind: root, name, content };
        parent.run(Action::Edit(vec![create])).unwrap();
        (0..edits).for_each(|_| parent.edit(there, rng));
        let source = Arc::new(Source::of(&parent.state, there).unwrap());
        let ids: Vec<_> = source.items.iter().map(|_| ItemId::new()).collect();
        let here = ids[0];
        fork.run(Action::Fork { source, ids }).unwrap();
        assert_eq!(shape(&fork.state, None), shape(&parent.state, None));
        Self { parent, fork, there, here }
    }

    fn source(&self) -> Arc<Source> {
        Arc::new(Source::of(&self.parent.state, self.there).unwrap())
    }

    fn ids(source: &Source) -> Vec<ItemId> {
        source.items.iter().map(|_| ItemId::new()).collect()
    }

    fn pull(&mut self, choices: &Choices) -> Result<(Vec<Event>, Answer), Problem> {
        let source = self.source();
        let ids = Self::ids(&source);
        self.fork.run(Action::Pull { root: self.here, source, choices: choices.clone(), ids })
    }

    fn behind(&self) -> usize {
        let fork = self.fork.state.fork(self.here).unwrap();
        changes(&self.fork.state, self.here, fork, &self.source()).len()
    }

    /// Where choices are needed beside these.
    fn conflicts(&self, choices: &Choices) -> Result<Vec<uuid::Uuid>, Problem> {
        let source = self.source();
        let made: HashMap<_, _> = source.items.iter().map(|item| item.id).zip(Self::ids(&source)).collect();
        let plan = plan(&self.fork.state, self.here, &source, choices, &made)?;
        Ok(plan.conflicts.iter().map(|conflict| conflict.item).collect())
    }
}

fn each_seed(check: impl Fn(&mut StdRng)) {
    let one = std::env::var("LOGGIA_SEED").ok().map(|seed| seed.parse().unwrap());
    for seed in one.map_or(0..400, |seed: u64| seed..seed + 1) {
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&mut StdRng::seed_from_u64(seed))));
        assert!(outcome.is_ok(), "LOGGIA_SEED={seed} shows it again");
    }
}

#[test]
fn a_fork_that_nobody_edits_becomes_its_parent() {
    each_seed(|rng| {
        let mut world = World::new(rng, 25);
        for _ in 0..3 {
            (0..rng.random_range(1..15)).for_each(|_| world.parent.edit(world.there, rng));
            let behind = world.behind();
            let (_, Answer::Pulled(came)) = world.pull(&Choices::new()).unwrap() else { panic!("an answer") };
            assert_eq!(came.len(), behind);
            world.fork.check();
            assert_eq!(shape(&world.fork.state, None), shape(&world.parent.state, None));
            assert_eq!(world.behind(), 0);
            assert!(world.pull(&Choices::new()).unwrap().0.is_empty(), "nothing is left to pull");
        }
    });
}

#[test]
fn whatever_both_sides_do_a_pull_does_all_or_nothing_and_is_done_then() {
    each_seed(|rng| {
        let mut world = World::new(rng, 25);
        for _ in 0..3 {
            (0..rng.random_range(1..15)).for_each(|_| world.parent.edit(world.there, rng));
            (0..rng.random_range(1..15)).for_each(|_| world.fork.edit(world.here, rng));
            let before = shape(&world.fork.state, None);
            let mut choices = Choices::new();
            loop {
                let conflicts = match world.conflicts(&choices) {
                    Ok(conflicts) => conflicts,
                    // Some choices can't be together, some would stand too deep.
                    Err(problem) => {
                        assert_eq!(problem.code, Code::Invalid, "{problem}");
                        assert_eq!(world.pull(&choices).unwrap_err().code, Code::Invalid);
                        choices.values_mut().for_each(|choice| *choice = Choice::Theirs);
                        assert!(world.conflicts(&choices).is_ok());
                        continue;
                    }
                };
                if conflicts.is_empty() {
                    break;
                }
                assert_eq!(world.pull(&choices).unwrap_err().code, Code::Conflict);
                assert_eq!(shape(&world.fork.state, None), before, "a refused pull does nothing");
                for item in conflicts {
                    let choice = if rng.random_bool(0.5) { Choice::Ours } else { Choice::Theirs };
                    assert!(choices.insert(item, choice).is_none(), "what was chosen is not asked again");
                }
            }
            world.pull(&choices).unwrap();
            world.fork.check();
            assert_eq!(world.behind(), 0);
            assert!(world.pull(&Choices::new()).unwrap().0.is_empty(), "nothing is left to pull");
        }
    });
}

#[test]
fn with_theirs_for_all_the_fork_is_the_parent_again() {
    each_seed(|rng| {
        let mut world = World::new(rng, 25);
        (0..rng.random_range(1..15)).for_each(|_| world.parent.edit(world.there, rng));
        let all: Vec<_> = world.fork.inside(world.here).into_iter().map(|id| id.0).collect();
        (0..rng.random_range(1..15)).for_each(|_| {
            // What is new here has no other side.
            let before = world.fork.state.item_count();
            let kept = world.fork.state.clone();
            world.fork.edit(world.here, rng);
            if world.fork.state.item_count() > before {
                world.fork.state = kept;
            }
        });
        let source = world.source();
        let there = source.items.iter().map(|item| item.id.0);
        let here: HashSet<_> = world.fork.inside(world.here).into_iter().map(|id| id.0).collect();
        let choices =
            there.chain(all.into_iter().filter(|id| here.contains(id))).map(|id| (id, Choice::Theirs)).collect();
        world.pull(&choices).unwrap();
        world.fork.check();
        assert_eq!(shape(&world.fork.state, None), shape(&world.parent.state, None));
    });
}

#[test]
fn a_workspace_that_would_hold_too_many_items_takes_nothing() {
    let rng = &mut StdRng::seed_from_u64(1);
    let mut world = World::new(rng, 10);
    let content: Box<serde_json::value::RawValue> = serde_json::from_str("{}").unwrap();
    let content: loggia::workspace::item::Content = content.into();
    let root = ItemId::new();
    let new = |id, parent, kind| NewItem { id, parent, kind, name: "Many".into(), content: Arc::clone(&content) };
    let mut many = vec![new(root, None, ItemKind::Collection)];
    let mut folder = root;
    // Few in each: the more siblings, the longer their orders.
    for n in 0..MOST_ITEMS - world.fork.state.item_count() - 2 {
        let (id, is_folder) = (ItemId::new(), n % 500 == 0);
        let (parent, kind) = if is_folder { (root, ItemKind::Folder) } else { (folder, ItemKind::Request) };
        many.push(new(id, Some(parent), kind));
        folder = if is_folder { id } else { folder };
    }
    world.fork.run(Action::ImportItems(many)).unwrap();
    let create = |name: &str| Change::ItemCreate {
        id: ItemId::new(),
        parent: Some(world.there),
        after: None,
        item_kind: ItemKind::Folder,
        name: name.into(),
        content: serde_json::Map::new(),
    };
    let both = Action::Edit(vec![create("One"), create("Two")]);
    world.parent.run(both).unwrap();
    let before = (world.fork.state.sequence, world.behind());
    assert_eq!(world.pull(&Choices::new()).unwrap_err().code, Code::TooManyItems);
    let source = world.source();
    let ids = World::ids(&source);
    assert_eq!(world.fork.run(Action::Fork { source, ids }).unwrap_err().code, Code::TooManyItems);
    assert_eq!((world.fork.state.sequence, world.behind()), before);
    world.fork.run(Action::Edit(vec![Change::ItemDelete { id: root }])).unwrap();
    world.pull(&Choices::new()).unwrap();
    assert_eq!(shape(&world.fork.state, None), shape(&world.parent.state, None));
}
