"""`sluice test` as a pipeline runs it: the demo's own tests pass, and a real XML parser reads what is written for CI servers."""

import xml.etree.ElementTree

from harness import GateTest, SOURCE, main

DEMO = SOURCE / "config" / "demo"
ODD = "<a & \"b\"> ' \u20ac"


class PolicyTests(GateTest):
    def run_tests(self, *arguments):
        return self.run_sluice("test", *arguments)

    def odd_tests(self):
        """A test that passes and one that fails, with names that need escaping, and a file that cannot be used."""
        tests = [{"name": ODD, "request": {"client": "siem", "method": "GET", "path": "/push/v1/employees"}, "expect": expect}
                 for expect in ("allow", {"decision": "deny", "reason": ODD})]
        good = self.write("good.yaml", {"config": str(DEMO / "sluice.yaml"), "tests": tests})
        return good, self.write("<broken>.yaml", {"config": str(DEMO / "sluice.yaml"), ODD: []})

    def test_the_tests_of_the_demo_pass_and_miss_no_rule(self):
        status, output, errors = self.run_tests(DEMO / "policy_tests.yaml", "--coverage")
        self.assertEqual((status, errors), (0, ""), output)
        self.assertRegex(output, r"(?m)^[1-9][0-9]* passed, 0 failed$")
        self.assertIn("rules that no test made match (0 of", output)

    def test_the_xml_says_what_the_text_says(self):
        status, output, errors = self.run_tests(*self.odd_tests(), "--format", "junit")
        self.assertEqual(status, 2, errors)
        root = xml.etree.ElementTree.fromstring(output)
        self.assertEqual((root.tag, root.get("tests"), root.get("failures"), root.get("errors")), ("testsuites", "3", "1", "1"))
        good, broken = root.findall("testsuite")
        self.assertEqual((good.get("tests"), good.get("failures"), good.get("errors")), ("2", "1", "0"))
        passed, failed = good.findall("testcase")
        self.assertEqual((passed.get("name"), len(passed)), (ODD, 0))
        self.assertEqual(failed.get("name"), ODD)
        self.assertIn("expected deny, got allow", failed.find("failure").get("message"))
        self.assertIn(ODD, failed.find("failure").get("message"))
        self.assertIn("everyone-reads", failed.find("failure").text)
        self.assertIn("unknown key", broken.find("testcase/error").get("message"))

    def test_coverage_stays_out_of_the_xml(self):
        status, output, errors = self.run_tests(DEMO / "policy_tests.yaml", "--format", "junit", "--coverage")
        self.assertEqual(status, 0)
        xml.etree.ElementTree.fromstring(output)
        self.assertIn("operations that no test touched", errors)


if __name__ == "__main__":
    main()
