// Feeds by name, as feedsmith reads them.
import { given } from "./given.mjs";

const { parseFeed } = await import(`${process.argv[2]}/feedsmith/dist/index.mjs`);
const read = {};
for (const [name, text] of Object.entries(await given())) read[name] = parseFeed(text);
process.stdout.write(JSON.stringify(read));
