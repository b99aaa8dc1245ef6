"""The least that a program with boto3 does for the same credentials: its web-identity provider asks STS, nothing is written."""

import boto3

assert boto3.Session().get_credentials().get_frozen_credentials().token
