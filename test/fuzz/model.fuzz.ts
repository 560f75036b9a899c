import { fuzz } from './support/fuzz.ts';

fuzz('model', 'models that got through compute without harm to the process', 0.3);
