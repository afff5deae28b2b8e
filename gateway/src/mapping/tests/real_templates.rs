//! Templates of the kinds that people deploy.

use serde_json::{Value, json};

use super::{BODY, Request, rendered};

fn as_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_mock_for_cors() {
    assert_eq!(rendered("{\"statusCode\": 200}"), "{\"statusCode\": 200}");
    let by_query =
        "{\"statusCode\": #if($input.params('code') != '')$input.params('code')#{else}200#end}";
    assert_eq!(rendered(by_query), "{\"statusCode\": 200}");
}

/// The shape of the console's "Method Request passthrough".
#[test]
fn all_parameters_passed_on() {
    let text = rendered(
        r#"## every parameter, as JSON
#set($all = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $all.keySet())
    #set($params = $all.get($type))
"$type" : {
    #foreach($name in $params.keySet())
    "$name" : "$util.escapeJavaScript($params.get($name))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {
    "api-key-id" : "$context.identity.apiKeyId",
    "caller" : "$context.identity.caller",
    "stage" : "$context.stage"
    }
}
"#,
    );
    assert_eq!(
        as_json(&text),
        json!({
            "body-json": as_json(BODY),
            "params": {
                "path": {"id": "42"},
                "querystring": {"id": "of the query", "tag": "b"},
                "header": {"X-Trace": "t-1", "tag": "of the header"},
            },
            "stage-variables": {"color": "blue"},
            "context": {"api-key-id": "k1", "caller": "", "stage": "dev"},
        })
    );
}

#[test]
fn one_block_for_several_maps() {
    let text = rendered(
        r##"#define( $loop )
{
    #foreach($key in $map.keySet())
        #set( $value = $map.get($key) )
        "$key": "$value"#if( $foreach.hasNext ),#end
    #end
}
#end
{
    #set( $map = $input.params().path )
    "path": $loop,
    #set( $map = $context.authorizer )
    "authorizer": $loop
}"##,
    );
    assert_eq!(
        as_json(&text),
        json!({"path": {"id": "42"}, "authorizer": {"principalId": "user"}})
    );
}

#[test]
fn an_array_mapped_item_by_item() {
    let request = Request::with_body(
        r#"{"photos":{"page":1,"photo":[{"id":"1","owner":"a","title":"say \"hi\"","ispublic":1},{"id":"2","title":"b"}]}}"#,
    );
    let rendered = request.render(
        r#"#set($inputRoot = $input.path('$'))
{
  "page": $inputRoot.photos.page,
  "photos": [
#foreach($elem in $inputRoot.photos.photo)
    {
      "id": "$elem.id",
      "owner": "$elem.owner",
      "title": "$util.escapeJavaScript($elem.title)"
    }#if($foreach.hasNext),#end

#end
  ]
}"#,
    );
    assert_eq!(
        as_json(&rendered.unwrap().text),
        json!({"page": 1, "photos": [
            {"id": "1", "owner": "a", "title": "say \"hi\""},
            {"id": "2", "owner": "", "title": "b"},
        ]})
    );
}

#[test]
fn an_error_of_a_function_mapped_to_a_status() {
    let template = r#"#set($message = $input.path('$.errorMessage'))
#if($message != "")
#set($context.responseOverride.status = 400)
#set($context.responseOverride.header.X-Error = $message.substring(0, $message.indexOf(":")))
{"message": "$util.escapeJavaScript($message)"}
#else
$input.json('$')
#end"#;
    let failed = Request::with_body(r#"{"errorMessage":"NotFound: no user"}"#).render(template);
    let failed = failed.unwrap();
    assert_eq!(failed.text, "{\"message\": \"NotFound: no user\"}\n");
    assert_eq!(failed.overrides.response_status, Some(400));
    assert_eq!(
        failed.overrides.response_headers.get("X-Error"),
        Some(&vec!["NotFound".to_owned()])
    );
    let fine = Request::with_body(r#"{"id":1}"#).render(template).unwrap();
    assert_eq!(fine.text, "{\"id\":1}\n");
    assert_eq!(fine.overrides.response_status, None);
}

#[test]
fn a_form_turned_into_json() {
    let request = Request::with_body("name=Ann+Lee&empty=&mail=a%40b.c&flag");
    let rendered = request.render(
        r##"#set($form = $input.path('$'))
#set($pairs = [])
#foreach($pair in $form.split("&"))
#set($signs = $pair.length() - $pair.replace("=", "").length())
#if($signs == 1)
#set($ignored = $pairs.add($pair))
#end
#end
{
#foreach($pair in $pairs)
#set($parts = $pair.split("="))
"$util.urlDecode($parts[0])": #if($parts[1].length() > 0)"$util.urlDecode($parts[1])"#{else}""#end#if($foreach.hasNext),#end

#end
}"##,
    );
    assert_eq!(
        as_json(&rendered.unwrap().text),
        json!({"name": "Ann Lee", "empty": "", "mail": "a@b.c"})
    );
}

#[test]
fn an_item_for_dynamodb() {
    let text = rendered(
        r#"{
  "TableName": "users",
  "Item": {
    "id": {"S": "$context.requestId"},
    "name": {"S": "$input.path('$.name')"},
    "age": {"N": "$input.path('$.age')"}
    #if($input.path('$.tags') && $input.path('$.tags').size() > 0)
    , "tags": {"L": [#foreach($tag in $input.path('$.tags')){"S": "$tag"}#if($foreach.hasNext),#end#end]}
    #end
    #if($input.path('$.none.deeper').size() > 0), "no": 1#end
  }
}"#,
    );
    assert_eq!(
        as_json(&text),
        json!({"TableName": "users", "Item": {
            "id": {"S": ""}, "name": {"S": "Ann"}, "age": {"N": "7"},
            "tags": {"L": [{"S": "x"}, {"S": "y"}]},
        }})
    );
}

#[test]
fn a_message_for_a_queue() {
    let text = rendered(
        "Action=SendMessage&MessageBody=$util.urlEncode($input.path('$.name') + \" & co\")",
    );
    assert_eq!(text, "Action=SendMessage&MessageBody=Ann+%26+co");
}
