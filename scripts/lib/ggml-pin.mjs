import { readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';

/**
 * Reads the pin out of native/ggml.cmake, which CMake reads too.
 * @param {string} text
 * @returns {{version: string, package: string, packageVersion: string, integrity: string}}
 */
export function parsePin(text) {
  const value = (name) => {
    const found = new RegExp(`^set\\(${name} "([^"]+)"\\)`, 'm').exec(text);
    if (!found) throw new Error(`native/ggml.cmake does not set ${name} in the form set(${name} "value").`);
    return found[1];
  };
  return {
    version: value('CLMBR_GGML_VERSION'),
    package: value('CLMBR_GGML_PACKAGE'),
    packageVersion: value('CLMBR_GGML_PACKAGE_VERSION'),
    integrity: value('CLMBR_GGML_PACKAGE_INTEGRITY'),
  };
}

export const readPin = () => parsePin(readFileSync(inRoot('native', 'ggml.cmake'), 'utf8'));
