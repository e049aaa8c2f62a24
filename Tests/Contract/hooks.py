"""Settings for schemathesis, in addition to the contract."""

import os
import re

import schemathesis


@schemathesis.hook
def before_call(context, case, **kwargs):
    query = case.query or {}
    # Follow nothing: a queued job's log has no end.
    if str(query.get("follow")).lower() == "true":
        query["follow"] = "false"
    # Invented names and ids hardly ever belong to a person; then only refusals would be tested.
    if isinstance(query.get("owner"), str) and query["owner"]:
        query["owner"] = "alice"
    if isinstance(query.get("person"), str) and len(query["person"]) % 2:
        query["person"] = "1"
    # The same for pools.
    if isinstance(query.get("pool"), str) and len(query["pool"]) % 2:
        query["pool"] = "local"
    if isinstance(case.body, dict) and isinstance(case.body.get("pool"), str) and len(case.body["pool"]) % 2:
        case.body["pool"] = "local"
    path = case.path_parameters or {}
    for name, known in (("name", "bob"), ("person", "1"), ("version", os.environ["TERMS_VERSION"])):
        if isinstance(path.get(name), str) and "/" not in path[name] and len(path[name]) % 2:
            path[name] = known
    job = (case.path_parameters or {}).get("id")
    if isinstance(job, str) and re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", job) and len(job) % 2:
        case.path_parameters["id"] = "1"
