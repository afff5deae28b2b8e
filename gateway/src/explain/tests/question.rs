//! Questions that leave out the API or the stage.

use super::*;

/// The answer to a question, or what is wrong with it.
async fn answered(world: &World, question: Question) -> Result<ExplanationDocument, String> {
    answer(&world.store, &world.declared, &question, NOW)
        .await
        .unwrap()
}

fn question(path: &str) -> Question {
    Question {
        method: "GET".to_owned(),
        path: path.to_owned(),
        ..Question::default()
    }
}

#[tokio::test]
async fn a_stage_is_found_where_only_one_fits() {
    let world = World::of_rest_api().await;
    for (api, stage) in [
        (None, None),
        (Some("shop"), None),
        (None, Some("dev")),
        (Some("shop"), Some("dev")),
    ] {
        let asked = Question {
            api: api.map(str::to_owned),
            stage: stage.map(str::to_owned),
            key_id: Some(world.key_id.to_string()),
            ..question("/items?limit=5")
        };
        let document = answered(&world, asked).await.unwrap();
        assert_eq!(
            (document.api_id.as_str(), document.stage.as_str()),
            ("shop", "dev")
        );
        assert_eq!(
            (document.path.as_str(), document.verdict.as_str()),
            ("/items", "passes")
        );
        assert_eq!(document.execution_log.len(), 1);
    }
    let other = Question {
        api: Some("store".to_owned()),
        ..question("/items")
    };
    let mistake = answered(&world, other).await.unwrap_err();
    assert_eq!(mistake, "No stage is meant by that. There are shop:dev.");
}

#[tokio::test]
async fn a_stage_that_nobody_knows_is_explained_as_such() {
    let world = World::of_rest_api().await;
    let unknown = Question {
        api: Some("store".to_owned()),
        stage: Some("prod".to_owned()),
        ..question("/items")
    };
    let document = answered(&world, unknown).await.unwrap();
    assert_eq!(document.verdict, "refused");
    let refusal = document.answer.unwrap();
    assert_eq!(
        (refusal.status, refusal.body.as_deref()),
        FORBIDDEN_DOCUMENT
    );
    assert!(document.steps[0].words.contains("No API has the id store"));
}

const FORBIDDEN_DOCUMENT: (u16, Option<&str>) = (FORBIDDEN.0, Some(FORBIDDEN.1));

#[tokio::test]
async fn an_http_api_goes_before_the_urls_of_its_functions() {
    let world = World::of_http_api().await;
    let document = answered(&world, question("/users")).await.unwrap();
    assert_eq!(document.api_id, "users");
    let by_name = Question {
        api: Some("UsersFunction".to_owned()),
        ..question("/users")
    };
    let document = answered(&world, by_name).await.unwrap();
    assert_eq!(document.stage, "$default");
    assert!(
        document
            .summary
            .starts_with("The request is refused with 403"),
        "{}",
        document.summary
    );
}
