use super::*;
use crate::template::LayerSpec;

const LAYERS: &str = "
Globals:
  Function:
    Runtime: python3.12
    Handler: app.handler
    CodeUri: .
    Layers: [!Ref Shared]
Parameters:
  Tools: { Type: String, Default: 'arn:aws:lambda:eu-west-1:111122223333:layer:tools:7' }
Conditions:
  HasTools: !Equals [a, b]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Layers:
        - !Ref Own
        - !If [HasTools, !Ref Tools, !Ref AWS::NoValue]
        - !GetAtt Plain.LayerVersionArn
  G:
    Type: AWS::Serverless::Function
    Properties:
      Layers: [!Ref Tools, !Ref Stored]
  Shared:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: layers/shared, CompatibleRuntimes: [python3.12] }
  Own:
    Type: AWS::Serverless::LayerVersion
    Metadata: { BuildMethod: makefile }
    Properties: { ContentUri: layers/own }
  Plain:
    Type: AWS::Lambda::LayerVersion
    Properties: { Content: layers/plain }
  Stored:
    Type: AWS::Lambda::LayerVersion
    Properties: { Content: { S3Bucket: b, S3Key: k } }
";

#[test]
fn a_function_has_the_layers_of_the_globals_before_its_own() {
    let template = read(LAYERS);
    assert_eq!(template.functions[0].layers, ["Shared", "Own", "Plain"]);
    assert_eq!(template.functions[1].layers, ["Shared"]);
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:layer:{name}:1");
    let layer = |name: &str, directory: &str, build_method: Option<&str>, line| LayerSpec {
        logical_id: name.to_owned(),
        arn: arn(name),
        content_uri: PathBuf::from("dir").join(directory),
        build_method: build_method.map(str::to_owned),
        line,
    };
    assert_eq!(
        template.layers,
        [
            layer("Shared", "layers/shared", None, 24),
            layer("Own", "layers/own", Some("makefile"), 27),
            layer("Plain", "layers/plain", None, 31),
        ]
    );
}

#[test]
fn layers_of_other_places_are_told_as_left_out_by_the_function_that_has_them() {
    let template = read(LAYERS);
    let left_out: Vec<(&str, &str, usize)> = template
        .not_simulated
        .iter()
        .map(|it| (it.logical_id.as_str(), it.resource_type.as_str(), it.line))
        .collect();
    let stored = "layer arn:aws:lambda:us-east-1:000000000000:layer:Stored:1";
    let tools = "layer arn:aws:lambda:eu-west-1:111122223333:layer:tools:7";
    assert_eq!(
        left_out,
        [
            ("Stored", "AWS::Lambda::LayerVersion", 34),
            ("G.Layers", tools, 23),
            ("G.Layers", stored, 23),
        ]
    );
    assert!(
        template
            .not_simulated
            .iter()
            .all(|it| !it.is_of_the_cloud())
    );
}

#[test]
fn says_what_is_wrong_with_the_layers_of_a_function() {
    let function = |layers: &str| {
        format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: r\n      Handler: h\n      \
             CodeUri: .\n      Layers: {layers}\n  T:\n    Type: AWS::Serverless::SimpleTable\n"
        )
    };
    for (layers, said) in [
        (
            "[!Ref T]",
            "F: Properties.Layers[0] names `T`, which is no layer",
        ),
        (
            "[shared]",
            "F: Properties.Layers[0] names `shared`, which is no layer",
        ),
        ("shared", "F: Properties.Layers must be a list"),
        (
            "[!Ref L]",
            "refers to `L`, which is neither a parameter nor a resource",
        ),
        ("[a, b, c, d, e, f]", "has 6 layers, and Lambda takes 5"),
    ] {
        let error = error(&function(layers));
        assert!(error.to_string().contains(said), "{layers}: {error}");
        assert_eq!(error.line, Some(8), "{layers}: {error}");
    }
    let layer = "Resources:\n  L:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {}\n";
    let error = error(layer);
    assert!(
        error
            .to_string()
            .contains("L: Properties.ContentUri is missing"),
        "{error}"
    );
}

/// The only function of a template with this runtime and these variables.
fn function_of(runtime: &str, variables: &str) -> FunctionSpec {
    let text = format!(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: {runtime}\n      Handler: h\n      \
         CodeUri: .\n      Environment: {{ Variables: {{ {variables} }} }}\n"
    );
    read(&text).functions.remove(0)
}

#[test]
fn keys_are_asked_for_by_a_compiled_function_itself_and_for_others_by_tollgates_wrapper_alone() {
    const TABLE: &str = "TOLLGATE_TABLE: t, TOLLGATE_PUBLIC: GET /health";
    let wrapped = format!("{TABLE}, AWS_LAMBDA_EXEC_WRAPPER: /opt/tollgate");
    let other = format!("{TABLE}, AWS_LAMBDA_EXEC_WRAPPER: /opt/other");
    let off = format!("{wrapped}, TOLLGATE_LAYER: \"off\"");
    for (runtime, variables, asks, is_unguarded, decides) in [
        ("provided.al2023", TABLE, true, false, true),
        ("provided.al2023", "A: b", false, false, false),
        ("provided.al2023", other.as_str(), true, false, true),
        ("python3.12", TABLE, false, true, false),
        ("python3.12", other.as_str(), false, true, false),
        ("python3.12", wrapped.as_str(), true, false, false),
        ("nodejs22.x", wrapped.as_str(), true, false, false),
        ("python3.12", off.as_str(), false, false, false),
        ("python3.12", "A: b", false, false, false),
    ] {
        let function = function_of(runtime, variables);
        let public = function.public_methods();
        assert_eq!(public.is_some(), asks, "{runtime} {variables}");
        assert_eq!(public.is_some_and(|it| it.as_slice().len() == 1), asks);
        assert_eq!(
            function.is_unguarded(),
            is_unguarded,
            "{runtime} {variables}"
        );
        assert_eq!(
            function.decides_by_plans(),
            decides,
            "{runtime} {variables}"
        );
    }
}

#[test]
fn lambda_runs_no_wrapper_for_compiled_functions() {
    let wrapper = "AWS_LAMBDA_EXEC_WRAPPER: /opt/wrapper";
    assert_eq!(
        function_of("python3.12", wrapper).wrapper(),
        Some("/opt/wrapper")
    );
    assert_eq!(function_of("provided.al2023", wrapper).wrapper(), None);
    assert_eq!(
        function_of("python3.12", "AWS_LAMBDA_EXEC_WRAPPER: ''").wrapper(),
        None
    );
}
