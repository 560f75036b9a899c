import { fuzz } from './support/fuzz.ts';

fuzz('config', 'settings of checkpoints are refused by name or usable', 0.05);
