import { fuzz } from './support/fuzz.ts';

fuzz('resume', 'runs go on rightly or not at all, and no error shows a value', 0.02);
