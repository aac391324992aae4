from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE toy.visit (name text CONSTRAINT pk_visit PRIMARY KEY)")
