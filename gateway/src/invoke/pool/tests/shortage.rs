//! When a process does not come, ends, or does not get what it was handed; and when too much waits.

use super::*;

/// What the pool gives a poll that a job waits for may not get more slowly than that.
const SOON: Duration = Duration::from_millis(100);

/// A pool with a process that has answered the job `1`, and has not polled again.
fn after_an_answer(now: Instant) -> (Pool, u64) {
    let mut pool = pool(2, 10);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    pool.complete(id, "1", Ok(Bytes::new()), now).unwrap();
    (pool, id)
}

#[test]
fn a_job_waits_no_longer_than_100_ms_for_a_process_that_has_just_answered() {
    let now = Instant::now();
    let (mut pool, id) = after_an_answer(now);
    let (start, _second) = submit(&mut pool, "2", now);
    assert!(start.is_none());
    // The supervisor is told to look again then, and not only at the deadline.
    assert_eq!(pool.check(id, now), Verdict::Watch(Some(now + SOON)));
    assert!(pool.wake_or_start(now).is_none());
    assert!(matches!(pool.check(id, now + SOON), Verdict::Watch(_)));
    assert!(pool.wake_or_start(now + SOON).is_some());
}

#[test]
fn a_job_that_comes_100_ms_after_an_answer_does_not_wait_for_the_process() {
    let now = Instant::now();
    let (mut pool, _) = after_an_answer(now);
    let (start, _second) = submit(&mut pool, "2", now + SOON);
    assert!(start.is_some());
}

#[test]
fn workers_that_never_come_are_not_waited_for_again_after_each_answer() {
    let now = Instant::now();
    let mut config = FunctionConfig::new("users", "bootstrap");
    config.per_process = 3;
    let mut pool = Pool::new(&config);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    let settled = now + SETTLING;
    pool.complete(id, "1", Ok(Bytes::new()), settled).unwrap();
    // One comes back, and the two others have had their time.
    let (start, _second) = submit(&mut pool, "2", settled);
    assert!(start.is_none());
    let (start, _third) = submit(&mut pool, "3", settled);
    assert!(start.is_some());
}

#[test]
fn a_process_that_timed_out_gets_nothing_more_until_its_end() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    let (_, mut second) = submit(&mut pool, "2", now);
    let deadline = now + Duration::from_secs(3);
    assert_eq!(pool.check(id, deadline), Verdict::Kill);
    // Before the signal arrives it answers and asks for more.
    pool.complete(id, "1", Ok(Bytes::new()), deadline).unwrap();
    let polled = pool.poll(id, deadline);
    assert!(matches!(polled, Polled::Never));
    let replacement = pool.end(id, "SIGKILL", deadline).unwrap();
    assert!(second.try_recv().is_err(), "it still waits");
    assert_eq!(polled_id(&mut pool, replacement.id, deadline), "2");
}

#[test]
fn a_process_that_has_ended_may_answer_yet_but_its_last_poll_gets_nothing() {
    let now = Instant::now();
    let (mut pool, id, polls) = pool_of_three(now);
    let (_, mut first) = submit(&mut pool, "1", now);
    assert_eq!(taken(&mut pool, id, polls[2].0, now), "1");
    pool.retire(id);
    let (start, _second) = submit(&mut pool, "2", now);
    assert!(start.is_some(), "nobody waits for a process that ends");
    let polled = pool.poll(id, now);
    assert!(matches!(polled, Polled::Never));
    pool.complete(id, "1", Ok(Bytes::new()), now).unwrap();
    assert!(first.try_recv().unwrap().is_ok());
}

#[test]
fn a_process_that_ended_before_its_first_poll_was_read_has_not_initialised() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, mut answered) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    pool.retire(id);
    let polled = pool.poll(id, now);
    assert!(matches!(polled, Polled::Never));
    pool.end(id, "exit status: 1", now);
    assert!(matches!(
        answered.try_recv().unwrap(),
        Err(InvokeError::InitFailed { .. })
    ));
}

#[test]
fn a_process_is_warmed_up_in_the_place_of_one_that_ends() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (ready, _) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let _woken = waiting(&mut pool, id, now);
    pool.retire(id);
    let (ready, mut initialised) = oneshot::channel();
    assert!(pool.warm_up(ready, now).is_none());
    let replacement = pool.end(id, "exit status: 0", now).unwrap();
    let _woken = waiting(&mut pool, replacement.id, now);
    assert_eq!(initialised.try_recv().unwrap(), Ok(()));
}

#[test]
fn a_job_that_was_not_delivered_is_handed_out_once_more_and_then_ends() {
    let now = Instant::now();
    let mut pool = pool(2, 10);
    let (start, mut answered) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    let (_, _later) = submit(&mut pool, "2", now);
    assert_eq!(polled_id(&mut pool, id, now), "1");
    pool.undelivered(id, "1", now);
    // Before those that came after it; by whoever polls.
    assert_eq!(polled_id(&mut pool, id, now), "1");
    assert!(answered.try_recv().is_err());
    pool.undelivered(id, "1", now);
    assert!(matches!(
        answered.try_recv().unwrap(),
        Err(InvokeError::Crashed { .. })
    ));
    assert_eq!(polled_id(&mut pool, id, now), "2");
}

#[test]
fn a_poll_that_overtakes_an_earlier_one_gets_the_job() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (ready, _) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let (earlier, mut woken_earlier) = waiting(&mut pool, id, now);
    let (later, mut woken_later) = waiting(&mut pool, id, now);
    let (_, _answered) = submit(&mut pool, "1", now);
    assert!(woken_earlier.try_recv().is_err());
    woken_later.try_recv().unwrap();
    assert!(pool.abandon_poll(id, earlier, now).is_none());
    assert_eq!(taken(&mut pool, id, later, now), "1");
}

#[test]
fn no_job_waits_for_a_woken_poll_that_was_overtaken() {
    let now = Instant::now();
    let mut pool = pool(2, 10);
    let (ready, _) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let (earlier, _woken) = waiting(&mut pool, id, now);
    let (_, _first) = submit(&mut pool, "1", now);
    assert_eq!(polled_id(&mut pool, id, now), "1");
    let (start, _second) = submit(&mut pool, "2", now);
    assert!(start.is_some());
    let polled = pool.poll_again(id, earlier, now);
    assert!(matches!(polled, Polled::Refused(Refusal::InvalidState)));
}

#[test]
fn a_woken_poll_that_is_overtaken_does_not_take_a_second_job() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (ready, _) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let (earlier, _woken) = waiting(&mut pool, id, now);
    let (_, _first) = submit(&mut pool, "1", now);
    let (_, _second) = submit(&mut pool, "2", now);
    assert_eq!(polled_id(&mut pool, id, now), "1");
    let polled = pool.poll_again(id, earlier, now);
    assert!(matches!(polled, Polled::Refused(Refusal::InvalidState)));
}

#[test]
fn all_jobs_whose_woken_polls_are_gone_wake_others() {
    let now = Instant::now();
    let (mut pool, id, _polls) = pool_of_three(now);
    let jobs = ["1", "2", "3", "4"].map(|name| submit(&mut pool, name, now));
    let other = jobs[3].0.as_ref().unwrap().id;
    assert_eq!(polled_id(&mut pool, other, now), "1");
    let mut waits: Vec<_> = Vec::new();
    pool.complete(other, "1", Ok(Bytes::new()), now).unwrap();
    assert_eq!(polled_id(&mut pool, other, now), "2");
    pool.complete(other, "2", Ok(Bytes::new()), now).unwrap();
    assert_eq!(polled_id(&mut pool, other, now), "3");
    pool.complete(other, "3", Ok(Bytes::new()), now).unwrap();
    assert_eq!(polled_id(&mut pool, other, now), "4");
    waits.push(waiting(&mut pool, other, now));
    waits.push(waiting(&mut pool, other, now));
    let _jobs = ["5", "6"].map(|name| submit(&mut pool, name, now));
    // They wait for the first process, whose polls were woken before and are still to come.
    pool.end(id, "SIGKILL", now);
    for (_, woken) in &mut waits {
        woken.try_recv().unwrap();
    }
}

fn sized(pool: &mut Pool, bytes: usize, now: Instant) -> Result<Answered, InvokeError> {
    let (mut job, answered) = job("1");
    job.payload = Bytes::from(vec![0; bytes]);
    match pool.submit(job, now) {
        Submitted::Queued(_) => Ok(answered),
        Submitted::Refused(error) => Err(error),
    }
}

#[test]
fn the_events_that_wait_have_so_many_bytes_at_the_most_for_all_functions() {
    let now = Instant::now();
    let mut config = FunctionConfig::new("users", "bootstrap");
    config.queue_bytes = QueueBytes::with_room_for(100);
    let (mut users, mut orders) = (Pool::new(&config), Pool::new(&config));
    let (start, first) = {
        let (mut job, answered) = job("1");
        job.payload = Bytes::from(vec![0; 60]);
        match users.submit(job, now) {
            Submitted::Queued(start) => (start.unwrap(), answered),
            Submitted::Refused(error) => panic!("{error}"),
        }
    };
    let full = Some(InvokeError::Overloaded { waiting: 0 });
    assert_eq!(sized(&mut orders, 41, now).err(), full);
    let kept = sized(&mut orders, 40, now).unwrap();
    // What a process has in hand does not wait any more.
    assert_eq!(polled_id(&mut users, start.id, now), "1");
    let _more = sized(&mut orders, 60, now).unwrap();
    let full = Some(InvokeError::Overloaded { waiting: 2 });
    assert_eq!(sized(&mut orders, 1, now).err(), full);
    // Nor does what nobody waits for.
    drop(kept);
    assert!(sized(&mut orders, 40, now).is_ok());
    drop(first);
}

#[test]
fn a_process_that_lost_its_connection_and_does_not_ask_again_is_replaced() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    assert!(pool.undelivered(id, "1", now).is_none());
    assert!(matches!(pool.check(id, now), Verdict::Watch(Some(_))));
    assert_eq!(pool.check(id, now + pool.timeout), Verdict::Kill);
}

#[test]
fn a_process_of_which_every_worker_hangs_is_replaced() {
    let now = Instant::now();
    let mut config = FunctionConfig::new("users", "bootstrap");
    (config.concurrency, config.per_process) = (1, 2);
    let mut pool = Pool::new(&config);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    let later = now + SETTLING;
    let (_, _second) = submit(&mut pool, "2", later);
    assert_eq!(polled_id(&mut pool, id, later), "2");
    // One is still in time.
    assert!(matches!(
        pool.check(id, now + pool.timeout),
        Verdict::Watch(_)
    ));
    assert_eq!(pool.check(id, later + pool.timeout), Verdict::Kill);
}
