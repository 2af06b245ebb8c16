//! Planted faults: each must be caught, and a clean stream must not.

use super::*;
use crate::wire::Marks;

const ME: u32 = 3;
const OTHER: u32 = 4;

fn user(number: u32) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
}

fn world() -> Arc<World> {
    let people = (0..10).map(|number| (user(number), number)).collect();
    Arc::new(World::new(Marks::new(7), people, 100).expect("histogram"))
}

fn partner(world: &Arc<World>, number: u32) -> Checker {
    let viewer = Viewer::Partner { number, domain: number, user: user(number) };
    Checker::new(world.clone(), viewer, number as usize, Positions { shared: 40, team: None })
}

fn me() -> Checker {
    partner(&world(), ME)
}

fn person(number: u32) -> String {
    format!(r#"{{"id":"{}","name":"someone","avatar":null,"side":"partner"}}"#, user(number))
}

const TEAM: &str = r#"{"id":"0192aaaa-0000-7000-8000-000000000001","name":"Ada","avatar":null,"side":"team"}"#;

fn event(position: u64, n: u64, by: &str, extra: &str) -> String {
    let edit = Marks::new(7).edit(Uuid::nil(), Uuid::nil(), Stamp { n, sent_us: 10 }, "text");
    format!(
        r#"{{"type":"event","stream":"shared","position":{position},"at":"2026-01-01T00:00:00Z","by":{by},"op":"{}","change":{edit}{extra}}}"#,
        Uuid::nil()
    )
}

fn clean(position: u64, n: u64) -> String {
    event(position, n, TEAM, "")
}

fn welcome(you: &str, extra: &str) -> String {
    format!(
        r#"{{"type":"welcome","session":"s1","you":{you},"viewer":"partner","role":"viewer","lead":false,"mode":"multi_partner","epoch":"e","positions":{{"shared":40}}{extra}}}"#
    )
}

fn feed(checker: &mut Checker, frames: &[String]) -> Tally {
    for frame in frames {
        checker.frame(frame.as_bytes(), 100);
    }
    checker.tally.clone()
}

fn leaks(frame: String) -> u64 {
    let tally = feed(&mut me(), &[frame]);
    assert_eq!(tally.leaked, tally.examples.len() as u64, "{:?}", tally.examples);
    tally.leaked
}

#[test]
fn a_clean_stream_is_not_flagged() {
    let own = format!(r#"{{"session":"s2","person":{},"viewing":null,"status":"active"}}"#, person(ME));
    let team = format!(r#"{{"session":"s3","person":{TEAM},"viewing":null,"status":"idle"}}"#);
    let named = person(ME).replace("someone", &format!("{}@{}", Marks::new(7).name(ME), Marks::new(7).domain(ME)));
    let mut checker = me();
    let frames = [
        welcome(&named, ""),
        format!(r#"{{"type":"presence","sessions":[{own},{team}]}}"#),
        clean(41, 0),
        event(42, 1, "null", ""),
        format!(r#"{{"type":"presence_delta","joined":[{team}],"changed":[{own}],"left":["s2","s9"]}}"#),
        clean(43, 2),
        r#"{"type":"something_new","of":"later"}"#.to_owned(),
    ];
    let tally = feed(&mut checker, &frames);
    assert_eq!(tally.examples, Vec::<String>::new());
    assert_eq!((tally.deliveries, tally.greetings, tally.deltas, checker.last().shared), (3, 2, 1, 43));
    assert_eq!(tally.deltas_of_partners, 1);
    let idle = format!(r#"{{"type":"presence_delta","joined":[],"changed":[{team}],"left":[]}}"#);
    let tally = feed(&mut checker, &[idle]);
    assert_eq!((tally.deltas, tally.deltas_of_partners), (2, 1), "a colleague of the team goes idle");
    assert!((0..3).all(|n| checker.saw(n)) && !checker.saw(3));
}

#[test]
fn a_hole_is_caught() {
    let mut checker = me();
    let tally = feed(&mut checker, &[clean(41, 0), clean(43, 2)]);
    assert_eq!((tally.holes, tally.duplicated, tally.disordered), (1, 0, 0));
    assert!(!checker.saw(1));
}

#[test]
fn a_hole_across_a_resume_is_caught() {
    let mut checker = me();
    feed(&mut checker, &[clean(41, 0)]);
    checker.reads_again(50);
    assert_eq!(feed(&mut checker, &[welcome(&person(ME), ""), clean(43, 2)]).holes, 1);
}

#[test]
fn a_double_is_caught_at_its_own_position_and_at_a_new_one() {
    let tally = feed(&mut me(), &[clean(41, 0), clean(41, 0), clean(42, 0)]);
    assert_eq!((tally.duplicated, tally.deliveries), (2, 1));
}

#[test]
fn a_double_without_a_number_is_caught() {
    let bare = r#"{"type":"event","stream":"shared","position":41,"by":null,"change":{"kind":"item_deleted"}}"#;
    assert_eq!(feed(&mut me(), &[bare.to_owned(), bare.to_owned()]).duplicated, 1);
}

#[test]
fn a_swapped_order_is_caught() {
    let tally = feed(&mut me(), &[clean(42, 1), clean(41, 0)]);
    assert_eq!((tally.holes, tally.disordered, tally.duplicated), (1, 1, 0));
}

#[test]
fn edits_swapped_under_right_positions_are_caught() {
    let world = world();
    feed(&mut partner(&world, OTHER), &[clean(41, 0), clean(42, 1)]);
    assert_eq!(feed(&mut partner(&world, ME), &[clean(41, 1), clean(42, 0)]).disordered, 2);
}

#[test]
fn an_ack_that_contradicts_what_was_delivered_is_caught() {
    let world = world();
    feed(&mut partner(&world, ME), &[clean(41, 0), clean(42, 1), clean(43, 2)]);
    world.ledger.acked(0, 41);
    world.ledger.acked(1, 43);
    world.ledger.rejected(2);
    let account = world.ledger.account();
    assert_eq!((account.contradicted, account.rejected, account.acked), (2, 1, 2));
}

#[test]
fn a_foreign_partner_in_presence_is_caught() {
    let foreign = format!(r#"[{{"session":"s2","person":{},"viewing":null,"status":"active"}}]"#, person(OTHER));
    assert_eq!(leaks(format!(r#"{{"type":"presence","sessions":{foreign}}}"#)), 1);
    assert_eq!(leaks(format!(r#"{{"type":"presence_delta","joined":{foreign},"changed":[],"left":[]}}"#)), 1);
    assert_eq!(leaks(format!(r#"{{"type":"presence_delta","joined":[],"changed":{foreign},"left":[]}}"#)), 1);
}

#[test]
fn a_foreign_partner_who_leaves_is_caught() {
    let world = world();
    feed(&mut partner(&world, OTHER), &[welcome(&person(OTHER), "")]);
    let left = r#"{"type":"presence_delta","joined":[],"changed":[],"left":["s1"]}"#.to_owned();
    assert_eq!(feed(&mut partner(&world, ME), std::slice::from_ref(&left)).leaked, 1);
    assert_eq!(feed(&mut partner(&world, OTHER), &[left]).leaked, 0);
}

#[test]
fn a_foreign_partner_in_welcome_is_caught() {
    assert_eq!(leaks(welcome(&person(OTHER), "")), 1);
    assert_eq!(leaks(welcome(&person(ME), &format!(r#","members":[{}]"#, person(99)))), 1);
}

#[test]
fn a_foreign_partner_as_author_is_caught() {
    assert_eq!(leaks(event(41, 0, &person(OTHER), "")), 1);
}

#[test]
fn a_foreign_partner_in_an_unknown_field_is_caught_by_domain_name_and_id() {
    let marks = Marks::new(7);
    assert_eq!(leaks(event(41, 0, TEAM, &format!(r#","x":"y.{}""#, marks.domain(OTHER)))), 1);
    assert_eq!(leaks(event(41, 0, TEAM, &format!(r#","x":["{}"]"#, marks.name(OTHER)))), 1);
    assert_eq!(leaks(event(41, 0, TEAM, &format!(r#","x":"/v1/members/{}/avatar""#, user(OTHER)))), 1);
    assert_eq!(leaks(format!(r#"{{"type":"something_new","of":"{}"}}"#, marks.name(OTHER))), 1);
    assert_eq!(leaks(event(41, 0, TEAM, &format!(r#","x":"{}""#, marks.domain(ME)))), 0);
}

#[test]
fn a_number_that_starts_like_ones_own_is_not_ones_own() {
    assert_eq!(leaks(event(41, 0, TEAM, &format!(r#","x":"{}""#, Marks::new(7).name(ME * 10 + 1)))), 1);
}

#[test]
fn the_teams_stream_at_a_partner_is_caught() {
    let frame = clean(41, 0).replace("\"shared\"", "\"team\"");
    assert_eq!(leaks(frame), 1);
    assert_eq!(leaks(welcome(&person(ME), "").replace("\"shared\":40", "\"shared\":40,\"team\":1")), 1);
    assert_eq!(leaks(welcome(&person(ME), "").replace("\"viewer\":\"partner\"", "\"viewer\":\"team\"")), 1);
}

#[test]
fn a_team_session_checks_both_streams_and_may_know_everybody() {
    let start = Positions { shared: 40, team: Some(7) };
    let mut checker = Checker::new(world(), Viewer::Team, 0, start);
    let joined = |position| {
        let change = format!(r#"{{"kind":"member_joined","member":{}}}"#, person(OTHER));
        format!(r#"{{"type":"event","stream":"team","position":{position},"by":{TEAM},"change":{change}}}"#)
    };
    let tally = feed(&mut checker, &[joined(8), clean(41, 0), joined(10), joined(10)]);
    assert_eq!((tally.leaked, tally.holes, tally.duplicated), (0, 1, 1));
    assert_eq!(checker.last(), Positions { shared: 41, team: Some(10) });
}

#[test]
fn what_cannot_be_read_is_counted_and_still_searched() {
    let tally = feed(&mut me(), &[format!("{{\"type\":\"event\" {}", Marks::new(7).name(OTHER))]);
    assert_eq!((tally.malformed, tally.leaked), (1, 1));
}

#[test]
fn waiting_for_ones_own_return_is_not_latency() {
    let world = world();
    let mut checker = partner(&world, ME);
    checker.reads_again(50);
    feed(&mut checker, &[clean(41, 0)]);
    assert_eq!(world.deliveries.so_far().expect("histogram").len(), 0);
    assert_eq!(world.deliveries.count(), 1);
}

#[test]
fn what_was_acknowledged_and_never_came_is_lost() {
    let world = world();
    let (mut all, mut some) = (partner(&world, OTHER), partner(&world, ME));
    feed(&mut all, &[clean(41, 0), clean(42, 1), clean(43, 2), clean(44, 3)]);
    feed(&mut some, &[clean(41, 0), clean(43, 2)]);
    (0..4).for_each(|n| world.ledger.acked(n, 41 + n));
    let account = world.ledger.account();
    assert_eq!((all.lost(&account), some.lost(&account)), (0, 2));
    // Acknowledged, and nobody ever saw it.
    world.ledger.acked(4, 45);
    assert_eq!(all.lost(&world.ledger.account()), 1);
}

#[test]
fn an_event_that_lost_its_edit_is_a_loss() {
    let world = world();
    feed(&mut partner(&world, OTHER), &[clean(41, 0)]);
    let mut checker = partner(&world, ME);
    let bare = r#"{"type":"event","stream":"shared","position":41,"by":null,"change":{"kind":"item_updated"}}"#;
    feed(&mut checker, &[bare.to_owned()]);
    world.ledger.acked(0, 41);
    assert_eq!(checker.lost(&world.ledger.account()), 1);
}

#[test]
fn a_frame_that_is_fine_for_one_partner_is_still_a_leak_at_the_next() {
    let world = world();
    let named = event(41, 0, TEAM, &format!(r#","x":"{}""#, Marks::new(7).name(ME)));
    let author = event(42, 1, &person(ME), "");
    let frames = [named, author];
    assert_eq!(feed(&mut partner(&world, ME), &frames).leaked, 0);
    assert_eq!(feed(&mut partner(&world, OTHER), &frames).leaked, 2);
    // A team session may see both, and what it judged is no verdict for a partner, either.
    let team = Checker::new(world.clone(), Viewer::Team, 0, Positions { shared: 40, team: Some(7) });
    let mut team = team;
    assert_eq!(feed(&mut team, &frames).leaked, 0);
    assert_eq!(feed(&mut partner(&world, OTHER), &frames).leaked, 2);
}

#[test]
fn a_frame_that_was_judged_once_counts_like_any_other() {
    let world = world();
    let frames = [clean(41, 0), clean(42, 1), clean(43, 2)];
    let first = feed(&mut partner(&world, OTHER), &frames);
    assert!((0..3).all(|n| world.judged.recall(41 + n, frames[n as usize].as_bytes()).is_some()));
    let mut checker = partner(&world, ME);
    let second = feed(&mut checker, &frames);
    assert_eq!((second.deliveries, second.frames), (first.deliveries, first.frames));
    assert_eq!(second.examples, Vec::<String>::new());
    // The same bytes again, out of order, and after a gap: no shortcut.
    assert_eq!(feed(&mut checker, &frames[1..2]).duplicated, 1);
    assert_eq!(feed(&mut partner(&world, 5), &frames[1..]).holes, 1);
    assert_eq!(world.deliveries.count(), 8);
}

#[test]
fn one_byte_more_than_what_was_judged_is_judged_again() {
    let world = world();
    feed(&mut partner(&world, OTHER), &[clean(41, 0)]);
    let betrayal = event(41, 0, TEAM, &format!(r#","x":"{}""#, user(OTHER)));
    assert_eq!(feed(&mut partner(&world, ME), &[betrayal]).leaked, 1);
}
