"""Custom resources: what a CustomResourceDefinition makes of the API.

A definition is an object like any other; once its names are accepted, ``registry`` puts its resources into the catalog
and every other room serves them: discovery, OpenAPI, tables, watches. What built-in kinds have as code, a custom
resource has as a schema, so this room reads the schema (``structural``) and does with it what ``decode``, ``defaults``,
``validation`` and ``ownership`` do for built-in kinds::

    bytes ─ decoding (prune) ─ defaults ─ … ─ objects (values, lists, embedded, cel) ─ store
    definition ─ lifecycle (its own defaults, deletion) ─ definitions (its own validation) ─ registry ─ catalog

Called by ``verbs`` and its helpers, and by ``http`` for columns and schemas. That names are accepted, and that the
objects go with their definition, is a controller's work (``controllers/customresourcedefinition``). Upstream:
``apiextensions-apiserver``.
"""
