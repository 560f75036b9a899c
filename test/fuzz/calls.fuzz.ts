import { fuzz } from './support/fuzz.ts';

fuzz('calls', 'calls give what they must, whatever else is called', 0.3);
