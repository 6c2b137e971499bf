"""`python -m deploy.cloudformation`: generates the templates from `datasources.provisioning.desired_state`."""

from __future__ import annotations

from pathlib import Path

from deploy.cloudformation import data, service

FOLDER = Path(__file__).parent
TEMPLATES = {"photos-data.json": data.template, "photos-service.json": service.template}

if __name__ == "__main__":
    for name, template in TEMPLATES.items():
        (FOLDER / name).write_text(service.to_json(template()))
        print(f"wrote {FOLDER / name}")
