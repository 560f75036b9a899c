import type { Target } from '../target.ts';
import { calls } from './calls.ts';
import { checkpoint } from './checkpoint.ts';
import { config } from './config.ts';
import { fhir } from './fhir.ts';
import { gguf } from './gguf.ts';
import { jsonl } from './jsonl.ts';
import { labelParquet } from './label-parquet.ts';
import { labels } from './labels.ts';
import { mapping } from './mapping.ts';
import { meds } from './meds.ts';
import { merge } from './merge.ts';
import { misbehaviour } from './misbehaviour.ts';
import { model } from './model.ts';
import { pythonJson } from './python-json.ts';
import { resume } from './resume.ts';
import { safetensors } from './safetensors.ts';
import { tokenizerConfig } from './tokenizer-config.ts';

export const targets: Readonly<Record<string, Target>> = {
  calls,
  checkpoint,
  config,
  fhir,
  gguf,
  jsonl,
  'label-parquet': labelParquet,
  labels,
  mapping,
  meds,
  merge,
  misbehaviour,
  model,
  'python-json': pythonJson,
  resume,
  safetensors,
  'tokenizer-config': tokenizerConfig,
};
