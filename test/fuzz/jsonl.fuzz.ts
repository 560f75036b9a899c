import { fuzz } from './support/fuzz.ts';

fuzz('jsonl', 'patients in JSON Lines are read rightly, and no error shows a value', 0.05);
