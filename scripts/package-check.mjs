// npm run package:check: packs the package and runs publint and arethetypeswrong on it.
import { checkPackage } from './lib/package/check.mjs';
import { main } from './lib/report.mjs';

await main(checkPackage);
