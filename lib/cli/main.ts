#!/usr/bin/env node
import { runCommandLine } from './run.ts';

void runCommandLine(process.argv);
