import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClmbrError } from '../../index.ts';

/** The installed package. The same path from lib/cli/build/ and dist/cli/build/. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url)).replace(/[\\/]$/, '');

/** What a build needs besides tools; all of it comes with the package. */
export interface Sources {
  root: string;
  /** Folders with napi.h and node_api.h. */
  headers: readonly string[];
  /** Names that Node exports: what an import library for Windows is made of. */
  definitions: string;
}

/** @throws ClmbrError ADDON_UNAVAILABLE when a part is missing */
export function findSources(root: string = packageRoot): Sources {
  const vendor = path.join(root, 'vendor');
  const headers = [path.join(vendor, 'node-api-headers', 'include'), path.join(vendor, 'node-addon-api')];
  const needed = [
    path.join(root, 'CMakeLists.txt'),
    path.join(root, 'native', 'addon.cc'),
    path.join(headers[0]!, 'node_api.h'),
    path.join(headers[1]!, 'napi.h'),
  ];
  // Another ggml may be named by the variable that native/ggml.cmake reads.
  if (!process.env['CLMBR_GGML_DIR']) needed.push(path.join(vendor, 'ggml', 'CMakeLists.txt'));
  const missing = needed.find((file) => !existsSync(file));
  if (missing !== undefined)
    throw new ClmbrError(
      'ADDON_UNAVAILABLE',
      `The sources to build from are not complete: ${missing} is missing; install the package again, ` +
        'or in a checkout of the repository run `npm run build`, which fetches its own.',
      { details: { missing } },
    );
  return { root, headers, definitions: path.join(vendor, 'node-api-headers', 'def', 'node_api.def') };
}
