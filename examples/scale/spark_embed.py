"""Vectors of a MEDS table by Apache Spark: every task streams its patients through a `clmbr embed` of its own.

    spark-submit spark_embed.py MODEL.gguf MEDS/data OUT [--labels LABELS] [--partitions N] [-- options of clmbr embed]

Needs PySpark 3.5 or later with pandas and pyarrow, and `clmbr` and the model at the same path on every worker. See
docs/scale.md.
"""

import argparse
import os
import shlex
import sys
from functools import partial
from typing import Iterator

import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

import clmbr_filter
from clmbr_filter import embed_lines, parse_row, patient_lines

MEDS = "subject_id long, time timestamp_ntz, code string, numeric_value float, text_value string, unit string"
VECTORS = "subject_id long, time string, tokens int, truncated boolean, dropped int, representation array<float>"
ROWS_AT_A_TIME = 256


def read_meds(spark: SparkSession, path: str) -> DataFrame:
    """Events with their position in their file, which is their order where times are equal."""
    files = (
        spark.read.schema(MEDS).option("recursiveFileLookup", True).option("pathGlobFilter", "*.parquet").parquet(path)
    )
    return files.select("*", F.col("_metadata.row_index").alias("position"))


def event_json(with_slash: bool) -> Column:
    """An event as clmbr reads it. Its value is the number, else the text; a float as the double that it is, NaN as
    Python writes it."""
    code = F.regexp_replace("code", "^(.*?)//(.*?)(//.*)?$", "$1/$2") if with_slash else F.col("code")
    about = [code.alias("code"), F.col("unit"), micros("time").alias("start")]
    number = F.col("numeric_value").cast("double").cast("string")
    numeric = F.concat(F.lit('{"value":'), number, F.lit(","), F.substring(F.to_json(F.struct(*about)), 2, 2**31 - 1))
    return F.coalesce(numeric, F.to_json(F.struct(F.col("text_value").alias("value"), *about)))


def micros(time: str) -> Column:
    return F.unix_micros(F.col(time).cast("timestamp"))


def patient_rows(events: DataFrame, labels: DataFrame | None, partitions: int, with_slash: bool) -> DataFrame:
    """Rows as `patient_lines` takes them: a subject in one partition, label times first, then events in time, those
    without time before all. Spark sorts on disk where memory does not hold them; no patient is collected."""
    subject = F.coalesce(
        "subject_id", F.raise_error("expected a subject_id in every row, found none: is this the data/ folder?")
    )
    event = [F.lit(False).alias("is_label"), "time", "position", event_json(with_slash).alias("text")]
    rows = events.select(subject.cast("long").alias("subject_id"), *event)
    if labels is not None:
        times = labels.select("subject_id", "prediction_time").distinct()
        rows = rows.join(times.select("subject_id").distinct(), "subject_id", "left_semi")
        of_labels = [
            F.lit(True).alias("is_label"),
            F.col("prediction_time").alias("time"),
            F.lit(0).cast("long").alias("position"),
        ]
        rows = rows.unionByName(
            times.select("subject_id", *of_labels, micros("prediction_time").cast("string").alias("text"))
        )
    in_order = ["subject_id", F.desc("is_label"), F.asc_nulls_first("time"), "position"]
    return (
        rows.repartition(partitions, "subject_id")
        .sortWithinPartitions(*in_order)
        .select("subject_id", "is_label", "text")
    )


def embed_batches(batches: Iterator[pd.DataFrame], command: list[str], skip_unknown: bool) -> Iterator[pd.DataFrame]:
    """What a task of `mapInPandas` does: one process for all of its batches."""
    rows = (
        row for batch in batches for row in zip(*(batch[name].tolist() for name in ("subject_id", "is_label", "text")))
    )
    vectors = []
    for row in embed_lines(command, patient_lines(rows, skip_unknown)):
        vectors.append(vector_of(row))
        if len(vectors) == ROWS_AT_A_TIME:
            yield to_frame(vectors)
            vectors = []
    if vectors:
        yield to_frame(vectors)


def vector_of(row: dict) -> tuple:
    return row["patient"], row["time"], row["tokens"], row["truncated"], row["dropped"], row["representation"]


def to_frame(vectors: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(vectors, columns=["subject_id", "time", "tokens", "truncated", "dropped", "representation"])


def embed_by_pipe(rows: DataFrame, command: list[str], skip_unknown: bool) -> DataFrame:
    """The same with Spark's own `pipe`. The message of a process that fails is in the executor's log only."""
    lines = rows.rdd.map(tuple).mapPartitions(partial(patient_lines, skip_unknown=skip_unknown))
    # Spark gives the process an empty environment.
    env = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("CLMBR_")}
    vectors = lines.pipe(shlex.join(command), env=env, checkCode=True).map(lambda line: vector_of(parse_row(line)))
    return rows.sparkSession.createDataFrame(vectors, VECTORS, verifySchema=False)


def with_labels(vectors: DataFrame, labels: DataFrame | None) -> DataFrame:
    """Rows as `clmbr embed --out x.parquet` has them: every label with all of its columns, or every patient."""
    time = F.col("time").cast("timestamp").cast("timestamp_ntz").alias("prediction_time")
    rows = vectors.select("subject_id", time, "tokens", "truncated", "dropped", "representation")
    return rows if labels is None else labels.join(rows, ["subject_id", "prediction_time"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data", help="the data/ folder of a MEDS data set: Parquet files, each subject in one of them")
    parser.add_argument("out", help="folder of Parquet files")
    parser.add_argument("--labels", help="MEDS labels: subject_id, prediction_time, and columns that are kept")
    parser.add_argument("--skip-unknown", action="store_true", help="leave out labels of subjects without events")
    parser.add_argument("--partitions", type=int, help="tasks, each with a process (default: 4 for each core)")
    parser.add_argument("--codes-with-slash", action="store_true", help="A//B and A//B//... become A/B")
    parser.add_argument("--pipe", action="store_true", help="use rdd.pipe instead of mapInPandas")
    parser.add_argument("--clmbr", default="clmbr", help="command on the workers (default: clmbr)")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of a process; set spark.task.cpus to it (default: 1)"
    )
    own, embed = split_at_dashes(sys.argv[1:])
    return parser.parse_args(own, argparse.Namespace(embed=embed))


def split_at_dashes(args: list[str]) -> tuple[list[str], list[str]]:
    """What follows `--` is for clmbr embed."""
    end = args.index("--") if "--" in args else len(args)
    return args[:end], args[end + 1 :]


def main() -> None:
    options = arguments()
    # Times of MEDS have no zone: they are taken as UTC, and so given back.
    spark = SparkSession.builder.appName("clmbr embed").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.sparkContext.addPyFile(clmbr_filter.__file__)
    labels = spark.read.parquet(options.labels) if options.labels else None
    if labels is not None:
        labels = labels.withColumn("prediction_time", F.col("prediction_time").cast("timestamp_ntz"))
    partitions = options.partitions or 4 * spark.sparkContext.defaultParallelism
    rows = patient_rows(read_meds(spark, options.data), labels, partitions, options.codes_with_slash)
    command = [
        *shlex.split(options.clmbr),
        "embed",
        options.model,
        "-",
        "--out",
        "-",
        "--quiet",
        "--threads",
        str(options.threads),
        *options.embed,
    ]
    if options.pipe:
        vectors = embed_by_pipe(rows, command, options.skip_unknown)
    else:
        vectors = rows.mapInPandas(partial(embed_batches, command=command, skip_unknown=options.skip_unknown), VECTORS)
    with_labels(vectors, labels).write.parquet(options.out)
    spark.stop()


if __name__ == "__main__":
    main()
