"""The registry: all readers of the fuzz, by family."""

from fuzz.readers import (
    archives,
    caches,
    checkpoints,
    exports,
    images,
    run_files,
    servers,
    settings,
    tables,
)

FAMILIES = {
    "files of a run": run_files.READERS,
    "checkpoints": checkpoints.READERS,
    "exports": exports.READERS,
    "images": images.READERS,
    "tables and folders": tables.READERS,
    "archives": archives.READERS,
    "caches": caches.READERS,
    "servers": servers.READERS,
    "settings": settings.READERS,
}
