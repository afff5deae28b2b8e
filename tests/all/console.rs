//! The console as a browser uses it: through the admin port, with cookies and forms.

mod apis;
mod attempt;
mod command;
mod keys;
mod keys_import;
mod plans;
mod protection;
mod settings;
mod shop;

use serde_json::Value;
use tests::{Answer, Gateway, HttpClient};

/// A browser without scripts at the console of a gateway.
struct Browser {
    client: HttpClient,
    /// The token of its forms.
    token: String,
    gateway: Gateway,
}

impl Browser {
    /// At the console of a gateway without a template.
    async fn open() -> Self {
        Self::at(Gateway::builder().no_template().start().await.unwrap()).await
    }

    async fn at(gateway: Gateway) -> Self {
        let client = HttpClient::new(gateway.admin_url());
        let page = client.get("/console/plans/new").await.unwrap();
        let token = token_in(&page.body).to_owned();
        Self {
            client,
            token,
            gateway,
        }
    }

    fn cookies(&self) -> String {
        format!("tollgate-csrf={}", self.token)
    }

    async fn get(&self, path: &str) -> Answer {
        let cookies = self.cookies();
        let headers = [("cookie", cookies.as_str()), ("accept", "text/html")];
        self.client.send("GET", path, &headers, "").await.unwrap()
    }

    /// Sends a form with the token of this browser.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = ("csrf", self.token.as_str());
        let body = urlencoded(fields.iter().copied().chain([token]));
        let urlencoded = ("content-type", "application/x-www-form-urlencoded");
        self.post_with(path, &[urlencoded], body).await
    }

    /// Sends the body of a form, with further header fields.
    async fn post_with(&self, path: &str, more: &[(&str, &str)], body: String) -> Answer {
        let cookies = self.cookies();
        let mut headers = vec![
            ("cookie", cookies.as_str()),
            ("origin", self.gateway.admin_url()),
            ("sec-fetch-site", "same-origin"),
        ];
        headers.extend(more);
        self.client
            .send("POST", path, &headers, body)
            .await
            .unwrap()
    }

    /// Sends a form that is accepted, and follows to the page that says so.
    async fn done(&self, path: &str, fields: &[(&str, &str)]) -> (String, Answer) {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        let location = answer.header("location").unwrap().to_owned();
        let flash = answer.headers.get_all("set-cookie").iter();
        let flash = flash.filter_map(|value| value.to_str().ok()?.split(';').next());
        let cookies: Vec<&str> = flash.collect();
        let cookies = format!("{}; {}", self.cookies(), cookies.join("; "));
        let headers = [("cookie", cookies.as_str())];
        let page = self.client.send("GET", &location, &headers, "").await;
        let page = page.unwrap();
        assert_eq!(page.status, 200, "{location}: {}", page.body);
        (location, page)
    }

    /// What the management API on the same port says.
    async fn api(&self, path: &str) -> Value {
        self.client.get(path).await.unwrap().json().unwrap()
    }
}

fn urlencoded<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encode = |text: &str| -> String {
        let encoded = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        encoded.collect()
    };
    let pairs = fields.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn token_in(html: &str) -> &str {
    let (_, rest) = html.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[track_caller]
fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text} is not in\n{}", page.body);
}
