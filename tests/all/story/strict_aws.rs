//! Nothing beyond AWS, for those who compare answers.

use tests::Gateway;

use super::{Story, Template, Verdict, on_both_templates};

on_both_templates! {
    a_strict_gateway_sends_no_field_of_its_own,
}

async fn a_strict_gateway_sends_no_field_of_its_own(template: Template) {
    let builder = Gateway::builder()
        .template(template.path())
        .flag("--strict-aws");
    let story = Story::on(builder.start().await.unwrap());
    let limits = ["--rate", "0.001", "--burst", "1", "--quota", "100/DAY"];
    let key = story.key_on_new_plan("Strict", &limits).await;
    for verdict in [Verdict::Admitted, Verdict::TooManyRequests] {
        let answer = story.call("GET", "/dev/users/nobody", &key.value, "").await;
        assert_eq!(Verdict::of(&answer), verdict);
        for field in ["ratelimit", "ratelimit-policy", "retry-after"] {
            assert_eq!(answer.header(field), None, "{verdict:?}");
        }
    }
}
