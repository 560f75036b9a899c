// npm run package:test: packs the package, installs it in empty folders with several package managers and uses it there as
// a stranger would. Words select cases: npm run package:test -- esbuild. Needs the registry for what is not in .cache yet.
import { testPackage } from './lib/package-test/run.mjs';
import { main } from './lib/report.mjs';

await main(() => testPackage(process.argv.slice(2)));
