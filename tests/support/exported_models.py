"""Changes to an exported model as the export itself would have written it."""

import json

from export import digests


def change_info(folder, **changed):
    """Changes fields of model_info.json, and lists the digests anew; None removes a field."""
    path = folder / "assets" / "model_info.json"
    content = json.loads(path.read_text()) | changed
    content = {k: v for k, v in content.items() if k not in changed or v is not None}
    path.write_text(json.dumps(content))
    digests.write(folder)
