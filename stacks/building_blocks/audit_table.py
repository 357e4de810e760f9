"""The audit bucket as a table, for Athena."""

from stacks.base import BaseStack
from stacks.cdk import (
    GlueCatalogDatabase,
    GlueCatalogTable,
    GlueCatalogTablePartitionKeys,
    GlueCatalogTableStorageDescriptor,
    GlueCatalogTableStorageDescriptorColumns,
    GlueCatalogTableStorageDescriptorSerDeInfo,
)
from stacks.names import AUDIT_EVENTS_PREFIX

_LINE = "struct<itemid:string,quantity:bigint,expectedprice:bigint,unitprice:bigint>"
COLUMNS = {
    "schemaversion": "int",
    "eventid": "string",
    "eventtype": "string",
    "orderid": "string",
    "customerid": "string",
    "version": "int",
    "status": "string",
    "occurredat": "string",
    "priority": "string",
    "detail": "map<string,string>",
    "order": "struct<currency:string,total:bigint,"
    f"lines:array<{_LINE}>,paymentstate:string,stockstate:string>",
}
"""An event's fields; Athena's names have no capitals, and its JSON reader minds none."""

# Firehose writes below YYYY/MM/DD/HH, which partition projection reads as one timestamp:
# https://docs.aws.amazon.com/athena/latest/ug/partition-projection-kinesis-firehose-example.html
PARTITION = "hour"


class AuditTable:
    """A Glue table over the audit bucket, partitioned by hour without a crawler.

    Events are there at least once: count ``DISTINCT eventid``, and order by ``version``.
    """

    def __init__(self, stack: BaseStack, bucket_name: str) -> None:
        names = stack.names
        location = f"s3://{bucket_name}/{AUDIT_EVENTS_PREFIX}"
        database = GlueCatalogDatabase(
            stack, "audit-database", name=names.of("audit", "database").replace("-", "_")
        )
        GlueCatalogTable(
            stack,
            "audit-table",
            name=names.of("order-events", "table").replace("-", "_"),
            database_name=database.name,
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "json",
                "projection.enabled": "true",
                f"projection.{PARTITION}.type": "date",
                f"projection.{PARTITION}.format": "yyyy/MM/dd/HH",
                f"projection.{PARTITION}.range": "2026/01/01/00,NOW",
                f"projection.{PARTITION}.interval": "1",
                f"projection.{PARTITION}.interval.unit": "HOURS",
                # Two dollar signs: Athena's expression, not Terraform's.
                "storage.location.template": f"{location}$${{{PARTITION}}}/",
            },
            partition_keys=[GlueCatalogTablePartitionKeys(name=PARTITION, type="string")],
            storage_descriptor=GlueCatalogTableStorageDescriptor(
                location=location,
                input_format="org.apache.hadoop.mapred.TextInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                ser_de_info=GlueCatalogTableStorageDescriptorSerDeInfo(
                    serialization_library="org.openx.data.jsonserde.JsonSerDe"
                ),
                columns=[
                    GlueCatalogTableStorageDescriptorColumns(name=name, type=kind)
                    for name, kind in COLUMNS.items()
                ],
            ),
        )
