"""DuckDB with its extensions httpfs and aws."""

import os
from pathlib import Path

import duckdb
import duckdb_extension_aws
import duckdb_extension_httpfs
from rounds import BUCKET, rounds

database = duckdb.connect()
for package in (duckdb_extension_httpfs, duckdb_extension_aws):
    (file,) = Path(package.__file__).parent.rglob("*.duckdb_extension")
    database.load_extension(str(file))
ENDPOINT = os.environ["AWS_ENDPOINT_URL_S3"].removeprefix("http://")
SECRET = f"""CREATE OR REPLACE SECRET (TYPE s3, PROVIDER credential_chain, REFRESH auto,
    ENDPOINT '{ENDPOINT}', URL_STYLE 'path', USE_SSL false)"""
database.execute(SECRET)


def put(name, content):
    # A write does not renew the secret, as a read does.
    database.execute(SECRET)
    database.execute(f"COPY (SELECT '{content.decode()}') TO 's3://{BUCKET}/{name}' (FORMAT csv, HEADER false)")


def get(name):
    ((content,),) = database.execute(f"SELECT content FROM read_text('s3://{BUCKET}/{name}')").fetchall()
    return content.strip().encode()


rounds(put, get)
