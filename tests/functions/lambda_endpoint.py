"""Calls a function of a Lambda endpoint through a REST API of an empty gateway that runs with `--lambda-endpoint`.

Usage: lambda_endpoint.py ADMIN_URL GATEWAY_URL FUNCTION    (the function is the users function, under any name)
"""

import http.client
import sys
from urllib.parse import urlsplit

import boto3

REGION = "us-east-1"
TIMEOUT_S = 60


def main() -> None:
    admin_url, gateway_url, function = sys.argv[1:]
    client = boto3.client(
        "apigateway",
        endpoint_url=admin_url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    api_id = client.create_rest_api(name="users")["id"]
    root = client.get_resources(restApiId=api_id)["items"][0]["id"]
    health = client.create_resource(restApiId=api_id, parentId=root, pathPart="health")["id"]
    method = {"restApiId": api_id, "resourceId": health, "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:{function}"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api_id, stageName="dev")
    status, body = _get(gateway_url, f"/_aws/execute-api/{api_id}/dev/health")
    if (status, body) != (200, b'{"status":"ok"}'):
        sys.exit(f"{function} behind the gateway answered {status} {body!r}")


def _get(url: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
