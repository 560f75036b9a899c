export type { CheckedModel, CheckedTensor } from './check-gguf.ts';
export { checkLlamaGguf } from './check-gguf.ts';
export type { LlamaHyperparameters, LlamaTensor, TensorRole } from './llama.ts';
export { llamaTensors, parameterCount } from './llama.ts';
export type { RopeScaling, RopeSettings } from './rope.ts';
export { inverseFrequencies } from './rope.ts';
