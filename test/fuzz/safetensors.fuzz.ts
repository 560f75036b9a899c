import { fuzz } from './support/fuzz.ts';

fuzz('safetensors', 'headers and indexes of safetensors are refused by name or whole', 0.05);
