import { fuzz } from './support/fuzz.ts';

fuzz('mapping', 'tables of codes and units are read rightly', 0.15);
