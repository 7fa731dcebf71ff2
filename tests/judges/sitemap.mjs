// Sitemaps by name, as the strict reader of `sitemap` takes them: addresses, and what is wrong.
import { Readable } from "node:stream";
import { given } from "./given.mjs";

const { ErrorLevel, XMLToSitemapIndexStream, XMLToSitemapItemStream } = await import(
  `${process.argv[2]}/sitemap/dist/esm/index.js`
);
const read = {};
for (const [name, text] of Object.entries(await given())) {
  const Reader = text.includes("<sitemapindex") ? XMLToSitemapIndexStream : XMLToSitemapItemStream;
  read[name] = { items: [], wrong: [] };
  try {
    const items = Readable.from([text]).pipe(new Reader({ level: ErrorLevel.THROW, logger: false }));
    for await (const item of items) read[name].items.push(item);
  } catch (error) {
    read[name].wrong.push(String(error));
  }
}
process.stdout.write(JSON.stringify(read));
