use super::*;

fn request(limit: u32) -> PageRequest {
    PageRequest { limit, after: None }
}

/// Fills a page from a list of numbers, of which those that `wanted` takes pass.
fn fill(limit: u32, length: u32, wanted: impl Fn(u32) -> bool) -> (Page<u32>, Vec<u32>) {
    let mut filling = Filling::new(&request(limit));
    let (mut from, mut chunks) = (0, Vec::new());
    loop {
        let chunk = filling.chunk();
        chunks.push(chunk);
        let to = length.min(from + chunk);
        let entries = (from..to).filter(|number| wanted(*number));
        let slice = Slice {
            entries: entries.map(|number| (number.to_string(), number)).collect(),
            examined: (to - from).max(1),
            // As DynamoDB does, it names a last one whenever it looked at as many as it was asked to.
            last: (to - from == chunk).then(|| (to - 1).to_string()),
        };
        from = to;
        match filling.take(slice) {
            Filled::Whole(page) => return (page, chunks),
            Filled::Part(rest, _) => filling = rest,
        }
    }
}

#[test]
fn a_full_page_has_a_next_one_only_when_there_is_more() {
    let (page, chunks) = fill(25, 25, |_| true);
    assert_eq!((page.entries.len(), page.next), (25, None));
    assert_eq!(chunks, [26]);
    let (page, chunks) = fill(25, 26, |_| true);
    assert_eq!((page.entries.len(), page.next.as_deref()), (25, Some("24")));
    assert_eq!(chunks, [26]);
    let (page, _) = fill(25, 0, |_| true);
    assert_eq!((page.entries.len(), page.next), (0, None));
}

#[test]
fn a_filtered_page_is_filled_in_growing_steps_and_ends_with_its_last_entry() {
    let (page, chunks) = fill(2, 10_000, |number| number % 200 == 199);
    assert_eq!(page.entries, [199, 399]);
    assert_eq!(page.next.as_deref(), Some("399"));
    assert_eq!(chunks, [3, 100, 103, 206, 412]);
}

#[test]
fn no_more_than_so_many_items_are_looked_at_for_one_page() {
    let (page, chunks) = fill(25, 10_000, |_| false);
    assert!(page.entries.is_empty());
    assert_eq!(page.next.as_deref(), Some("2499"));
    assert_eq!(chunks.iter().sum::<u32>(), MAX_EXAMINED);
    // But a page that may have more can have them.
    let (page, chunks) = fill(4_000, 10_000, |_| true);
    assert_eq!((page.entries.len(), chunks), (4_000, vec![4_001]));
}

#[test]
fn a_limit_of_zero_counts_as_one() {
    let (page, _) = fill(0, 2, |_| true);
    assert_eq!((page.entries, page.next.as_deref()), (vec![0], Some("0")));
}

#[test]
fn a_position_is_an_instant_and_an_id() {
    let instant = "01795435200000000000";
    assert_eq!(id_of(&format!("{instant}#a1#b")), Some("a1#b"));
    let bad = [
        String::new(),
        "x".to_owned(),
        instant.to_owned(),
        format!("{instant}#"),
        format!("{instant}:a1"),
        format!("{instant}#a\n1"),
        format!("{instant}#{}", "a".repeat(MAX_ID_LEN + 1)),
        "-1795435200000000000#a1".to_owned(),
        "0179543520000000000\u{e9}#a1".to_owned(),
        "é".repeat(40),
    ];
    for position in bad {
        assert_eq!(id_of(&position), None, "{position:?}");
    }
}
