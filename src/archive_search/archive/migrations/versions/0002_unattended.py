"""For crawls that run unattended: when a URL is due, what a host asked for, texts of files, alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables."""
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("machine", sa.String(length=100)))
        table.add_column(sa.Column("stopped", sa.Text()))
        table.add_column(sa.Column("alarms", sa.JSON()))
    with op.batch_alter_table("captures") as table:
        table.add_column(sa.Column("warc_end", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
        table.add_column(sa.Column("truncated", sa.String(length=12)))
        table.add_column(sa.Column("payload_digest", sa.String(length=80)))
        table.add_column(sa.Column("charset", sa.String(length=40)))
        table.add_column(sa.Column("text_size", sa.Integer()))
        table.add_column(sa.Column("unread", sa.Integer()))
        if op.get_bind().dialect.name != "sqlite":  # whose integers are of any size
            for name in ("size", "warc_offset", "record_length"):
                table.alter_column(name, type_=sa.BigInteger(), existing_type=sa.Integer())
    op.create_index("captures_of_payload", "captures", ["payload_digest"])
    op.create_index("captures_of_run", "captures", ["run"])
    with op.batch_alter_table("articles") as table:
        table.add_column(sa.Column("seen_at", sa.String(length=20)))
        table.add_column(sa.Column("absent_at", sa.String(length=20)))
        table.add_column(sa.Column("lost_at", sa.String(length=20)))
    # One 404 made a tombstone then. Now it is where one begins.
    op.execute("UPDATE articles SET absent_at = gone_at, gone_at = NULL")
    op.execute(
        "UPDATE articles SET seen_at ="
        " (SELECT min(captured_at) FROM captures WHERE captures.article = articles.id)"
    )
    with op.batch_alter_table("frontier") as table:
        table.add_column(sa.Column("method", sa.String(length=10), nullable=False, server_default="GET"))
        table.add_column(sa.Column("body", sa.Text()))
        table.add_column(sa.Column("seen_at", sa.String(length=20)))
        table.add_column(sa.Column("due_at", sa.String(length=20)))
        table.add_column(sa.Column("interval_s", sa.Integer()))
        table.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
        table.drop_index("frontier_queue")
        table.create_index("frontier_queue", ["portal", "state", "priority", "seen_at"])
    op.create_table(
        "file_texts",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("not_before", sa.String(length=20), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("delay_s", sa.Float(), nullable=True),
        sa.Column("robots_at", sa.String(length=20), nullable=True),
        sa.Column("robots", sa.Text(), nullable=True),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("held_until", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("host"),
    )
