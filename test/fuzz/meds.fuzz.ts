import { fuzz } from './support/fuzz.ts';

fuzz('meds', 'MEDS in Parquet is read rightly, and no error shows a value', 0.05);
