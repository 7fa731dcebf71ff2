// Pages by name, as structured-data-testing-tool takes them: what it found, and what failed.
import { createRequire } from "node:module";
import { given } from "./given.mjs";

const require = createRequire(`${process.argv[2]}/structured-data-testing-tool/`);
const { structuredDataTestHtml } = require("./index.js");
const { Facebook, Google, Twitter } = require("./presets.js");
const presets = [Google, Facebook, Twitter];
const { pages, warned } = await given();
const read = {};
for (const [name, text] of Object.entries(pages)) {
  const found = await structuredDataTestHtml(text, { presets, schemas: ["jsonld:NewsArticle"] }).catch(
    (error) => {
      if (error.type !== "VALIDATION_FAILED") throw error;
      return error.res;
    },
  );
  const heard = found.warnings.filter((one) => !warned.includes(one.test));
  read[name] = [...found.failed, ...heard].map((one) => `${one.group}: ${one.test}: ${one.description}`);
  if (!found.passed.length) read[name].push("nothing was looked at");
}
process.stdout.write(JSON.stringify(read));
