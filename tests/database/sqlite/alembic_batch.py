"""Alembic's own batch mode on the status column of the database file that is named."""

import sys

import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations

engine = sqlalchemy.create_engine("sqlite:///" + sys.argv[1])
with engine.begin() as connection:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("jobs") as batch:
        batch.alter_column("status", type_=sqlalchemy.String(40))
