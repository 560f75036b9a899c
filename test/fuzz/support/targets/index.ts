import type { Target } from '../target.ts';
import { checkpoint } from './checkpoint.ts';
import { gguf } from './gguf.ts';
import { jsonl } from './jsonl.ts';
import { misbehaviour } from './misbehaviour.ts';
import { model } from './model.ts';
import { pythonJson } from './python-json.ts';
import { tokenizerConfig } from './tokenizer-config.ts';

export const targets: Readonly<Record<string, Target>> = {
  checkpoint,
  gguf,
  jsonl,
  misbehaviour,
  model,
  'python-json': pythonJson,
  'tokenizer-config': tokenizerConfig,
};
