import zlib from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { compressors, decompressZstd } from 'hyparquet-compressors';
import { ParquetFault } from './errors.ts';

/** Writers aim at 1 MB; a whole row group of the largest files fits. */
export const maxPageBytes = 512 * 1024 * 1024;

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array;

/** Only newer versions of Node have it; their types are not those that this package is built with. */
const { zstdDecompressSync } = zlib as {
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
};

const codecs: Partial<Record<CompressionCodec, Decompress>> = {
  UNCOMPRESSED: (bytes) => bytes,
  SNAPPY: snappy,
  GZIP: (bytes, length) => zlib.gunzipSync(bytes, { maxOutputLength: length }),
  BROTLI: (bytes, length) => zlib.brotliDecompressSync(bytes, { maxOutputLength: length }),
  ZSTD:
    zstdDecompressSync === undefined
      ? (bytes, length) => decompressZstd(bytes, new Uint8Array(length))
      : (bytes, length) => zstdDecompressSync(bytes, { maxOutputLength: length }),
  LZ4: compressors.LZ4!,
  LZ4_RAW: compressors.LZ4_RAW!,
};

/**
 * Decompresses a page.
 *
 * @param length its bytes when decompressed, as the file says
 * @throws any error where the bytes are broken
 */
export function decompress(codec: CompressionCodec, bytes: Uint8Array, length: number): Uint8Array {
  if (!(length >= 0 && length <= maxPageBytes)) throw new ParquetFault('a page without a usable length');
  if (length === 0) return new Uint8Array(0);
  const run = codecs[codec];
  if (run === undefined) {
    throw new ParquetFault(
      `compressed with ${codec ?? 'an unknown codec'}, which is not one of ${Object.keys(codecs).join(', ')}`,
    );
  }
  const page = run(bytes, length);
  if (page.length !== length) throw new ParquetFault('a page that is longer or shorter than the file says');
  return page;
}

/** Checks the length that the compressed bytes begin with: the decoder itself is not told how much room there is. */
function snappy(bytes: Uint8Array, length: number): Uint8Array {
  let found = 0;
  for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
    const byte = bytes[i]!;
    found += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (found !== length) throw new ParquetFault('a page that is longer or shorter than the file says');
  return compressors.SNAPPY!(bytes, length);
}
