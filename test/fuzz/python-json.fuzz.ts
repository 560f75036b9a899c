import { fuzz } from './support/fuzz.ts';

fuzz('python-json', 'JSON of Python is read as JSON.parse reads the rest of it', 0.05);
