from sprintia_platform.database.migrations import run_environment

run_environment()
