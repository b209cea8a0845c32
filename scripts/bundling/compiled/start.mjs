// What the main.js of a bundled script is made of: it starts the program beside it.
import { openProgram } from './program.mjs';

openProgram(import.meta.dirname, { withCode: true }).run();
