/** The scripts are plain JavaScript without declarations. */
declare module '*.mjs';
