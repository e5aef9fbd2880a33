"""The records of SARIF 2.1.0 that the report uses, and none that it does not.

Comes in: values. Goes out: models that dump to SARIF's own names.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01",
section 3.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

SarifLevel = Literal["none", "note", "warning", "error"]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Message(_Model):
    text: str
    markdown: str | None = None


class ArtifactLocation(_Model):
    uri: str
    uri_base_id: str | None = None
    index: int | None = None


class UriBase(_Model):
    description: Message


class Region(_Model):
    start_line: int


class PhysicalLocation(_Model):
    artifact_location: ArtifactLocation
    region: Region


class LogicalLocation(_Model):
    fully_qualified_name: str


class Location(_Model):
    physical_location: PhysicalLocation
    logical_locations: tuple[LogicalLocation, ...] | None = None


class Configuration(_Model):
    level: SarifLevel


class ComponentReference(_Model):
    name: str
    index: int


class TaxonReference(_Model):
    id: str
    index: int
    tool_component: ComponentReference


class Relationship(_Model):
    target: TaxonReference
    kinds: tuple[str, ...] = ("relevant",)


class Rule(_Model):
    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message
    default_configuration: Configuration
    relationships: tuple[Relationship, ...] | None
    properties: dict[str, Any]


class Result(_Model):
    rule_id: str
    rule_index: int
    level: SarifLevel
    message: Message
    locations: tuple[Location, ...]
    partial_fingerprints: dict[str, str]
    properties: dict[str, Any]


class File(_Model):
    location: ArtifactLocation
    length: int
    roles: tuple[str, ...]
    hashes: dict[str, str]


class Notification(_Model):
    level: SarifLevel
    message: Message


class Invocation(_Model):
    execution_successful: bool
    start_time_utc: str | None
    end_time_utc: str | None
    tool_execution_notifications: tuple[Notification, ...]


class Taxon(_Model):
    id: str
    short_description: Message
    full_description: Message
    properties: dict[str, Any]


class Taxonomy(_Model):
    name: str
    short_description: Message
    taxa: tuple[Taxon, ...]
    is_comprehensive: bool = False


class Driver(_Model):
    name: str
    semantic_version: str
    version: str
    short_description: Message
    full_description: Message
    language: str
    supported_taxonomies: tuple[ComponentReference, ...]
    rules: tuple[Rule, ...]


class Tool(_Model):
    driver: Driver


class AutomationDetails(_Model):
    id: str
    correlation_guid: str
    description: Message


class SarifRun(_Model):
    tool: Tool
    automation_details: AutomationDetails
    invocations: tuple[Invocation, ...]
    original_uri_base_ids: dict[str, UriBase]
    artifacts: tuple[File, ...]
    taxonomies: tuple[Taxonomy, ...]
    results: tuple[Result, ...]
    column_kind: str = "unicodeCodePoints"
    language: str
    properties: dict[str, Any]


class Log(_Model):
    schema_uri: str = Field(default=SCHEMA_URI, alias="$schema")
    version: str = "2.1.0"
    runs: tuple[SarifRun, ...]
