"""Ten task definitions as people have them: what public samples hold, with names of our own."""

from __future__ import annotations

from typing import Any

ROLE = "arn:aws:iam::123456789012:role/orbits"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orbits"
LOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/orbits", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "api"},
    "secretOptions": [],
}
FARGATE: dict[str, Any] = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "512",
    "memory": "1024",
    "executionRoleArn": ROLE,
}
HEALTH = {"command": ["CMD-SHELL", "curl -f localhost:8000/health"], "interval": 15, "timeout": 3, "retries": 5}


def container(name: str = "api", image: str = "registry.example/orbits/api:1", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, "essential": True, **more}


def port(number: int, **more: Any) -> dict[str, Any]:
    return {"containerPort": number, "hostPort": number, "protocol": "tcp", **more}


SAMPLES: dict[str, dict[str, Any]] = {
    "a sidecar that is waited for": {
        **FARGATE,
        "containerDefinitions": [
            container(portMappings=[port(8000)], dependsOn=[{"containerName": "cache", "condition": "HEALTHY"}]),
            container("cache", "redis:7", healthCheck={**HEALTH, "startPeriod": 10}, stopTimeout=30),
        ],
    },
    "volumes of EFS": {
        **FARGATE,
        "taskRoleArn": ROLE,
        "containerDefinitions": [
            container(mountPoints=[{"sourceVolume": "data", "containerPath": "/app/data", "readOnly": True}]),
        ],
        "volumes": [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1234abcd",
                    "rootDirectory": "/",
                    "transitEncryption": "ENABLED",
                    "transitEncryptionPort": 2999,
                    "authorizationConfig": {"accessPointId": "fsap-1234abcd", "iam": "ENABLED"},
                },
            }
        ],
    },
    "secrets and files of variables": {
        **FARGATE,
        "containerDefinitions": [
            container(
                environment=[{"name": "MODE", "value": "production"}, {"name": "EMPTY", "value": ""}],
                environmentFiles=[{"value": "arn:aws:s3:::orbits/api.env", "type": "s3"}],
                secrets=[{"name": "DATABASE_URL", "valueFrom": f"{SECRET}:url::"}],
                repositoryCredentials={"credentialsParameter": SECRET},
                logConfiguration=LOGS,
            )
        ],
    },
    "logs by FireLens": {
        **FARGATE,
        "containerDefinitions": [
            container(logConfiguration={"logDriver": "awsfirelens", "options": {"Name": "cloudwatch"}}),
            container(
                "router",
                "fluent/bit:3",
                user="0",
                firelensConfiguration={"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
                memoryReservation=50,
            ),
        ],
    },
    "a graphics processor": {
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "containerDefinitions": [
            container(
                cpu=1024,
                memory=8192,
                resourceRequirements=[{"type": "GPU", "value": "1"}],
                linuxParameters={
                    "sharedMemorySize": 1024,
                    "initProcessEnabled": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                portMappings=[{"containerPort": 8000, "hostPort": 0, "protocol": "tcp"}],
            )
        ],
    },
    "a processor of ARM and a larger disk": {
        **FARGATE,
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 100},
        "containerDefinitions": [container(readonlyRootFilesystem=True, startTimeout=120)],
    },
    "placement on machines of one's own": {
        "networkMode": "host",
        "requiresCompatibilities": ["EC2"],
        "pidMode": "task",
        "ipcMode": "host",
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ m7.*"}],
        "containerDefinitions": [
            container(
                memory=512,
                ulimits=[{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
                systemControls=[{"namespace": "net.core.somaxconn", "value": "1024"}],
                extraHosts=[{"hostname": "db", "ipAddress": "10.0.0.9"}],
                dockerSecurityOptions=["no-new-privileges"],
                privileged=False,
            )
        ],
        "volumes": [{"name": "sockets", "host": {"sourcePath": "/run/orbits"}}],
    },
    "a mesh": {
        **FARGATE,
        "proxyConfiguration": {
            "type": "APPMESH",
            "containerName": "envoy",
            "properties": [{"name": "AppPorts", "value": "8000"}, {"name": "ProxyIngressPort", "value": "15000"}],
        },
        "containerDefinitions": [
            container(portMappings=[port(8000, name="http", appProtocol="http2")]),
            container("envoy", "envoy:1", user="1337", healthCheck=HEALTH),
        ],
    },
    "a command, labels and volumes of Docker": {
        "networkMode": "bridge",
        "containerDefinitions": [
            container(
                memoryReservation=256,
                entryPoint=["sh", "-c"],
                command=["exec serve"],
                workingDirectory="/app",
                dockerLabels={"team": "orbits", "traefik.enable": "true"},
                interactive=True,
                pseudoTerminal=True,
                links=["cache"],
                mountPoints=[{"sourceVolume": "scratch", "containerPath": "/scratch"}],
            ),
            container("cache", "redis:7", memory=64, essential=False, volumesFrom=[{"sourceContainer": "api"}]),
        ],
        "volumes": [
            {
                "name": "scratch",
                "dockerVolumeConfiguration": {
                    "scope": "shared",
                    "autoprovision": True,
                    "driver": "local",
                    "driverOpts": {"type": "tmpfs"},
                    "labels": {"team": "orbits"},
                },
            }
        ],
    },
    "containers that are restarted, and faults on purpose": {
        **FARGATE,
        "enableFaultInjection": True,
        "containerDefinitions": [
            container(
                restartPolicy={"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
                versionConsistency="disabled",
                credentialSpecs=["credentialspec:arn:aws:s3:::orbits/gmsa.json"],
                portMappings=[port(8000, containerPortRange="9000-9010")],
            ),
            container("agent", "agent:2", essential=False, disableNetworking=False, hostname="agent"),
        ],
    },
}
