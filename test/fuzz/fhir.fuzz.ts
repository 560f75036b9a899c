import { fuzz } from './support/fuzz.ts';

fuzz('fhir', 'FHIR is read rightly, and no error shows a value', 0.05);
