"""A Docker engine of the tests' own, in namespaces that end with it: its processes, its mounts and, when it is asked for, its network.

SLUICE_ENGINE is the folder that `./dev test` unpacks Debian's engine into (`root`), without installing it; what is installed
already is used as it is. Images, layers and the compiler's cache stay in `data` there for the next run.
"""

import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PLACE = pathlib.Path(os.environ.get("SLUICE_ENGINE") or SOURCE / "build/engine").resolve()
ROOT = PLACE / "root"
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "1"))
DISK = 5e9  # octets that images, layers and their caches take while they are built
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
TOOLS = ("dockerd", "docker", "containerd", "runc", "iptables", "mmdebstrap", "docker-compose", "tini", "unshare", "nsenter", "setpriv", "ip")

# In the engine's mount namespace: what it would write outside of its own folders is lost with it.
START = """set -eu
writes=$1 network=$2
shift 2
mount -t tmpfs none "$writes"
for place in etc opt run; do
  mkdir "$writes/$place" "$writes/$place.work"
  mount -t overlay none -o "lowerdir=/$place,upperdir=$writes/$place,workdir=$writes/$place.work" "/$place"
done
if [ "$network" = own ]; then
  ip link set lo up
  echo 1 >/proc/sys/net/ipv4/ip_forward
fi
exec tini -- "$@"
"""


def skip(why):
    """Ends the whole run: not passed, not failed."""
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def tool(name):
    return shutil.which(name, path=ENVIRONMENT["PATH"])


def library_folder():
    found = glob.glob(str(ROOT / "usr/lib/*-linux-gnu"))
    return found[0] if found else str(ROOT / "usr/lib")


ENVIRONMENT = {
    **os.environ,
    "PATH": f"{ROOT}/usr/bin:{ROOT}/usr/sbin:{os.environ['PATH']}:/usr/sbin:/sbin",
    "LD_LIBRARY_PATH": library_folder(),
    "XTABLES_LIBDIR": f"{library_folder()}/xtables" if os.path.isdir(f"{library_folder()}/xtables") else "",
    "PERL5LIB": f"{ROOT}/usr/share/perl5",
    "PYTHONPATH": f"{ROOT}/usr/lib/python3/dist-packages",
    "DOCKER_BUILDKIT": "1",
}
if not ENVIRONMENT["XTABLES_LIBDIR"]:
    del ENVIRONMENT["XTABLES_LIBDIR"]


def run(*command, status=0, seconds=120, **options):
    """What a command printed; its exit status has to be the given one, unless that is None."""
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                            timeout=seconds * PATIENCE, env={**ENVIRONMENT, **options.pop("environment", {})}, **options)
    if status is not None and result.returncode != status:
        raise AssertionError(f"{' '.join(map(str, command))} exited {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result


def wait_until(what, predicate, seconds=40):
    deadline = time.monotonic() + seconds * PATIENCE
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited for {what}")
        time.sleep(0.1)
    return value


def folder_of(case):
    """A folder that containers may read as another user; it goes with the class of tests."""
    folder = pathlib.Path(tempfile.mkdtemp())
    case.addClassCleanup(shutil.rmtree, folder)
    folder.chmod(0o755)
    return folder


CURRENT = None  # the engine that runs


class Engine:
    """`network`: the host's, without bridges; or `own`: bridges and ports as usual, and no way out of them."""

    def __init__(self, network="host"):
        if os.geteuid() != 0:
            skip("an engine needs root")
        for name in TOOLS:
            if not tool(name):
                skip(f"there is no {name}: ./dev test fetches it")
        PLACE.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(PLACE).free
        if free < DISK:
            skip(f"an engine wants {DISK / 1e9:g} GB of disk in {PLACE}, and {free / 1e9:.1f} are free")
        self.network = network
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-engine."))
        (self.folder / "writes").mkdir()
        shutil.rmtree(PLACE / "data/network", ignore_errors=True)  # else bridges of a run that was killed would come back
        self.links = set(os.listdir("/sys/class/net"))
        self.socket = self.folder / "docker.sock"
        self.cgroup = self.folder.name
        ENVIRONMENT.update(DOCKER_HOST=f"unix://{self.socket}", DOCKER_CONFIG=str(self.folder / "client"))
        self.log = open(self.folder / "log", "w+", encoding="utf-8", errors="replace")
        options = ["--bridge=none", "--iptables=false"] if network == "host" else []
        command = ["dockerd", "--data-root", PLACE / "data", "--exec-root", self.folder / "run", "--pidfile", self.folder / "pid",
                   "--host", f"unix://{self.socket}", "--ip6tables=false", "--storage-driver=overlay2", "--cgroup-parent", self.cgroup]
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *(["--net"] if network == "own" else []),
             "sh", "-c", START, "sh", self.folder / "writes", network, *map(str, command), *options],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=ENVIRONMENT)
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 60 * PATIENCE
        while run("docker", "version", status=None).returncode != 0:
            if self.popen.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                lines = [line.strip() for line in self.log if line.strip()]
                self.stop()
                skip("no engine can be had here: dockerd said: " + "\n".join(lines[-3:]))
            time.sleep(0.1)

    def child(self):
        """The first process of the engine's namespaces."""
        text = pathlib.Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text(encoding="ascii").split()
        return int(text[0]) if text else None

    def inside(self, *command):
        """A command in the engine's network."""
        return [*(["nsenter", "--net", f"--target={self.child()}"] if self.network == "own" else []), *command]

    def __enter__(self):
        global CURRENT
        CURRENT = self
        self.clear()
        return self

    def __exit__(self, *_):
        self.clear()
        self.stop()
        found = self.leftovers()
        if found:
            raise AssertionError("the engine left behind: " + "\n".join(found))

    @staticmethod
    def clear():
        """No container and no volume, also of a run that was killed."""
        for name in docker("ps", "--all", "--quiet", status=None).stdout.split():
            docker("rm", "--force", "--volumes", name, status=None)
        for name in docker("volume", "ls", "--quiet", status=None).stdout.split():
            docker("volume", "rm", "--force", name, status=None)

    def stop(self):
        """Ends it and everything in it: the kernel kills what is left in a process namespace, and unmounts."""
        if self.popen.poll() is None:
            child = self.child()
            if child:
                os.kill(child, signal.SIGTERM)
            try:
                self.popen.wait(30 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.log.close()
        for place in self.cgroups():
            try:
                os.rmdir(place)
            except OSError:
                pass  # `leftovers` finds it
        shutil.rmtree(self.folder, ignore_errors=True)

    def cgroups(self):
        """The innermost first."""
        return [place for place, _, _ in os.walk("/sys/fs/cgroup", topdown=False) if self.cgroup in place.split("/")]

    def leftovers(self):
        """What remains of it on the machine."""
        found = [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()
                 if str(self.folder) in line or str(PLACE) in line]
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder).encode() in entry.read_bytes():
                    found.append(entry.read_text().replace("\0", " "))
            except OSError:
                pass
        found += [name for name in set(os.listdir("/sys/class/net")) - self.links if name.startswith(("br-", "docker", "veth"))]
        return found + self.cgroups() + [str(self.folder)] * self.folder.exists()


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def inspect(name):
    return json.loads(docker("inspect", name).stdout)[0]


def tidy():
    """What the next run has no use for."""
    docker("image", "prune", "--force")
    docker("builder", "prune", "--force", "--keep-storage=3GB", seconds=300)


def import_base(name):
    """Debian as it would be pulled, made of its packages: there is no registry here."""
    if docker("image", "inspect", name, status=None).returncode == 0:
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        archive = pathlib.Path(folder, "base.tar")
        run("mmdebstrap", "--mode=root", "--variant=apt", "--include=ca-certificates", "--aptopt=Acquire::Languages \"none\"",
            "--dpkgopt=force-unsafe-io", "bookworm", archive, seconds=300, environment={"TMPDIR": folder})
        docker("import", archive, name)
