#!/usr/bin/env node
// The `roundhouse` command of a checkout: installs and builds only what is missing, then is the CLI.
import { bootstrap } from './bootstrap/prepare.mjs';
import { becomeCli } from './bootstrap/targets.mjs';

if (await bootstrap({ quiet: true, build: true })) await becomeCli(process.argv.slice(2));
