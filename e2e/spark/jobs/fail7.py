"""Usage: spark-submit fail7.py INPUT

Reads INPUT on the executors and then ends with exit code 7, without stopping its Spark session: an application that fails
halfway. INPUT is a URI, s3://… in the cluster.
"""
import sys

from pyspark.sql import SparkSession


def main(source):
    spark = SparkSession.builder.appName("fail7").getOrCreate()
    print(f"fail7: {spark.read.text(source).count()} lines read, and now the failure", flush=True)
    sys.exit(7)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
