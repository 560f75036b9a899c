import { fuzz } from './support/fuzz.ts';

fuzz('label-parquet', 'label files in Parquet are read whole, and no error shows a value', 0.05);
