"""config/image/compose/prepare.sh makes what docker-compose.yaml wants, and removes nothing that it did not make."""

import pathlib
import subprocess
import tempfile
import unittest

from harness import SOURCE, main

PREPARE = SOURCE / "config/image/compose/prepare.sh"


class Prepare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def prepare(self, place):
        return subprocess.run(["sh", PREPARE, place], capture_output=True, text=True, timeout=60)

    def test_makes_new_keys_each_time(self):
        place = self.folder / "a folder"
        keys = []
        for _ in range(2):
            done = self.prepare(place)
            self.assertEqual(done.returncode, 0, done.stderr)
            keys.append((place / "gate/push-full").read_text())
        self.assertNotEqual(*keys)
        self.assertEqual((place / "push.env").read_text(), f"PUSH_KEY={keys[1]}")

    def test_takes_an_empty_folder_and_leaves_any_other_alone(self):
        self.assertEqual(self.prepare(self.folder).returncode, 0)
        (self.folder / "push.env").unlink()
        mine = self.folder / "mine"
        mine.write_text("mine")
        done = self.prepare(self.folder)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, f"prepare: {self.folder} has what this did not make: name another folder\n")
        self.assertTrue(mine.exists())


if __name__ == "__main__":
    main()
