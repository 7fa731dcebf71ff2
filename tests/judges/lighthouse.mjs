// Pages by name, as Lighthouse sees them in a Chromium that listens: scores of 100, failed audits.
import { given } from "./given.mjs";

const { default: lighthouse } = await import(`${process.argv[2]}/lighthouse/core/index.js`);
const { port, pages, categories } = await given();
// Our pages run no script: once loaded, nothing is to come that would be worth waiting for.
const still = {
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
  disableFullPageScreenshot: true,
};
const unjudged = ["notApplicable", "manual", "informative"];
const read = {};
for (const [name, { url, language }] of Object.entries(pages)) {
  const { lhr } = await lighthouse(url, {
    port,
    logLevel: "silent",
    onlyCategories: categories,
    extraHeaders: { "Accept-Language": language },
    ...still,
  });
  const scores = {};
  const failed = [];
  for (const category of Object.values(lhr.categories)) {
    scores[category.id] = Math.round(100 * (category.score ?? 0));
    for (const { id, weight } of category.auditRefs) {
      const { details, score, scoreDisplayMode, title } = lhr.audits[id];
      if (weight && score !== 1 && !unjudged.includes(scoreDisplayMode)) {
        const where = (details?.items ?? []).map((one) => one.node?.snippet ?? one.description);
        failed.push(`${category.id}: ${id}: ${title} ${JSON.stringify(where)}`);
      }
    }
  }
  read[name] = { scores, failed, error: lhr.runtimeError?.message ?? "" };
}
process.stdout.write(JSON.stringify(read));
