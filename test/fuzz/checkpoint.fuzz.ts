import { fuzz } from './support/fuzz.ts';

fuzz('checkpoint', 'checkpoints are converted rightly or leave nothing behind', 0.02);
