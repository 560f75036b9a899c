/** A model whose work takes long enough to be interrupted, and a small one. */
const shape = {
  hiddenSize: 256,
  heads: 8,
  kvHeads: 4,
  layers: 4,
  feedForward: 512,
  vocabularySize: 200,
  contextLength: 1024,
};

export const processModelShapes = [shape, { ...shape, hiddenSize: 64, feedForward: 96, layers: 1, seed: 2 }];
