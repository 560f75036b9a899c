// npm run prebuild [-- --only linux-x64-musl ...]: builds prebuilds/ for every platform that a Linux x64 machine can build
// for, and its manifest. --native builds for this machine, --merge takes in what others built; see docs/platforms.md.
import { prebuild } from './lib/prebuild/main.mjs';
import { main } from './lib/report.mjs';

await main(() => prebuild(process.argv.slice(2)));
