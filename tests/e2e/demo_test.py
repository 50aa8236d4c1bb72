"""`./dev up --check`: the requests that the demo prints get the answers that it promises, and nothing is left behind."""

import os
import pathlib
import signal
import subprocess
import time

from harness import BINARY, GateTest, PATIENCE, SOURCE, main, wait_until


class Demo(GateTest):
    def dev(self):
        return subprocess.Popen([SOURCE / "dev", "up", "--check"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, start_new_session=True, env={**os.environ, "SLUICE_BINARY": os.path.abspath(BINARY), "TMPDIR": str(self.folder)})

    def running(self, *names):
        """The processes that name the temporary folder in their command line or their environment."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            for part in names or ("cmdline", "environ"):
                try:
                    if entry.name.isdigit() and str(self.folder).encode() in (entry / part).read_bytes():
                        found.append(entry.name)
                except OSError:
                    pass
        return found

    def test_every_printed_request_gets_the_answer_that_is_promised(self):
        process = self.dev()
        output = process.communicate(timeout=120 * PATIENCE)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertNotIn("FAIL", output)
        self.assertGreaterEqual(output.count("PASS"), 16, output)
        self.assertEqual((list(self.folder.iterdir()), self.running()), ([], []))

    def test_an_interrupt_leaves_nothing_behind(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how=how.name):
                process = self.dev()
                wait_until("the gate of the demo", lambda: self.running("cmdline"))
                time.sleep(0.3)
                os.killpg(process.pid, how)
                output = process.communicate(timeout=60 * PATIENCE)[0]
                self.assertNotEqual(process.returncode, 0, output)
                self.assertEqual((list(self.folder.iterdir()), self.running()), ([], []), output)


if __name__ == "__main__":
    main()
