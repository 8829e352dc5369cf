"""Django's own alter_field on the status column of the database file that is named."""

import sys

import django
from django.apps.registry import Apps
from django.conf import settings

DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}
settings.configure(DATABASES={"default": DATABASE})
django.setup()

from django.db import connection, models  # noqa: E402


def job(length):
    class Job(models.Model):
        id = models.TextField(primary_key=True)
        status = models.CharField(max_length=length, db_default="new")
        note = models.TextField(null=True)

        class Meta:
            app_label = "app"
            apps = Apps()
            db_table = "jobs"

    return Job


old, new = job(20), job(40)
with connection.schema_editor() as editor:
    editor.alter_field(old, old._meta.get_field("status"), new._meta.get_field("status"))
