"""YAML as plain values. The same safe loader, ten times faster where PyYAML was built with libyaml."""

from __future__ import annotations

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> object:
    """What a YAML text says. Raises yaml.YAMLError when it is none."""
    return yaml.load(text, Loader=LOADER)


class Twice(Exception):
    """A key stands twice; says which, and on which line."""


class _Once(LOADER):
    """Refuses a key that stands twice: the second would silently replace the first. Days stay as they are written."""


def _mapping(loader: _Once, node: yaml.MappingNode) -> dict:
    seen = set()
    for name in (name for name, _ in node.value if isinstance(name, yaml.ScalarNode)):
        if name.value in seen:
            raise Twice(f"{name.value}, ligne {name.start_mark.line + 1}")
        seen.add(name.value)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_Once.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Once.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def load_once(text: str) -> object:
    """What a YAML text that people write by hand says. Raises Twice, or yaml.YAMLError when it is none."""
    return yaml.load(text, Loader=_Once)
