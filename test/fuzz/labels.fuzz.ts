import { fuzz } from './support/fuzz.ts';

fuzz('labels', 'label files are read rightly, and no error shows a value', 0.2);
