use super::*;

#[test]
fn lists_what_it_leaves_out() {
    let template = read(
        "
Transform: [AWS::Serverless-2016-10-31, Ours]
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Image: { Type: AWS::Serverless::Function, Properties: { PackageType: Image } }
  Api: { Type: AWS::Serverless::Api, Properties: { StageName: s, DefinitionUri: api.yaml } }
",
    );
    let left_out: Vec<&str> = template
        .not_simulated
        .iter()
        .map(|left_out| left_out.logical_id.as_str())
        .collect();
    assert_eq!(
        left_out,
        ["Transform", "Api.DefinitionUri", "Topic", "Image"]
    );
}

#[test]
fn lists_authorizers_as_left_out() {
    let template = read(
        "
Globals:
  HttpApi: { Auth: { DefaultAuthorizer: G, Authorizers: { G: { JwtConfiguration: { issuer: i } } } } }
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: { StageName: s, Auth: { DefaultAuthorizer: A, Authorizers: { A: { UserPoolArn: x } } } }
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: r
      Handler: h
      CodeUri: .
      FunctionUrlConfig: { AuthType: AWS_IAM }
      Events:
        Get: { Type: Api, Properties: { Path: /a, Method: GET, RestApiId: !Ref Api, Auth: { Authorizer: A } } }
        Open: { Type: Api, Properties: { Path: /b, Method: GET, RestApiId: !Ref Api, Auth: { Authorizer: NONE } } }
        Http: { Type: HttpApi }
",
    );
    let left_out: Vec<(&str, &str, usize)> = template
        .not_simulated
        .iter()
        .map(|entry| {
            (
                entry.logical_id.as_str(),
                entry.resource_type.as_str(),
                entry.line,
            )
        })
        .collect();
    assert_eq!(
        left_out,
        [
            ("Api", "Auth.DefaultAuthorizer", 7),
            ("Api", "Auth.Authorizers", 7),
            ("F.Get", "Auth.Authorizer", 16),
            ("ServerlessHttpApi", "Auth.Authorizers.G", 3),
        ]
    );
}

#[test]
fn leaves_the_authorizer_of_an_implicit_api_out_only_when_an_event_makes_that_api() {
    let template = read(
        "Globals: { HttpApi: { Auth: { Authorizers: { G: { JwtConfiguration: { issuer: i } } } } } }\nResources: { T: { Type: AWS::Serverless::SimpleTable } }\n",
    );
    assert_eq!(template.not_simulated, []);
}

#[test]
fn what_a_function_logs_and_what_the_cloud_alone_needs_is_told_apart() {
    let read = read(
        "
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: r
      Handler: h
      CodeUri: .
      Architectures: [arm64]
      Role: !GetAtt Role.Arn
      LoggingConfig: { LogFormat: JSON, ApplicationLogLevel: WARN, SystemLogLevel: WARN, LogGroup: !Ref Logs }
      Events: { Daily: { Type: Schedule, Properties: { Schedule: rate(1 day) } }, Queue: { Type: SQS, Properties: { Queue: q } } }
  Role: { Type: AWS::IAM::Role }
  Logs: { Type: AWS::Logs::LogGroup }
  Alarm: { Type: AWS::CloudWatch::Alarm }
  Secret: { Type: AWS::SecretsManager::Secret }
  Topic: { Type: AWS::SNS::Topic }
",
    );
    let logging = LoggingSpec {
        is_json: true,
        level: Some("WARN".to_owned()),
        group: Some("Logs".to_owned()),
    };
    assert_eq!(read.functions[0].logging, logging);
    let (of_the_cloud, missed): (Vec<_>, Vec<_>) = read
        .not_simulated
        .iter()
        .partition(|left_out| left_out.is_of_the_cloud());
    let names = |list: Vec<&NotSimulated>| {
        list.iter()
            .map(|it| it.logical_id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(of_the_cloud),
        ["F.Daily", "Role", "Logs", "Alarm", "Secret"]
    );
    assert_eq!(names(missed), ["F.Queue", "Topic"]);
}
