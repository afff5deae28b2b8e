//! The ARN of the method that a request is for.

use crate::event::ProxyRequest;

/// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{verb}/{path}`: the path is the request's and not the resource's, with its
/// escapes and without the slash that it begins with.
pub(super) fn of(request: &ProxyRequest<'_>, region: &str) -> String {
    let path = request.path;
    format!(
        "arn:{}:execute-api:{region}:{}:{}/{}/{}/{}",
        partition(region),
        request.account_id,
        request.api_id,
        request.stage,
        request.method,
        path.strip_prefix('/').unwrap_or(path)
    )
}

fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}
