"""Usage: spark-submit long.py INPUT

Reads INPUT on the executors, prints a line that tests wait for, and then keeps an executor busy for ever: an application
to be killed. INPUT is a URI, s3://… in the cluster.
"""
import sys
import time

from pyspark.sql import SparkSession

MARKER = "codriver-e2e: running"


def main(source):
    spark = SparkSession.builder.appName("long").getOrCreate()
    context = spark.sparkContext
    lines = spark.read.text(source).count()
    print(f"{MARKER} as {context.applicationId}, {lines} lines read", flush=True)
    while True:
        context.parallelize(range(2), 2).foreach(lambda _: time.sleep(3600))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
