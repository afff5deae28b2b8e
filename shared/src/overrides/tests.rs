use super::*;
use crate::quota::Day;
use crate::time::Timestamp;

fn overrides(tags: &[(&str, &str)]) -> Overrides {
    let tags = tags
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Overrides::of_tags(&tags.collect())
}

fn throttle(rate: f64, burst: u64) -> Throttle {
    Throttle {
        rate: Rate::per_second(rate).unwrap(),
        burst,
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn daily(limit: u64) -> Quota {
    Quota::new(limit, Period::Day, 0).unwrap()
}

fn weekly(limit: u64) -> Quota {
    Quota::new(limit, Period::Week, 1).unwrap()
}

#[test]
fn each_number_of_a_plan_is_replaced_by_itself() {
    let plan = Some(throttle(5.0, 10));
    for (tags, expected) in [
        (&[][..], throttle(5.0, 10)),
        (&[(RATE, "0.5")], throttle(0.5, 10)),
        (&[(BURST, "3")], throttle(5.0, 3)),
        (&[(RATE, "7"), (BURST, "9")], throttle(7.0, 9)),
    ] {
        let limits = overrides(tags).in_plan(&"p".into());
        assert_eq!(limits.throttle(plan), Some(expected));
        assert_eq!(limits.is_empty(), tags.is_empty());
    }
}

#[test]
fn what_neither_says_is_as_large_as_the_other_number() {
    let own = |name, text| {
        overrides(&[(name, text)])
            .in_plan(&"p".into())
            .throttle(None)
    };
    assert_eq!(own(RATE, "20.5"), Some(throttle(20.5, 20)));
    assert_eq!(own(RATE, "0.25"), Some(throttle(0.25, 1)));
    assert_eq!(own(BURST, "30"), Some(throttle(30.0, 30)));
    assert_eq!(KeyLimits::default().throttle(None), None);
}

#[test]
fn a_limit_alone_keeps_the_period_of_the_plan() {
    let own = |text, plan| {
        let quota = overrides(&[(QUOTA, text)]).in_plan(&"p".into()).quota(plan);
        quota.unwrap().usual()
    };
    assert_eq!(own("7", Some(weekly(100))), weekly(7));
    assert_eq!(own("7/DAY", Some(weekly(100))), daily(7));
    assert_eq!(own("7/week+1", None), weekly(7));
    assert_eq!(own("7", None), Quota::new(7, Period::Month, 0).unwrap());
    assert_eq!(KeyLimits::default().quota(None), None);
}

#[test]
fn what_is_said_of_one_plan_comes_first_there_and_counts_nowhere_else() {
    let own = overrides(&[(BURST, "3"), ("tollgate:burst:gold", "9"), ("team", "x")]);
    let burst = |plan: &str| own.in_plan(&plan.into()).burst;
    assert_eq!((burst("gold"), burst("bronze")), (Some(9), Some(3)));
    let own = overrides(&[("tollgate:quota:gold", "9")]);
    assert!(own.in_plan(&"bronze".into()).is_empty());
}

#[test]
fn what_cannot_be_read_allows_nothing() {
    let limits = overrides(&[
        (RATE, "fast"),
        (BURST, "-1"),
        (QUOTA, "many"),
        (TOP_UP, "500"),
    ]);
    let limits = limits.in_plan(&"p".into());
    assert_eq!(
        limits.throttle(Some(throttle(5.0, 10))),
        Some(throttle(0.0, 0))
    );
    let quota = limits.quota(Some(daily(100))).unwrap();
    assert_eq!(quota.at(at("2026-11-29T12:00:00Z")), daily(0));
}

#[test]
fn tags_are_refused_with_what_to_write_instead() {
    let refusal = |name: &str, text: &str| {
        let tags = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        check(&tags).err().map(|invalid| invalid.to_string())
    };
    for (name, texts) in [
        (RATE, &["", "-1", "inf", "NaN", "5/s"][..]),
        ("tollgate:rate:gold", &["five"]),
        (BURST, &["", "-1", "1.5"]),
        (
            QUOTA,
            &[
                "",
                "5000/YEAR",
                "5000/DAY+1",
                "5000/WEEK+7",
                "/DAY",
                "5000/",
            ],
        ),
        (
            "tollgate:top-up:invoice-7",
            &[
                "500",
                "500 2026-11-29T12:00:00Z",
                "500 2026-12-01T00:00:00Z/2026-11-29T12:00:00Z",
                "-5 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z",
                "500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z gold silver",
                "500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z ",
                "500  2026-11-29T12:00:00Z/2026-12-01T00:00:00Z",
            ],
        ),
    ] {
        for text in texts {
            let told = refusal(name, text).unwrap();
            let start = format!("Invalid value of tag {name} specified, must be ");
            assert!(told.starts_with(&start), "{told}");
        }
    }
    for (name, text) in [
        (RATE, "0.5"),
        (BURST, "0"),
        (QUOTA, "5000"),
        ("tollgate:quota:gold", "5000/MONTH+27"),
        (TOP_UP, "500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z"),
        ("team", "5000/YEAR"),
    ] {
        assert_eq!(refusal(name, text), None);
    }
}

#[test]
fn texts_are_written_as_they_are_read() {
    for text in ["5000", "5000/DAY", "20000/WEEK+1"] {
        assert_eq!(text.parse::<QuotaText>().unwrap().to_string(), text);
    }
    for text in [
        "500 2026-11-29T12:00:00Z/2026-12-01T00:00:00Z",
        "500 2026-11-29T12:00:00.5Z/2026-12-01T00:00:00Z gold",
    ] {
        assert_eq!(text.parse::<TopUp>().unwrap().to_string(), text);
    }
}

/// Of the week that begins on Monday, 2026-11-23.
const TOP_UPS: [(&str, &str); 4] = [
    (
        "tollgate:top-up:a",
        "50 2026-11-25T12:00:00Z/2026-11-27T00:00:00Z",
    ),
    (
        "tollgate:top-up:b",
        "7 2026-11-26T00:00:00Z/2026-12-31T00:00:00Z",
    ),
    (
        "tollgate:top-up:c",
        "1000 2026-11-26T00:00:00Z/2026-12-31T00:00:00Z silver",
    ),
    (
        "tollgate:top-up:d",
        "3 2026-12-01T00:00:00Z/2026-12-02T00:00:00Z gold",
    ),
];

#[test]
fn a_top_up_counts_until_its_end_in_the_window_in_which_it_begins() {
    let limits = overrides(&TOP_UPS).in_plan(&"gold".into());
    let quota = limits.quota(Some(weekly(100))).unwrap();
    let limit = |text| {
        let now = at(text);
        let quota = quota.at(now);
        quota.limit_in(quota.window(now).first)
    };
    for (now, expected) in [
        ("2026-11-25T11:59:59.999999999Z", 100),
        ("2026-11-25T12:00:00Z", 150),
        ("2026-11-26T00:00:00Z", 157),
        ("2026-11-26T23:59:59.999999999Z", 157),
        ("2026-11-27T00:00:00Z", 107),
        ("2026-11-29T23:59:59.999999999Z", 107),
        ("2026-11-30T00:00:00Z", 100),
        ("2026-12-01T00:00:00Z", 103),
        ("2026-12-02T00:00:00Z", 100),
    ] {
        assert_eq!(limit(now), expected, "{now}");
    }
    // Whose clock lags behind finds a later window in the counter.
    let late = quota.at(at("2026-11-29T23:59:59Z"));
    let next = Day::parse("2026-11-30").unwrap();
    assert_eq!(late.limit_in(next), 100);
}
