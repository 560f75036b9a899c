/** The seven tokens that stand before the entries of every CLMBR vocabulary; a token's id is its index. */
export const specialTokens = ['[BOS]', '[EOS]', '[UNK]', '[SEP]', '[PAD]', '[CLS]', '[MASK]'] as const;

export const bosId = 0;
export const eosId = 1;
export const padId = 4;
export const clsId = 5;

/** The id of a vocabulary's first entry. */
export const firstEntryId = specialTokens.length;

/** What each special token stands for, by id. */
export const specialTokenMeanings = [
  'beginning of the timeline',
  'end of the timeline',
  'unknown event',
  'separator',
  'padding',
  'classification',
  'masked event',
] as const;
