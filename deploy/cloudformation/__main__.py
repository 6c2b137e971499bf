"""`python -m deploy.cloudformation`: writes the templates anew from `datasources.provisioning.desired_state`."""

from __future__ import annotations

from pathlib import Path

from deploy.cloudformation import data, service

FOLDER = Path(__file__).parent
TEMPLATES = {"photos-data.json": data.template, "photos-service.json": service.template}

if __name__ == "__main__":
    for name, made in TEMPLATES.items():
        (FOLDER / name).write_text(service.printed(made()))
        print(f"wrote {FOLDER / name}")
