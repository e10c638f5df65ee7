"""An endpoint that speaks ECS's protocol as botocore does, and plays the rollouts that it is told to play.

It is told how the next deployments end, and refuses what it is told to refuse. Time passes by looks: each time that a
service is described, its deployment goes one step on.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION, CLUSTER = "123456789012", "eu-central-1", "orbits"
_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"

WRITES = frozenset(
    {
        "RegisterTaskDefinition",
        "DeregisterTaskDefinition",
        "UpdateService",
        "StopServiceDeployment",
        "RunTask",
        "StopTask",
    }
)


class RefusedError(Exception):
    """What the endpoint answers in place of a result."""

    def __init__(self, code: str, words: str = "no", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.words, self.status = code, words, status


@dataclass
class Service:
    """A service, with its deployments, newest first, and what ran before each of them."""

    about: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "well"
    before: str = ""
    steps: int = 0


class Ecs:
    """What the endpoint knows and was asked."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, list[Any]] = {}
        self.services: dict[str, Service] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.outcomes: list[str] = []
        self.refusals: dict[str, list[RefusedError]] = {}
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.added: dict[str, Any] = {}
        self.alone: dict[str, dict[str, Any]] = {}
        self.exits: list[int | None] = []
        self.log: list[str] = []
        self.url = ""
        self._numbers = iter(range(1, 1 << 30))
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ set up

    def define(self, body: dict[str, Any], tags: list[Any] | None = None) -> str:
        """Register a task definition, as it stands."""
        family = body["family"]
        number = 1 + sum(each["family"] == family for each in self.definitions.values())
        arn = f"{_ARN}:task-definition/{family}:{number}"
        own = {"taskDefinitionArn": arn, "revision": number, "status": "ACTIVE", "registeredAt": time.time()}
        own |= {"compatibilities": ["EC2", "FARGATE"], "requiresAttributes": [{"name": "com.amazonaws.ecs.x"}]}
        self.definitions[arn] = {**copy.deepcopy(body), **own, "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/ci"}
        self.tags[arn] = tags or []
        return arn

    def serve(self, name: str, arn: str, count: int = 1, **more: Any) -> Service:
        """Let a service run a task definition, and be well."""
        about = {
            "serviceArn": f"{_ARN}:service/{CLUSTER}/{name}",
            "serviceName": name,
            "clusterArn": f"{_ARN}:cluster/{CLUSTER}",
            "status": "ACTIVE",
            "desiredCount": count,
            "launchType": "FARGATE",
            "schedulingStrategy": "REPLICA",
            "deploymentConfiguration": {
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            **more,
        }
        service = self.services[name] = Service(about)
        self._begin(service, arn)
        self._settle(service)
        return service

    def runs(self, name: str) -> str:
        """Return the image that the tasks of a service run."""
        (image,) = {
            self.definitions[each["taskDefinitionArn"]]["containerDefinitions"][0]["image"]
            for each in self.services[name].tasks
        }
        return str(image)

    @property
    def asked(self) -> list[str]:
        return [name for name, _ in self.calls]

    @property
    def written(self) -> list[str]:
        return [name for name in self.asked if name in WRITES]

    # ------------------------------------------------------------------ rollouts

    def _begin(self, service: Service, arn: str) -> None:
        number = next(self._numbers)
        service.before = service.about.get("taskDefinition", "")
        service.about["taskDefinition"] = arn
        count = service.about["desiredCount"]
        for each in service.rows:
            each["status"] = "ACTIVE"
        row = {"id": f"ecs-svc/{number}", "status": "PRIMARY", "taskDefinition": arn, "desiredCount": count}
        row |= {"runningCount": 0, "pendingCount": count, "failedTasks": 0, "rolloutState": "IN_PROGRESS"}
        row |= {"createdAt": time.time() + number}
        service.rows.insert(0, row)
        one = {"serviceDeploymentArn": f"{_ARN}:service-deployment/{CLUSTER}/x/{number}", "status": "PENDING"}
        one |= {
            "targetServiceRevisionArn": f"{_ARN}:service-revision/{CLUSTER}/{number}",
            "createdAt": row["createdAt"],
        }
        service.history.insert(0, {**one, "definition": arn})
        service.steps = 0
        service.outcome = self.outcomes.pop(0) if self.outcomes else "well"

    def _settle(self, service: Service, reason: str = "ECS deployment completed.") -> None:
        arn, count = service.about["taskDefinition"], service.about["desiredCount"]
        service.rows = [row for row in service.rows if row["taskDefinition"] == arn][:1]
        service.rows[0] |= {"status": "PRIMARY", "rolloutState": "COMPLETED", "rolloutStateReason": reason}
        service.rows[0] |= {"runningCount": count, "pendingCount": 0}
        service.tasks = [self._task(arn, service.rows[0]["id"]) for _ in range(count)]
        if service.history[0]["status"] in {"PENDING", "IN_PROGRESS"}:
            service.history[0]["status"] = "SUCCESSFUL"

    def _task(self, arn: str, started_by: str, **more: Any) -> dict[str, Any]:
        identity = f"{next(self._numbers):032x}"
        containers = [
            {"name": each["name"], "image": each["image"], "lastStatus": "RUNNING"}
            for each in self.definitions[arn]["containerDefinitions"]
        ]
        own = {"taskArn": f"{_ARN}:task/{CLUSTER}/{identity}", "taskDefinitionArn": arn, "containers": containers}
        own |= {"lastStatus": "RUNNING", "desiredStatus": "RUNNING", "healthStatus": "HEALTHY"}
        return {**own, "createdAt": time.time(), "startedAt": time.time(), "startedBy": started_by, **more}

    def _go_back(self, service: Service, status: str, reason: str) -> None:
        service.history[0] |= {"status": status, "statusReason": reason}
        service.about["taskDefinition"] = service.before
        service.rows.reverse()
        self._settle(service, reason)
        service.outcome = "settled"

    def _step(self, service: Service) -> None:
        """Let the newest deployment go one step on, as it was told to end."""
        one, row = service.history[0], service.rows[0]
        if one["status"] not in {"PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED"}:
            return
        service.steps += 1
        kind, arn = service.outcome, service.about["taskDefinition"]
        if one["status"] == "ROLLBACK_REQUESTED":
            self._go_back(service, "ROLLBACK_SUCCESSFUL", "stopped by request")
        elif service.steps == 1:
            one["status"] = "IN_PROGRESS"
        elif kind == "well":
            self._settle(service)
        elif kind in {"breaker", "crash", "pull"}:
            self._fail(service, arn, kind)
            if kind == "breaker" and service.steps == 3:
                self._go_back(service, "ROLLBACK_SUCCESSFUL", "deployment circuit breaker: tasks failed to start.")
        elif kind == "failed":
            row |= {"rolloutState": "FAILED", "rolloutStateReason": "tasks failed to start."}
            one |= {"status": "STOPPED", "statusReason": "tasks failed to start."}
        elif kind == "back-failed":
            one |= {"status": "ROLLBACK_FAILED", "statusReason": "the way back failed too"}
        elif kind == "superseded":
            one |= {"status": "STOPPED", "statusReason": "superseded"}
            other = self.define({**self._body(arn), "cpu": "512"})
            self._begin(service, other)
            self._settle(service)

    def _fail(self, service: Service, arn: str, kind: str) -> None:
        service.rows[0]["failedTasks"] += 1
        task = self._task(arn, service.rows[0]["id"], lastStatus="STOPPED", desiredStatus="STOPPED")
        if kind == "pull":
            task |= {
                "stopCode": "TaskFailedToStart",
                "stoppedReason": f"CannotPullContainerError: {task['taskArn']}: 403",
            }
            task["healthStatus"] = "UNKNOWN"
        else:
            task |= {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}
            task["containers"][0] |= {"exitCode": 43, "lastStatus": "STOPPED"}
        service.stopped.append(task)

    def _body(self, arn: str) -> dict[str, Any]:
        inner = self.definitions[arn]
        return {name: inner[name] for name in ("family", "containerDefinitions", "cpu", "memory") if name in inner}

    # ------------------------------------------------------------------ operations

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, given))
            if operation in self.meanwhile:
                self.meanwhile.pop(operation)()
            if self.refusals.get(operation):
                raise self.refusals[operation].pop(0)
            if given.get("cluster", CLUSTER) != CLUSTER:
                raise RefusedError("ClusterNotFoundException", "Cluster not found.")
            made: dict[str, Any] = getattr(self, f"_on_{operation}")(given)
            return made

    def _on_DescribeServices(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = []
        for name in given["services"]:
            if name in self.services:
                service = self.services[name]
                self._step(service)
                found.append({**service.about, "deployments": service.rows})
        return {"services": found, "failures": []}

    def _on_DescribeTaskDefinition(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = given["taskDefinition"]
        arns = [arn for arn, each in self.definitions.items() if each["family"] == name and each["status"] == "ACTIVE"]
        arn = arns[-1] if arns else name
        if arn not in self.definitions:
            raise RefusedError("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": {**self.definitions[arn], **self.added}, "tags": self.tags[arn]}

    def _on_RegisterTaskDefinition(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        tags = given.pop("tags", [])
        return {"taskDefinition": self.definitions[self.define(given, tags)]}

    def _on_DeregisterTaskDefinition(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = self.definitions[given["taskDefinition"]]
        found["status"] = "INACTIVE"
        return {"taskDefinition": found}

    def _on_UpdateService(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert {*given} <= {"service", "taskDefinition", "cluster"}, given
        service = self.services[given["service"]]
        self._begin(service, given["taskDefinition"])
        return {"service": {**service.about, "deployments": service.rows}}

    def _on_ListServiceDeployments(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        rows = self.services[given["service"]].history
        return {"serviceDeployments": [{k: v for k, v in each.items() if k != "definition"} for each in rows]}

    def _on_DescribeServiceRevisions(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        rows = [row for each in self.services.values() for row in each.history]
        return {
            "serviceRevisions": [
                {"serviceRevisionArn": row["targetServiceRevisionArn"], "taskDefinition": row["definition"]}
                for row in rows
                if row["targetServiceRevisionArn"] in given["serviceRevisionArns"]
            ]
        }

    def _on_StopServiceDeployment(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for service in self.services.values():
            if service.history[0]["serviceDeploymentArn"] == given["serviceDeploymentArn"]:
                service.history[0]["status"] = "ROLLBACK_REQUESTED"
        return {"serviceDeploymentArn": given["serviceDeploymentArn"]}

    def _on_RunTask(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Start a task unless the same was asked for; it runs at the next look, and has ended at the one after."""
        token = given["clientToken"]
        if token not in self.alone:
            task = self._task(given["taskDefinition"], given["startedBy"], lastStatus="PENDING", healthStatus="UNKNOWN")
            del task["startedAt"]
            code = self.exits.pop(0) if self.exits else 0
            self.alone[token] = {**task, "given": given, "code": code}
        return {"tasks": [self._shown(self.alone[token])], "failures": []}

    def _shown(self, task: dict[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in task.items() if name not in {"given", "code"}}

    def _on(self, task: dict[str, Any]) -> None:
        """Let a task that runs alone go one step on."""
        if task["lastStatus"] == "PENDING" and task["code"] is not None:
            task |= {"lastStatus": "RUNNING", "startedAt": time.time()}
        elif task["lastStatus"] != "STOPPED":
            task |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited"}
            task["stoppedReason"] = "Essential container in task exited"
            if task["code"] is None:
                task |= {"stopCode": "TaskFailedToStart", "stoppedReason": "ResourceInitializationError: no secret"}
            else:
                task["containers"][0]["exitCode"] = task["code"]

    def _on_GetLogEvents(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert given["logStreamName"].startswith("api/api/"), given
        return {"events": [{"message": each, "timestamp": 1} for each in self.log]}

    def _on_ListTasks(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if "startedBy" in given:
            rows = [each for each in self.alone.values() if each["startedBy"] == given["startedBy"]]
            wanted = [each for each in rows if each["desiredStatus"] == given["desiredStatus"]]
            return {"taskArns": [each["taskArn"] for each in wanted]}
        service = self.services[given["serviceName"]]
        rows = service.stopped if given.get("desiredStatus") == "STOPPED" else service.tasks
        return {"taskArns": [each["taskArn"] for each in rows]}

    def _on_DescribeTasks(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        known = [row for each in self.services.values() for row in (*each.tasks, *each.stopped)]
        alone = [each for each in self.alone.values() if each["taskArn"] in given["tasks"]]
        for each in alone:
            self._on(each)
        found = [each for each in known if each["taskArn"] in given["tasks"]]
        return {"tasks": [*found, *map(self._shown, alone)], "failures": []}

    def _on_GetAuthorizationToken(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = base64.b64encode(b"AWS:a-password").decode()
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": time.time() + 43200}]}

    def _on_ListClusters(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"clusterArns": [f"{_ARN}:cluster/{CLUSTER}"]}


IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT}:user/ci</Arn><UserId>U</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
DENIED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
<Message>{words}</Message></Error><RequestId>r</RequestId></ErrorResponse>"""


@contextlib.contextmanager
def endpoint() -> Iterator[Ecs]:
    """Run an endpoint on this machine."""
    ecs = Ecs()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target", "").partition(".")[2]
            try:
                if not target:
                    status, text = self._identity()
                else:
                    status, text = 200, json.dumps(ecs.answer(target, json.loads(body)))
            except RefusedError as refused:
                status = refused.status
                text = json.dumps({"__type": refused.code, "message": refused.words})
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def _identity(self) -> tuple[int, str]:
            ecs.calls.append(("GetCallerIdentity", {}))
            refusals = ecs.refusals.get("GetCallerIdentity")
            if refusals:
                refused = refusals.pop(0)
                return refused.status, DENIED.format(code=refused.code, words=refused.words)
            return 200, IDENTITY

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    ecs.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield ecs
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
