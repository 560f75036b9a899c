import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Largest sizes in bytes, with the prebuilt addons of all platforms. */
export const limits = { packed: 14e6, unpacked: 40e6 };

/** All that may be in the package: what comes new must be put here on purpose. */
const allowed = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|CMakeLists\.txt|sbom\.cdx\.json)$/,
  /^dist\/[\w./-]+\.(js|d\.ts|js\.map)$/,
  /^prebuilds\/(linux|win32|darwin)-(x64|arm64)\/clmbr(\.(glibc|musl))?\.node$/,
  /^prebuilds\/manifest\.json$/,
  /^examples\/demo\/(demo\.gguf|patients\.jsonl|truth\.json|README\.md)$/,
  /^native\/(addon\.cc|exports\.map|ggml\.cmake)$/,
  /^native\/(binding|engine|kernels)\/[\w./-]+\.(cc|h)$/,
  /^vendor\/ggml\/(LICENSE|CMakeLists\.txt|cmake\/[\w.-]+|include\/[\w-]+\.h)$/,
  /^vendor\/ggml\/src\/(ggml-(cpu|cuda|metal|vulkan)\/[\w./-]+|[\w.-]+)$/,
  /^vendor\/node-addon-api\/(LICENSE\.md|napi[\w.-]*\.h)$/,
  /^vendor\/node-api-headers\/(LICENSE|(include|def)\/[\w]+\.(h|def))$/,
];

/** @returns {string[]} files that nobody has allowed */
export const unexpectedFiles = (files) => files.filter((file) => !allowed.some((pattern) => pattern.test(file)));

/**
 * Files of a .tgz that npm has packed (folders are not in it, long names are in pax headers).
 * @returns {{name: string, content: Buffer}[]}
 */
export function readTarball(file) {
  const data = gunzipSync(readFileSync(file));
  const found = [];
  let longName;
  for (let at = 0; at + 512 <= data.length && data[at] !== 0; ) {
    const text = (start, length) => data.toString('utf8', at + start, at + start + length).replace(/\0.*$/s, '');
    const size = parseInt(text(124, 12), 8);
    const type = text(156, 1);
    const content = data.subarray(at + 512, at + 512 + size);
    if (type === 'x') longName = /^\d+ path=(.*)$/m.exec(content.toString('utf8'))?.[1];
    else if (type === '0' || type === '') {
      const prefix = text(345, 155);
      const name = longName ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100));
      found.push({ name: name.replace(/^package\//, ''), content });
      longName = undefined;
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}
