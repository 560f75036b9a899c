// npm's prepack script. It runs before npm pack and npm publish, never where the package is installed: brings dist/ up to
// date and writes vendor/, the part of ggml and the headers that `clmbr build` needs, and the bill of materials.
import { stagePackage } from './lib/package/stage.mjs';
import { main } from './lib/report.mjs';

await main(stagePackage);
