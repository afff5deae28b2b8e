//! What keeps other web pages, and what people enter, from doing harm.

use tests::Gateway;

use super::{Browser, says, token_in};

#[tokio::test]
async fn every_answer_has_the_fields_that_protect_it() {
    let browser = Browser::open().await;
    let page = browser.get("/console/plans").await;
    let style = page
        .body
        .split('"')
        .find(|text| text.ends_with("-console.css"));
    let asset = browser.get(style.unwrap()).await;
    assert_eq!(
        asset.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let missing = browser.get("/console/nothing").await;
    assert_eq!((page.status.as_u16(), missing.status.as_u16()), (200, 404));
    for answer in [&page, &asset, &missing] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let immutable = asset.header("cache-control").unwrap();
    assert!(immutable.contains("immutable"), "{immutable}");
}

#[tokio::test]
async fn a_browser_is_led_to_the_console_and_a_client_to_the_management_api() {
    let browser = Browser::open().await;
    let led = browser.get("/").await;
    assert_eq!(led.status, 303);
    assert_eq!(led.header("location"), Some("/console/plans"));
    let refused = browser.client.get("/").await.unwrap();
    assert!(refused.json().is_ok(), "{refused:?}");
    let put = browser.client.send("PUT", "/console/plans", &[], "").await;
    let put = put.unwrap();
    assert_eq!(put.status, 405);
    assert_eq!(put.header("allow"), Some("GET, HEAD, POST"));
}

/// The name of another site may be pointed at this machine.
#[tokio::test]
async fn the_console_answers_to_the_names_of_this_machine_only() {
    let browser = Browser::open().await;
    for path in ["/", "/console", "/console/plans"] {
        let headers = [("host", "attacker.example"), ("accept", "text/html")];
        let answer = browser.client.send("GET", path, &headers, "").await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        assert!(!answer.body.contains("<html"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn cookies_are_kept_from_scripts_and_from_other_sites() {
    let browser = Browser::open().await;
    let page = browser.client.get("/console/plans").await.unwrap();
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("tollgate-csrf="), "{cookie}");
    let done = browser.post("/console/plans", &[("name", "Gold")]).await;
    let flash = done.header("set-cookie").unwrap();
    assert!(flash.starts_with("tollgate-flash=done."), "{flash}");
    for cookie in [cookie, flash] {
        let attributes = "; Path=/console; HttpOnly; SameSite=Strict";
        assert!(cookie.ends_with(attributes), "{cookie}");
    }
}

#[tokio::test]
async fn two_tabs_that_open_at_once_can_both_send_their_forms() {
    let browser = Browser::open().await;
    let other = browser.client.get("/console/plans/new").await.unwrap();
    assert_eq!(token_in(&other.body), browser.token);
}

#[tokio::test]
async fn a_form_without_the_visitors_token_changes_nothing() {
    let browser = Browser::open().await;
    let cookies = browser.cookies();
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    let own = ("cookie", cookies.as_str());
    let body = format!("name=Evil&csrf={}", browser.token);
    for (headers, body, status) in [
        (&[urlencoded, own] as &[(&str, &str)], "name=Evil", 403),
        (
            &[urlencoded, own],
            "name=Evil&csrf=AAAAAAAAAAAAAAAAAAAAAA",
            403,
        ),
        (&[urlencoded], &body, 403),
        (&[("content-type", "text/plain"), own], &body, 400),
        (
            &[urlencoded, own, ("origin", "http://attacker.example")],
            &body,
            403,
        ),
    ] {
        let answer = browser
            .client
            .send("POST", "/console/plans", headers, body.to_owned());
        assert_eq!(answer.await.unwrap().status, status, "{headers:?} {body}");
    }
    let plans = browser.api("/usageplans").await;
    assert_eq!(plans["item"].as_array().map(Vec::len), Some(0), "{plans}");
}

#[tokio::test]
async fn what_people_enter_is_text_on_every_page() {
    let browser = Browser::open().await;
    let name = "<script>alert(1)</script>";
    let fields = [("name", name), ("description", "\"><img src=x>")];
    let (path, page) = browser.done("/console/plans", &fields).await;
    let pages = [
        page,
        browser.get("/console/plans").await,
        browser.get("/console/plans?q=%3Cscript%3Ex").await,
        browser.get(&format!("{path}/edit")).await,
        browser.get(&format!("{path}/delete")).await,
        browser.get(&format!("{path}/stages/add")).await,
        browser
            .get(&format!("{path}/keys/add?q=%22%3E%3Cscript%3E"))
            .await,
        browser.get("/console/plans/%3Cscript%3E").await,
    ];
    for page in &pages {
        assert!(!page.body.contains("<script>"), "{}", page.body);
        assert!(!page.body.contains("<img"), "{}", page.body);
    }
    says(&pages[1], "&lt;script&gt;alert(1)&lt;/script&gt;");
}

#[tokio::test]
async fn the_gateway_says_where_the_console_is() {
    let gateway = Gateway::builder().no_template().start().await.unwrap();
    let line = format!("Console on {}/console", gateway.admin_url());
    assert!(gateway.output().contains(&line), "{}", gateway.output());
}
