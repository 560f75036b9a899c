// npm run release:check: whether prebuilds/ is complete, loads, and was built from what is checked out, and whether every place
// names the same version. Builds nothing; see docs/release.md.
import { releaseCheck } from './lib/release/main.mjs';
import { main } from './lib/report.mjs';

await main(() => releaseCheck(process.argv.slice(2)));
