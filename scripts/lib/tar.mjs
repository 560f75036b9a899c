import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const block = 512;
const text = (header, offset, length) => header.toString('utf8', offset, offset + length).split('\0')[0];

/** Name and size of the entry whose header this is; undefined for the zero blocks at the end. */
export function parseHeader(header) {
  if (header.every((byte) => byte === 0)) return undefined;
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return { name: prefix ? `${prefix}/${name}` : name, size: parseInt(text(header, 124, 12).trim() || '0', 8) };
}

/**
 * Extracts one file of a .tgz as npm packs it. We read the format ourselves because no tar program or package can be
 * taken for granted where this runs.
 * @returns {Promise<boolean>} whether the file was there
 */
export async function extractOne(archive, name, target) {
  const input = createReadStream(archive).pipe(createGunzip());
  let pending = Buffer.alloc(0);
  let left = 0; // bytes of the current entry's content and padding that are still to come
  let wanted = 0; // bytes of the file that are still to be written
  let output;
  for await (const chunk of input) {
    pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    for (;;) {
      if (left > 0) {
        const taken = pending.subarray(0, left);
        if (output && wanted > 0) {
          const content = taken.subarray(0, wanted);
          wanted -= content.length;
          if (!output.write(content)) await once(output, 'drain');
        }
        left -= taken.length;
        pending = pending.subarray(taken.length);
        if (output && wanted === 0) {
          output.end();
          await finished(output);
          return true;
        }
      }
      if (left > 0 || pending.length < block) break;
      const entry = parseHeader(pending.subarray(0, block));
      pending = pending.subarray(block);
      if (!entry) continue;
      left = Math.ceil(entry.size / block) * block;
      if (entry.name === name) {
        output = createWriteStream(target);
        wanted = entry.size;
      }
    }
  }
  return false;
}
