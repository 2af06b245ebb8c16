//! How much a person may send, by a clock that the test moves.

use governor::clock::FakeRelativeClock;
use loggia::call::limits::{Allowance, Limits, Wait};
use loggia::id::UserId;
use std::time::Duration;

#[test]
fn each_person_has_a_rate_of_its_own() {
    let clock = FakeRelativeClock::default();
    let limits = Limits::new(Allowance::default(), clock.clone());
    let (one, other) = (UserId::new(), UserId::new());
    for sent in 0..60 {
        assert!(limits.admit(one).is_ok(), "{sent}");
    }
    let wait = limits.admit(one).err().unwrap();
    assert_eq!(
        (wait, wait.code(), wait.retry_after()),
        (Wait::Rate(Duration::from_millis(200)), "too_many_requests", 1)
    );
    assert!(limits.admit(other).is_ok(), "nobody else notices");
    clock.advance(wait_of(wait) - Duration::from_millis(1));
    assert!(limits.admit(one).is_err());
    clock.advance(Duration::from_millis(1));
    assert!(limits.admit(one).is_ok());
    assert!(limits.admit(one).is_err());
    // 300 a minute, whatever the burst.
    let mut sent = 0;
    for _ in 0..60_000 {
        clock.advance(Duration::from_millis(1));
        sent += usize::from(limits.admit(one).is_ok());
    }
    assert_eq!(sent, 300);
}

fn wait_of(wait: Wait) -> Duration {
    let Wait::Rate(wait) = wait else { panic!("{wait:?}") };
    wait
}

#[test]
fn each_person_has_so_many_on_their_way() {
    let limits = Limits::new(Allowance { at_once: 3, ..Allowance::default() }, FakeRelativeClock::default());
    let (one, other) = (UserId::new(), UserId::new());
    let mut permits: Vec<_> = (0..3).map(|_| limits.admit(one).unwrap()).collect();
    let wait = limits.admit(one).err().unwrap();
    assert_eq!((wait, wait.code()), (Wait::AtOnce(3), "too_many_at_once"));
    assert!(limits.admit(other).is_ok());
    permits.pop();
    permits.push(limits.admit(one).unwrap());
    assert!(limits.admit(one).is_err());
    drop(permits);
    assert!(limits.admit(one).is_ok());
    // Who is refused by the rate is not on the way.
    while limits.admit(one).is_ok() {}
    for _ in 0..10 {
        assert!(matches!(limits.admit(one).err(), Some(Wait::Rate(_))));
    }
}

#[test]
fn who_is_idle_is_forgotten() {
    let clock = FakeRelativeClock::default();
    let limits = Limits::new(Allowance::default(), clock.clone());
    for _ in 0..5_000 {
        clock.advance(Duration::from_millis(100));
        assert!(limits.admit(UserId::new()).is_ok());
    }
    assert!(limits.kept() < 1_100, "{}", limits.kept());
}
