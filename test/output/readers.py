"""Reads an output as its users do and prints what it holds, as JSON: readers.py READER FILE"""

import json
import sys

reader, path = sys.argv[1:]


def columns_of_numpy():
    import numpy

    arrays = dict(numpy.load(path if path.endswith(".npz") else path + ".rows.npz"))
    if path.endswith(".npz"):
        # Where the numbers lie, nothing is copied.
        vectors = arrays.pop("representations")
    else:
        vectors = numpy.load(path, mmap_mode="r")
        assert isinstance(vectors, numpy.memmap)
    assert vectors.dtype == numpy.float32 and vectors.ndim == 2
    assert arrays["time"].dtype == numpy.dtype("datetime64[us]")
    metadata = json.loads(str(arrays.pop("metadata")))
    columns = {name: array.tolist() for name, array in arrays.items()}
    times = arrays["time"].astype("int64").tolist()
    columns["time"] = [None if numpy.isnat(x) else time for x, time in zip(arrays["time"], times)]
    types = {name: str(array.dtype) for name, array in arrays.items()}
    return {"columns": columns, "types": types, "vectors": vectors.tolist(), "metadata": metadata}


def microseconds(table):
    import pyarrow.compute

    return pyarrow.compute.cast(table["prediction_time"], "int64").to_pylist()


def result(table, types):
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["prediction_time"] = microseconds(table)
    return {"columns": columns, "types": types, "vectors": columns.pop("representation")}


def columns_of_pyarrow():
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    metadata = json.loads(file.metadata.metadata[b"clmbr"])
    table = file.read()
    table.validate(full=True)
    return {**result(table, {field.name: str(field.type) for field in table.schema}), "metadata": metadata}


def columns_of_pandas():
    import pandas
    import pyarrow

    frame = pandas.read_parquet(path)
    types = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    return result(pyarrow.Table.from_pandas(frame, preserve_index=False), types)


def columns_of_polars():
    import polars

    frame = polars.read_parquet(path)
    assert polars.scan_parquet(path).select(polars.len()).collect().item() == len(frame)
    return result(frame.to_arrow(), {name: str(dtype) for name, dtype in frame.schema.items()})


def columns_of_duckdb():
    import duckdb

    relation = duckdb.sql(f"select * from read_parquet('{path}')")
    types = dict(zip(relation.columns, map(str, relation.types)))
    table = relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()
    return result(table, types)


print(json.dumps(globals()["columns_of_" + reader]()))
