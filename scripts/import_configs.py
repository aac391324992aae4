"""Import configuration: `python scripts/import_configs.py --input configs.json`, as the migration guide has it.

The same as `sprintia config import`, which explains every option with `--help`.
"""

import sys

from sprintia_platform.cli import main

if __name__ == "__main__":
    main(["config", "import", *sys.argv[1:]])
