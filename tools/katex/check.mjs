// Reads a JSON list of LaTeX strings from standard input, parses each with KaTeX under strict errors,
// and prints the failures as a JSON list of {index, latex, error}. Exit status 1 if there are any.
import { readFileSync } from "node:fs";
import katex from "katex";

const strings = JSON.parse(readFileSync(0, "utf8"));
if (!Array.isArray(strings) || strings.some((latex) => typeof latex !== "string")) {
  console.error("check.mjs: standard input is not a JSON list of strings");
  process.exit(2);
}

const failures = [];
strings.forEach((latex, index) => {
  try {
    katex.renderToString(latex, { displayMode: true, throwOnError: true, strict: "error" });
  } catch (error) {
    failures.push({ index, latex, error: error.message });
  }
});
console.log(JSON.stringify(failures, null, 1));
process.exitCode = failures.length > 0 ? 1 : 0;
