"""boto3."""

import boto3
from rounds import BUCKET, rounds

s3 = boto3.client("s3")
rounds(
    lambda name, content: s3.put_object(Bucket=BUCKET, Key=name, Body=content),
    lambda name: s3.get_object(Bucket=BUCKET, Key=name)["Body"].read(),
)
