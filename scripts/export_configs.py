"""Export all configuration: `python scripts/export_configs.py --output configs.json`, as the migration guide has it.

The same as `sprintia config export`, which explains every option with `--help`.
"""

import sys

from sprintia_platform.cli import main

if __name__ == "__main__":
    main(["config", "export", *sys.argv[1:]])
