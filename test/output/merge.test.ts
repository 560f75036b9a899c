import { mkdir, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { shardOf } from '../../lib/data/shard.ts';
import { mergeOutputs } from '../../lib/output/index.ts';
import type { LabelName, OutputMetadata } from '../../lib/output/index.ts';
import { readZipDirectory } from '../../lib/output/merge/zip-directory.ts';
import { InputFile } from '../../lib/files/input-file.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { runMetadata, sampleRows, shuffled, writeSamples } from './rows.ts';
import type { Samples } from './rows.ts';

const folder = await temporaryFolder();
const formats = ['npz', 'npy', 'parquet', 'jsonl'] as const;

/** Writes the rows of each shard to a file of its own, as the runs with `--shard` would. */
async function writeShards(name: string, format: string, count: number, samples: Samples, label?: LabelName) {
  const paths: string[] = [];
  for (let index = 0; index < count; index++) {
    const own = samples.rows.flatMap(({ patient }, i) => (shardOf(patient, count) === index ? [i] : []));
    const path = join(folder, `${name}.${index}.${format}`);
    const metadata: OutputMetadata = {
      ...runMetadata,
      shard: { index, count },
      report: `${name}.${index}.report.json`,
    };
    const order = shuffled(own.length).map((i) => own[i]!);
    await writeSamples(path, samples, { label, metadata, overwrite: true }, order);
    paths.push(path);
  }
  return paths;
}

async function bytesOf(path: string): Promise<Buffer[]> {
  const own = basename(path);
  const names = (await readdir(join(path, '..'))).filter((name) => name.startsWith(own)).sort();
  return Promise.all(names.map((name) => readFile(join(path, '..', name))));
}

describe('merged shards are the file of the whole run, byte by byte', () => {
  it.each(formats.flatMap((format) => [1, 3, 8].map((count) => [format, count] as const)))(
    '%s, %i of them',
    async (format, count) => {
      const name = `whole-${format}-${count}`;
      const samples = sampleRows(200, 700, { label: 'categorical_value', missing: true });
      const paths = await writeShards(name, format, count, samples, 'categorical_value');
      await Promise.all(['a', 'b'].map((part) => mkdir(join(folder, name, part), { recursive: true })));
      const [whole, merged] = [join(folder, name, 'a', `x.${format}`), join(folder, name, 'b', `x.${format}`)];
      await writeSamples(whole, samples, { label: 'categorical_value', metadata: runMetadata });
      await mergeOutputs(paths.reverse(), merged);
      const [expected, found] = [await bytesOf(whole), await bytesOf(merged)];
      expect(found).toHaveLength(format === 'npy' || format === 'jsonl' ? 2 : 1);
      expect(found.every((bytes, i) => bytes.equals(expected[i]!))).toBe(true);
    },
  );

  it.each(formats)(
    '%s with identifiers that are numbers in some shards only, and shards without rows',
    async (format) => {
      const samples = sampleRows(12, 3, { label: 'float_value' });
      samples.rows[4]!.patient = 'a text';
      const paths = await writeShards('mixed', format, 30, samples, 'float_value');
      await mkdir(join(folder, 'mixed', format), { recursive: true });
      const [whole, merged] = [join(folder, 'mixed', format, `x.${format}`), join(folder, `x.${format}`)];
      await writeSamples(whole, samples, { label: 'float_value', metadata: runMetadata });
      await mergeOutputs(paths, merged, { overwrite: true });
      expect((await readFile(merged)).equals(await readFile(whole))).toBe(true);
    },
  );
});

describe('what is not the shards of one run is refused', () => {
  const samples = sampleRows(60, 4);

  it('naming what is missing, twice there, of another run, or no shard', async () => {
    for (const format of formats) {
      const out = join(folder, `refused.${format}`);
      const paths = await writeShards('refused', format, 4, samples);
      await expectClmbrError(mergeOutputs(paths.slice(1, 3), out), 'SHARD_MISMATCH', '2 are missing: 0/4, 3/4');
      const twice = mergeOutputs([...paths, paths[2]!], out);
      await expectClmbrError(twice, 'SHARD_MISMATCH', 'Shard 2/4 is there twice', paths[2]!);
      const alien = join(folder, `alien.${format}`);
      const metadata = { ...runMetadata, model: { sha256: 'cd' }, shard: { index: 3, count: 4 } };
      await writeSamples(alien, samples, { metadata, overwrite: true }, []);
      await expectClmbrError(mergeOutputs([...paths.slice(0, 3), alien], out), 'SHARD_MISMATCH', alien, 'in model');
      await writeSamples(alien, samples, { metadata: runMetadata, overwrite: true });
      await expectClmbrError(mergeOutputs([alien], out), 'SHARD_MISMATCH', alien, 'no shard');
      expect(await readdir(folder)).not.toContain(`refused.${format}`);
    }
  });

  it('when one row is in two of them', async () => {
    for (const format of formats) {
      const out = join(folder, `double.${format}`);
      const paths = [0, 1].map((index) => join(folder, `double.${index}.${format}`));
      for (const [index, path] of paths.entries())
        await writeSamples(path, samples, { metadata: { ...runMetadata, shard: { index, count: 2 } } }, [
          1,
          2 + index,
          9,
        ]);
      await expectClmbrError(mergeOutputs(paths, out), 'SHARD_MISMATCH', 'Row 1 ');
      expect(await readdir(folder)).not.toContain(`double.${format}`);
    }
  });

  it('when the formats are not those of the target', async () => {
    await expectClmbrError(mergeOutputs(['a.npz'], join(folder, 'x2.parquet')), 'INVALID_ARGUMENT', '.parquet');
    await expectClmbrError(mergeOutputs([], join(folder, 'x2.parquet')), 'SHARD_MISMATCH', 'nothing to merge');
  });

  it('when a file is cut or something else', async () => {
    for (const format of formats) {
      const paths = await writeShards('cut', format, 2, samples);
      await truncate(paths[1]!, 40);
      const out = join(folder, `cut.${format}`);
      await expectClmbrError(mergeOutputs(paths, out), 'FILE_UNREADABLE', paths[1]!);
      if (format === 'jsonl') {
        await writeFile(paths[1]!, '');
        await expectClmbrError(mergeOutputs(paths, out), 'FILE_UNREADABLE', paths[1]!, 'rows');
      }
      await writeFile(paths[1]!, 'something else');
      await expectClmbrError(mergeOutputs(paths, out), 'FILE_UNREADABLE', paths[1]!);
      expect(await readdir(folder)).not.toContain(`cut.${format}`);
    }
  });
});

describe('the directory of an archive', () => {
  it('is read where sizes are written with 64 bits', async () => {
    const path = join(folder, 'large.zip');
    const archive = new ZipFile();
    for (const name of ['first', 'second'])
      archive.addBuffer(Buffer.from(`content of ${name}`), name, { compress: false, forceZip64Format: true });
    archive.end({ forceZip64Format: true, comment: '' });
    await writeFile(path, archive.outputStream as Readable);
    const input = await InputFile.open(path);
    const entries = await readZipDirectory(input);
    expect([...entries!.keys()]).toEqual(['first', 'second']);
    const { offset, bytes } = entries!.get('second')!;
    const content = Buffer.alloc(bytes);
    await input.read(content, offset);
    await input.close();
    expect(content.toString()).toBe('content of second');
  });
});
