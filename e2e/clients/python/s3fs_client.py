"""s3fs, and so fsspec, pandas, Dask."""

import s3fs
from rounds import BUCKET, rounds

files = s3fs.S3FileSystem(use_listings_cache=False)
rounds(
    lambda name, content: files.pipe_file(f"{BUCKET}/{name}", content),
    lambda name: files.cat_file(f"{BUCKET}/{name}"),
)
