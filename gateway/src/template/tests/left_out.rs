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
  HttpApi: { Auth: { DefaultAuthorizer: G } }
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
            ("F", "FunctionUrlConfig.AuthType AWS_IAM", 14),
            ("ServerlessHttpApi", "Auth.DefaultAuthorizer", 3),
        ]
    );
}

#[test]
fn leaves_the_authorizer_of_an_implicit_api_out_only_when_an_event_makes_that_api() {
    let template = read(
        "Globals: { HttpApi: { Auth: { DefaultAuthorizer: G } } }\nResources: { T: { Type: AWS::Serverless::SimpleTable } }\n",
    );
    assert_eq!(template.not_simulated, []);
}
