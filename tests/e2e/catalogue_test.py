"""`sluice catalogue`: what is built in, and what a configuration makes of it."""

import json

from harness import GateTest, main

OWN = {
    "extends": "push",
    "operations": [{"id": "policies.get", "method": "GET", "path": "/v1/policies/{id}", "access": "read", "tags": ["quiet"],
                    "source": "inferred"}],
}


class CatalogueCommand(GateTest):
    def listed(self, *arguments):
        text = self.run_sluice("catalogue", *arguments, "--format", "json", status=0)[1]
        return {operation["id"]: operation for operation in json.loads(text)["operations"]}

    def configured(self, **changes):
        self.write("own.yaml", OWN)
        return self.configuration({"staff": self.push("https://api.pushsecurity.com", catalogue="own.yaml"), **changes},
                                  policy={"version": 1, "rules": []})

    def test_tags_that_members_of_a_body_bring_are_listed_with_them(self):
        operations = self.listed("securenvoy")
        self.assertEqual(operations["securenvoy.users.update"]["tags"], [])
        self.assertEqual(operations["securenvoy.users.update"]["body_tags"],
                         {name: ["credential-write"] for name in
                          ("/autoGeneratePassword", "/mustChangePasswordOnLogon", "/password")})
        self.assertEqual(operations["securenvoy.users.list"]["body_tags"], {})
        line = next(line for line in self.run_sluice("catalogue", "securenvoy", status=0)[1].splitlines()
                    if line.startswith("securenvoy.users.update "))
        self.assertTrue(line.endswith("  [credential-write by /autoGeneratePassword /password /mustChangePasswordOnLogon]  (seed)"), line)

    def test_a_configuration_shows_its_own_operations_under_the_names_of_its_apis(self):
        operations = self.listed("--config", self.configured())
        self.assertEqual({operation["api"] for operation in operations.values()}, {"staff"})
        self.assertEqual(operations["staff.policies.get"]["tags"], ["quiet"])
        self.assertIn("staff.employees.merge", operations)

    def test_one_api_of_a_configuration(self):
        configuration = self.configured(securenvoy=self.securenvoy("https://acme.eu.securenvoy.directory"))
        self.assertEqual(self.listed("--config", configuration, "securenvoy"), self.listed("securenvoy"))

    def test_an_api_that_is_not_there_is_named(self):
        _, _, errors = self.run_sluice("catalogue", "psh", status=2)
        self.assertIn('API: unknown API "psh", did you mean "push"?', errors)
        _, _, errors = self.run_sluice("catalogue", "--config", self.configured(), "push", status=2)
        self.assertIn('API: unknown API "push", known: staff', errors)

    def test_a_broken_catalogue_is_reported_at_its_place(self):
        configuration = self.configured()
        self.write("own.yaml", {"extends": "push", "operations": [{"id": "x"}]})
        _, text, errors = self.run_sluice("catalogue", "--config", configuration, status=2)
        self.assertEqual(text, "")
        self.assertIn("own.yaml:", errors)


if __name__ == "__main__":
    main()
