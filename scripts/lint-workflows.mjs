// npm run lint:workflows: actionlint (with shellcheck) and zizmor on .github/workflows.
import { lintWorkflows } from './lib/release/lint-workflows.mjs';
import { main } from './lib/report.mjs';

await main(lintWorkflows);
