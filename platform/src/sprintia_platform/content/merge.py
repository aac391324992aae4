"""Changes put onto a document: JSON Merge Patch (RFC 7396), and the merge of webhooks, where empty values say nothing.

Neither changes its arguments. Results share the parts that did not change with them, so values stay immutable. Both use
no recursion. A result may be larger than what a reader accepts: check it with `values.check_limits`.
"""

from sprintia_platform.content.values import Json


def merge_patch(target: Json, patch: Json) -> Json:
    """Apply a JSON Merge Patch (RFC 7396, section 2): null deletes a key, mappings merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Json] = dict(target) if isinstance(target, dict) else {}
    pending = [(result, patch)]
    while pending:
        mapping, changes = pending.pop()
        for key, change in changes.items():
            if change is None:
                mapping.pop(key, None)
            elif isinstance(change, dict):
                current = mapping.get(key)
                merged: dict[str, Json] = dict(current) if isinstance(current, dict) else {}
                mapping[key] = merged
                pending.append((merged, change))
            else:
                mapping[key] = change
    return result


def merge_filled(target: Json, update: Json) -> Json:
    """Merge what a producer sent into what stands: only filled values overwrite, and nothing is ever deleted.

    Empty are None, "", [], {} and mappings that hold nothing but empty values; false and 0 are filled. An empty value
    is stored only where its key does not stand yet. Mappings merge by key; any other filled value replaces.
    """
    if not isinstance(target, dict) or not isinstance(update, dict):
        return target if is_empty(update) else update
    result = dict(target)
    pending = [(result, update)]
    while pending:
        mapping, changes = pending.pop()
        for key, change in changes.items():
            current = mapping.get(key)
            if isinstance(current, dict) and isinstance(change, dict):
                merged = dict(current)
                mapping[key] = merged
                pending.append((merged, change))
            elif key not in mapping or not is_empty(change):
                mapping[key] = change
    return result


def is_empty(value: Json) -> bool:
    """Tell whether a value says nothing: None, "", [], {} or a mapping that holds nothing but such values."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif item not in (None, "", []):
            return False
    return True
