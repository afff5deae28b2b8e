//! The pool without processes: every instant is an argument.

mod shortage;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::oneshot;

use super::lives::SETTLING;
use super::*;
use crate::invoke::Answer;
use crate::runtime_api::Refusal;

type Answered = oneshot::Receiver<Result<Answer, InvokeError>>;

fn pool(concurrency: usize, queue_limit: usize) -> Pool {
    let mut config = FunctionConfig::new("users", "bootstrap");
    config.concurrency = concurrency;
    config.queue_limit = queue_limit;
    Pool::new(&config)
}

fn job(request_id: &'static str) -> (Job, Answered) {
    let (reply, answered) = oneshot::channel();
    let job = Job {
        request_id: HeaderValue::from_static(request_id),
        trace_id: None,
        payload: Bytes::new(),
        reply,
        is_second_try: false,
    };
    (job, answered)
}

fn submit(pool: &mut Pool, request_id: &'static str, now: Instant) -> (Option<Start>, Answered) {
    let (job, answered) = job(request_id);
    match pool.submit(job, now) {
        Submitted::Queued(start) => (start, answered),
        Submitted::Refused(error) => panic!("{error}"),
    }
}

fn polled_id(pool: &mut Pool, id: u64, now: Instant) -> HeaderValue {
    match pool.poll(id, now) {
        Polled::Work(work, _) => work.request_id,
        other => panic!("{other:?}"),
    }
}

fn waiting(pool: &mut Pool, id: u64, now: Instant) -> (PollId, oneshot::Receiver<()>) {
    match pool.poll(id, now) {
        Polled::Wait(poll, woken) => (poll, woken),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_process_that_is_about_to_poll_again_gets_the_next_job() {
    let now = Instant::now();
    let mut pool = pool(10, 10);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    assert_eq!(polled_id(&mut pool, id, now), "1");
    pool.complete(id, "1", Ok(Bytes::new()), now).unwrap();
    let (start, _second) = submit(&mut pool, "2", now);
    assert!(start.is_none());
    assert_eq!(polled_id(&mut pool, id, now), "2");
}

#[test]
fn starts_processes_up_to_the_concurrency_only() {
    let now = Instant::now();
    let mut pool = pool(2, 10);
    let started: Vec<bool> = (0..4)
        .map(|_| submit(&mut pool, "x", now))
        .scan(Vec::new(), |kept, (start, answered)| {
            kept.push(answered);
            Some(start.is_some())
        })
        .collect();
    // A withdrawn job asks for nothing: the receivers are alive until the end of the collection.
    assert_eq!(started, [true, true, false, false]);
}

#[test]
fn refuses_jobs_beyond_the_queue_limit_but_not_for_withdrawn_ones() {
    let now = Instant::now();
    let mut pool = pool(1, 1);
    let (_, answered) = submit(&mut pool, "1", now);
    let (second, _second) = job("2");
    assert!(matches!(
        pool.submit(second, now),
        Submitted::Refused(InvokeError::Overloaded { waiting: 1 })
    ));
    drop(answered);
    submit(&mut pool, "3", now);
}

#[test]
fn skips_withdrawn_jobs() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, withdrawn) = submit(&mut pool, "1", now);
    let (_, _kept) = submit(&mut pool, "2", now);
    drop(withdrawn);
    assert_eq!(polled_id(&mut pool, start.unwrap().id, now), "2");
}

#[test]
fn takes_an_answer_for_the_current_request_only_and_once() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, mut answered) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    let unknown = Err(Refusal::UnknownRequestId);
    assert_eq!(pool.complete(id, "1", Ok(Bytes::new()), now), unknown);
    polled_id(&mut pool, id, now);
    assert_eq!(pool.complete(id, "2", Ok(Bytes::new()), now), unknown);
    assert!(matches!(
        pool.poll(id, now),
        Polled::Refused(Refusal::InvalidState)
    ));
    let later = now + Duration::from_millis(20);
    assert_eq!(pool.complete(id, "1", Ok(Bytes::new()), later), Ok(()));
    assert_eq!(pool.complete(id, "1", Ok(Bytes::new()), later), unknown);
    let answer = answered.try_recv().unwrap().unwrap();
    assert_eq!(answer.duration, Duration::from_millis(20));
}

#[test]
fn starts_are_delayed_longer_with_each_failed_initialisation() {
    let now = Instant::now();
    let mut pool = pool(5, 10);
    let mut delays_ms = Vec::new();
    for _ in 0..8 {
        let (start, mut answered) = submit(&mut pool, "1", now);
        let start = start.unwrap();
        delays_ms.push(start.delay.as_millis());
        // One attempt at a time, once the first has failed.
        let (parallel, _answered) = submit(&mut pool, "2", now);
        if delays_ms.len() > 1 {
            assert!(parallel.is_none());
        }
        assert!(pool.end(start.id, "exit status: 1", now).is_none());
        if let Some(parallel) = parallel {
            assert!(pool.end(parallel.id, "exit status: 1", now).is_none());
        }
        assert!(matches!(
            answered.try_recv().unwrap(),
            Err(InvokeError::InitFailed { .. })
        ));
    }
    assert_eq!(delays_ms, [0, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);

    // A success ends the back-off.
    let later = now + Duration::from_mins(1);
    let start = submit(&mut pool, "1", later).0.unwrap();
    assert_eq!(start.delay, Duration::ZERO);
    let _woken = waiting(&mut pool, start.id, later);
    pool.end(start.id, "exit status: 1", later);
    let start = submit(&mut pool, "1", later).0.unwrap();
    assert_eq!(start.delay, Duration::ZERO);
}

#[test]
fn a_job_whose_woken_process_goes_away_gets_another() {
    let now = Instant::now();
    for dies in [true, false] {
        let mut pool = pool(2, 10);
        let (ready, _initialised) = oneshot::channel();
        let id = pool.warm_up(ready, now).unwrap().id;
        let (poll, woken) = waiting(&mut pool, id, now);
        let (start, _answered) = submit(&mut pool, "1", now);
        assert!(start.is_none());
        drop(woken);
        let replacement = if dies {
            pool.end(id, "exit status: 0", now)
        } else {
            pool.abandon_poll(id, poll, now)
        };
        assert_eq!(polled_id(&mut pool, replacement.unwrap().id, now), "1");
    }
}

#[test]
fn an_idle_process_whose_poll_is_gone_is_not_given_work() {
    let now = Instant::now();
    let mut pool = pool(2, 10);
    let (ready, _initialised) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    drop(waiting(&mut pool, id, now));
    let (start, _answered) = submit(&mut pool, "1", now);
    assert!(start.is_some());
}

#[test]
fn the_deadline_of_an_invocation_follows_that_of_the_initialisation() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (start, mut answered) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    let init_deadline = now + Duration::from_secs(10);
    pool.spawned(id, init_deadline);
    assert_eq!(pool.check(id, now), Verdict::Watch(Some(init_deadline)));
    polled_id(&mut pool, id, now);
    let deadline = now + Duration::from_secs(3);
    assert_eq!(pool.check(id, now), Verdict::Watch(Some(deadline)));
    assert_eq!(pool.check(id, deadline), Verdict::Kill);
    assert!(matches!(
        answered.try_recv().unwrap(),
        Err(InvokeError::TimedOut { .. })
    ));
}

#[test]
fn an_idle_process_has_no_deadline() {
    let now = Instant::now();
    let mut pool = pool(1, 10);
    let (ready, mut initialised) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let _woken = waiting(&mut pool, id, now);
    assert_eq!(initialised.try_recv().unwrap(), Ok(()));
    assert_eq!(pool.check(id, now), Verdict::Watch(None));
}

/// A pool of processes with three workers each, and one such process all of whose workers wait.
fn pool_of_three(now: Instant) -> (Pool, u64, Vec<(PollId, oneshot::Receiver<()>)>) {
    let mut config = FunctionConfig::new("users", "bootstrap");
    config.concurrency = 2;
    config.per_process = 3;
    let mut pool = Pool::new(&config);
    let (ready, _initialised) = oneshot::channel();
    let id = pool.warm_up(ready, now).unwrap().id;
    let polls = (0..3).map(|_| waiting(&mut pool, id, now)).collect();
    (pool, id, polls)
}

fn taken(pool: &mut Pool, id: u64, poll: PollId, now: Instant) -> HeaderValue {
    match pool.poll_again(id, poll, now) {
        Polled::Work(work, _) => work.request_id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_process_has_as_many_invocations_as_it_polls_for_and_no_more() {
    let now = Instant::now();
    let (mut pool, id, polls) = pool_of_three(now);
    let names = ["1", "2", "3"];
    let mut answers: Vec<Answered> = names
        .iter()
        .map(|name| {
            let (start, answered) = submit(&mut pool, name, now);
            assert!(start.is_none(), "{name}");
            answered
        })
        .collect();
    for (name, (poll, mut woken)) in names.iter().zip(polls.into_iter().rev()) {
        woken.try_recv().unwrap();
        assert_eq!(taken(&mut pool, id, poll, now), name);
    }
    let polled = pool.poll(id, now);
    assert!(matches!(polled, Polled::Refused(Refusal::InvalidState)));
    let (start, _fourth) = submit(&mut pool, "4", now);
    assert!(start.is_some());
    // Answers come in any order, each for its own request.
    for (index, name) in [(1, "2"), (2, "3"), (0, "1")] {
        pool.complete(id, name, Ok(Bytes::from(name)), now).unwrap();
        assert_eq!(answers[index].try_recv().unwrap().unwrap().payload, name);
    }
}

#[test]
fn workers_that_are_about_to_poll_need_no_further_process() {
    let now = Instant::now();
    let mut config = FunctionConfig::new("users", "bootstrap");
    config.per_process = 3;
    let mut pool = Pool::new(&config);
    let (start, _first) = submit(&mut pool, "1", now);
    let id = start.unwrap().id;
    let (start, _second) = submit(&mut pool, "2", now);
    assert!(start.is_none());
    let (start, _third) = submit(&mut pool, "3", now);
    assert!(start.is_none());
    let Polled::Work(_, start) = pool.poll(id, now) else {
        panic!("no work");
    };
    assert!(start.is_none());
    // A function that has one worker only is found out when the others have not come.
    let settled = now + SETTLING;
    assert_eq!(pool.check(id, now), Verdict::Watch(Some(settled)));
    assert!(matches!(pool.check(id, settled), Verdict::Watch(_)));
    assert!(pool.wake_or_start(settled).is_some());
}

#[test]
fn a_time_out_among_several_ends_one_invocation_and_not_the_process() {
    let now = Instant::now();
    let (mut pool, id, polls) = pool_of_three(now);
    let later = now + Duration::from_secs(1);
    let (_, mut slow) = submit(&mut pool, "slow", now);
    assert_eq!(taken(&mut pool, id, polls[2].0, now), "slow");
    let (_, mut fast) = submit(&mut pool, "fast", later);
    assert_eq!(taken(&mut pool, id, polls[1].0, later), "fast");
    let deadline = now + Duration::from_secs(3);
    let next = Verdict::Watch(Some(later + Duration::from_secs(3)));
    assert_eq!(pool.check(id, deadline), next);
    assert!(matches!(
        slow.try_recv().unwrap(),
        Err(InvokeError::TimedOut { .. })
    ));
    // The late answer frees the worker; nobody gets it.
    assert_eq!(
        pool.complete(id, "slow", Ok(Bytes::new()), deadline),
        Ok(())
    );
    pool.complete(id, "fast", Ok(Bytes::new()), deadline)
        .unwrap();
    assert!(fast.try_recv().unwrap().is_ok());
}

#[test]
fn the_end_of_a_process_ends_all_that_it_had_in_hand() {
    let now = Instant::now();
    let (mut pool, id, polls) = pool_of_three(now);
    let (_, mut first) = submit(&mut pool, "1", now);
    taken(&mut pool, id, polls[2].0, now);
    let (_, mut second) = submit(&mut pool, "2", now);
    taken(&mut pool, id, polls[1].0, now);
    pool.end(id, "SIGKILL", now);
    for answered in [&mut first, &mut second] {
        assert!(matches!(
            answered.try_recv().unwrap(),
            Err(InvokeError::Crashed { .. })
        ));
    }
}

#[test]
fn a_new_poll_takes_the_place_of_the_oldest_where_all_workers_wait() {
    let now = Instant::now();
    let (mut pool, id, mut polls) = pool_of_three(now);
    let (_, _newest) = waiting(&mut pool, id, now);
    assert!(
        polls[0]
            .1
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
    );
    assert!(
        polls[1]
            .1
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
    );
}
