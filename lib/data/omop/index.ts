export { openOmop } from './open-omop.ts';
