-- {{ header }}
--
-- The guards of {{ n.table_word }} alone. SQLite has no statement for most changes of a table: tools make it
-- anew, copy the rows, drop the old one and rename (Alembic's batch mode, Django, Prisma), and its
-- triggers are gone with the old one. This puts them back: run it after the rename, in the same
-- transaction.
{% include "sql/sqlite-drop.sql" %}
{% include "sql/sqlite-guard.sql" %}
