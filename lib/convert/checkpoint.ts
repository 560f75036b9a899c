import { quoted } from '../files/quoted.ts';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClmbrError } from '../errors.ts';
import { readWholeFile, unreadable } from '../files/input-file.ts';
import type { SafetensorsFile, SafetensorsTensor } from './safetensors.ts';
import { openSafetensors } from './safetensors.ts';
import type { JsonObject } from './strict-json.ts';
import { isObject, parseStrictJson } from './strict-json.ts';

const maxConfigBytes = 4 * 1024 * 1024;
const maxIndexBytes = 16 * 1024 * 1024;

const singleName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';

/** A Hugging Face folder, opened. */
export interface Checkpoint {
  folder: string;
  configPath: string;
  config: JsonObject;
  /** One file, or the shards in the order of their names. */
  files: SafetensorsFile[];
  tensors: Map<string, SafetensorsTensor>;
  /** Names of the files of the folder. */
  entries: ReadonlySet<string>;
  close: () => Promise<void>;
}

/**
 * Opens config.json and the safetensors files of a folder; links to files elsewhere are followed, as the Hugging Face cache
 * is made of them, but names in the index must be plain names.
 *
 * @throws ClmbrError `FILE_UNREADABLE`, `NOT_A_MODEL`, `INVALID_CONFIG`, `INVALID_SAFETENSORS`.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const entries = new Set(await listFolder(folder));
  if (!entries.has('config.json')) throw notACheckpoint(folder, 'config.json', entries);
  const configPath = join(folder, 'config.json');
  const config = parseStrictJson(await readWholeFile(configPath, maxConfigBytes), configPath, 'INVALID_CONFIG');
  const files: SafetensorsFile[] = [];
  const close = async () => {
    await Promise.all(files.map((file) => file.input.close()));
  };
  try {
    const tensors = await openTensors(folder, entries, files);
    return { folder, configPath, config, files, tensors, entries, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listFolder(folder: string): Promise<string[]> {
  const status = await stat(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  if (!status.isDirectory()) {
    throw new ClmbrError('INVALID_ARGUMENT', `${folder} is a file, expected the folder of a Hugging Face checkpoint.`, {
      details: { path: folder },
    });
  }
  return await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
}

function notACheckpoint(folder: string, missing: string, entries: ReadonlySet<string>): ClmbrError {
  const pickle = [...entries].find((name) => /^(pytorch_model.*\.bin|.*\.pth?|.*\.ckpt)$/.test(name));
  const advice =
    pickle === undefined
      ? 'expected the folder of a Hugging Face checkpoint'
      : `${pickle} is a Python pickle, which can run code and is not read: load it with transformers and save it with ` +
        'save_pretrained(..., safe_serialization=True)';
  return new ClmbrError('NOT_A_MODEL', `${folder} has no ${missing}; ${advice}.`, {
    details: { path: folder, missing, found: pickle },
  });
}

async function openTensors(
  folder: string,
  entries: ReadonlySet<string>,
  files: SafetensorsFile[],
): Promise<Map<string, SafetensorsTensor>> {
  const tensors = new Map<string, SafetensorsTensor>();
  // transformers takes the single file where both are there.
  if (entries.has(singleName)) {
    const file = await openSafetensors(join(folder, singleName));
    files.push(file);
    for (const tensor of file.tensors) tensors.set(tensor.name, tensor);
    return tensors;
  }
  if (!entries.has(indexName)) throw notACheckpoint(folder, `${singleName} (nor ${indexName})`, entries);
  const indexPath = join(folder, indexName);
  const places = await readIndex(indexPath);
  for (const shard of [...new Set(places.values())].sort()) {
    const file = await openSafetensors(join(folder, shard));
    files.push(file);
    for (const tensor of file.tensors) {
      const place = places.get(tensor.name);
      if (place !== shard) {
        const says = place === undefined ? 'does not mention it' : `has it in ${place}`;
        throw indexError(
          indexPath,
          `tensor ${quoted(tensor.name)} is in ${shard}, but the index ${says}.`,
          tensor.name,
        );
      }
      tensors.set(tensor.name, tensor);
    }
  }
  for (const [name, shard] of places) {
    if (!tensors.has(name)) throw indexError(indexPath, `tensor ${quoted(name)} is not in ${shard}.`, name);
  }
  return tensors;
}

function indexError(path: string, message: string, key: string): ClmbrError {
  return new ClmbrError('INVALID_SAFETENSORS', `${path}: ${message}`, { details: { path, key } });
}

async function readIndex(path: string): Promise<Map<string, string>> {
  const json = parseStrictJson(await readWholeFile(path, maxIndexBytes), path, 'INVALID_SAFETENSORS');
  const map = json['weight_map'];
  if (!isObject(map)) throw indexError(path, '"weight_map" is missing or not an object.', 'weight_map');
  const places = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[^/\\:\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,240}\.safetensors$/u.test(shard)) {
      throw indexError(
        path,
        `tensor ${quoted(tensor)} is said to be in ${quoted(shard)}, expected the name of a .safetensors file in this folder.`,
        tensor,
      );
    }
    places.set(tensor, shard);
  }
  if (places.size === 0) throw indexError(path, '"weight_map" is empty.', 'weight_map');
  return places;
}
