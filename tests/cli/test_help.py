"""Help, version and usage of every tool, and the pages that show them."""
import re
import unittest

from harness import SOURCE, Case

TOOLS = ["hpo-init", "hpo-propose", "hpo-train", "hpo-collect", "hpo-promote"]


class Help(Case):
    def test_help_goes_to_standard_output_and_every_option_in_it_is_understood(self):
        for tool in TOOLS:
            with self.subTest(tool):
                result = self.run_tool(tool, "--help")
                self.assertEqual(result.stderr, "")
                for option in re.findall(r"^ +(?:-\w, )?--([\w-]+)", result.stdout, re.M):
                    refused = self.run_tool(tool, f"--{option}x", code=2).stderr
                    self.assertIn(f"did you mean '--{option}'", refused)

    def test_the_page_of_each_tool_shows_its_help(self):
        for tool in TOOLS:
            with self.subTest(tool):
                help_text = self.run_tool(tool, "--help").stdout
                page = SOURCE / "docs" / f"{tool}.md"
                self.assertTrue(page.exists(), f"make {page}")
                self.assertIn(help_text.strip(), page.read_text(), f"docs/{tool}.md is not what {tool} --help says")

    def test_version(self):
        for tool in TOOLS:
            self.assertRegex(self.run_tool(tool, "--version").stdout, rf"^{tool} \(hpo-batch\) \d+\.\d+\.\d+\n")

    def test_wrong_usage_is_one_line_on_standard_error(self):
        for tool in TOOLS:
            with self.subTest(tool):
                self.golden_failure(f"usage-{tool}", tool, "--bogus", code=2)
                self.golden_failure(f"missing-{tool}", tool, code=2)

    def test_registries_are_listed_with_their_options_and_so_they_are_on_the_pages(self):
        for tool, name, option in (("hpo-propose", "tpe", "candidates"), ("hpo-promote", "median", "min_trials")):
            with self.subTest(tool):
                listed = self.run_tool(tool, "--list").stdout
                self.assertRegex(listed, rf"(?m)^{name} ")
                self.assertRegex(listed, rf"(?m)^  {option} .*whole number")
                self.assertIn(listed.strip(), (SOURCE / "docs" / f"{tool}.md").read_text(), "make docs")


if __name__ == "__main__":
    unittest.main()
