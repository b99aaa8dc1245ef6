"""Usage: spark-submit wordstats.py INPUT OUTPUT

Counts the words of the text under INPUT, by a Python UDF and a shuffle, writes the counts to OUTPUT as parquet, reads them
back and compares them with a count in plain Python. Prints one line; the exit code is 1 when the result is wrong.
INPUT and OUTPUT are URIs, s3://… in the cluster. What OUTPUT held before is replaced.
"""
import collections
import re
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType

WORD = re.compile(r"[a-z]+")


def words(line):
    """The words of a line, in lower case and without punctuation."""
    return WORD.findall(line.lower())


def main(source, target):
    spark = SparkSession.builder.appName("wordstats").getOrCreate()
    lines = spark.read.text(source)
    # The image has no pyarrow: say that the plain way of calling Python is meant.
    split = F.udf(words, ArrayType(StringType()), useArrow=False)
    counts = lines.select(F.explode(split("value")).alias("word")).groupBy("word").count()
    counts.write.mode("overwrite").parquet(target)

    found = {row["word"]: row["count"] for row in spark.read.parquet(target).collect()}
    expected = collections.Counter(word for row in lines.collect() for word in words(row["value"]))
    if not expected:
        sys.exit(f"wordstats: no words under {source}")
    if found != expected:
        different = sorted(word for word in found.keys() | expected.keys() if found.get(word) != expected.get(word))
        sys.exit(f"wordstats: {len(different)} counts read back from {target} are wrong, such as {different[:5]}")

    top, times = expected.most_common(1)[0]
    print(
        f"wordstats: {expected.total()} words, {len(expected)} different, most often '{top}' ({times} times): "
        f"written to {target} and read back the same",
        flush=True,
    )
    spark.stop()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
