"""Usage: spark-submit training.py FOLDER

Makes the JVM load the classes that the jobs will need, for cds.sh: the job wordstats.py on FOLDER/*.txt, and then S3A and
the Kubernetes client, which knock at a closed port since neither store nor API is there.
"""
import sys

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

import wordstats

NOBODY = "127.0.0.1:1"


def knock(call):
    """Makes a call that cannot succeed."""
    try:
        call()
    except Py4JJavaError as error:
        print(f"as expected: {error.java_exception.getClass().getName()}")
        return
    sys.exit(f"training: somebody answered at {NOBODY}")


def main(folder):
    spark = SparkSession.builder.getOrCreate()
    jvm = spark._jvm
    options = {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": f"http://{NOBODY}",
        "fs.s3a.endpoint.region": "us-east-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.access.key": "training",
        "fs.s3a.secret.key": "training",
        "fs.s3a.attempts.maximum": "0",
        "fs.s3a.retry.limit": "0",
    }
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for key, value in options.items():
        hadoop.set(key, value)
    knock(lambda: spark.read.text("s3://training/input").count())

    config = jvm.io.fabric8.kubernetes.client.ConfigBuilder().withMasterUrl(f"http://{NOBODY}")
    config = config.withRequestRetryBackoffLimit(0).build()
    client = jvm.io.fabric8.kubernetes.client.KubernetesClientBuilder().withConfig(config).build()
    knock(lambda: client.pods().inNamespace("training").list())
    # The client of Spark 3.5 keeps the JVM alive for a minute after its last call.
    client.close()

    wordstats.main(f"{folder}/*.txt", f"{folder}/output")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
