"""What schemathesis is told besides the contract."""

import re

import schemathesis


@schemathesis.hook
def before_call(context, case, **kwargs):
    query = case.query or {}
    # Nothing is followed: a queued job's log has no end.
    if str(query.get("follow")).lower() == "true":
        query["follow"] = "false"
    # Names and ids that are made up are hardly ever those of somebody; then only refusals would be looked at.
    if isinstance(query.get("owner"), str) and query["owner"]:
        query["owner"] = "alice"
    job = (case.path_parameters or {}).get("id")
    if isinstance(job, str) and re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", job) and len(job) % 2:
        case.path_parameters["id"] = "1"
