use super::*;

const EXTRA: &str = "
  Users: { Type: AWS::DynamoDB::Table, Properties: { BillingMode: PAY_PER_REQUEST, TableName: users,
    AttributeDefinitions: [{ AttributeName: a, AttributeType: S }], KeySchema: [{ AttributeName: a, KeyType: HASH }] } }
  Topic: { Type: AWS::SNS::Topic }
  Api: { Type: AWS::Serverless::HttpApi, Properties: { Name: Not A Slug, StageName: live } }
Parameters:
  Text: { Type: String, Default: t }
  List: { Type: CommaDelimitedList, Default: 'a, b' }
Mappings: { M: { one: { two: found } } }
Conditions:
  Yes: !Equals [!Ref Text, t]
  No: !Not [{ Condition: Yes }]
  Both: !And [!Condition Yes, !Condition No]
  Either: { Fn::Or: [{ Condition: No }, { Condition: Yes }] }
";

#[test]
fn resolves_every_function_in_short_and_long_form() {
    let cases = [
        ("!Ref Text", "t"),
        ("{ Ref: Text }", "t"),
        ("!Ref Users", "users"),
        ("!Ref Topic", "Topic"),
        ("!Ref Api", "api"),
        ("!Ref Api.Stage", "live"),
        ("!Ref AWS::Region", "us-east-1"),
        (
            "!GetAtt F.Arn",
            "arn:aws:lambda:us-east-1:000000000000:function:F",
        ),
        (
            "{ Fn::GetAtt: [Users, Arn] }",
            "arn:aws:dynamodb:us-east-1:000000000000:table/users",
        ),
        (
            "!GetAtt Topic.TopicArn",
            "arn:aws:sns:us-east-1:000000000000:Topic",
        ),
        (
            "!GetAtt FRole.Arn",
            "arn:aws:serverless:us-east-1:000000000000:FRole",
        ),
        ("!GetAtt Topic.TopicName", "Topic.TopicName"),
        (
            "!Sub '${Text}-${Users.Arn}-${!Text}-${open'",
            "t-arn:aws:dynamodb:us-east-1:000000000000:table/users-${Text}-${open",
        ),
        (
            "!Sub ['${A}${AWS::StackName}', { A: !Ref Text }]",
            "ttollgate",
        ),
        (
            "!Join ['-', [a, !Ref Text, !If [No, x, !Ref AWS::NoValue], z]]",
            "error",
        ),
        ("!Join ['+', !Ref List]", "a+b"),
        ("{ Fn::Select: [1, { Fn::Split: ['|', 'x|y'] }] }", "y"),
        ("!FindInMap [M, one, two]", "found"),
        ("!If [Both, yes, !If [Either, inner, no]]", "inner"),
        ("!Base64 hi", "aGk="),
        ("!ImportValue x", "{{import:x}}"),
        ("!Select [0, !GetAZs '']", "us-east-1a"),
        ("{{resolve:ssm:/a/b}}", "error"),
        ("'{{resolve:ssm:/a/b}}'", "{{resolve:ssm:/a/b}}"),
        ("012345", "012345"),
    ];
    for (value, expected) in cases {
        let template = function_with(value, EXTRA);
        if expected == "error" {
            assert!(
                parse("t", &template, &Settings::default()).is_err(),
                "{value}"
            );
        } else {
            assert_eq!(value_of(&template), expected, "{value}");
        }
    }
}

#[test]
fn no_value_removes_a_property_and_a_false_condition_removes_a_resource() {
    let template = read(&function_with(
        "!Ref AWS::NoValue",
        "  Topic: { Type: AWS::SNS::Topic, Condition: No }\nConditions: { No: !Equals [a, b] }\n",
    ));
    assert!(template.functions[0].environment.is_empty());
    assert!(template.not_simulated.is_empty());
}

#[test]
fn reads_json() {
    let text = r#"{"Resources": {"K": {"Type": "Custom::ApiKey", "Properties": {"Enabled": "true", "Name": {"Fn::Sub": "k-${AWS::AccountId}"}}}}}"#;
    let template = read(text);
    assert_eq!(
        (template.keys[0].name.as_str(), template.keys[0].enabled),
        ("k-000000000000", true)
    );
}

#[test]
fn an_override_wins_over_the_default() {
    let text = function_with(
        "!Ref Text",
        "Parameters: { Text: { Type: String, Default: t } }",
    );
    let template = parse("t", &text, &settings(&[("Text", "other")])).unwrap();
    assert_eq!(template.functions[0].environment["V"], "other");
}
