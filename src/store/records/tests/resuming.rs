//! Runs that go on: nothing is lost, nothing is paid twice.

use std::sync::Arc;

use super::super::samples::*;
use super::super::*;
use super::support::*;
use crate::domain::*;
use crate::engine::{Answers, CachedCall, Unread};

#[test]
fn a_run_that_died_goes_on_without_paying_twice() {
    let (dir, records) = records();
    let mut events = vec![RunEvent::Started(header("r1", 4))];
    events.extend((0..4).flat_map(whole_trial));
    // One sent, one received, one answered whose trial did not end.
    let answer = Arc::new(completion("answered"));
    events.extend([sent(4, 0), sent(5, 0), received(5, 0), sent(6, 0), received(6, 0), answered(6, 0, &answer)]);
    record(&mut records.recorder(&RunId::from("r1")).unwrap(), "r1", 1, events);
    drop(records); // The program dies.

    let records = Records::open_with(dir.path(), 1 << 12).unwrap();
    let run = RunId::from("r1");
    let resume = records.resume(&run).unwrap();
    assert_eq!(resume.finished.len(), 4);
    assert_eq!(resume.finished[&key(3)], Some(place(3)));
    let unread = Unread { reply: (*reply(5)).clone(), booked: Usd::from_nanos(2 * CENT) };
    assert_eq!(resume.received, [(request(5), vec![unread])].into());
    let mut kept = Answers::default();
    kept.keep(key(6), request(6), CachedCall { completion: answer, cost: Some(Usd::from_nanos(CENT)) });
    assert_eq!(resume.answered, kept);
    assert_eq!(resume.ambiguous, 1);
    // Five answers, and two reservations of two cents each for what is not known.
    assert_eq!(resume.spent.nanos(), 5 * CENT + 2 * 2 * CENT);
    assert_eq!(records.resume(&run).unwrap(), resume, "asking twice changes nothing");

    let mut recorder = records.recorder(&run).unwrap();
    assert!(matches!(records.resume(&run), Err(RecordsError::UnderWay(_))));
    let resumed = RunEvent::Resumed { kept: 4, ambiguous: 1 };
    let mut events = vec![resumed];
    events.extend((0..4).map(|index| RunEvent::TrialKept { trial: place(index), key: key(index) }));
    let answer = Arc::new(completion("read late"));
    events.extend([answered(5, 0, &answer), RunEvent::TrialEnded(Arc::new(trial_ended(5, Some(&answer))))]);
    events.push(ended(RunState::Completed));
    record(&mut recorder, "r1", 1, events);
    check_consistent(&records, "r1");
    let summary = records.run(&run).unwrap().unwrap();
    // What was received is now known to have cost one cent, not two.
    assert_eq!((summary.spent.nanos(), summary.ended(), summary.ambiguous), (5 * CENT + 3 * CENT, 5, 1));
    let detail = records.trial(&run, place(5)).unwrap().unwrap();
    assert_eq!(detail.ended.answer.unwrap().text, "read late");
    assert_eq!(detail.attempts.len(), 1, "it was one call");
}

#[test]
fn answers_of_trials_that_are_run_again_are_found_by_their_trials() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    record_run(&records, "r1", 4, Some(RunState::Cancelled));
    let found = |again: &[u32]| {
        let keys = again.iter().map(|index| key(*index)).collect();
        let answers = records.answers_of(&run, &keys).unwrap();
        (0..4).filter(|index| answers.get(&key(*index), &request(*index)).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[1, 3]), [1, 3]);
    assert!(found(&[]).is_empty());
}

#[test]
fn two_replies_to_the_same_request_are_both_read_late() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let of_same_request = |event| match event {
        RunEvent::AttemptSent(sent) => RunEvent::AttemptSent(AttemptSent { request: request(1), ..sent }),
        RunEvent::AttemptEnded(ended) => RunEvent::AttemptEnded(AttemptEnded { request: request(1), ..ended }),
        other => other,
    };
    let first = [sent(1, 0), sent(2, 0), received(1, 0), received(2, 0)].map(of_same_request);
    let first = [vec![RunEvent::Started(header("r1", 4))], first.to_vec()].concat();
    record(&mut records.recorder(&run).unwrap(), "r1", 1, first);
    let resume = records.resume(&run).unwrap();
    assert_eq!((resume.received[&request(1)].len(), resume.spent.nanos()), (2, 2 * 2 * CENT));
    let answer = Arc::new(completion("read late"));
    let late = [answered(1, 0, &answer), answered(2, 0, &answer)].map(of_same_request);
    let second = [vec![RunEvent::Resumed { kept: 0, ambiguous: 0 }], late.to_vec()].concat();
    record(&mut records.recorder(&run).unwrap(), "r1", 1, second);
    check_consistent(&records, "r1");
    let resume = records.resume(&run).unwrap();
    assert_eq!((resume.received.len(), resume.spent.nanos()), (0, 2 * CENT));
}

#[test]
fn a_reply_that_cannot_be_read_and_is_asked_for_again_is_paid_twice() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let first = vec![RunEvent::Started(header("r1", 4)), sent(1, 0), received(1, 0)];
    record(&mut records.recorder(&run).unwrap(), "r1", 1, first);
    let mut events = vec![RunEvent::Started(header("r1", 4)), RunEvent::Resumed { kept: 0, ambiguous: 0 }];
    events.extend(whole_trial(1));
    record(&mut records.recorder(&run).unwrap(), "r1", 1, events);
    check_consistent(&records, "r1");
    // The reservation of the first call stands: it was made, and what it cost was never read.
    assert_eq!(records.run(&run).unwrap().unwrap().spent.nanos(), 2 * CENT + CENT);
    assert_eq!(records.trial(&run, place(1)).unwrap().unwrap().attempts.len(), 2);
}

#[test]
fn kept_trials_move_to_their_new_places_and_the_rest_is_superseded() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    record_run(&records, "r1", 8, Some(RunState::Cancelled));
    let mut events = vec![RunEvent::Started(header("r1", 3)), RunEvent::Resumed { kept: 4, ambiguous: 0 }];
    // Cases change places, and those at 4 and above are not in the plan any more.
    events.extend((0..4).map(|index| RunEvent::TrialKept { trial: place(3 - index), key: key(index) }));
    events.extend(whole_trial(20).into_iter().map(|event| match event {
        RunEvent::TrialEnded(ended) => {
            let mut ended = (*ended).clone();
            ended.trial = place(4);
            RunEvent::TrialEnded(Arc::new(ended))
        }
        other => other,
    }));
    events.push(ended(RunState::Completed));
    record(&mut records.recorder(&run).unwrap(), "r1", 1, events);
    check_consistent(&records, "r1");
    let summary = records.run(&run).unwrap().unwrap();
    assert_eq!((summary.ended(), summary.header.cases, summary.state), (5, 3, RunState::Completed));
    assert_eq!(records.trial(&run, place(0)).unwrap().unwrap().ended.key, key(3));
    assert_eq!(records.trial(&run, place(4)).unwrap().unwrap().ended.key, key(20));
    assert_eq!(records.trial(&run, place(6)).unwrap(), None);
    let finished = records.resume(&run).unwrap().finished;
    assert_eq!((finished.len(), finished[&key(7)]), (9, None), "superseded trials can be kept again");
}

#[test]
fn what_a_trial_was_compared_among_is_known_from_its_last_end() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let ends = |index: u32, compared: u32| {
        let mut ended = trial_ended(index, Some(&Arc::new(completion("a"))));
        ended.guarded.compared = compared;
        RunEvent::TrialEnded(Arc::new(ended))
    };
    let first =
        vec![RunEvent::Started(header("r1", 2)), ends(0, 0), ends(1, 2), ends(2, 2), ended(RunState::Cancelled)];
    record(&mut records.recorder(&run).unwrap(), "r1", 1, first);
    assert_eq!(records.resume(&run).unwrap().compared, [(key(1), 2), (key(2), 2)].into());
    let second = vec![RunEvent::Resumed { kept: 0, ambiguous: 0 }, ends(0, 3), ends(1, 0)];
    record(&mut records.recorder(&run).unwrap(), "r1", 1, second);
    let resume = records.resume(&run).unwrap();
    assert_eq!((resume.finished.len(), resume.compared), (3, [(key(0), 3), (key(2), 2)].into()));
}

#[test]
fn a_trial_that_failed_can_be_run_again() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let failed_trial = || RunEvent::TrialEnded(Arc::new(trial_ended(0, None)));
    let first = vec![
        RunEvent::Started(header("r1", 1)),
        sent(0, 0),
        failed(0, 0, Fault::Server),
        failed_trial(),
        ended(RunState::Incomplete),
    ];
    record(&mut records.recorder(&run).unwrap(), "r1", 1, first);
    let resume = records.resume(&run).unwrap();
    assert_eq!((resume.finished.len(), resume.errored.len()), (0, 1));
    let mut second = vec![RunEvent::Resumed { kept: 0, ambiguous: 0 }];
    second.extend(whole_trial(0));
    record(&mut records.recorder(&run).unwrap(), "r1", 1, second);
    check_consistent(&records, "r1");
    let resume = records.resume(&run).unwrap();
    assert_eq!((resume.finished.len(), resume.errored.len()), (1, 0));
}
