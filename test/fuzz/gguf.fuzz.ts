import { fuzz } from './support/fuzz.ts';

fuzz('gguf', 'headers of GGUF files are refused by name or whole', 0.02);
