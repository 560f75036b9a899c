import { fuzz } from './support/fuzz.ts';

fuzz('tokenizer-config', 'vocabularies in JSON are refused by name or work', 0.05);
