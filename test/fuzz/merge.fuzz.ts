import { fuzz } from './support/fuzz.ts';

fuzz('merge', 'outputs of shards are merged rightly or not at all, and no error shows a value', 0.1);
