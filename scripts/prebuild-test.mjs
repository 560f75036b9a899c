// npm run prebuild:test: runs every prebuilt file on the demo model, in the Nodes that it is for, and compares the numbers.
import { prebuildTest } from './lib/prebuild-test/main.mjs';
import { main } from './lib/report.mjs';

await main(() => prebuildTest(process.argv.slice(2)));
