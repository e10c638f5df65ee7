"""Whether a service on ECS leaves room for a new version beside the old one, and how it comes; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_ROLLING = {"ROLLING", ""}


def way(service: Mapping[str, Any]) -> str:
    """Return in words how a new version takes the place of the old one."""
    about = service.get("deploymentConfiguration") or {}
    strategy = str(about.get("strategy") or "")
    breaker = about.get("deploymentCircuitBreaker") or {}
    back = "with" if breaker.get("rollback") else "without"
    guard = f"a circuit breaker {back} a way back" if breaker.get("enable") else "no circuit breaker"
    if service.get("loadBalancers") and not service.get("healthCheckGracePeriodSeconds"):
        guard += ", no grace period for the load balancer's health check"
    if strategy not in _ROLLING:
        return f"{strategy.lower().replace('_', '/')} by ECS, {guard}"
    least, most = _percents(service)
    return f"rolling, from {least} % to {most} % of its tasks, {guard}"


def barred(service: Mapping[str, Any]) -> tuple[str, str]:
    """Return why no new version can come, and what to do about it; both empty if one can."""
    controller = str((service.get("deploymentController") or {}).get("type") or "ECS")
    if controller != "ECS":
        return (
            f"its deployments are made by {controller}",
            "only ECS's own controller is driven from here: deploymentController",
        )
    about = service.get("deploymentConfiguration") or {}
    wanted = int(service.get("desiredCount") or 0)
    if service.get("schedulingStrategy") == "DAEMON" or str(about.get("strategy") or "") not in _ROLLING or not wanted:
        return "", ""
    least, most = _percents(service)
    if math.floor(wanted * most / 100) <= math.ceil(wanted * least / 100):
        return (
            f"{least} % of {wanted} tasks have to run and {most} % may: no task can ever be replaced",
            "raise maximumPercent of the service, or lower minimumHealthyPercent",
        )
    return "", ""


def _percents(service: Mapping[str, Any]) -> tuple[int, int]:
    about = service.get("deploymentConfiguration") or {}
    usual = (0, 100) if service.get("schedulingStrategy") == "DAEMON" else (100, 200)
    given = (about.get("minimumHealthyPercent"), about.get("maximumPercent"))
    least, most = (own if own is not None else default for own, default in zip(given, usual, strict=True))
    return int(least), int(most)
